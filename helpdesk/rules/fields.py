"""Fields that conditions ask about. Each registers itself; rooms above add theirs in ``app.py``.

A field says what kind it is, how its value is read from ``Facts``, and how the same is said in
SQL about ``Ticket``. Both have to agree: ``tests/rules/test_compiler.py`` tries them against each
other on whatever is registered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.facts import Facts
from helpdesk.rules.operators import OPERATORS, Kind, Operator

Choice = tuple[str | int, str]
"""A value and what people call it."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something about a ticket that a condition may ask for."""

    key: str
    label: Any
    kind: Kind
    value: Callable[[Facts], Any]
    sql: Callable[[datetime], Any] | None
    """Makes the column or clause on Ticket, for a moment; for some kinds a function that makes it.

    None for what is only known at an event.
    """
    choices: Callable[[], Sequence[Choice]] | None = None
    numbers: bool = False
    """Whether its choices are numbers, as keys are."""
    group: str = "ticket"
    """Under which heading it is offered: ticket, customer, text, time, event."""
    cheap: bool = True
    """Whether reading it in memory asks nobody; such tests are looked at first."""
    by_time: bool = False
    """Whether its value changes without anything happening."""

    @property
    def of_event(self) -> bool:
        """Whether it is only known at an event."""
        return self.sql is None

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What can be asked about it."""
        return OPERATORS[self.kind]


_fields: dict[str, Field] = {}


def register(field: Field) -> Field:
    """Let conditions ask for a field; the same key again replaces it."""
    _fields[field.key] = field
    return field


def all_fields() -> Mapping[str, Field]:
    """Return the fields by key, in the order in which they are offered."""
    return _fields


def field_of(key: str) -> Field:
    """Return a field. Raises WrongRule with its name."""
    found = _fields.get(key)
    if found is None:
        raise WrongRule(f"unknown field {key!r}")
    return found


GROUPS = {
    "ticket": _l("Ticket"),
    "customer": _l("Customer"),
    "text": _l("Text"),
    "time": _l("Time"),
    "event": _l("What happened"),
}
"""Headings under which fields are offered."""

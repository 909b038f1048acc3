"""What a field or an action may be set to, by name: for forms, and for rules in words."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.notify.models import Webhook
from helpdesk.people.models import Organisation, Person, Site, Skill, Team
from helpdesk.rules.fields import Choice
from helpdesk.rules.models import Rule
from helpdesk.sla.models import BusinessCalendar
from helpdesk.tickets import wording
from helpdesk.tickets.desk import Category, Cause, Queue, Status, Supplier, Tag
from helpdesk.web.i18n import LANGUAGES

Chooser = Callable[[], list[Choice]]


def of_words(words: Mapping[Any, object]) -> Chooser:
    """Return a chooser of a fixed table, in the reader's language."""
    return lambda: [
        (key if isinstance(key, int) else str(key), str(said)) for key, said in words.items()
    ]


@dataclass(frozen=True, slots=True)
class Rows:
    """A chooser of the rows in use of a table; it also knows the table, for rows that are gone."""

    model: Any
    order: tuple[Any, ...]
    only: tuple[Any, ...] = ()
    """What a row has to be besides in use."""

    def __call__(self) -> list[Choice]:
        """Return all of them, by what they are called."""
        statement = select(self.model).where(*self._in_use()).order_by(*self.order)
        return [(row.id, name_of(row)) for row in db.session.scalars(statement)]

    def in_use(self, keys: Collection[int]) -> set[int]:
        """Return those of some keys that could still be chosen."""
        asked = select(self.model.id).where(self.model.id.in_(keys), *self._in_use())
        return set(db.session.scalars(asked))

    def names(self, keys: Collection[int]) -> dict[int, str]:
        """Return what some rows are called, also those that are retired."""
        return names_of(self.model, keys)

    def _in_use(self) -> tuple[Any, ...]:
        return (self.model.retired_at.is_(None), *self.only)


def of_rows(model: Any, *order: Any, only: tuple[Any, ...] = ()) -> Rows:
    """Return a chooser of the rows in use of a small table."""
    return Rows(model, order, only)


queues = of_rows(Queue, Queue.position, Queue.name)
categories = of_rows(Category, Category.path)
suppliers = of_rows(Supplier, Supplier.name)
tags = of_rows(Tag, Tag.name)
teams = of_rows(Team, Team.name)
skills = of_rows(Skill, Skill.name)
causes = of_rows(Cause, Cause.position, Cause.name)
rules = of_rows(Rule, Rule.position, Rule.name)
calendars = of_rows(BusinessCalendar, BusinessCalendar.name)
webhooks = of_rows(Webhook, Webhook.name)
statuses = of_rows(Status, Status.position, Status.id)
technicians = of_rows(Person, Person.name, Person.id, only=(Person.is_technician,))

LOOKED_UP = {
    "customer": of_rows(Person, Person.name, Person.id),
    "organisation": of_rows(Organisation, Organisation.name),
    "site": of_rows(Site, Site.name),
}
"""Fields with too many values to be listed; they are found while somebody types."""


def rows_of(key: str, chooser: Callable[[], Any] | None) -> Rows | None:
    """Return the rows that a field or a parameter names; None when it names words."""
    return LOOKED_UP.get(key) if chooser is None else chooser if isinstance(chooser, Rows) else None


def support_levels() -> list[Choice]:
    """Return the levels of support that some organisation has."""
    rows = db.session.scalars(
        select(Organisation.support_level)
        .where(Organisation.support_level != "")
        .distinct()
        .order_by(Organisation.support_level)
    )
    return [(level, level) for level in rows]


languages = of_words(LANGUAGES)


def name_of(row: Any) -> str:
    """Return what a row is called, in the reader's language where it came with the product."""
    if isinstance(row, Status):
        return wording.status_label(row)
    return str(row.path if isinstance(row, Category) else row.name)


def names_of(model: Any, keys: Collection[int]) -> dict[int, str]:
    """Return what some rows are called, also those that are retired."""
    if not keys:
        return {}
    rows = db.session.scalars(select(model).where(model.id.in_(keys)))
    return {row.id: name_of(row) for row in rows}

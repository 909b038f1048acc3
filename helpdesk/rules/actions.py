"""What rules do. Actions register themselves; rooms above add theirs in ``app.py``.

An action changes a ticket through the verbs of tickets and nothing else, so the journal, the
clocks and the lists hear of it as of everything. It also says beforehand what it would change
(``foresee``), without changing anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from helpdesk.people.access import Actor
from helpdesk.rules.conditions import MAX_OPERANDS, WrongRule
from helpdesk.rules.facts import Facts
from helpdesk.rules.fields import Choice
from helpdesk.tickets.models import Entry, Ticket

Given = Mapping[str, Any]


class Ask(StrEnum):
    """Kinds of parameter."""

    CHOICE = "choice"
    SEVERAL = "several"
    TEXT = "text"
    LONG_TEXT = "long-text"
    NUMBER = "number"


MOST_TEXT = {Ask.TEXT: 300, Ask.LONG_TEXT: 8000}


@dataclass(frozen=True, slots=True)
class Param:
    """Something that is chosen for an action."""

    key: str
    label: Any
    ask: Ask
    choices: Callable[[], Sequence[Choice]] | None = None
    needed: bool = True
    words: frozenset[str] = frozenset()
    """A choice among these words; empty where it is a key of some table."""
    least: int = 1
    most: int = 2**53
    only_with: tuple[str, frozenset[str]] | None = None
    """Another parameter and the values of it with which this one is asked for; None is always."""

    def check(self, value: object) -> None:
        """Raise WrongRule unless this is a value of the parameter."""
        match self.ask:
            case Ask.TEXT | Ask.LONG_TEXT:
                fits = isinstance(value, str) and len(value) <= MOST_TEXT[self.ask]
                fits = fits and (not self.needed or bool(str(value).strip()))
            case Ask.NUMBER:
                fits = type(value) is int and self.least <= value <= self.most
            case Ask.CHOICE:
                is_key = type(value) is int and self.least <= value <= self.most
                fits = value in self.words if self.words else is_key
            case Ask.SEVERAL:
                fits = isinstance(value, list) and 0 < len(value) <= MAX_OPERANDS
                fits = fits and all(type(one) is str and one.strip() for one in value)  # type: ignore[attr-defined]
        if not fits:
            raise WrongRule(f"{self.key} does not fit")


@dataclass(frozen=True, slots=True)
class Change:
    """What an action would change: a field of the journal, its old and its new value."""

    field: str
    old: object
    new: object


@dataclass(slots=True)
class Running:
    """A rule at work on a ticket: what its actions need and what they leave behind."""

    actor: Actor
    facts: Facts
    rule_id: int | None
    """None for a macro: somebody acts by hand."""
    rule_name: str
    version: int
    cause: Entry | None = None
    quiet: bool = False
    """Nobody is to be told: a quiet bulk change, an archive that comes in."""
    sent: int = 0
    run_rule: Callable[[int], str] | None = None
    """Runs another rule on the same ticket; returns what came of it."""
    later: Callable[[int], None] | None = None
    """Lets the present step be done again in so many seconds; None when that is now."""

    @property
    def ticket(self) -> Ticket:
        """The ticket it works on."""
        return self.facts.ticket


NOTHING: tuple[Change, ...] = ()
Foresee = Callable[[Facts, Given], Sequence[Change]]


def _foresee_nothing(_facts: Facts, _given: Given) -> Sequence[Change]:
    return NOTHING


@dataclass(frozen=True, slots=True)
class Action:
    """Something that rules can do."""

    key: str
    label: Any
    run: Callable[[Running, Given], str]
    """Does it; returns in one word what came of it ("" when it was done, "nothing" …)."""
    params: tuple[Param, ...] = ()
    foresee: Foresee = _foresee_nothing
    sets: str = ""
    """The field that it sets, as the journal names it; two rules may disagree about it."""
    sends: bool = False
    """Whether something leaves the house."""
    icon: str = "workflow"
    by_hand: bool = True
    """Whether macros can do it, too: what looks back or ahead is for rules alone."""
    says: Any = ""
    """It as part of a sentence, with its parameters: "give it to %(queue)s"."""

    def check(self, given: Given) -> None:
        """Raise WrongRule unless everything it needs was chosen, and nothing else."""
        known = {param.key: param for param in self.params}
        if strange := set(given) - set(known):
            raise WrongRule(f"{self.key} has no {', '.join(sorted(strange))}")
        for param in self.params:
            if param.key in given:
                param.check(given[param.key])
            elif param.needed:
                raise WrongRule(f"{self.key} needs {param.key}")


_actions: dict[str, Action] = {}


def register(action: Action) -> Action:
    """Let rules do something; the same key again replaces it."""
    _actions[action.key] = action
    return action


def all_actions() -> Mapping[str, Action]:
    """Return the actions by key, in the order in which they are offered."""
    return _actions


def action_of(key: str) -> Action:
    """Return an action. Raises WrongRule with its name."""
    found = _actions.get(key)
    if found is None:
        raise WrongRule(f"unknown action {key!r}")
    return found

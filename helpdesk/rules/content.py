"""What a version of a rule says: when it looks, if what holds, and what it then does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from helpdesk.rules import compiler, conditions
from helpdesk.rules.actions import action_of
from helpdesk.rules.conditions import ALWAYS, Condition, WrongRule
from helpdesk.rules.triggers import MAX_TRIGGERS, On, Trigger

MAX_ACTIONS = 12


class Folder(StrEnum):
    """The headings of the list of rules."""

    SORT = "sort"
    ESCALATE = "escalate"
    TELL = "tell"
    TIDY = "tidy"


@dataclass(frozen=True, slots=True)
class Step:
    """One action with what was chosen for it."""

    do: str
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """What a version says. It never changes."""

    triggers: tuple[Trigger, ...]
    condition: Condition
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            "when": [trigger.to_json() for trigger in self.triggers],
            "if": conditions.to_json(self.condition),
            "then": steps_to_json(self.steps),
        }

    @classmethod
    def from_json(cls, stored: object) -> "Content":
        """Read what a rule says, every word of it. Raises WrongRule that names what is wrong."""
        if not isinstance(stored, Mapping):
            raise WrongRule("a rule is an object")
        if strange := set(stored) - {"when", "if", "then"}:
            raise WrongRule(f"a rule has no {', '.join(sorted(map(str, strange)))}")
        when = stored.get("when")
        if not isinstance(when, list) or not 1 <= len(when) <= MAX_TRIGGERS:
            raise WrongRule(f"a rule looks at 1 to {MAX_TRIGGERS} occasions", "when")
        steps = steps_of(stored.get("then"))
        condition = conditions.from_json(stored["if"]) if "if" in stored else ALWAYS
        compiler.check_words(condition)
        return cls(
            tuple(Trigger.from_json(one) for one in when),
            condition,
            steps,
        )

    @property
    def sends(self) -> bool:
        """Whether some action leaves the house."""
        return any(action_of(step.do).sends for step in self.steps)

    def has(self, *kinds: On) -> bool:
        """Whether some trigger is of one of these kinds."""
        return any(trigger.on in kinds for trigger in self.triggers)


def steps_to_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return actions as they are stored."""
    return [{"do": step.do, **step.given} for step in steps]


def steps_of(stored: object) -> tuple[Step, ...]:
    """Read the actions of a rule or a macro. Raises WrongRule that names what is wrong."""
    if not isinstance(stored, list) or not 1 <= len(stored) <= MAX_ACTIONS:
        raise WrongRule(f"a rule does 1 to {MAX_ACTIONS} things", "then")
    return tuple(_step(one, f"then.{number}") for number, one in enumerate(stored, 1))


def _step(stored: object, place: str) -> Step:
    if not isinstance(stored, Mapping) or not isinstance(stored.get("do"), str):
        raise WrongRule("an action says what to do", place)
    given = {str(name): value for name, value in stored.items() if name != "do"}
    try:
        action_of(stored["do"]).check(given)
    except WrongRule as error:
        raise WrongRule(error.said, place) from None
    return Step(stored["do"], given)

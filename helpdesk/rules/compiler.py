"""One compiler: a condition becomes a clause of SQL, and a check of ``Facts`` in memory.

Both are made from the same fields and operators, so a rule means the same when it runs, when it is
tried on old tickets and when its reasons are shown. A property test holds them against each other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, true

from helpdesk.rules.conditions import All, Comparison, Condition, Not, Some, WrongRule, tests_of
from helpdesk.rules.facts import Facts
from helpdesk.rules.fields import Field, field_of
from helpdesk.rules.operators import Kind, Operator, Takes, check_operands, operator_of, prepare

Check = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A test whose words are known: its field and operator, its operands as they are compared."""

    field: Field
    operator: Operator
    operands: list[Any]


def _ready(test: Comparison) -> _Ready:
    """Look a test's words up. Raises WrongRule that names the one which is unknown."""
    field = field_of(test.field)
    try:
        operator = operator_of(field.kind, test.operator)
        check_operands(operator.takes, test.operands)
    except WrongRule as error:
        raise WrongRule(error.said, test.field) from None
    if operator.takes is Takes.SOME:
        wanted: type = int if field.numbers else str
        if any(not isinstance(one, wanted) for one in test.operands):
            raise WrongRule("these are not values of the field", test.field)
    return _Ready(field, operator, prepare(operator.takes, test.operands))


def check_words(condition: Condition) -> None:
    """Raise WrongRule when a condition names a field or operator that there is not."""
    for test in tests_of(condition):
        _ready(test)


# ---- In memory ----


def compile_check(condition: Condition) -> Check:
    """Return a function that says whether a condition holds. Raises WrongRule.

    What costs nothing to know is looked at first, so most rules of an event ask nobody.
    """
    match condition:
        case Comparison():
            return _check_of(_ready(condition))
        case Not(part):
            inner = compile_check(part)
            return lambda known: not inner(known)
        case All(parts):
            checks = _cheap_first(parts)
            if len(checks) == 1:
                return checks[0]
            return lambda known: all(check(known) for check in checks)
        case Some(parts):
            checks = _cheap_first(parts)
            return lambda known: any(check(known) for check in checks)


def _check_of(ready: _Ready) -> Check:
    value, holds, operands = ready.field.value, ready.operator.holds, ready.operands
    if ready.operator.takes is Takes.SOME:
        among = frozenset(operands)
        return lambda known: holds(value(known), among, known.moment)  # type: ignore[arg-type]
    return lambda known: holds(value(known), operands, known.moment)


def is_cheap(condition: Condition) -> bool:
    """Whether a condition is known without asking the database."""
    return all(field_of(test.field).cheap for test in tests_of(condition))


def _cheap_first(parts: Iterable[Condition]) -> list[Check]:
    ordered = sorted(parts, key=lambda part: not is_cheap(part))
    return [compile_check(part) for part in ordered]


# ---- In SQL ----


def to_sql(condition: Condition, moment: datetime) -> ColumnElement[bool]:
    """Return a condition as a clause on Ticket, for one moment. Raises WrongRule.

    What is only known at an event is false, as it is in memory without one.
    """
    match condition:
        case Comparison():
            return _clause_of(_ready(condition), moment)
        case Not(part):
            return not_(to_sql(part, moment))
        case All(parts):
            return and_(true(), *(to_sql(part, moment) for part in parts))
        case Some(parts):
            return or_(false(), *(to_sql(part, moment) for part in parts))


def _clause_of(ready: _Ready, moment: datetime) -> ColumnElement[bool]:
    field = ready.field
    if field.sql is None:
        # The same question, asked about nothing.
        empty: Any = frozenset() if field.kind is Kind.SEVERAL else None
        return true() if ready.operator.holds(empty, ready.operands, moment) else false()
    return ready.operator.sql(field.sql(moment), ready.operands, moment)


# ---- Less of a condition ----


def without(condition: Condition, leave_out: Callable[[Field], bool]) -> Condition | None:
    """Return a condition without tests of some fields; None when nothing is left of it.

    What is left holds wherever the whole does.
    """
    match condition:
        case Comparison(field):
            return None if leave_out(field_of(field)) else condition
        case Not(part):
            # What is left out may be what it would have been false for.
            return condition if without(part, leave_out) == part else None
        case All(parts):
            kept = [left for part in parts if (left := without(part, leave_out)) is not None]
            return All(tuple(kept)) if kept or not parts else None
        case Some(parts):
            left_over = [without(part, leave_out) for part in parts]
            # If one of several may hold for a reason that is left out, all of them may.
            if any(part is None for part in left_over):
                return None
            return Some(tuple(part for part in left_over if part is not None))


def without_event(condition: Condition) -> Condition:
    """Return what a condition says about a ticket apart from what just happened to it."""
    return without(condition, lambda field: field.of_event) or All()


def steady(condition: Condition) -> Condition:
    """Return what a condition says that does not change with time alone."""
    return without(condition, lambda field: field.of_event or field.by_time) or All()


# ---- Reasons ----


@dataclass(frozen=True, slots=True)
class Reason:
    """What came of one part of a condition, with the parts it is made of."""

    condition: Condition
    holds: bool
    parts: tuple["Reason", ...] = ()


def explain(condition: Condition, known: Facts) -> Reason:
    """Say of every part of a condition whether it holds. Raises WrongRule."""
    match condition:
        case Comparison():
            return Reason(condition, compile_check(condition)(known))
        case Not(part):
            inner = explain(part, known)
            return Reason(condition, not inner.holds, (inner,))
        case All(parts):
            found = tuple(explain(part, known) for part in parts)
            return Reason(condition, all(part.holds for part in found), found)
        case Some(parts):
            found = tuple(explain(part, known) for part in parts)
            return Reason(condition, any(part.holds for part in found), found)

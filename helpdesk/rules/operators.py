"""What fields can be asked: for each kind of field its operators, in memory and in SQL.

Every question has one of two answers, also about what is empty: an operator says "no" about a
field that holds nothing, unless it asks for just that. So *not* is always the opposite, and both
ways of asking agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, func, not_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import Boolean

from helpdesk.lib.folded import MARK, fold_part, whole_word
from helpdesk.rules.conditions import Operand, WrongRule


class Kind(StrEnum):
    """Kinds of field, by what their values are."""

    CHOICE = "choice"
    """One of a list, or nothing."""
    SEVERAL = "several"
    """Any number of a list."""
    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes-no"
    AGE = "age"
    """A moment that has passed; operands are seconds."""
    AHEAD = "ahead"
    """A moment that is still to come, or has passed."""
    HOURS = "hours"
    """Whether a calendar is open."""
    COUNT_WITHIN = "count-within"
    """How many there were within so many days; operands are days and the number."""


class Takes(StrEnum):
    """What operands an operator wants."""

    NOTHING = "nothing"
    SOME = "some"
    ONE_NUMBER = "number"
    SECONDS = "seconds"
    TEXTS = "texts"
    CALENDAR = "calendar"
    DAYS_AND_NUMBER = "days-and-number"


Answer = Callable[[Any, Sequence[Any], datetime], bool]
"""In memory: the value of the field, the prepared operands, the moment."""

Clause = Callable[[Any, Sequence[Any], datetime], ColumnElement[bool]]
"""In SQL: the field's column, the prepared operands, the moment."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A question, in words and in both ways of asking it."""

    key: str
    label: Any
    takes: Takes
    holds: Answer
    sql: Clause


class contains(FunctionElement[bool]):  # noqa: N801 (it reads as a function of SQL)
    """Whether a text holds another, character by character: no wildcards, no collation."""

    type = Boolean()
    inherit_cache = True
    name = "contains"


@compiles(contains, "sqlite")
def _contains_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **options)}) > 0)"


@compiles(contains, "postgresql")
def _contains_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **options)}) > 0)"


def _filled(column: Any, clause: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say no about NULL."""
    return and_(column.is_not(None), clause)


def _prepare_texts(operands: Sequence[Operand]) -> list[str]:
    """Fold what is looked for; what folds to nothing is found nowhere and so left out."""
    return [part for one in operands if (part := fold_part(str(one)))]


def prepare(takes: Takes, operands: Sequence[Operand]) -> list[Any]:
    """Return operands as they are compared."""
    return _prepare_texts(operands) if takes is Takes.TEXTS else list(operands)


def check_operands(takes: Takes, operands: Sequence[Operand]) -> None:
    """Raise WrongRule unless an operator can do with these operands."""
    numbers = [one for one in operands if isinstance(one, int) and not isinstance(one, bool)]
    wanted = {
        Takes.NOTHING: not operands,
        Takes.SOME: bool(operands) and not any(isinstance(one, bool) for one in operands),
        Takes.TEXTS: any(isinstance(one, str) and fold_part(one) for one in operands)
        and all(isinstance(one, str) for one in operands),
        Takes.ONE_NUMBER: len(operands) == len(numbers) == 1,
        Takes.SECONDS: len(operands) == len(numbers) == 1 and 0 <= numbers[0] <= 10**9,
        Takes.CALENDAR: len(operands) == len(numbers) == 1,
        Takes.DAYS_AND_NUMBER: len(operands) == len(numbers) == 2
        and 1 <= numbers[0] <= 366
        and 0 <= numbers[1] <= 1000,
    }
    if not wanted[takes]:
        raise WrongRule(f"these operands do not fit: {list(operands)!r}")


def _any_text(column: Any, parts: Sequence[str], _at: datetime) -> ColumnElement[bool]:
    return _filled(column, or_(false(), *(contains(column, part) for part in parts)))


def _all_texts(column: Any, parts: Sequence[str], _at: datetime) -> ColumnElement[bool]:
    return _filled(column, and_(*(contains(column, part) for part in parts)))


def _begins(column: Any, parts: Sequence[str], _at: datetime) -> ColumnElement[bool]:
    beginnings = [MARK + part for part in parts]
    found = (func.substr(column, 1, len(part)) == part for part in beginnings)
    return _filled(column, or_(false(), *found))


def _age_limit(at: datetime, seconds: int) -> datetime:
    return at - timedelta(seconds=seconds)


def _some(column: Any, values: Sequence[Any], _at: datetime) -> ColumnElement[bool]:
    return _filled(column, column.in_(list(values)))


_HAS_ANY = Operator(
    "has-any",
    _l("has any of"),
    Takes.TEXTS,
    lambda text, parts, _at: text is not None and any(part in text for part in parts),
    _any_text,
)
_IS_EMPTY = Operator(
    "is-empty",
    _l("is empty"),
    Takes.NOTHING,
    lambda value, _of, _at: value is None,
    lambda column, _of, _at: column.is_(None),
)
_IS_SET = Operator(
    "is-set",
    _l("is filled in"),
    Takes.NOTHING,
    lambda value, _of, _at: value is not None,
    lambda column, _of, _at: column.is_not(None),
)

OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    Kind.CHOICE: (
        Operator(
            "is-one-of",
            _l("is one of"),
            Takes.SOME,
            lambda value, of, _at: value is not None and value in of,
            _some,
        ),
        Operator(
            "is-none-of",
            _l("is none of"),
            Takes.SOME,
            lambda value, of, _at: value is None or value not in of,
            lambda column, of, _at: or_(column.is_(None), not_(column.in_(list(of)))),
        ),
        _IS_EMPTY,
        _IS_SET,
    ),
    # What several fields hold is asked through their own clause: `column` is a function that
    # returns the condition "holds one of these".
    Kind.SEVERAL: (
        Operator(
            "has-any",
            _l("has any of"),
            Takes.SOME,
            lambda values, of, _at: not values.isdisjoint(of),
            lambda holds, of, _at: holds(list(of)),
        ),
        Operator(
            "has-all",
            _l("has all of"),
            Takes.SOME,
            lambda values, of, _at: values.issuperset(of),
            lambda holds, of, _at: and_(*(holds([one]) for one in of)),
        ),
        Operator(
            "has-none",
            _l("has none of"),
            Takes.SOME,
            lambda values, of, _at: values.isdisjoint(of),
            lambda holds, of, _at: not_(holds(list(of))),
        ),
        Operator(
            "is-empty",
            _l("is empty"),
            Takes.NOTHING,
            lambda values, _of, _at: not values,
            lambda holds, _of, _at: not_(holds(None)),
        ),
    ),
    Kind.TEXT: (
        _HAS_ANY,
        Operator(
            "has-all",
            _l("has all of"),
            Takes.TEXTS,
            lambda text, parts, _at: text is not None and all(part in text for part in parts),
            _all_texts,
        ),
        Operator(
            "has-none",
            _l("does not have"),
            Takes.TEXTS,
            lambda text, parts, _at: text is None or not any(part in text for part in parts),
            lambda column, parts, at: not_(_any_text(column, parts, at)),
        ),
        Operator(
            "begins-with",
            _l("begins with"),
            Takes.TEXTS,
            lambda text, parts, _at: (
                text is not None and any(text.startswith(MARK + part) for part in parts)
            ),
            _begins,
        ),
        Operator(
            "has-word",
            _l("has the whole word"),
            Takes.TEXTS,
            lambda text, parts, _at: (
                text is not None and any(whole_word(part) in text for part in parts)
            ),
            lambda column, parts, at: _any_text(column, [whole_word(one) for one in parts], at),
        ),
    ),
    Kind.NUMBER: (
        Operator(
            "is",
            _l("is"),
            Takes.ONE_NUMBER,
            lambda value, of, _at: value is not None and value == of[0],
            lambda column, of, _at: _filled(column, column == of[0]),
        ),
        Operator(
            "at-least",
            _l("is at least"),
            Takes.ONE_NUMBER,
            lambda value, of, _at: value is not None and value >= of[0],
            lambda column, of, _at: _filled(column, column >= of[0]),
        ),
        Operator(
            "at-most",
            _l("is at most"),
            Takes.ONE_NUMBER,
            lambda value, of, _at: value is not None and value <= of[0],
            lambda column, of, _at: _filled(column, column <= of[0]),
        ),
    ),
    Kind.YES_NO: (
        Operator(
            "is",
            _l("is"),
            Takes.NOTHING,
            lambda value, _of, _at: bool(value),
            lambda clause, _of, _at: clause,
        ),
        Operator(
            "is-not",
            _l("is not"),
            Takes.NOTHING,
            lambda value, _of, _at: not value,
            lambda clause, _of, _at: not_(clause),
        ),
    ),
    Kind.AGE: (
        Operator(
            "more-than",
            _l("is more than … ago"),
            Takes.SECONDS,
            lambda value, of, at: value is not None and value < _age_limit(at, of[0]),
            lambda column, of, at: _filled(column, column < _age_limit(at, of[0])),
        ),
        Operator(
            "less-than",
            _l("is less than … ago"),
            Takes.SECONDS,
            lambda value, of, at: value is not None and value >= _age_limit(at, of[0]),
            lambda column, of, at: _filled(column, column >= _age_limit(at, of[0])),
        ),
    ),
    Kind.AHEAD: (
        Operator(
            "within",
            _l("is within the next"),
            Takes.SECONDS,
            lambda value, of, at: value is not None and at < value <= at + timedelta(seconds=of[0]),
            lambda column, of, at: _filled(
                column, and_(column > at, column <= at + timedelta(seconds=of[0]))
            ),
        ),
        Operator(
            "passed",
            _l("has passed"),
            Takes.NOTHING,
            lambda value, _of, at: value is not None and value <= at,
            lambda column, _of, at: _filled(column, column <= at),
        ),
        _IS_EMPTY,
    ),
    Kind.HOURS: (
        Operator(
            "open",
            _l("are now, by"),
            Takes.CALENDAR,
            lambda is_open, of, at: bool(is_open(of[0], at)),
            lambda is_open, of, at: is_open(of[0], at),
        ),
        Operator(
            "closed",
            _l("are over, by"),
            Takes.CALENDAR,
            lambda is_open, of, at: not is_open(of[0], at),
            lambda is_open, of, at: not_(is_open(of[0], at)),
        ),
    ),
    Kind.COUNT_WITHIN: (
        Operator(
            "at-least-within",
            _l("are at least"),
            Takes.DAYS_AND_NUMBER,
            lambda count, of, at: count(of[0], at) >= of[1],
            lambda count, of, at: count(of[0], at) >= of[1],
        ),
    ),
}
"""Operators by kind of field, in the order in which they are offered."""


def operator_of(kind: Kind, key: str) -> Operator:
    """Return an operator of a kind of field. Raises WrongRule with its name."""
    for one in OPERATORS[kind]:
        if one.key == key:
            return one
    raise WrongRule(f"unknown operator {key!r}")

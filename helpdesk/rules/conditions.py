"""Conditions as values: a tree of tests that never changes, and how it is read and written.

This module knows no fields and no database. What a test means is said by its field
(``fields.py``); both ways of asking it are in ``compiler.py``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 64 * 1024
MAX_DEPTH = 5
MAX_TESTS = 60
MAX_OPERANDS = 200
MAX_TEXT = 200

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Operand = str | int | bool


class WrongRule(ValueError):
    """What is stored or sent is no rule that could run; the words name what is wrong.

    ``place`` says where, as a path ("if.all.2"); empty when it is about the whole.
    """

    def __init__(self, said: str, place: str = "") -> None:
        super().__init__(f"{place}: {said}" if place else said)
        self.said = said
        self.place = place


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a field with its operands."""

    field: str
    operator: str
    operands: tuple[Operand, ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    """True when every part is; nothing at all is true."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """True when some part is; nothing at all is false."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is not."""

    part: "Condition"


Condition = All | Some | Not | Comparison

ALWAYS = All()


def tests_of(condition: Condition) -> Iterator[Comparison]:
    """Yield every test of a condition, in reading order."""
    match condition:
        case Comparison():
            yield condition
        case Not(part):
            yield from tests_of(part)
        case All(parts) | Some(parts):
            for part in parts:
                yield from tests_of(part)


# ---- JSON ----


def to_json(condition: Condition) -> dict[str, Any]:
    """Return a condition as it is stored."""
    match condition:
        case Comparison(field, operator, operands):
            return {"field": field, "is": operator, "of": list(operands)}
        case Not(part):
            return {"not": to_json(part)}
        case All(parts):
            return {"all": [to_json(part) for part in parts]}
        case Some(parts):
            return {"any": [to_json(part) for part in parts]}


def loads(text: str | bytes) -> Any:
    """Read JSON that came from outside. Raises WrongRule before anything big is parsed."""
    if len(text) > MAX_BYTES:
        raise WrongRule(f"a rule has at most {MAX_BYTES} characters")
    # Each level of a condition is an object in a list; actions add a few of their own.
    if _depth(text if isinstance(text, str) else text.decode("utf-8", "replace")) > 32:
        raise WrongRule("a rule is not nested so deep")
    try:
        return json.loads(text)
    except ValueError as error:
        raise WrongRule(f"this is no JSON: {error}") from None


def _depth(text: str) -> int:
    """Return how deep brackets nest outside of strings."""
    depth = deepest = 0
    quoted = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif quoted:
            if character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def from_json(stored: object, place: str = "if") -> Condition:
    """Read a condition; its form is checked here, its words by ``compiler.check_words``.

    Raises WrongRule.
    """
    left = [MAX_TESTS]
    return _read(stored, place, MAX_DEPTH, left)


def _read(stored: object, place: str, levels: int, left: list[int]) -> Condition:
    if levels <= 0:
        raise WrongRule(f"groups nest {MAX_DEPTH - 1} deep at most", place)
    if not isinstance(stored, Mapping):
        raise WrongRule("a condition is an object", place)
    keys = set(stored)
    for name, maker in (("all", All), ("any", Some)):
        if keys == {name}:
            parts = stored[name]
            if not isinstance(parts, Sequence) or isinstance(parts, str):
                raise WrongRule("a group holds a list", f"{place}.{name}")
            return maker(
                tuple(
                    _read(part, f"{place}.{name}.{number}", levels - 1, left)
                    for number, part in enumerate(parts, 1)
                )
            )
    if keys == {"not"}:
        return Not(_read(stored["not"], f"{place}.not", levels - 1, left))
    if keys not in ({"field", "is", "of"}, {"field", "is"}):
        raise WrongRule("unknown kind of condition: " + ", ".join(sorted(map(str, keys))), place)
    left[0] -= 1
    if left[0] < 0:
        raise WrongRule(f"a rule has {MAX_TESTS} conditions at most", place)
    field, operator = stored["field"], stored["is"]
    if not isinstance(field, str) or not isinstance(operator, str):
        raise WrongRule("field and operator are words", place)
    return Comparison(field, operator, operands_of(stored.get("of", []), place))


def operands_of(stored: object, place: str) -> tuple[Operand, ...]:
    """Read what a field is compared with. Raises WrongRule."""
    if not isinstance(stored, Sequence) or isinstance(stored, str):
        raise WrongRule("operands are a list", place)
    if len(stored) > MAX_OPERANDS:
        raise WrongRule(f"a condition names {MAX_OPERANDS} things at most", place)
    for one in stored:
        if isinstance(one, str) and len(one) > MAX_TEXT:
            raise WrongRule(f"a text has {MAX_TEXT} characters at most", place)
        if not isinstance(one, str | int) or (isinstance(one, int) and abs(one) > 2**53):
            raise WrongRule("operands are texts, whole numbers, yes or no", place)
        if isinstance(one, str) and _UNSTORABLE.search(one):
            raise WrongRule("a text has characters that can't be stored", place)
    return tuple(stored)

"""A rule as it stands in the editor: perhaps unfinished or wrong, and never lost.

The form names every field by its place: ``when-0-on``, ``if-1-0-field``, ``then-2-queue``. Places
are counted anew whenever something comes or goes, so they only mean something within one form.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from helpdesk.rules.conditions import MAX_DEPTH

Values = dict[str, list[str]]

ALL, ANY, NONE, NOT_ALL = "all", "any", "none", "not-all"

UNITS = {"minutes": 60, "hours": 3600, "days": 86400}
"""Units in which lengths of time are typed, in seconds."""


class Sent(Protocol):
    """What a browser sent: names with their values."""

    def getlist(self, key: str) -> list[str]:
        """Return all values of a name."""

    def __contains__(self, key: object) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(slots=True)
class Row:
    """One occasion, comparison or action, with what was typed and chosen for it."""

    values: Values = field(default_factory=dict)
    place: str = ""
    fresh: bool = False
    """Whether it was just added, so that the keyboard goes on there."""

    def one(self, name: str, otherwise: str = "") -> str:
        """Return a value; the last of several."""
        found = self.values.get(name)
        return found[-1].strip() if found else otherwise

    def many(self, name: str) -> list[str]:
        """Return the values of a name that say anything, each once."""
        found = (value.strip() for value in self.values.get(name, ()))
        return list(dict.fromkeys(value for value in found if value))


@dataclass(slots=True)
class Group:
    """Conditions of which all, any, none or not all have to hold."""

    mode: str = ALL
    parts: list["Row | Group"] = field(default_factory=list)
    place: str = "if"


@dataclass(slots=True)
class Draft:
    """All three parts of a rule."""

    when: list[Row]
    condition: Group
    then: list[Row]

    def place(self) -> "Draft":
        """Count the places anew."""
        _number(self.when, "when")
        _number(self.condition.parts, "if")
        _number(self.then, "then")
        return self


def _number(rows: "list[Row] | list[Row | Group]", above: str) -> None:
    for number, row in enumerate(rows):
        row.place = f"{above}-{number}"
        if isinstance(row, Group):
            _number(row.parts, row.place)


def begin() -> Draft:
    """Return what a new rule begins with: it looks at new tickets."""
    return Draft([Row({"on": ["created"]})], Group(), []).place()


# ---- What the browser sent ----


def read(sent: Sent) -> Draft:
    """Return what stands in the form."""
    group = _group(sent, "if", MAX_DEPTH)
    return Draft(_rows(sent, "when", "on"), group, _rows(sent, "then", "do")).place()


def _rows(sent: Sent, above: str, mark: str) -> list[Row]:
    found: list[Row] = []
    for number in count():
        place = f"{above}-{number}"
        if f"{place}-{mark}" not in sent:
            return found
        found.append(Row(_values(sent, place), place))
    return found


def _values(sent: Sent, place: str) -> Values:
    start = len(place) + 1
    return {key[start:]: sent.getlist(key) for key in sent if key.startswith(f"{place}-")}


def _group(sent: Sent, place: str, levels: int) -> Group:
    mode = (sent.getlist(f"{place}-mode") or [ALL])[-1]
    parts: list[Row | Group] = []
    for number in count():
        below = f"{place}-{number}"
        if f"{below}-field" in sent:
            parts.append(_forgetful(Row(_values(sent, below), below)))
        elif f"{below}-mode" in sent and levels > 1:
            parts.append(_group(sent, below, levels - 1))
        else:
            return Group(mode if mode in {ALL, ANY, NONE, NOT_ALL} else ALL, parts, place)
    return Group()


def _forgetful(row: Row) -> Row:
    """Leave out what was said about another field."""
    if row.one("was") and row.one("was") != row.one("field"):
        return Row({"field": row.values["field"]}, row.place)
    return row


# ---- What is stored ----


def from_stored(stored: Mapping[str, Any]) -> Draft:
    """Return a version as it stands in the editor, also one that can't be read any more."""
    when = [Row(_texts(one)) for one in _mappings(stored.get("when"))]
    then = [Row(_texts(one)) for one in _mappings(stored.get("then"))]
    condition = _part(stored.get("if"))
    if isinstance(condition, Row):
        condition = Group(ALL, [condition])
    return Draft(when, condition or Group(), then).place()


def _mappings(stored: object) -> list[Mapping[str, Any]]:
    return [one for one in stored if isinstance(one, Mapping)] if isinstance(stored, list) else []


def _texts(stored: Mapping[str, Any]) -> Values:
    return {
        name: [str(one) for one in value] if isinstance(value, list) else [str(value)]
        for name, value in stored.items()
    }


def _part(stored: object) -> "Row | Group | None":
    if not isinstance(stored, Mapping):
        return None
    if "field" in stored:
        return Row(_comparison(stored))
    for mode, key in ((ALL, "all"), (ANY, "any")):
        if key in stored:
            inner = (_part(one) for one in _mappings(stored[key]))
            return Group(mode, [part for part in inner if part is not None])
    if "not" in stored:
        part = _part(stored["not"])
        if isinstance(part, Group) and part.mode in {ALL, ANY}:
            return Group(NOT_ALL if part.mode == ALL else NONE, part.parts)
        return Group(NONE, [part] if part is not None else [])
    return None


def _comparison(stored: Mapping[str, Any]) -> Values:
    """Return a comparison as its fields show it; numbers stand in fields of their own, too."""
    of = stored.get("of")
    operands = [str(one) for one in of] if isinstance(of, list) else []
    values = {"field": [str(stored["field"])], "is": [str(stored.get("is", ""))], "of": operands}
    if operands and operands[-1].isdecimal():
        amount = int(operands[-1])
        unit = next((u for u in ("days", "hours") if amount and amount % UNITS[u] == 0), "minutes")
        values |= {"number": [operands[-1]], "days": operands[:1], "unit": [unit]}
        values["amount"] = [f"{amount / UNITS[unit]:g}"]
    return values


# ---- What a button asks for ----


def change(draft: Draft, act: str) -> Draft:
    """Do what a button of the editor says: ``add-test:if-0``, ``up:then-2``. Nonsense is nothing.

    ``to:then-2:0`` puts a row before another of its own list.
    """
    verb, _colon, rest = act.partition(":")
    place, _colon, target = rest.partition(":")
    if verb in _ADDED:
        rows = _list_at(draft, place)
        if rows is not None:
            rows.append(_ADDED[verb]())
    elif verb in {"remove", "up", "down", "to"}:
        above, _dash, last = place.rpartition("-")
        rows = _list_at(draft, above)
        if rows is not None and last.isdecimal() and int(last) < len(rows):
            _move(rows, int(last), verb, target)
    return draft.place()


_ADDED: Mapping[str, Callable[[], Row | Group]] = {
    "add-when": lambda: Row({"on": ["created"]}, fresh=True),
    "add-test": lambda: Row({"field": [""]}, fresh=True),
    "add-group": lambda: Group(ANY, [Row({"field": [""]}, fresh=True)]),
    "add-then": lambda: Row({"do": [""]}, fresh=True),
}


def _list_at(draft: Draft, place: str) -> list[Any] | None:
    """Return the rows that stand directly below a place."""
    head, *steps = place.split("-")
    if head in {"when", "then"}:
        return (draft.when if head == "when" else draft.then) if not steps else None
    if head != "if":
        return None
    group = draft.condition
    for step in steps:
        if not step.isdecimal() or int(step) >= len(group.parts):
            return None
        below = group.parts[int(step)]
        if not isinstance(below, Group):
            return None
        group = below
    return group.parts


def _move(rows: list[Any], at: int, verb: str, target: str) -> None:
    row = rows.pop(at)
    if verb == "up":
        rows.insert(max(at - 1, 0), row)
    elif verb == "down":
        rows.insert(at + 1, row)
    elif verb == "to":
        rows.insert(min(int(target) if target.isdecimal() else at, len(rows)), row)

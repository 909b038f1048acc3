"""The language of lists: a filter over tickets as it stands in the URL.

``?queue=3&class=open,pending&owner=me&flag=vip&q=printer`` becomes a ``Filter``, and a ``Filter``
becomes that text again; saved views keep the same words. Values of one key are alternatives
(``priority=1,2``), flags must all hold, and different keys must all hold. What can't be
understood is left out and reported, so that a mistyped link shows more than it should, says so,
and never fails.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from helpdesk.people.models import Channel
from helpdesk.tickets.lifecycle import UNFINISHED, HoldReason, Kind, StatusClass

MAX_VALUES = 40
"""Values of one key that are looked at."""

MAX_WORDS_LENGTH = 200
"""Characters of a question."""

MAX_DAYS = 3660


YEARS = range(1970, 2200)
"""Dates that can be meant; the calendar's ends would overflow in some time zone."""


class My(StrEnum):
    """Lists that differ from one technician to the next."""

    ASSIGNED = "assigned"
    ACKNOWLEDGE = "acknowledge"
    REPLIED = "replied"
    MENTIONED = "mentioned"
    FOLLOWING = "following"


class Flag(StrEnum):
    """What can be said of a ticket besides its fields."""

    REPLIED = "replied"
    UNACKNOWLEDGED = "unacknowledged"
    WOKEN = "woken"
    REOPENED = "reopened"
    UNTOUCHED = "untouched"
    THANKED = "thanked"
    UNDELIVERED = "undelivered"
    VIP = "vip"
    MAJOR = "major"
    UNEXPLAINED = "unexplained"
    OVER_TIME = "over-time"
    AT_RISK = "at-risk"


class Due(StrEnum):
    """How soon something is due: what was promised and not kept yet."""

    OVERDUE = "overdue"
    SOON = "soon"
    TODAY = "today"
    NONE = "none"


class Owner(StrEnum):
    """Owners that are no particular person."""

    ME = "me"
    NONE = "none"


class Sort(StrEnum):
    """Orders of a list. Finished work is always shown by its last change."""

    WAITING = "waiting"
    UPDATED = "updated"


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if day.year not in YEARS:
        raise ValueError(text)
    return day


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time: the last ``days`` days, longer ago than that, or between two dates.

    ``days`` of 0 is today. Days begin at midnight where the reader is.
    """

    days: int | None = None
    longer_ago: bool = False
    start: date | None = None
    end: date | None = None

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read ``today``, ``7d``, ``over-7d`` or ``2026-07-01..2026-07-31``. Raises ValueError."""
        if text == "today":
            return cls(days=0)
        if ".." in text:
            first, _dots, last = text.partition("..")
            start = _day(first) if first else None
            end = _day(last) if last else None
            if start is None and end is None:
                raise ValueError(text)
            if start is not None and end is not None and end < start:
                raise ValueError(text)
            return cls(start=start, end=end)
        number = text.removeprefix("over-")
        if not number.endswith("d") or not number[:-1].isdecimal() or not number.isascii():
            raise ValueError(text)
        days = int(number[:-1])
        if not 1 <= days <= MAX_DAYS:
            raise ValueError(text)
        return cls(days=days, longer_ago=number != text)

    def __str__(self) -> str:
        """Return the period as ``parse`` reads it."""
        if self.days is None:
            first = self.start.isoformat() if self.start else ""
            last = self.end.isoformat() if self.end else ""
            return f"{first}..{last}"
        if self.days == 0:
            return "today"
        return f"over-{self.days}d" if self.longer_ago else f"{self.days}d"

    def bounds(self, moment: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """Return the first moment of the period and the first one after it; None is open."""

        def midnight(day: date) -> datetime:
            return datetime.combine(day, time(), zone)

        if self.days is None:
            return (
                midnight(self.start) if self.start else None,
                midnight(self.end + timedelta(days=1)) if self.end else None,
            )
        if self.days == 0:
            return midnight(moment.astimezone(zone).date()), None
        edge = moment - timedelta(days=self.days)
        return (None, edge) if self.longer_ago else (edge, None)


@dataclass(frozen=True, slots=True)
class Problem:
    """A value of the URL that could not be understood."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tickets a list shows. Tuples are sorted and free of repetition; empty means all."""

    my: My | None = None
    queues: tuple[int, ...] = ()
    classes: tuple[StatusClass, ...] = ()
    priorities: tuple[int, ...] = ()
    owners: tuple[int | Owner, ...] = ()
    customers: tuple[int, ...] = ()
    organisations: tuple[int, ...] = ()
    sites: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    kinds: tuple[Kind, ...] = ()
    channels: tuple[Channel, ...] = ()
    flags: tuple[Flag, ...] = ()
    holds: tuple[HoldReason, ...] = ()
    suppliers: tuple[int, ...] = ()
    dues: tuple[Due, ...] = ()
    opened: Period | None = None
    updated: Period | None = None
    words: str = ""
    sort: Sort = Sort.WAITING

    @property
    def effective_classes(self) -> frozenset[StatusClass]:
        """The classes of status shown: those named, else those that the list is about.

        That is unfinished work, except where the question itself is about what has ended.
        """
        if self.classes:
            return frozenset(self.classes)
        if Flag.THANKED in self.flags:
            return frozenset({StatusClass.RESOLVED, StatusClass.CLOSED})
        if self.my is My.MENTIONED:
            return frozenset(StatusClass)
        return UNFINISHED

    @property
    def is_open_work(self) -> bool:
        """Whether only unfinished tickets can be in the list."""
        return self.effective_classes <= UNFINISHED

    @property
    def by_waiting(self) -> bool:
        """Whether the list is in the order of a queue: by what is due, then longest waiting."""
        return self.sort is Sort.WAITING and self.is_open_work

    @property
    def only_queue(self) -> int | None:
        """The queue, when the filter says nothing but one queue."""
        if len(self.queues) == 1 and replace(self, queues=()) == EVERYTHING:
            return self.queues[0]
        return None

    def without(self, key: str) -> "Filter":
        """Return the filter with one key of the URL left out."""
        empty: Any = getattr(EVERYTHING, _ATTRIBUTES[key])
        return replace(self, **{_ATTRIBUTES[key]: empty})

    def has(self, key: str) -> bool:
        """Whether a key of the URL narrows this list."""
        attribute = _ATTRIBUTES[key]
        return bool(getattr(self, attribute) != getattr(EVERYTHING, attribute))

    def values(self, key: str) -> list[str]:
        """Return what the URL says for one key."""
        return to_lists(self).get(key, [])


@dataclass(frozen=True, slots=True)
class Parsed:
    """A filter read from outside, with what could not be understood."""

    filter: Filter
    problems: tuple[Problem, ...] = field(default=())


EVERYTHING = Filter()
"""All unfinished work."""


def _record_key(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15 and int(text) > 0):
        raise ValueError(text)
    return int(text)


def _priority(text: str) -> int:
    if text not in {"1", "2", "3", "4"}:
        raise ValueError(text)
    return int(text)


def _owner(text: str) -> int | Owner:
    return Owner(text) if text in set(Owner) else _record_key(text)


_MANY: dict[str, tuple[str, Callable[[str], Any]]] = {
    "queue": ("queues", _record_key),
    "class": ("classes", StatusClass),
    "priority": ("priorities", _priority),
    "owner": ("owners", _owner),
    "customer": ("customers", _record_key),
    "organisation": ("organisations", _record_key),
    "site": ("sites", _record_key),
    "category": ("categories", _record_key),
    "tag": ("tags", _record_key),
    "kind": ("kinds", Kind),
    "channel": ("channels", Channel),
    "flag": ("flags", Flag),
    "hold": ("holds", HoldReason),
    "supplier": ("suppliers", _record_key),
    "due": ("dues", Due),
}
_ONE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "my": ("my", My),
    "opened": ("opened", Period.parse),
    "updated": ("updated", Period.parse),
    "sort": ("sort", Sort),
}
_ATTRIBUTES = {key: attribute for key, (attribute, _read) in {**_MANY, **_ONE}.items()}
_ATTRIBUTES["q"] = "words"

KEYS = ("my", *_MANY, "opened", "updated", "q", "sort")
"""Keys of the URL, in the order in which they are written."""

NARROWING = tuple(key for key in KEYS if key not in {"my", "sort"})
"""Keys that a person sets and clears as filters."""

ANY_CLASS = "any"
"""``class=any`` is short for all five."""


def parse(values: Mapping[str, Sequence[str]]) -> Parsed:
    """Read a filter from lists of texts by key; keys that are none of ours are no concern.

    Several values may stand in one text, with commas between them.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for key, (attribute, read) in _MANY.items():
        texts = _split(values.get(key, ()))
        if key == "class" and ANY_CLASS in texts:
            texts = [str(status_class) for status_class in StatusClass]
        kept = []
        for text in texts:
            try:
                kept.append(read(text))
            except ValueError:
                problems.append(Problem(key, text[:60]))
        found[attribute] = _ordered(kept)
    for key, (attribute, read) in _ONE.items():
        for text in [text.strip() for text in values.get(key, ()) if text.strip()][:1]:
            try:
                found[attribute] = read(text)
            except ValueError:
                problems.append(Problem(key, text[:60]))
    for text in values.get("q", ()):
        printable = "".join(c if c.isprintable() else " " for c in text)
        found["words"] = " ".join(printable.split())[:MAX_WORDS_LENGTH].strip()
        break
    return Parsed(Filter(**found), tuple(problems))


def _split(texts: Iterable[str]) -> list[str]:
    parts = [part.strip() for text in texts for part in text.split(",")]
    return [part for part in dict.fromkeys(parts) if part][:MAX_VALUES]


def _ordered(kept: Iterable[Any]) -> tuple[Any, ...]:
    """Sort values as people expect them: words in the order of their definition, then keys."""

    def place(value: Any) -> tuple[int, int]:
        if isinstance(value, StrEnum):
            return 0, list(type(value)).index(value)
        return 1, value

    return tuple(sorted(dict.fromkeys(kept), key=place))


def to_lists(wanted: Filter) -> dict[str, list[str]]:
    """Return the filter as ``parse`` reads it and as saved views keep it."""
    found: dict[str, list[str]] = {}
    for key in KEYS:
        if not wanted.has(key):
            continue
        value = getattr(wanted, _ATTRIBUTES[key])
        if key == "class" and len(value) == len(StatusClass):
            found[key] = [ANY_CLASS]
        else:
            found[key] = [str(part) for part in value] if isinstance(value, tuple) else [str(value)]
    return found


def to_query(wanted: Filter) -> str:
    """Return the filter as the query string of a URL, without the question mark."""
    return "&".join(
        f"{key}={','.join(quote(value, safe=':.-') for value in values)}"
        for key, values in to_lists(wanted).items()
    )


assert {item.name for item in fields(Filter)} == set(_ATTRIBUTES.values())

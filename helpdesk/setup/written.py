"""Opening hours and lengths of time as people write them, and back. Pure: no request, no database.

Hours of a day: ``09:00–12:30, 13:30–17:00``; nothing is a closed day. Lengths: ``30m``, ``4h``,
``1h 30m``. Errors are sentences for whoever typed.
"""

import re
from collections.abc import Iterable
from datetime import timedelta

from flask_babel import lazy_gettext as _l

from helpdesk.sla.calendar import Span, WrongCalendar
from helpdesk.sla.opening import DAY
from helpdesk.sla.policy import LONGEST

MOST_SPANS = 10
"""Stretches of one day; somebody who needs more means something else."""
LONGEST_TEXT = 200
"""Letters of a field of hours that are read at all."""

_ALL_DAY = {"24h", "24", "24/7", "24×7", "24x7", "0-24", "00:00-24:00"}
_SPAN = re.compile(
    r"\s*(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|—|~|to|至)\s*(\d{1,2})(?:[:.](\d{2}))?\s*",
    re.IGNORECASE,
)
_HOURS_AND_MINUTES = re.compile(
    r"(?:(\d{1,5})\s*(?:h|hours?|小时|小時))?\s*(?:(\d{1,6})\s*(?:m|min|minutes?|分钟|分鐘|分))?",
    re.IGNORECASE,
)
_DAYS = re.compile(r"\d\s*(?:d|days?|天|日)", re.IGNORECASE)


class Unreadable(ValueError):
    """What was typed cannot be read; the message is a sentence in the reader's language."""

    def __init__(self, message: object) -> None:
        """Carry the sentence."""
        super().__init__(str(message))
        self.message = message


def read_hours(text: str) -> tuple[Span, ...]:
    """Return the hours of a day, in their order. Raises Unreadable."""
    text = text.strip()
    if len(text) > LONGEST_TEXT:
        raise Unreadable(_l("Write at most 10 stretches a day."))
    if not text:
        return ()
    if text.lower().replace(" ", "").replace("–", "-") in _ALL_DAY:
        return (Span.of("00:00", "24:00"),)
    pieces = [piece for piece in re.split(r"[,;，、；\n]", text) if piece.strip()]
    if len(pieces) > MOST_SPANS:
        raise Unreadable(_l("Write at most 10 stretches a day."))
    return tuple(sorted(_span(piece) for piece in pieces))


def _span(piece: str) -> Span:
    found = _SPAN.fullmatch(piece)
    if found is None:
        raise Unreadable(_l("Write hours like 09:00–17:00, several with commas between them."))
    begins, begin_minutes, ends, end_minutes = found.groups()
    try:
        return Span.of(f"{begins}:{begin_minutes or '00'}", f"{ends}:{end_minutes or '00'}")
    except WrongCalendar:
        raise Unreadable(_l("A time of day is between 00:00 and 24:00.")) from None


def write_hours(spans: Iterable[Span]) -> str:
    """Return hours as they are typed; those that go on past midnight end on the next day."""
    return ", ".join(f"{_clock(span.start)}–{_clock(span.end)}" for span in spans)


def _clock(seconds: int) -> str:
    # The end of the day itself is 24:00; later ones are times of the next day.
    minutes = (seconds if seconds <= DAY else seconds - DAY) // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def read_length(text: str) -> timedelta | None:
    """Return a length of open time; None for an empty field. Raises Unreadable.

    Days are refused: of open time some mean 24 hours by it and some a working day.
    """
    text = text.strip()
    if not text:
        return None
    if _DAYS.search(text):
        raise Unreadable(_l("Write hours instead of days, as 16h: days of open time differ."))
    found = _HOURS_AND_MINUTES.fullmatch(text)
    if found is None or not any(found.groups()):
        raise Unreadable(_l("Write it like 30m, 4h or 1h 30m."))
    length = timedelta(hours=int(found[1] or 0), minutes=int(found[2] or 0))
    if not timedelta() < length <= LONGEST:
        raise Unreadable(_l("Between one minute and a year of open time."))
    return length


def write_length(length: timedelta | None) -> str:
    """Return a length as it is typed: ``1h 30m``; hours are never made days."""
    if length is None:
        return ""
    hours, minutes = divmod(round(length.total_seconds()) // 60, 60)
    return " ".join(
        part for part in (f"{hours}h" if hours else "", f"{minutes}m" if minutes else "") if part
    )

"""Texts for customers with everything filled in, in the language and by the clock of the reader."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.text import bare_subject, one_line
from helpdesk.notify.telling import COMMON, Tell
from helpdesk.notify.texts import Wording, fill, wording
from helpdesk.people.models import Desk, Person
from helpdesk.sla.expected import expected_for
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Ticket
from helpdesk.web.i18n import language_of, zone

_MOMENTS = {
    "en": "EEEE d MMMM, HH:mm (zzzz)",
    "zh_Hans_CN": "M月d日EEEE HH:mm（zzzz）",
    "zh_Hant_TW": "M月d日EEEE HH:mm（zzzz）",
}
"""How a moment is written: with its zone, because a message may be read anywhere."""


def for_ticket(
    kind: Tell,
    ticket: Ticket,
    person: Person,
    said: Wording | None = None,
    *,
    language: str | None = None,
) -> Wording:
    """Return what a person is told of a ticket. ``said`` is a text that is not saved yet."""
    language = language or reads(person, the_desk())
    return fill(said or wording(kind, language), values(ticket, person, language))


def values(ticket: Ticket, person: Person, language: str) -> dict[str, str]:
    """Return what a text about a ticket is filled in with, for a reader; nothing is empty."""
    desk = the_desk()
    at = expected(ticket)
    return {
        "number": str(ticket.number),
        "subject": bare_subject(one_line(ticket.subject)),
        "customer": person.call_name or person.name,
        "desk": desk.name,
        "technician": ticket.owner.name if ticket.owner is not None else "",
        "expected": moment(at, zone_of(person), language) if at is not None else "",
        "needed": ticket.hold_note,
        "solution": ticket.solution,
    }


def sample(language: str, said: Wording) -> Wording:
    """Return a text filled in with an example, for a desk without a ticket to show."""
    return fill(said, examples(language))


def examples(language: str) -> dict[str, str]:
    """Return what an example is filled in with."""
    desk = the_desk()
    return {
        **COMMON,
        "desk": desk.name,
        "technician": "Priya Nair",
        "expected": moment(now() + timedelta(hours=4), zone(desk.time_zone), language),
        "needed": _NEEDED[language],
        "solution": _SOLUTION[language],
    }


_NEEDED = {
    "en": "the name of the computer, on the sticker below its screen",
    "zh_Hans_CN": "电脑名称（在屏幕下方的标签上）",
    "zh_Hant_TW": "電腦名稱（在螢幕下方的標籤上）",
}
_SOLUTION = {
    "en": "The gateway was moved to new hardware; sessions are stable since then.",
    "zh_Hans_CN": "网关已迁移到新设备，连接现已稳定。",
    "zh_Hant_TW": "閘道已移至新設備，連線現已穩定。",
}
"""What an example says."""


def expected(ticket: Ticket) -> datetime | None:
    """Return when the customer may expect it; what has passed is no promise any more."""
    at = expected_for(ticket) if ticket.status_class in UNFINISHED else None
    return at if at is not None and at > now() else None


def moment(at: datetime, where: ZoneInfo, language: str) -> str:
    """Return a moment for a customer: "Monday 23 November, 15:00 (Hong Kong Standard Time)"."""
    return str(format_datetime(at, _MOMENTS[language], tzinfo=where, locale=language))


def reads(person: Person, desk: Desk) -> str:
    """Return the language in which a person is written to."""
    return language_of(person.language) or language_of(desk.language) or "en"


def zone_of(person: Person) -> ZoneInfo:
    """Return the zone in which a person lives: theirs, the site's, the firm's, the desk's."""
    named = (
        person.time_zone
        or (person.site.time_zone if person.site is not None else None)
        or (person.organisation.time_zone if person.organisation is not None else None)
    )
    return zone(named or the_desk().time_zone)


def the_desk() -> Desk:
    """Return the desk."""
    return db.session.scalars(select(Desk).limit(1)).one()

"""Calendars and policies as they are stored, and as the values that clocks are run with.

Versions never change, so what was read once is kept: each process reads a version once.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import event, select

from helpdesk.db import ask_again, db, once
from helpdesk.sla.calendar import Break, Calendar, Span, SpecialDay
from helpdesk.sla.models import BusinessCalendar, CalendarVersion, Policy, PolicyVersion
from helpdesk.sla.policy import Offer, Scope, Terms
from helpdesk.sla.public_holidays import PublicHolidays


def calendar_to_json(calendar: Calendar) -> dict[str, Any]:
    """Return a calendar as it is stored; hours in seconds since midnight."""
    holidays = calendar.public_holidays
    return {
        "zone": calendar.zone,
        "week": [_pairs(spans) for spans in calendar.week],
        "holidays": holidays and [holidays.country, holidays.part, holidays.language],
        "days": [
            {
                "year": special.year,
                "month": special.month,
                "day": special.day,
                "name": special.name,
                "spans": _pairs(special.spans),
            }
            for special in calendar.special_days
        ],
        "breaks": [[pause.day.isoformat(), *_pairs([pause.span])[0]] for pause in calendar.breaks],
        "make_up_like": calendar.make_up_like,
    }


def calendar_from_json(stored: Mapping[str, Any]) -> Calendar:
    """Read a calendar as it is stored. Raises WrongCalendar, UnknownCountry."""
    holidays = stored["holidays"]
    return Calendar(
        zone=stored["zone"],
        week=tuple(_spans(pairs) for pairs in stored["week"]),
        public_holidays=PublicHolidays(*holidays) if holidays else None,
        special_days=tuple(
            SpecialDay(
                month=special["month"],
                day=special["day"],
                year=special["year"],
                spans=_spans(special["spans"]),
                name=special["name"],
            )
            for special in stored["days"]
        ),
        breaks=tuple(
            Break(date.fromisoformat(day), Span(start, end)) for day, start, end in stored["breaks"]
        ),
        make_up_like=stored["make_up_like"],
    )


def _pairs(spans: Iterable[Span]) -> list[list[int]]:
    return [[span.start, span.end] for span in spans]


def _spans(pairs: Iterable[Iterable[int]]) -> tuple[Span, ...]:
    return tuple(Span(*pair) for pair in pairs)


@lru_cache(maxsize=256)
def calendar_of(version_id: int) -> Calendar:
    """Return what a version of a calendar says, with the years already worked out in it."""
    return calendar_from_json(db.session.get_one(CalendarVersion, version_id).content)


@lru_cache(maxsize=1024)
def terms_of(version_id: int) -> Terms:
    """Return what a version of a policy says."""
    return Terms.from_json(db.session.get_one(PolicyVersion, version_id).content)


@lru_cache(maxsize=4096)
def policy_of(version_id: int) -> int:
    """Return the key of the policy of a version."""
    return db.session.get_one(PolicyVersion, version_id).policy_id


def offers(scope: Scope) -> tuple[Offer, ...]:
    """Return the policies in use that promise something in a scope, at their newest versions."""
    return all_offers()[scope]


def all_offers() -> dict[Scope, tuple[Offer, ...]]:
    """Return the policies in use by scope, at their newest versions, in one query.

    Asked once a transaction: a batch of mail opens fifty tickets.
    """
    return once(_OFFERS, _all_offers)


_OFFERS = "offers"


def _all_offers() -> dict[Scope, tuple[Offer, ...]]:
    rows = db.session.execute(
        select(Policy.scope, Policy.id, PolicyVersion.id, Policy.position)
        .join(
            PolicyVersion,
            (PolicyVersion.policy_id == Policy.id) & (PolicyVersion.number == Policy.version),
        )
        .where(Policy.retired_at.is_(None))
        .order_by(Policy.position, Policy.id)
    ).all()
    found: dict[Scope, list[Offer]] = {scope: [] for scope in Scope}
    for scope, policy_id, version_id, position in rows:
        offer = Offer(policy_id, version_id, position, terms_of(version_id))
        found[Scope(scope)].append(offer)
    return {scope: tuple(among) for scope, among in found.items()}


def newest_calendar_version(calendar_id: int) -> int:
    """Return the key of what a calendar says now. Asked once a transaction."""
    return once(_CALENDARS, _newest_calendar_versions)[calendar_id]


_CALENDARS = "calendars"


def _newest_calendar_versions() -> dict[int, int]:
    rows = db.session.execute(
        select(CalendarVersion.calendar_id, CalendarVersion.id).join(
            BusinessCalendar,
            (BusinessCalendar.id == CalendarVersion.calendar_id)
            & (BusinessCalendar.version == CalendarVersion.number),
        )
    )
    return {calendar_id: version_id for calendar_id, version_id in rows}  # noqa: C416


def _changed(*_what: object) -> None:
    for key in (_OFFERS, _CALENDARS):
        ask_again(key)


for _model in (Policy, PolicyVersion, BusinessCalendar, CalendarVersion):
    for _moment in ("after_insert", "after_update"):
        event.listen(_model, _moment, _changed)


def version_ids(policy_id: int) -> list[int]:
    """Return the keys of everything a policy ever said."""
    return list(
        db.session.scalars(select(PolicyVersion.id).where(PolicyVersion.policy_id == policy_id))
    )

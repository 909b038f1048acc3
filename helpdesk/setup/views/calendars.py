"""Calendars: the list, the form, and trying one out before it is saved."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask_babel import gettext as _

from helpdesk.lib.clock import now
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import require
from helpdesk.setup import countries, queries
from helpdesk.setup.calendar_form import WEEKDAY_NAMES, CalendarFields
from helpdesk.setup.services import calendars, desk_settings
from helpdesk.setup.views.blueprint import bp
from helpdesk.setup.views.shelf import Listing, Shelf, page, put_up
from helpdesk.setup.written import Unreadable, read_length, write_hours, write_length
from helpdesk.sla import business_time, replay_batches
from helpdesk.sla.business_time import Change
from helpdesk.sla.calendar import WEEKDAYS, Calendar
from helpdesk.sla.models import BusinessCalendar
from helpdesk.web.i18n import reader_zone, short_date, weekday
from helpdesk.web.i18n import zone as zone_named


@dataclass(frozen=True, slots=True)
class Answer:
    """What a calendar says about a moment and a length of open time."""

    moment: datetime
    length: timedelta
    is_open: bool
    due: datetime
    next_open: datetime
    change: Change | None
    """When it next opens or closes; None when it never does."""


def _form(row: BusinessCalendar | None, sent: bool) -> CalendarFields:
    form = CalendarFields() if sent else CalendarFields(formdata=None)
    desk = desk_settings.the_desk()
    form.offer(desk, calendars.shown(row) if row is not None else None)
    if row is None and not sent:
        form.begin(desk.time_zone)
    return form


def _listing() -> Listing:
    return Listing(
        [(None, calendars.in_order())],
        queries.retired(BusinessCalendar),
        {
            "said": calendars.said(),
            "counting": calendars.counting_by(),
            "hours_of": hours_of,
            "outdated": replay_batches.outdated(),
            "counted_up_to": replay_batches.COUNTED,
        },
    )


def hours_of(calendar: Calendar) -> list[tuple[str, str]]:
    """Return the week in words, neighbouring days of the same hours together."""
    runs: list[tuple[str, str, str]] = []
    for day, spans in zip(WEEKDAYS, calendar.week, strict=True):
        hours = write_hours(spans)
        if runs and runs[-1][2] == hours:
            runs[-1] = (runs[-1][0], day, hours)
        else:
            runs.append((day, day, hours))
    return [(_days(first, last), hours) for first, last, hours in runs if hours]


def _days(first: str, last: str) -> str:
    if first == last:
        return str(WEEKDAY_NAMES[first])
    return str(_("%(first)s–%(last)s", first=WEEKDAY_NAMES[first], last=WEEKDAY_NAMES[last]))


def _beside(form: CalendarFields) -> dict[str, Any]:
    """Return what the page shows beside the form: coming holidays, and what was tried."""
    zone = form.zone.data or "UTC"
    if not form.try_at.data:
        form.try_at.data = f"{now().astimezone(zone_named(zone)):%Y-%m-%dT%H:%M}"
    form.try_for.data = form.try_for.data or "4h"
    return {
        "weekdays": WEEKDAYS,
        "coming": coming_of(form),
        "answer": None if form.has_errors else _answer(form),
        "zone": zone.replace("_", " "),
        "there": partial(moment_in, zone_named(zone)),
        "here": partial(moment_in, reader_zone()),
        "same_zone": zone == str(reader_zone()),
        "write_length": write_length,
    }


def coming_of(form: CalendarFields) -> list[countries.Coming]:
    """Return the next public holidays of what is chosen."""
    if not form.country.data:
        return []
    today = now().astimezone(zone_named(form.zone.data or "UTC")).date()
    return countries.coming(form.country.data, form.part.data, today)


def moment_in(zone: ZoneInfo, moment: datetime) -> str:
    """Return a moment as clocks and calendars in a zone show it: "Mon 23 Nov 09:00"."""
    there = moment.astimezone(zone)
    return f"{weekday(there.date())} {short_date(there.date())} {there:%H:%M}"


def _answer(form: CalendarFields) -> Answer | None:
    """Return what the calendar in the form says; None, with errors at the fields, if nothing."""
    try:
        calendar = calendars.checked(form.values())
        length = read_length(form.try_for.data or "") or timedelta(hours=4)
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return None
    except Unreadable as error:
        form.refuse("try_for", error.message)
        return None
    try:
        there = datetime.fromisoformat(form.try_at.data or "")
        moment = there.replace(tzinfo=calendar.time_zone).astimezone(UTC)
        return Answer(
            moment=moment,
            length=length,
            is_open=business_time.is_open(calendar, moment),
            due=business_time.add(calendar, moment, length),
            next_open=business_time.next_open(calendar, moment),
            change=business_time.next_change(calendar, moment),
        )
    except (ValueError, OverflowError):
        form.refuse("try_at", _("Choose a moment."))
    return None


CALENDARS = Shelf(
    key="calendars",
    permission=Permission.SETUP_SLA,
    model=BusinessCalendar,
    form=_form,
    listing=_listing,
    add=calendars.add,
    edit=calendars.edit,
    acts={
        "retire": calendars.retire,
        "restore": calendars.restore,
        "delete": calendars.delete,
        "default": calendars.make_default,
    },
    ordered=False,
    sheet="setup/calendar.html",
    beside=_beside,
)
put_up(CALENDARS)


@bp.get("/calendars/holidays")
@require(Permission.SETUP_SLA)
def calendar_holidays() -> str:
    """Show the parts of a country and its next holidays, while somebody chooses."""
    form = CalendarFields(formdata=None)
    form.country.data = request.args.get("country", "")
    form.part.data = request.args.get("part", "")
    form.zone.data = request.args.get("zone", "UTC")
    form.offer(desk_settings.the_desk())
    return render_template("setup/_holidays.html", form=form, coming=coming_of(form))


@bp.post("/calendars/try")
@require(Permission.SETUP_SLA)
def try_calendar() -> Any:
    """Answer for the calendar that is being typed; nothing is saved."""
    key = request.args.get("calendar_id", type=int)
    row = queries.one(BusinessCalendar, key) if key else None
    form = _form(row, True)
    form.validate()
    # A calendar can be tried before it has a name.
    form.name.errors = []
    shown, _status = page(CALENDARS, editing=row.id if row is not None else "new", form=form)
    return shown, 422 if form.has_errors else 200

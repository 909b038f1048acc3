"""The form of a calendar: hours of the week, public holidays, days of its own."""

import json
from calendar import isleap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, ValidationError

from helpdesk.lib.clock import now
from helpdesk.people import typed_text
from helpdesk.people.errors import Refused
from helpdesk.people.forms import NEEDED, time_zones
from helpdesk.people.models import Desk
from helpdesk.setup import countries
from helpdesk.setup.forms import Edit
from helpdesk.setup.services import calendars
from helpdesk.setup.services.calendars import MOST_DAYS
from helpdesk.setup.written import Unreadable, read_hours, write_hours
from helpdesk.sla.calendar import WEEKDAYS, Span
from helpdesk.sla.models import BusinessCalendar
from helpdesk.web.forms import NO_NULL, choices
from helpdesk.web.i18n import local

WEEKDAY_NAMES = {
    "mon": _l("Monday"),
    "tue": _l("Tuesday"),
    "wed": _l("Wednesday"),
    "thu": _l("Thursday"),
    "fri": _l("Friday"),
    "sat": _l("Saturday"),
    "sun": _l("Sunday"),
}
BLANK_ROWS = 2
"""Empty rows at the end of the days, for browsers without scripts."""
LONGEST_NAME = 100
"""Letters of the name of a day."""
OFFICE = "09:00–17:00"
"""What a new calendar begins with on working days."""


def _readable(_form: Any, of_day: Any) -> None:
    try:
        read_hours(of_day.data or "")
    except Unreadable as error:
        raise ValidationError(str(error.message)) from None


def day_or_none(value: Any) -> int | None:
    """Read a choice of a weekday, Monday is 0; None for the empty choice."""
    text = str(value if value is not None else "")
    return int(text) if text in set("0123456") and text else None


@dataclass(slots=True)
class DayRow:
    """One day of the calendar's own as it was typed, with what is wrong about it."""

    day: str = ""
    yearly: bool = False
    hours: str = ""
    name: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed."""
        return not (self.day or self.hours or self.name)

    def read(self) -> dict[str, Any] | None:
        """Return the day as it is stored; None for one that is wrong, which notes why."""
        self.errors.clear()
        try:
            day = date.fromisoformat(self.day)
        except ValueError:
            self.errors["day"] = _("Choose a date.")
        try:
            spans = read_hours(self.hours)
        except Unreadable as error:
            self.errors["hours"] = str(error.message)
        try:
            typed_text.line(self.name, LONGEST_NAME, "name")
        except Refused as refusal:
            self.errors["name"] = str(refusal)
        if "\0" in self.name:
            self.errors["name"] = str(NO_NULL)
        if self.errors:
            return None
        return {
            "year": None if self.yearly else day.year,
            "month": day.month,
            "day": day.day,
            "name": self.name,
            "spans": [[span.start, span.end] for span in spans],
        }


def row_of(stored: Mapping[str, Any]) -> DayRow:
    """Return a stored day as it is typed; one of every year stands in the year at hand."""
    year = stored["year"] or local(now()).year
    while (stored["month"], stored["day"]) == (2, 29) and not isleap(year):
        year += 1
    return DayRow(
        day=date(year, stored["month"], stored["day"]).isoformat(),
        yearly=stored["year"] is None,
        hours=write_hours(Span(*pair) for pair in stored["spans"]),
        name=stored["name"],
    )


class CalendarFields(Edit):
    """A calendar. The days of its own are ``days``: rows of plain fields, not of WTForms."""

    FIELDS = calendars.FIELDS

    name = StringField(_l("Name"), [NEEDED])
    zone = SelectField(_l("Time zone"), choices=[])
    country = SelectField(_l("Country or region"), choices=[])
    part = SelectField(_l("Part of it"), choices=[])
    make_up_like = SelectField(
        _l("Weekends that the country works instead"),
        description=_l("As in China, where a day off is worked before or after"),
        coerce=day_or_none,
        choices=[],
    )
    try_at = StringField(_l("Moment"))
    try_for = StringField(_l("Open time"), default="4h")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Read the rows of days too, where the browser sent some."""
        super().__init__(*args, **kwargs)
        sent = self.is_submitted() and kwargs.get("formdata", request.form) is not None
        self.days: list[DayRow] = _rows() if sent else []
        self.read_days: list[dict[str, Any]] = []
        self.desk_language = "en"
        self.kept: calendars.Shown | None = None

    def offer(self, desk: Desk, kept: calendars.Shown | None = None) -> None:
        """Fill in what can be chosen; what the calendar says already can be kept."""
        self.desk_language, self.kept = desk.language, kept
        zones = dict.fromkeys((*time_zones(), desk.time_zone, *([kept.zone] if kept else [])))
        self.zone.choices = choices((name, name.replace("_", " ")) for name in zones)
        self.country.choices = choices([("", _("No public holidays")), *countries.countries()])
        self.make_up_like.choices = choices(
            [
                ("", _("Closed, or as the weekday says")),
                *(
                    (number, _("Hours of %(day)s", day=WEEKDAY_NAMES[day]))
                    for number, day in enumerate(WEEKDAYS)
                ),
            ]
        )
        self._offer_parts()

    def begin(self, zone: str) -> None:
        """Fill in what a new calendar begins with."""
        self.zone.data = zone
        for day in WEEKDAYS[:5]:
            self._fields[day].data = OFFICE

    def show(self, row: BusinessCalendar) -> None:
        """Fill the form with what the calendar says now, and remember that."""
        shown = calendars.shown(row)
        self.name.data, self.zone.data = shown.name, shown.zone
        for day, pairs in zip(WEEKDAYS, shown.week, strict=True):
            self._fields[day].data = write_hours(Span(*pair) for pair in pairs)
        self.country.data, self.part.data = (shown.holidays or ["", ""])[:2]
        self.make_up_like.data = shown.make_up_like
        self.days = [row_of(one) for one in shown.days]
        self.read_days = shown.days
        self._offer_parts()
        self._remember(shown)

    def remember(self, row: BusinessCalendar) -> None:
        """Remember the calendar as it is now."""
        self._remember(calendars.shown(row))

    def _remember(self, shown: calendars.Shown) -> None:
        self.seen.data = json.dumps({name: getattr(shown, name) for name in self.FIELDS})

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether everything can be read; each day that cannot says so itself."""
        if len(self.days) > MOST_DAYS:
            self.form_errors.append(_("A calendar has at most 400 days of its own."))
            self.days = self.days[:MOST_DAYS]
            return False
        valid = bool(super().validate(extra_validators))
        self.read_days, taken = [], set()
        for row in self.days:
            read = row.read()
            if read is None:
                continue
            key = (read["year"], read["month"], read["day"])
            if key in taken:
                row.errors["day"] = _("This date stands here twice.")
            taken.add(key)
            self.read_days.append(read)
        return valid and not any(row.errors for row in self.days)

    def values(self) -> dict[str, Any]:
        """Return what was typed, as calendars are stored."""
        return {
            "name": self.name.data or "",
            "zone": self.zone.data,
            "week": [
                [[span.start, span.end] for span in read_hours(self._fields[day].data or "")]
                for day in WEEKDAYS
            ],
            "holidays": self._holidays(),
            "days": sorted(
                self.read_days, key=lambda one: (one["year"] or 0, one["month"], one["day"])
            ),
            "make_up_like": self.make_up_like.data if self.country.data else None,
        }

    def in_words(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return what somebody else saved, part by part."""
        found = []
        for name, value in values.items():
            if name == "week":
                found += [
                    (str(WEEKDAY_NAMES[day]), write_hours(Span(*pair) for pair in pairs) or "–")
                    for day, pairs in zip(WEEKDAYS, value, strict=True)
                ]
            elif name == "holidays":
                said = "-".join(part for part in (value or ["–"])[:2] if part)
                found.append((_("Public holidays"), said))
            elif name == "days":
                said = ", ".join(f"{row.day} {row.name}".strip() for row in map(row_of, value))
                found.append((_("Days of its own"), said or "–"))
            else:
                found += super().in_words({name: value})
        return found

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong, in the fields or in the rows of days."""
        return bool(self.errors) or any(row.errors for row in self.days)

    @property
    def rows(self) -> list[DayRow]:
        """The rows to show: what there is, and some that are empty."""
        return [*self.days, *(DayRow() for _number in range(BLANK_ROWS))]

    def _holidays(self) -> list[str | None] | None:
        if not self.country.data:
            return None
        chosen = [self.country.data, self.part.data or None]
        before = self.kept.holidays if self.kept else None
        if before and before[:2] == chosen:
            # Naming the same days in another language would be a change that nobody made.
            return before
        return [*chosen, countries.language_named(self.desk_language)]

    def _offer_parts(self) -> None:
        country = self.country.data or ""
        parts = countries.parts(country)
        self.part.choices = choices([("", _("Everywhere in the country")), *parts])
        before = self.kept.holidays if self.kept else None
        moved = not before or before[0] != country
        if self.part.data is None or (moved and self.part.data not in dict(parts)):
            # A country without parts sends none; without scripts one of the country before comes.
            self.part.data = ""


for _day in WEEKDAYS:
    setattr(
        CalendarFields,
        _day,
        StringField(WEEKDAY_NAMES[_day], [_readable]),
    )


def _rows() -> list[DayRow]:
    """Return the days that the browser sent, those left empty out; cut off beyond the limit."""
    columns = [
        request.form.getlist(name)[: MOST_DAYS + BLANK_ROWS + 1]
        for name in ("day_date", "day_yearly", "day_hours", "day_name")
    ]
    rows = [
        DayRow(day.strip(), yearly == "yes", hours.strip(), " ".join(name.split()))
        for day, yearly, hours, name in zip(*columns, strict=False)
    ]
    return [row for row in rows if not row.is_blank]

"""What a calendar says about a day, and what it refuses to be."""

from datetime import date

import pytest

from helpdesk.sla.calendar import (
    WEEKDAYS,
    Break,
    Calendar,
    OutOfRange,
    Span,
    SpecialDay,
    WrongCalendar,
)
from helpdesk.sla.public_holidays import PublicHolidays, UnknownCountry

OFFICE = {day: [("09:00", "17:00")] for day in WEEKDAYS[:5]}
HOUR = 3600


def office(zone: str = "UTC", **rest: object) -> Calendar:
    return Calendar.weekly(zone, OFFICE, **rest)


def hours(calendar: Calendar, day: date) -> list[tuple[float, float]]:
    return [(start / HOUR, end / HOUR) for start, end in calendar.hours_on(day)]


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        ("09:00", "17:30", (9 * HOUR, 17.5 * HOUR)),
        ("09:00:15", "09:00:16", (9 * HOUR + 15, 9 * HOUR + 16)),
        ("22:00", "06:00", (22 * HOUR, 30 * HOUR)),
        ("00:00", "24:00", (0, 24 * HOUR)),
        ("00:00", "00:00", (0, 24 * HOUR)),
        ("18:00", "24:00", (18 * HOUR, 24 * HOUR)),
        ("09:00", "09:00", (9 * HOUR, 33 * HOUR)),
    ],
)
def test_hours_are_written_as_on_a_door(start: str, end: str, span: tuple[float, float]):
    read = Span.of(start, end)
    assert (read.start, read.end) == span


@pytest.mark.parametrize("written", ["", "9", "nine", "24:01", "-1:00", "12:60", "12:00:60", "25"])
def test_what_is_no_time_of_day_is_refused(written: str):
    with pytest.raises(WrongCalendar, match="time of day"):
        Span.of(written, "17:00")


def test_a_span_lasts_a_day_at_most():
    with pytest.raises(WrongCalendar, match="24 hours"):
        Span(0, 24 * HOUR + 1)
    with pytest.raises(WrongCalendar, match="within their day"):
        Span(24 * HOUR, 25 * HOUR)


def test_a_calendar_that_makes_no_sense_is_refused():
    with pytest.raises(WrongCalendar, match="no time zone 'Europe/Londen'"):
        office("Europe/Londen")
    with pytest.raises(WrongCalendar, match="no time zone"):
        office("../etc/passwd")
    with pytest.raises(WrongCalendar, match="not monday"):
        Calendar.weekly("UTC", {"monday": []})
    with pytest.raises(WrongCalendar, match="seven days"):
        Calendar("UTC", ((),))
    with pytest.raises(WrongCalendar, match="no date"):
        SpecialDay(2, 30)
    with pytest.raises(WrongCalendar, match="no date"):
        SpecialDay(2, 29, 2027)
    with pytest.raises(WrongCalendar, match="share one date"):
        office(special_days=(SpecialDay(12, 24), SpecialDay(12, 24)))
    with pytest.raises(OutOfRange, match="9999"):
        office().opening(9999)


def test_calendars_are_values():
    assert office() == office()
    assert hash(office()) == hash(office())
    office_of_2026 = office()
    office_of_2026.opening(2026)
    assert office_of_2026 == office()
    assert office() != office("Europe/Berlin")
    with pytest.raises(AttributeError):
        office().zone = "UTC"  # type: ignore[misc]


def test_hours_that_overlap_count_once():
    calendar = Calendar.weekly("UTC", {"mon": [("13:00", "17:00"), ("08:00", "14:00")]})
    assert hours(calendar, date(2026, 11, 23)) == [(8, 17)]


def test_the_nearer_rule_about_a_day_wins():
    half, closed = (Span.of("09:00", "12:00"),), ()
    calendar = office(
        public_holidays=PublicHolidays("GB", "ENG"),
        special_days=(
            SpecialDay(12, 24, spans=half, name="Christmas Eve"),
            SpecialDay(12, 24, 2027, closed, "Moving house"),
            SpecialDay.on(date(2026, 12, 25), half, "On duty"),
        ),
    )
    assert hours(calendar, date(2026, 12, 24)) == [(9, 12)]
    assert hours(calendar, date(2027, 12, 24)) == []
    assert calendar.holiday_name(date(2027, 12, 24)) == "Moving house"
    assert hours(calendar, date(2026, 12, 25)) == [(9, 12)]
    assert calendar.holiday_name(date(2026, 12, 25)) is None
    assert hours(calendar, date(2025, 12, 25)) == []
    assert calendar.holiday_name(date(2025, 12, 25)) == "Christmas Day"


def test_a_leap_day_that_comes_every_year_comes_in_leap_years():
    calendar = office(special_days=(SpecialDay(2, 29),))
    assert hours(calendar, date(2028, 2, 29)) == []
    assert hours(calendar, date(2028, 3, 1)) == [(9, 17)]
    assert hours(calendar, date(2027, 3, 1)) == [(9, 17)]


def test_a_break_is_taken_out_of_whatever_hours_there_are():
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    calendar = Calendar.weekly(
        "UTC",
        {"mon": [("20:00", "08:00")], "tue": [("09:00", "17:00")]},
        breaks=(
            Break(tuesday, Span.of("06:00", "07:00")),
            Break(tuesday, Span.of("12:00", "13:00")),
            Break(monday, Span.of("23:00", "01:00")),
        ),
    )
    assert hours(calendar, monday) == [(20, 23), (25, 30), (31, 32)]
    assert hours(calendar, tuesday) == [(9, 12), (13, 17)]


class TestPublicHolidays:
    def test_a_part_of_a_country_has_its_own(self):
        bavaria, berlin = PublicHolidays("DE", "BY"), PublicHolidays("DE", "BE")
        assert bavaria.name(date(2026, 1, 6)) == "Heilige Drei Könige"
        assert berlin.name(date(2026, 1, 6)) is None

    def test_names_come_in_a_language(self, monkeypatch: pytest.MonkeyPatch):
        # The environment of the process has no say.
        monkeypatch.setenv("LANGUAGE", "en_US")
        day = date(2026, 10, 1)
        assert PublicHolidays("CN").name(day) == "国庆节"
        assert PublicHolidays("CN", language="fr").name(day) == "国庆节"
        assert PublicHolidays("CN", language="zh_CN").name(day) == "国庆节"
        assert PublicHolidays("CN", language="en_US").name(day) == "National Day"

    def test_a_day_off_instead_lies_in_the_year_before(self):
        # New Year's Day of 2022 was a Saturday.
        usa = PublicHolidays("US")
        assert usa.name(date(2021, 12, 31)) is not None
        assert hours(office(public_holidays=usa), date(2021, 12, 31)) == []

    def test_a_weekend_that_is_worked_instead(self):
        # A Saturday and a Sunday that made up for the Spring Festival.
        china = PublicHolidays("CN")
        saturday, sunday = date(2024, 2, 4), date(2024, 2, 18)
        assert china.is_worked_instead(saturday)
        stays_away = office("Asia/Shanghai", public_holidays=china)
        takes_part = office("Asia/Shanghai", public_holidays=china, make_up_like=0)
        assert hours(stays_away, saturday) == []
        assert hours(takes_part, saturday) == hours(takes_part, sunday) == [(9, 17)]
        assert hours(takes_part, date(2024, 2, 25)) == []

    def test_it_says_which_years_are_known(self):
        first, last = PublicHolidays("CN").known_years
        assert first <= 1950
        assert last >= 2050
        assert PublicHolidays("CN").name(date(first - 1, 10, 1)) is None

    def test_a_country_whose_table_ends_has_no_more_holidays_and_no_warnings(self):
        india = PublicHolidays("IN")
        assert india.name(date(2026, 8, 15)) is not None
        assert india.name(date(2044, 8, 16)) is None

    @pytest.mark.parametrize(
        ("country", "part"),
        [("XX", None), ("DE", "XX"), ("", None), ("HolidayBase", None), ("gb", None)],
    )
    def test_an_unknown_country_is_refused(self, country: str, part: str | None):
        with pytest.raises(UnknownCountry):
            PublicHolidays(country, part)

"""Whole days: which count, and what a promise in days means."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpdesk.sla import business_days
from helpdesk.sla.business_time import NeverOpens
from helpdesk.sla.calendar import WEEKDAYS, Calendar, Span, SpecialDay

EVE = date(2026, 12, 24)
OFFICE = Calendar.weekly(
    "Europe/London",
    {day: [("09:00", "12:00"), ("13:00", "17:00")] for day in WEEKDAYS[:5]},
    special_days=(SpecialDay.on(EVE, [Span.of("09:00", "12:00")]), SpecialDay(12, 25)),
)
NIGHTS = Calendar.weekly("UTC", {day: [("22:00", "06:00")] for day in WEEKDAYS[:5]})
NEVER = Calendar("UTC", ((),) * 7)


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo("Europe/London"))


def test_which_dates_are_business_days():
    assert business_days.is_business_day(OFFICE, EVE)
    assert not business_days.is_business_day(OFFICE, date(2026, 12, 25))
    assert business_days.next_business_day(OFFICE, EVE) == date(2026, 12, 28)
    assert business_days.previous_business_day(OFFICE, date(2026, 12, 28)) == EVE
    assert business_days.count_business_days(OFFICE, date(2026, 12, 21), date(2026, 12, 31)) == 8
    assert business_days.count_business_days(OFFICE, date(2026, 12, 31), EVE) == 0


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-23T10:12:34.567890", 2, "2026-11-25T10:12:34.567890"),
        # Over a weekend, and over the day on which clocks change: the same time on the wall.
        ("2026-10-23T10:00", 1, "2026-10-26T10:00"),
        # Counting begins when the desk opens.
        ("2026-11-21T15:00", 1, "2026-11-24T09:00"),
        ("2026-11-23T18:00", 1, "2026-11-25T09:00"),
        # In a break of the last day, its end; after its hours, their end.
        ("2026-12-23T15:00", 1, "2026-12-24T12:00"),
        ("2026-11-24T10:00", -1, "2026-11-23T10:00"),
        ("2026-11-22T10:00", -1, "2026-11-19T17:00"),
        ("2026-11-22T10:00", 0, "2026-11-22T10:00"),
    ],
)
def test_a_promise_in_days(start: str, days: int, due: str):
    assert business_days.add_days(OFFICE, at(start), days) == at(due)


def test_a_night_belongs_to_the_day_on_which_it_began():
    # Saturday at three is Friday's night: one night later is Monday's, which is Tuesday at three.
    saturday = datetime.fromisoformat("2026-11-28T03:00:00+00:00")
    assert business_days.add_days(NIGHTS, saturday, 1) == saturday + timedelta(days=3)
    assert business_days.add_days(NIGHTS, saturday, -1) == saturday - timedelta(days=1)


def test_dates_are_counted_from_the_first_business_day():
    saturday = date(2026, 11, 21)
    assert business_days.shift_date(OFFICE, saturday, 1) == date(2026, 11, 24)
    assert business_days.shift_date(OFFICE, saturday, -1) == date(2026, 11, 19)
    assert business_days.shift_date(OFFICE, saturday, 0) == saturday


def test_days_of_work_are_shares_of_each_day():
    worked = business_days.worked_days
    assert worked(OFFICE, at("2026-11-23T00:00"), at("2026-11-25T00:00")) == 2
    assert worked(OFFICE, at("2026-11-23T12:00"), at("2026-11-23T17:00")) == pytest.approx(4 / 7)
    assert worked(OFFICE, at("2026-12-24T10:30"), at("2026-12-26T00:00")) == 0.5
    assert worked(OFFICE, at("2026-11-25T00:00"), at("2026-11-23T00:00")) == -2
    assert worked(NEVER, at("2026-11-23T00:00"), at("2026-11-25T00:00")) == 0


def test_a_calendar_without_days_says_so():
    for function in (business_days.next_business_day, business_days.previous_business_day):
        with pytest.raises(NeverOpens, match="no business day"):
            function(NEVER, EVE)
    with pytest.raises(NeverOpens):
        business_days.add_days(NEVER, at("2026-11-23T12:00"), 1)

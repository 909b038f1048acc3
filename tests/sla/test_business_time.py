"""Counting open time, where it is delicate: clocks that change, nights, ends of years."""

import random
import time
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from helpdesk.sla import business_time
from helpdesk.sla.business_time import Change, NeverOpens
from helpdesk.sla.calendar import WEEKDAYS, Calendar, OutOfRange, Span, SpecialDay
from helpdesk.sla.public_holidays import PublicHolidays

HOUR = timedelta(hours=1)
TICK = timedelta.resolution
OFFICE = Calendar.weekly("Europe/London", {day: [("09:00", "17:00")] for day in WEEKDAYS[:5]})
ALWAYS = Calendar.around_the_clock("America/New_York")
NEVER = Calendar("UTC", ((),) * 7)


def at(written: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone))


# ---- Boundaries ----


def test_hours_are_half_open():
    opening, closing = at("2026-11-23T09:00"), at("2026-11-23T17:00")
    assert business_time.is_open(OFFICE, opening)
    assert not business_time.is_open(OFFICE, opening - TICK)
    assert business_time.is_open(OFFICE, closing - TICK)
    assert not business_time.is_open(OFFICE, closing)


def test_a_duration_that_ends_at_closing_is_over_at_closing():
    assert business_time.add(OFFICE, at("2026-11-23T09:00"), 8 * HOUR) == at("2026-11-23T17:00")
    later = business_time.add(OFFICE, at("2026-11-23T09:00"), 8 * HOUR + TICK)
    assert later == at("2026-11-24T09:00") + TICK


def test_no_duration_takes_no_time():
    sunday = at("2026-11-22T12:00")
    assert business_time.add(OFFICE, sunday, timedelta()) == sunday
    assert business_time.subtract(OFFICE, sunday, timedelta()) == sunday


def test_looking_for_open_time():
    sunday = at("2026-11-22T12:00")
    assert business_time.next_open(OFFICE, sunday) == at("2026-11-23T09:00")
    assert business_time.previous_open(OFFICE, sunday) == at("2026-11-20T17:00")
    noon, closing = at("2026-11-23T12:00"), at("2026-11-23T17:00")
    assert business_time.next_open(OFFICE, noon) == noon
    assert business_time.previous_open(OFFICE, noon) == noon
    assert business_time.next_open(OFFICE, closing) == at("2026-11-24T09:00")
    assert business_time.previous_open(OFFICE, closing) == closing
    assert business_time.previous_open(OFFICE, at("2026-11-23T09:00")) == at("2026-11-20T17:00")


def test_changes_and_closings():
    noon, closing = at("2026-11-23T12:00"), at("2026-11-23T17:00")
    assert business_time.next_change(OFFICE, noon) == Change(closing, opens=False)
    assert business_time.next_change(OFFICE, closing) == Change(at("2026-11-24T09:00"), opens=True)
    assert business_time.previous_change(OFFICE, closing) == Change(closing, opens=False)
    assert business_time.next_close(OFFICE, closing) == at("2026-11-24T17:00")
    assert business_time.previous_close(OFFICE, closing) == closing
    assert business_time.previous_close(OFFICE, noon) == at("2026-11-20T17:00")


def test_naive_moments_are_refused():
    naive = datetime(2026, 11, 22, 12)  # noqa: DTZ001
    for function in (business_time.is_open, business_time.next_open, business_time.next_change):
        with pytest.raises(ValueError, match="needs a time zone"):
            function(OFFICE, naive)
    with pytest.raises(ValueError, match="needs a time zone"):
        business_time.add(OFFICE, naive, timedelta())
    with pytest.raises(ValueError, match="needs a time zone"):
        business_time.between(OFFICE, at("2026-11-22"), naive)


def test_answers_are_in_utc_whatever_zone_is_asked_in():
    asked = datetime(2026, 7, 6, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    for answer in (
        business_time.add(OFFICE, asked, HOUR),
        business_time.add(OFFICE, asked, timedelta()),
        business_time.next_open(OFFICE, asked),
    ):
        assert answer.tzinfo is UTC
    # 07:30 in UTC is 08:30 in London's summer.
    assert business_time.add(OFFICE, asked, HOUR) == at("2026-07-06T09:00")


# ---- Clocks that are put forward and back ----


@pytest.mark.parametrize(
    ("zone", "saturday", "lasts"),
    [
        ("Europe/London", "2026-03-28", 7),
        ("Europe/London", "2026-10-24", 9),
        ("America/New_York", "2026-03-07", 7),
        ("America/New_York", "2026-10-31", 9),
        ("Australia/Lord_Howe", "2026-10-03", 7.5),
        ("Australia/Lord_Howe", "2026-04-04", 8.5),
        ("Asia/Shanghai", "2026-03-28", 8),
        # Shanghai had summer time from 1986 to 1991.
        ("Asia/Shanghai", "1987-04-11", 7),
        ("America/Santiago", "2026-09-05", 7),
        ("America/Santiago", "2026-04-04", 9),
        # Also after the last change that the table of the zone names one by one.
        ("Europe/London", "2060-03-27", 7),
    ],
)
def test_a_night_shift_lasts_as_long_as_it_lasts(zone: str, saturday: str, lasts: float):
    calendar = Calendar.weekly(zone, {"sat": [("22:00", "06:00")]})
    opens, begin = at(f"{saturday}T22:00", zone), at(f"{saturday}T12:00", zone)
    closes = (begin + timedelta(days=1)).replace(hour=6)
    assert business_time.between(calendar, begin, closes + HOUR) == lasts * HOUR
    assert business_time.add(calendar, begin, lasts * HOUR) == closes.astimezone(UTC)
    assert business_time.subtract(calendar, closes, lasts * HOUR) == opens.astimezone(UTC)


@pytest.mark.parametrize(("month", "hour"), [("2026-01", 9), ("2026-07", 8)])
def test_office_hours_move_with_summer_time(month: str, hour: int):
    morning = at(f"{month}-05T00:00") + timedelta(days=1)
    assert business_time.next_open(OFFICE, morning).hour == hour


def test_hours_that_begin_in_the_hour_that_is_left_out():
    # New York has no 02:30 on 8 March 2026: it is read as 03:30, an hour after 01:30.
    calendar = Calendar.weekly("America/New_York", {"sun": [("02:30", "05:00")]})
    assert business_time.next_open(calendar, at("2026-03-08T00:00")) == at("2026-03-08T07:30")
    # Hours that lie in it altogether take place an hour later, as long as ever.
    calendar = Calendar.weekly("America/New_York", {"sun": [("02:15", "02:45")]})
    period = next(business_time.periods(calendar, at("2026-03-08"), at("2026-03-09")))
    assert period == (at("2026-03-08T07:15"), at("2026-03-08T07:45"))
    # Those that would end before they begin do not take place.
    calendar = Calendar.weekly("America/New_York", {"sun": [("02:45", "03:15")]})
    assert list(business_time.periods(calendar, at("2026-03-08"), at("2026-03-09"))) == []


def test_hours_that_begin_or_end_in_the_hour_that_comes_twice():
    # 01:30 comes at 05:30 and at 06:30 UTC; the first is meant.
    calendar = Calendar.weekly("America/New_York", {"sun": [("01:30", "03:00")]})
    assert business_time.next_open(calendar, at("2026-11-01")) == at("2026-11-01T05:30")
    assert business_time.between(calendar, at("2026-11-01"), at("2026-11-02")) == 2.5 * HOUR
    calendar = Calendar.weekly("America/New_York", {"sun": [("00:00", "01:30")]})
    assert business_time.between(calendar, at("2026-11-01"), at("2026-11-02")) == 1.5 * HOUR


def test_a_day_that_a_zone_left_out_has_no_hours():
    # Samoa went from Thursday the 29th to Saturday the 31st of December 2011.
    calendar = Calendar.weekly("Pacific/Apia", {day: [("09:00", "17:00")] for day in WEEKDAYS[:5]})
    thursday = at("2011-12-29T16:00", "Pacific/Apia")
    due = business_time.add(calendar, thursday, 2 * HOUR)
    assert due == at("2012-01-02T10:00", "Pacific/Apia")
    always = Calendar.around_the_clock("Pacific/Apia")
    sunday = at("2012-01-01T00:00", "Pacific/Apia")
    assert (
        business_time.between(always, at("2011-12-29T00:00", "Pacific/Apia"), sunday) == 48 * HOUR
    )


# ---- Around the clock, never, far away ----


def test_around_the_clock_every_second_counts():
    start = at("2026-03-01T12:00:00.000001")
    for days in (0.5, 10, 400, 10_000):
        length = timedelta(days=days)
        assert business_time.add(ALWAYS, start, length) == start + length
        assert business_time.add(ALWAYS, start, -length) == start - length
        assert business_time.between(ALWAYS, start, start + length) == length
    assert business_time.next_change(ALWAYS, start) is None
    assert business_time.previous_change(ALWAYS, start) is None
    assert business_time.next_close(ALWAYS, start) is None
    year = timedelta(days=800)
    assert list(business_time.periods(ALWAYS, start, start + year)) == [(start, start + year)]


def test_a_night_over_the_end_of_a_year_is_one():
    calendar = Calendar.weekly("UTC", {"thu": [("22:00", "06:00")]})
    eve, morning = at("2026-12-31T22:00"), at("2027-01-01T06:00")
    assert business_time.add(calendar, eve, 8 * HOUR) == morning
    assert business_time.next_change(calendar, eve) == Change(morning, opens=False)
    assert business_time.previous_change(calendar, morning - TICK) == Change(eve, opens=True)
    assert list(business_time.periods(calendar, eve - HOUR, morning)) == [(eve, morning)]


def test_a_calendar_that_never_opens_says_so():
    now = at("2026-11-22T12:00")
    for function in (business_time.add, business_time.subtract):
        with pytest.raises(NeverOpens, match="no hours"):
            function(NEVER, now, HOUR)
    with pytest.raises(NeverOpens):
        business_time.next_open(NEVER, now)
    with pytest.raises(NeverOpens):
        business_time.previous_open(NEVER, now)
    assert business_time.next_change(NEVER, now) is None
    assert business_time.between(NEVER, now, now + timedelta(days=9999)) == timedelta()
    assert not business_time.is_open(NEVER, now)


def test_hours_of_a_single_day_far_away_are_found():
    day = SpecialDay(5, 5, 2099, (Span.of("09:00", "10:00"),))
    once = Calendar("UTC", ((),) * 7, special_days=(day,))
    now = at("2026-11-22T12:00")
    assert business_time.add(once, now, HOUR) == at("2099-05-05T10:00")
    assert business_time.subtract(once, at("2180-01-01"), HOUR) == at("2099-05-05T09:00")
    with pytest.raises(NeverOpens):
        business_time.add(once, now, HOUR + TICK)


def test_decades_away():
    assert business_time.is_open(OFFICE, at("1985-07-01T08:30"))
    forty_years = business_time.add(OFFICE, at("1986-01-01"), 40 * 52 * 40 * HOUR)
    assert business_time.between(OFFICE, at("1986-01-01"), forty_years) == 40 * 52 * 40 * HOUR


def test_beyond_all_dates_is_a_clear_error():
    for duration in (timedelta.max, timedelta(days=3_000_000), -timedelta(days=3_000_000)):
        with pytest.raises(OutOfRange):
            business_time.add(OFFICE, at("2026-11-22"), duration)
    for moment in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        with pytest.raises(OutOfRange):
            business_time.next_open(OFFICE, moment)


# ---- Speed ----


def test_speed():
    """Reported, not asserted: how fast a machine is, is none of a test's business."""
    week = {day: [("09:00", "12:30"), ("13:30", "18:00")] for day in WEEKDAYS[:5]}
    calendar = Calendar.weekly("Europe/London", week, public_holidays=PublicHolidays("GB", "ENG"))
    chance = random.Random(7)
    start = at("2024-01-01")
    asked = [
        (
            start + timedelta(seconds=chance.randrange(94_000_000)),
            chance.choice([1, 4, 8, 40]) * HOUR,
        )
        for _ in range(20_000)
    ]
    begun = time.process_time()
    for moment, target in asked:
        business_time.add(calendar, moment, target)
    rate = len(asked) / (time.process_time() - begun)
    print(f"{rate:,.0f} due moments a second of CPU, the tables of four years included")

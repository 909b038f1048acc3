"""Hours and lengths as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.setup.written import (
    Unreadable,
    read_hours,
    read_length,
    write_hours,
    write_length,
)
from helpdesk.sla.calendar import Span

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("", ""),
        ("  ", ""),
        ("9-17", "09:00–17:00"),
        ("09:00–17:00", "09:00–17:00"),
        ("9.30 - 12, 13:15-18:00", "09:30–12:00, 13:15–18:00"),
        ("13-18；9至12", "09:00–12:00, 13:00–18:00"),
        ("22:00-06:00", "22:00–06:00"),
        ("24h", "00:00–24:00"),
        ("24×7", "00:00–24:00"),
        ("0-24", "00:00–24:00"),
        ("00:00 to 24:00", "00:00–24:00"),
    ],
)
def test_hours_are_read_as_they_are_written(typed, shown):
    assert write_hours(read_hours(typed)) == shown


@pytest.mark.parametrize(
    "typed",
    ["nine to five", "9", "25:00-26:00", "9:75-10", "9-17 18-19", "9-10," * 11, "9-17" * 90],
)
def test_hours_that_cannot_be_read_say_so(typed):
    with pytest.raises(Unreadable):
        read_hours(typed)


MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: minute * 60)


@given(st.lists(st.tuples(MINUTES, st.integers(1, 24 * 60)), max_size=10))
def test_what_is_shown_is_read_as_the_same(pairs):
    spans = tuple(sorted(Span(start, start + minutes * 60) for start, minutes in pairs))
    assert read_hours(write_hours(spans)) == spans


@pytest.mark.parametrize(
    ("typed", "length"),
    [
        ("", None),
        ("30m", HOUR / 2),
        ("4h", 4 * HOUR),
        ("1h 30m", 1.5 * HOUR),
        ("1H30M", 1.5 * HOUR),
        ("90 min", 1.5 * HOUR),
        ("4 小时", 4 * HOUR),
        ("48h", 48 * HOUR),
    ],
)
def test_lengths_are_read_as_they_are_written(typed, length):
    assert read_length(typed) == length


@pytest.mark.parametrize("typed", ["8", "0m", "0h", "soon", "-4h", "99999h", "4h h", "1.5h"])
def test_lengths_that_cannot_be_read_say_so(typed):
    with pytest.raises(Unreadable):
        read_length(typed)


@pytest.mark.parametrize("typed", ["2d", "2d 4h", "1 day", "3天"])
def test_days_are_refused_with_the_reason(typed):
    with pytest.raises(Unreadable, match="hours instead of days"):
        read_length(typed)


@given(st.integers(1, 366 * 24 * 60))
def test_every_length_comes_back(minutes):
    length = timedelta(minutes=minutes)
    assert read_length(write_length(length)) == length

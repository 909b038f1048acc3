"""What holds for every calendar, compared with a count of minutes on the wall clock."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.sla import business_time
from helpdesk.sla.calendar import Calendar
from tests.sla.counting import MINUTE, Twin

# The clocks of these zones change by an hour or half of one, at night or at midnight, or never.
ZONES = [
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "UTC",
]
DATES = st.sampled_from(
    [
        date(2026, 3, 8),  # New York forward
        date(2026, 3, 29),  # London forward
        date(2026, 4, 5),  # Santiago and Lord Howe back
        date(2026, 9, 6),  # Santiago forward, at midnight
        date(2026, 10, 4),  # Lord Howe forward
        date(2026, 10, 25),  # London back
        date(2026, 11, 1),  # New York back
        date(2026, 12, 31),
        date(2028, 2, 29),
        date(1996, 2, 29),
        date(2051, 6, 15),
    ]
)
# No hours begin or end between 00:15 and 04:00: there clocks are put forward and back. Midnight
# itself is among them, on purpose.
BOUNDS = st.integers(0, 95).filter(lambda quarter: quarter == 0 or quarter >= 16)
FEW = settings(max_examples=25)
MANY = settings(max_examples=60)


@st.composite
def hours(draw: st.DrawFn) -> list[tuple[int, int]]:
    drawn = []
    for _ in range(draw(st.integers(0, 3))):
        start, end = draw(BOUNDS), draw(BOUNDS)
        drawn.append((start * 15, (end if end > start else end + 96) * 15))
    return drawn


@st.composite
def situations(draw: st.DrawFn) -> tuple[Twin, datetime]:
    """Return a twin and a minute up to two days before or after an eventful date."""
    day = draw(DATES)
    week = draw(st.dictionaries(st.integers(0, 6), hours(), min_size=2))
    near = st.integers(-2, 2).map(lambda days: day + timedelta(days=days))
    special = draw(st.dictionaries(near, hours(), max_size=2))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    start += timedelta(minutes=draw(st.integers(-2 * 1440, 1440)))
    return Twin(draw(st.sampled_from(ZONES)), week, special), start


LENGTHS = st.integers(0, 2 * 1440).map(lambda minutes: timedelta(minutes=minutes))
# A day, give or take, in microseconds.
EXACT = st.integers(-90_000_000_000, 90_000_000_000).map(lambda n: timedelta(microseconds=n))


@FEW
@given(situations(), LENGTHS)
def test_between_counts_open_minutes(situation: tuple[Twin, datetime], length: timedelta):
    twin, start = situation
    counted = sum(1 for _ in twin.open_minutes(start, start + length)) * MINUTE
    calendar = twin.calendar()
    assert business_time.between(calendar, start, start + length) == counted
    assert business_time.between(calendar, start + length, start) == -counted


@FEW
@given(situations(), st.integers(1, 900))
def test_add_leads_to_the_end_of_the_last_minute(situation: tuple[Twin, datetime], minutes: int):
    twin, start = situation
    found = list(twin.open_minutes(start, start + timedelta(days=2)))[:minutes]
    if found:
        due = business_time.add(twin.calendar(), start, len(found) * MINUTE)
        assert due == found[-1] + MINUTE


@FEW
@given(situations(), st.integers(1, 900))
def test_subtract_leads_to_the_beginning_of_the_first_minute(
    situation: tuple[Twin, datetime], minutes: int
):
    twin, end = situation
    found = list(twin.open_minutes(end - timedelta(days=2), end))[-minutes:]
    if found:
        calendar = twin.calendar()
        assert business_time.subtract(calendar, end, len(found) * MINUTE) == found[0]
        assert business_time.add(calendar, end, -len(found) * MINUTE) == found[0]


@FEW
@given(situations())
def test_open_and_closed_alternate_as_the_minutes_do(situation: tuple[Twin, datetime]):
    twin, start = situation
    calendar, minute = twin.calendar(), start
    state = twin.is_open(minute)
    assert business_time.is_open(calendar, minute) == state
    for _ in range(2 * 1440):
        minute += MINUTE
        if twin.is_open(minute) != state:
            change = business_time.next_change(calendar, start)
            assert change == business_time.Change(minute, not state)
            assert business_time.previous_change(calendar, minute) == change
            at_opening = start if state else minute
            assert business_time.next_open(calendar, start) == at_opening
            break


@FEW
@given(situations(), LENGTHS)
def test_periods_are_the_open_minutes(situation: tuple[Twin, datetime], length: timedelta):
    twin, start = situation
    covered: list[datetime] = []
    last = None
    for opens, closes in business_time.periods(twin.calendar(), start, start + length):
        assert last is None or opens > last
        assert opens < closes
        last = closes
        covered.extend(opens + n * MINUTE for n in range((closes - opens) // MINUTE))
    assert covered == list(twin.open_minutes(start, start + length))


def _some_hours(calendar: Calendar) -> bool:
    return any(calendar.week)


@MANY
@given(situations(), EXACT, EXACT)
def test_what_was_added_has_passed_to_the_microsecond(
    situation: tuple[Twin, datetime], offset: timedelta, duration: timedelta
):
    twin, start = situation
    calendar = twin.calendar()
    if _some_hours(calendar):
        due = business_time.add(calendar, start + offset, duration)
        assert business_time.between(calendar, start + offset, due) == duration


@MANY
@given(situations(), EXACT, EXACT, EXACT)
def test_time_adds_up(
    situation: tuple[Twin, datetime], first: timedelta, second: timedelta, third: timedelta
):
    twin, start = situation
    calendar = twin.calendar()
    a, b, c = start + first, start + second, start + third
    between = business_time.between
    assert between(calendar, a, b) + between(calendar, b, c) == between(calendar, a, c)
    if _some_hours(calendar) and first >= timedelta() and second >= timedelta():
        at_once = business_time.add(calendar, start, first + second)
        in_two = business_time.add(calendar, business_time.add(calendar, start, first), second)
        assert at_once == in_two


@MANY
@given(situations(), EXACT)
def test_add_is_the_first_moment_and_subtract_the_last(
    situation: tuple[Twin, datetime], duration: timedelta
):
    twin, start = situation
    calendar, tick = twin.calendar(), timedelta.resolution
    if not _some_hours(calendar) or not duration:
        return
    found = business_time.add(calendar, start, duration)
    nearer = found - tick if duration > timedelta() else found + tick
    assert business_time.between(calendar, start, nearer) != duration

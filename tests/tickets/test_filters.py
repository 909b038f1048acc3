"""The words of a list's URL: read, written, and read again."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.people.models import Channel
from helpdesk.tickets.lifecycle import UNFINISHED, HoldReason, Kind, StatusClass
from helpdesk.tickets.queries.filters import (
    EVERYTHING,
    KEYS,
    Due,
    Filter,
    Flag,
    My,
    Owner,
    Period,
    Problem,
    Sort,
    parse,
    to_lists,
    to_query,
)
from tests.tickets.lists import query_lists


def keys() -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(st.integers(1, 10**12), max_size=4).map(lambda found: tuple(sorted(found)))


def some(kind):
    order = list(kind)
    return st.sets(st.sampled_from(order)).map(lambda found: tuple(sorted(found, key=order.index)))


days = st.dates(date(1970, 1, 1), date(2199, 12, 31))
periods = st.one_of(
    st.just(Period(days=0)),
    st.builds(Period, days=st.integers(1, 3660), longer_ago=st.booleans()),
    st.builds(Period, start=days),
    st.builds(Period, end=days),
    st.tuples(days, days).map(lambda pair: Period(start=min(pair), end=max(pair))),
)
owners = st.tuples(some(Owner), keys()).map(lambda pair: (*pair[0], *pair[1]))
words = st.text(max_size=80).map(
    lambda text: " ".join("".join(c if c.isprintable() else " " for c in text).split())
)
filters = st.builds(
    Filter,
    my=st.none() | st.sampled_from(My),
    queues=keys(),
    classes=some(StatusClass),
    priorities=st.sets(st.integers(1, 4)).map(lambda found: tuple(sorted(found))),
    owners=owners,
    customers=keys(),
    organisations=keys(),
    sites=keys(),
    categories=keys(),
    tags=keys(),
    kinds=some(Kind),
    channels=some(Channel),
    flags=some(Flag),
    holds=some(HoldReason),
    dues=some(Due),
    opened=st.none() | periods,
    updated=st.none() | periods,
    words=words,
    sort=st.sampled_from(Sort),
)


@given(filters)
def test_a_filter_survives_the_url_and_the_saved_view(wanted: Filter):
    assert parse(to_lists(wanted)).filter == wanted
    parsed = parse(query_lists(to_query(wanted)))
    assert parsed.filter == wanted
    assert not parsed.problems


@given(st.dictionaries(st.sampled_from(KEYS), st.lists(st.text(max_size=30), max_size=4)))
def test_no_url_breaks_a_list(values: dict[str, list[str]]):
    parsed = parse(values)
    assert parse(to_lists(parsed.filter)).filter == parsed.filter
    for period in (parsed.filter.opened, parsed.filter.updated):
        if period is not None:
            first, end = period.bounds(datetime(2026, 3, 1, tzinfo=UTC), ZoneInfo("Asia/Tokyo"))
            assert first is None or end is None or first < end


def test_values_may_be_repeated_or_joined_by_commas():
    joined = parse({"priority": ["2,1", "2"], "queue": ["7", "3"]}).filter
    assert joined.priorities == (1, 2)
    assert joined.queues == (3, 7)
    assert to_query(joined) == "queue=3,7&priority=1,2"


def test_what_is_not_understood_is_left_out_and_named():
    parsed = parse(
        {
            "priority": ["1,9"],
            "owner": ["me", "nobody"],
            "queue": ["abc", "-1", "0", "٣"],
            "opened": ["yesterdayish"],
            "utm_source": ["mail"],
        }
    )
    assert parsed.filter == Filter(priorities=(1,), owners=(Owner.ME,))
    assert set(parsed.problems) == {
        Problem("priority", "9"),
        Problem("owner", "nobody"),
        Problem("queue", "abc"),
        Problem("queue", "-1"),
        Problem("queue", "0"),
        Problem("queue", "٣"),
        Problem("opened", "yesterdayish"),
    }


@pytest.mark.parametrize(
    "text",
    ["..", "2026-02-30..", "0d", "9999999d", "2026-07-02..2026-07-01", "9999-12-31..", "+7d"],
)
def test_impossible_periods_are_refused(text: str):
    assert parse({"updated": [text]}).problems == (Problem("updated", text),)


def test_days_begin_at_midnight_where_the_reader_is():
    zone = ZoneInfo("Asia/Hong_Kong")
    moment = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
    assert Period.parse("today").bounds(moment, zone) == (
        datetime(2026, 7, 1, 16, tzinfo=UTC),
        None,
    )
    start, end = Period.parse("2026-07-01..2026-07-01").bounds(moment, zone)
    assert (start, end) == (
        datetime(2026, 6, 30, 16, tzinfo=UTC),
        datetime(2026, 7, 1, 16, tzinfo=UTC),
    )


def test_a_list_is_about_open_work_unless_it_asks_for_more():
    assert EVERYTHING.effective_classes == UNFINISHED
    assert EVERYTHING.by_waiting
    assert not parse({"class": ["open,resolved"]}).filter.by_waiting
    assert parse({"class": ["any"]}).filter.effective_classes == set(StatusClass)
    assert not parse({"flag": ["thanked"]}).filter.is_open_work
    assert not parse({"sort": ["updated"]}).filter.by_waiting


def test_one_filter_can_be_taken_away():
    wanted = parse({"queue": ["3"], "owner": ["me"], "q": ["vpn drops"]}).filter
    assert to_query(wanted.without("owner")) == "queue=3&q=vpn%20drops"
    assert wanted.without("owner").without("q").only_queue == 3
    assert wanted.only_queue is None

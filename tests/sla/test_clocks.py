"""What becomes of a promise: reading replies, waiting, resolving and opening again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.sla.calendar import WEEKDAYS, Calendar
from helpdesk.sla.clocks import Because, Clock, Happening, Life, Line, Promise, What, run
from tests.sla.counting import MINUTE, Twin

HOUR = timedelta(hours=1)
OFFICE = Calendar.weekly("UTC", {day: [("09:00", "17:00")] for day in WEEKDAYS[:5]})
DAY = "2026-11-23"  # a Monday


def at(written: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{written}+00:00" if len(written) == 5 else written)


def clock(promise: Promise, hours: float, begins: str, *happened: tuple[str, What]) -> Clock:
    life = Life(at(begins), tuple(Happening(at(when), what) for when, what in happened))
    return run(OFFICE, promise, hours * HOUR, life)


def test_a_ticket_that_nobody_touched():
    new = clock(Promise.FIRST_REPLY, 2, "16:00")
    assert new.due == at("2026-11-24T10:00:00+00:00")
    assert (new.used, new.met_at, new.reached, new.ledger) == (timedelta(), None, None, ())


def test_a_reply_keeps_the_first_and_the_next():
    for promise in (Promise.FIRST_REPLY, Promise.NEXT_REPLY):
        kept = clock(promise, 2, "09:00", ("10:30", What.ANSWERED), ("11:00", What.ANSWERED))
        assert (kept.met_at, kept.used, kept.due) == (at("10:30"), 1.5 * HOUR, None)
    assert clock(Promise.FIX, 2, "09:00", ("10:30", What.ANSWERED)).due == at("11:00")


def test_a_late_reply_keeps_it_late():
    late = clock(Promise.FIRST_REPLY, 1, "09:00", ("12:00", What.ANSWERED))
    assert (late.met_at, late.reached, late.used) == (at("12:00"), at("10:00"), 3 * HOUR)


def test_what_is_overdue_stays_due_when_it_was():
    overdue = clock(Promise.FIRST_REPLY, 1, "09:00", ("15:00", What.ASKED))
    assert overdue.due == overdue.reached == at("10:00")


def test_who_says_so_answers_or_resolves_has_acknowledged():
    for what in (What.ACKNOWLEDGED, What.ANSWERED, What.RESOLVED):
        kept = clock(Promise.ACKNOWLEDGE, 1, "09:00", ("09:20", what), ("10:00", What.OPEN))
        assert (kept.met_at, kept.due, kept.used) == (at("09:20"), None, 20 * MINUTE)
    assert clock(Promise.ACKNOWLEDGE, 1, "09:00", ("09:20", What.ASKED)).due == at("10:00")


def test_what_is_put_aside_counts_for_nothing_and_comes_back_as_it_was():
    gone = [("10:00", What.GONE)]
    aside = clock(Promise.FIX, 3, "09:00", *gone)
    assert (aside.due, aside.halted, aside.used) == (None, What.GONE, HOUR)
    back = clock(Promise.FIX, 3, "09:00", *gone, ("12:00", What.OPEN))
    assert (back.due, back.halted, back.ledger[-1].because) == (at("14:00"), None, Because.GONE)
    resolved = clock(Promise.FIX, 3, "09:00", ("09:30", What.RESOLVED), *gone)
    assert (resolved.met_at, resolved.due, resolved.halted) == (at("09:30"), None, None)


def test_a_clock_says_since_when_and_how_often_something_was_owed():
    asked = [("10:00", What.ANSWERED), ("11:00", What.ASKED)]
    again = clock(Promise.NEXT_REPLY, 2, "09:00", *asked)
    assert (again.owed_since, again.round) == (at("11:00"), 2)
    fix = clock(Promise.FIX, 2, "09:00", *asked)
    assert (fix.owed_since, fix.round) == (at("09:00"), 1)


def test_the_account_reaches_as_far_as_is_asked():
    life = Life(at("09:00"))
    plain = run(OFFICE, Promise.FIX, 4 * HOUR, life)
    later = run(OFFICE, Promise.FIX, 4 * HOUR, life, until=at("10:30"))
    assert (plain.due, later.due) == (at("13:00"), at("13:00"))
    assert (plain.used, later.used) == (timedelta(), 1.5 * HOUR)
    late = run(OFFICE, Promise.FIX, HOUR, life, until=at("10:30"))
    assert (late.due, late.reached) == (at("10:00"), at("10:00"))


def test_the_ledger_repeats_what_was_waited_for():
    life = Life(
        at("09:00"),
        (
            Happening(at("10:00"), What.WAITING, "supplier"),
            Happening(at("11:00"), What.WAITING, "customer"),
            Happening(at("12:00"), What.OPEN),
        ),
    )
    ledger = run(OFFICE, Promise.FIX, 9 * HOUR, life).ledger
    assert [line.why for line in ledger] == ["", "supplier", "customer"]


def test_the_next_reply_runs_from_the_oldest_question():
    asked = [("10:00", What.ANSWERED), ("11:00", What.ASKED), ("12:00", What.ASKED)]
    assert clock(Promise.NEXT_REPLY, 2, "09:00", *asked).due == at("13:00")
    assert clock(Promise.FIRST_REPLY, 2, "09:00", *asked).due is None
    answered = clock(Promise.NEXT_REPLY, 2, "09:00", *asked, ("12:30", What.ANSWERED))
    assert (answered.due, answered.used) == (None, 1.5 * HOUR)
    again = clock(
        Promise.NEXT_REPLY, 2, "09:00", *asked, ("12:30", What.ANSWERED), ("13:00", What.ASKED)
    )
    assert (again.due, again.used) == (at("15:00"), timedelta())


@pytest.mark.parametrize("promise", list(Promise))
def test_waiting_halts_every_clock(promise: Promise):
    halted = clock(promise, 3, "09:00", ("10:00", What.WAITING))
    assert (halted.due, halted.used) == (None, HOUR)
    resumed = clock(promise, 3, "09:00", ("10:00", What.WAITING), ("14:00", What.OPEN))
    assert (resumed.due, resumed.used) == (at("16:00"), HOUR)


def test_opened_again_it_goes_on_with_the_time_used():
    resolved = [("11:00", What.RESOLVED)]
    kept = clock(Promise.FIX, 3, "09:00", *resolved)
    assert (kept.met_at, kept.used, kept.due) == (at("11:00"), 2 * HOUR, None)
    reopened = clock(Promise.FIX, 3, "09:00", *resolved, ("15:00", What.OPEN))
    assert (reopened.met_at, reopened.used, reopened.due) == (None, 2 * HOUR, at("16:00"))
    assert reopened.ledger == (
        Line(at("09:00"), at("11:00"), Because.COUNTED),
        Line(at("11:00"), at("15:00"), Because.RESOLVED),
    )


def test_the_ledger_tells_closed_from_waiting():
    told = clock(
        Promise.FIX,
        9,
        "08:00",
        ("16:00", What.WAITING),
        ("16:30", What.OPEN),
        ("2026-11-24T10:00:00+00:00", What.ASKED),
    )
    assert [(line.until, line.because) for line in told.ledger] == [
        (at("09:00"), Because.CLOSED),
        (at("16:00"), Because.COUNTED),
        (at("16:30"), Because.WAITING),
        (at("17:00"), Because.COUNTED),
        (at("2026-11-24T09:00:00+00:00"), Because.CLOSED),
        (at("2026-11-24T10:00:00+00:00"), Because.COUNTED),
    ]
    assert told.used == 8.5 * HOUR


def test_what_was_told_late_or_out_of_order_counts_when_it_was():
    in_order = [("10:00", What.WAITING), ("12:00", What.OPEN), ("13:00", What.ANSWERED)]
    told = clock(Promise.FIRST_REPLY, 4, "09:00", *reversed(in_order))
    assert told == clock(Promise.FIRST_REPLY, 4, "09:00", *in_order)
    early = clock(Promise.FIRST_REPLY, 4, "09:00", ("08:00", What.ANSWERED))
    assert (early.met_at, early.used) == (at("09:00"), timedelta())


# ---- Compared with a count of minutes ----

TWIN = Twin("Europe/London", {n: [(540, 720), (780, 1020)] for n in range(5)} | {5: [(1320, 1800)]})
BEGINS = datetime(2026, 3, 27, 12, tzinfo=UTC)  # clocks are put forward on the 29th
OF_TICKETS = [what for what in What if what not in {What.GIVEN, What.PASSED_ON}]
HAPPENINGS = st.lists(
    st.tuples(st.integers(0, 3 * 1440), st.sampled_from(OF_TICKETS)), max_size=8
).map(lambda drawn: sorted(drawn, key=lambda one: one[0]))


def _count(promise: Promise, happened: list[tuple[int, What]], until: int) -> int:
    """Count the minutes that a clock shows after so many minutes, one by one."""
    state, owed, used = What.OPEN, True, 0
    for minute in range(until + 1):
        for when, what in happened:
            if when != minute:
                continue
            if what in {What.OPEN, What.WAITING, What.RESOLVED, What.GONE}:
                state = what
            if promise is Promise.FIX:
                if what is What.RESOLVED:
                    owed = False
                elif what in {What.OPEN, What.WAITING}:
                    owed = True
            elif promise is Promise.ACKNOWLEDGE:
                owed = owed and what not in {What.ACKNOWLEDGED, What.ANSWERED, What.RESOLVED}
            elif what is What.ANSWERED:
                owed = False
            elif what is What.ASKED and promise is Promise.NEXT_REPLY and not owed:
                owed, used = True, 0
        if (
            minute < until
            and owed
            and state is What.OPEN
            and TWIN.is_open(BEGINS + minute * MINUTE)
        ):
            used += 1
    return used


@settings(max_examples=30)
@given(st.sampled_from(list(Promise)), HAPPENINGS)
def test_clocks_count_minutes(promise: Promise, happened: list[tuple[int, What]]):
    life = Life(BEGINS, tuple(Happening(BEGINS + when * MINUTE, what) for when, what in happened))
    shown = run(TWIN.calendar(), promise, 5 * HOUR, life)
    last = happened[-1][0] if happened else 0
    assert shown.used == _count(promise, happened, last) * MINUTE
    counted = [line for line in shown.ledger if line.because is Because.COUNTED]
    assert sum((line.until - line.since for line in counted), timedelta()) == shown.used
    assert all(a.until == b.since for a, b in zip(shown.ledger, shown.ledger[1:], strict=False))
    if shown.due and not shown.reached:
        # If nothing more happens, all of it is used when it is due.
        assert shown.used < 5 * HOUR
        and_then = (*life.happenings, Happening(shown.due, What.ASKED))
        assert run(TWIN.calendar(), promise, 5 * HOUR, Life(BEGINS, and_then)).used == 5 * HOUR

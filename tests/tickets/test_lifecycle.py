"""The table of moves, cell by cell."""

import pytest

from helpdesk.tickets.lifecycle import (
    ASSIGNMENT_MOVES,
    DEFAULT_MATRIX,
    FINISHED,
    LEVELS,
    MOVES,
    UNFINISHED,
    AssignmentState,
    StatusClass,
    move,
    rank,
)

N, O, P, R, C = StatusClass  # noqa: E741 (the table below reads better with single letters)

TRUTH = [
    # from, to, verb
    (N, N, "change_status"),
    (N, O, "change_status"),
    (N, P, "hold"),
    (N, R, "resolve"),
    (N, C, None),
    (O, N, None),
    (O, O, "change_status"),
    (O, P, "hold"),
    (O, R, "resolve"),
    (O, C, None),
    (P, N, None),
    (P, O, "wake"),
    (P, P, "hold"),
    (P, R, "resolve"),
    (P, C, None),
    (R, N, None),
    (R, O, "reopen"),
    (R, P, None),
    (R, R, "change_status"),
    (R, C, "close"),
    (C, N, None),
    (C, O, "reopen"),
    (C, P, None),
    (C, R, None),
    (C, C, None),
]


@pytest.mark.parametrize(("start", "end", "verb"), TRUTH)
def test_every_move_is_made_by_its_verb_or_not_at_all(
    start: StatusClass, end: StatusClass, verb: str | None
) -> None:
    assert move(start, end) == verb


def test_the_truth_table_is_complete() -> None:
    assert len(TRUTH) == len(StatusClass) ** 2 == len({(a, b) for a, b, _verb in TRUTH})
    assert set(MOVES) == set(StatusClass)


def test_every_class_is_either_finished_or_not() -> None:
    assert set(StatusClass) == UNFINISHED | FINISHED
    assert not UNFINISHED & FINISHED


@pytest.mark.parametrize("state", list(AssignmentState))
def test_an_assignment_never_goes_back(state: AssignmentState) -> None:
    order = list(AssignmentState)
    assert all(order.index(later) > order.index(state) for later in ASSIGNMENT_MOVES[state])


def test_the_matrix_never_ranks_a_milder_case_higher() -> None:
    assert set(DEFAULT_MATRIX) == {(i, u) for i in LEVELS for u in LEVELS}
    for (impact, urgency), priority in DEFAULT_MATRIX.items():
        for (other_impact, other_urgency), other in DEFAULT_MATRIX.items():
            if other_impact >= impact and other_urgency >= urgency:
                assert other >= priority


def test_waiting_tickets_come_after_every_priority() -> None:
    waiting = rank(StatusClass.PENDING, 1)
    assert all(rank(StatusClass.OPEN, priority) < waiting for priority in (1, 2, 3, 4))

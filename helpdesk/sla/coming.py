"""What is still to happen to a clock by itself, and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.sla import business_time, stored
from helpdesk.sla.models import Clock, StepDone
from helpdesk.sla.policy import Step

MISSED = "missed"
"""The step that every clock has: it is missed when its due moment has passed."""

Key = tuple[int, int, str, int]
"""Which clock and which of its rounds: ticket, piece, promise, round."""


def key_of(row: Clock) -> Key:
    """Return the key of a clock's present round."""
    return (row.ticket_id, row.piece, row.promise, row.round)


def steps_done(rows: Sequence[Clock]) -> dict[Key, set[str]]:
    """Return the steps that were done for the tickets of these clocks, in one query."""
    found: dict[Key, set[str]] = {key_of(row): set() for row in rows}
    for ticket_id, piece, promise, round_, step in db.session.execute(
        select(
            StepDone.ticket_id, StepDone.piece, StepDone.promise, StepDone.round, StepDone.step
        ).where(StepDone.ticket_id.in_({row.ticket_id for row in rows}))
    ):
        found.setdefault((ticket_id, piece, promise, round_), set()).add(step)
    return found


@dataclass(frozen=True, slots=True)
class Coming:
    """The next thing to happen to a clock."""

    at: datetime
    step: Step | None
    """None when it is that the promise is missed."""


def coming(row: Clock, done: Iterable[str]) -> list[Coming]:
    """Return what is still to happen to a running clock, in order of time.

    ``done`` are the keys of the steps of this round that were done. Of a clock that does not run,
    nothing is to happen.
    """
    if row.due_at is None:
        return []
    done = set(done)
    calendar = stored.calendar_of(row.calendar_version_id)
    length, used = timedelta(seconds=row.length), timedelta(seconds=row.used)
    found = [] if row.missed_at is not None or MISSED in done else [Coming(row.due_at, None)]
    for step in stored.terms_of(row.policy_version_id).steps:
        if step.promise == row.promise and step.key not in done:
            left = step.used(length) - used
            try:
                at = (
                    business_time.add(calendar, row.counted_at, left)
                    if left > timedelta()
                    else row.counted_at
                )
            except business_time.NeverOpens:
                # The calendar comes to its end before this step does.
                continue
            if (step.percent or 0) >= 100:
                # What a supplier promised may be due when nobody works here.
                at = max(at, row.due_at)
            found.append(Coming(at, step))
    # At one moment it is first missed, and then what follows from that.
    return sorted(found, key=lambda one: (one.at, one.step is not None))

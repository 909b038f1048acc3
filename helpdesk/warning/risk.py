"""Tickets at risk: the verdict of the rule, kept on the ticket.

What happens to a ticket brings it into step in the same transaction; what time alone changes is
looked at when its moment has come (``Ticket.risk_at``, an index over open tickets). No page works
anything out, and a finished ticket costs nothing.
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from helpdesk.db import db, transaction
from helpdesk.events import publish
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.sla import business_time, stored
from helpdesk.sla.keeping import clock_due_first
from helpdesk.tickets.events import JournalWritten, TicketsTold
from helpdesk.tickets.lifecycle import UNFINISHED, AssignmentState, EntryKind, StatusClass
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.danger import set_chasers, set_risk, set_shares
from helpdesk.warning.rule import HALF, LATE, Facts, Verdict, judge

ADDENDUM = timedelta(minutes=30)
"""A message that follows the one before so soon only adds to it."""

BATCH = 200
ROUNDS = 25
"""Tickets a transaction and transactions a turn; what is left waits for the next turn."""


def on_journal_written(event: JournalWritten) -> None:
    """Bring the risk of a ticket into step with what just happened.

    It runs after the promises of the ticket are in step. The database is asked only where the due
    moment moved; the act has read the rest, and where nothing changes nothing is written.
    """
    ticket = event.ticket
    set_chasers(ticket, _chasers(ticket, event.entry))
    judge_again(ticket)


def _chasers(ticket: Ticket, entry: Entry) -> int:
    """Count how often the customer wrote again without an answer, this entry included."""
    since = ticket.unanswered_since
    if since is None:
        return 0
    again = (
        entry.inbound
        and entry.kind == EntryKind.MESSAGE
        and entry.verb != "log"
        and entry.happened_at >= since + ADDENDUM
    )
    return ticket.chasers + (1 if again else 0)


def facts_of(ticket: Ticket) -> Facts:
    """Return what the rule looks at in an unfinished ticket."""
    return Facts(
        opened_at=ticket.opened_at,
        handovers=ticket.handovers,
        reopenings=ticket.reopenings,
        chasers=ticket.chasers,
        owned=ticket.owner_id is not None,
        acknowledged=all(row.state != AssignmentState.ASSIGNED for row in ticket.assignments),
        waiting=ticket.status_class == StatusClass.PENDING,
        half_at=ticket.half_at,
        late_at=ticket.late_at,
        due_at=ticket.due_at,
    )


def _keep_shares(ticket: Ticket) -> None:
    """Work out when half and three quarters of the open time are used, if the due moment moved.

    Only then is the clock asked for: everything else knows its calendar.
    """
    if ticket.due_at == ticket.shares_due_at:
        return
    half_at = late_at = None
    clock = clock_due_first(ticket)
    if clock is not None:
        calendar = stored.calendar_of(clock.calendar_version_id)
        half_at, late_at = (
            business_time.add(
                calendar,
                clock.counted_at,
                timedelta(seconds=clock.length * share - clock.used),
            )
            for share in (HALF, LATE)
        )
    set_shares(ticket, half_at, late_at)


def judge_again(ticket: Ticket) -> bool:
    """Write down why a ticket is at risk now, if it is; returns whether that is news."""
    if ticket.status_class in UNFINISHED and ticket.hidden_at is None:
        _keep_shares(ticket)
        verdict = judge(facts_of(ticket), now())
    else:
        verdict = Verdict((), None)
    return set_risk(ticket, verdict.reasons, verdict.look_again)


def judge_due(limit: int = BATCH) -> int:
    """Judge the tickets whose moment has come; returns how many there were."""
    found = list(
        db.session.scalars(
            select(Ticket)
            .where(Ticket.risk_at <= now())
            .order_by(Ticket.risk_at)
            .limit(limit)
            .options(selectinload(Ticket.assignments))
            .with_for_update(skip_locked=True, of=Ticket)
        )
    )
    news = frozenset(ticket.id for ticket in found if judge_again(ticket))
    if news:
        publish(TicketsTold(news))
    return len(found)


@job(every=30)
def judge_risks() -> int:
    """Judge anew what time alone has brought into danger, or out of it."""
    total = 0
    for _round in range(ROUNDS):
        with transaction():
            count = judge_due()
        total += count
        if count < BATCH:
            break
    return total

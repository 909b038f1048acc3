"""Using a work plan on a ticket: all of it in one transaction, and once for each press."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import filled, texts
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing
from helpdesk.people.models import Channel, Person
from helpdesk.plans.content import Line, What, Who
from helpdesk.plans.models import WorkPlan, WorkPlanUse
from helpdesk.sla import business_time, stored
from helpdesk.sla.business_time import NeverOpens
from helpdesk.sla.models import BusinessCalendar
from helpdesk.tickets import services
from helpdesk.tickets.desk import Category, Queue
from helpdesk.tickets.lifecycle import LEVELS
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import choose
from helpdesk.tickets.services.talk import check_writable

PLACEHOLDERS = ("customer", "number", "subject", "technician", "desk")
"""What may stand in braces in a line; it is filled in from the ticket."""
ALL = frozenset(What)


@dataclass(frozen=True, slots=True)
class Made:
    """What a plan made: how many tasks, and the numbers of the tickets."""

    tasks: int
    tickets: tuple[int, ...]


def in_use() -> list[WorkPlan]:
    """Return the plans in use, by name. A desk has some dozens of them."""
    rows = db.session.scalars(select(WorkPlan).where(WorkPlan.retired_at.is_(None)))
    return sorted(rows, key=lambda row: (row.name.casefold(), row.id))


def find(actor: Actor, key: int) -> WorkPlan:
    """Return a plan in use. Raises Denied; Missing when there is none or it is retired."""
    actor.demand(Permission.TICKET_WORK)
    row = db.session.get(WorkPlan, key) if 0 < key < 2**31 else None
    if row is None or row.retired_at is not None:
        raise Missing
    return row


def apply(
    actor: Actor,
    ticket: Ticket,
    plan: WorkPlan,
    press: str,
    *,
    parts: Collection[What] = ALL,
    undo_for: int = 0,
) -> Made | None:
    """Do what a plan says, or only one kind of its lines; None when this press was dealt with.

    ``press`` names the press of a button (or the rule) that asks. The ticket has to be locked, so
    that of two presses the later one sees the first. Raises Denied, Refused; then nothing is kept.
    """
    actor.demand(Permission.TICKET_WORK)
    if _was_dealt_with(ticket, press):
        return None
    check_writable(ticket)
    lines = [line for line in plan.content if line.what in parts]
    if not lines:
        raise services.Refused("plan-empty", _l("This plan has nothing of this kind."))
    row = WorkPlanUse(
        plan_id=plan.id, ticket_id=ticket.id, person_id=actor.person_id, press=press, at=now()
    )
    db.session.add(row)
    db.session.flush()
    tickets = [
        services.open_child(actor, ticket, _child(line, ticket), undo_for=undo_for).id
        for line in lines
        if line.what is What.TICKET
    ]
    steps = [_task(line, ticket, actor) for line in lines if line.what is What.TASK]
    if steps:
        services.add_checklist(actor, ticket, steps, checklist=plan.name, undo_for=undo_for)
    # Counted by the database: two people may use it at the same moment.
    counted = {"used": WorkPlan.used + 1, "used_at": now()}
    db.session.execute(update(WorkPlan).where(WorkPlan.id == plan.id).values(counted))
    return Made(len(steps), tuple(tickets))


def _was_dealt_with(ticket: Ticket, press: str) -> bool:
    statement = select(WorkPlanUse.id).where(
        WorkPlanUse.ticket_id == ticket.id, WorkPlanUse.press == press
    )
    return db.session.scalar(statement) is not None


def said(line: Line, ticket: Ticket) -> tuple[str, str]:
    """Return title and text of a line, filled in for a ticket."""
    person = ticket.requester or ticket.customer
    values = filled.values(ticket, person, ticket.language or filled.the_desk().language)
    title, text = (texts.fill_lines(one, values).strip() for one in (line.title, line.text))
    # A title of which nothing is left after filling in is better read as it was written.
    return title or line.title, text


# ---- One line ----


def _task(line: Line, ticket: Ticket, actor: Actor) -> services.NewTask:
    key = {Who.OWNER: ticket.owner_id, Who.STARTER: actor.person_id}.get(line.who, line.person)
    person = db.session.get(Person, key) if key is not None else None
    if person is not None and person.retired_at is not None:
        person = None
    title, _text = said(line, ticket)
    due_at = due_after(line.due) if line.due else None
    return services.NewTask(title, person, _queue(line), due_at)


def _child(line: Line, ticket: Ticket) -> services.NewTicket:
    subject, text = said(line, ticket)
    impact, urgency = _levels(line.priority or ticket.priority, ticket)
    return services.NewTicket(
        customer=ticket.customer,
        requester=ticket.requester,
        subject=subject,
        body=text or subject,
        # The customer asked for one thing: of its parts they are told nothing by themselves.
        channel=Channel.STAFF,
        inbound=False,
        public=False,
        kind=line.kind or ticket.kind,
        queue=_queue(line),
        category=_category(line),
        impact=impact,
        urgency=urgency,
        language=ticket.language,
    )


def _queue(line: Line) -> Queue | None:
    row = db.session.get(Queue, line.queue) if line.queue is not None else None
    return row if row is not None and row.retired_at is None else None


def _category(line: Line) -> Category | None:
    row = db.session.get(Category, line.category) if line.category is not None else None
    return row if row is not None and row.retired_at is None else None


def _levels(priority: int, ticket: Ticket) -> tuple[int, int]:
    """Return impact and urgency that make a priority, those of the ticket where they do."""
    pairs: Sequence[tuple[int, int]] = [
        (ticket.impact, ticket.urgency),
        *((impact, urgency) for impact in reversed(LEVELS) for urgency in reversed(LEVELS)),
    ]
    return next((pair for pair in pairs if choose.priority_for(*pair) == priority), pairs[0])


def due_after(seconds: int) -> datetime:
    """Return the moment so much working time from now, by the desk's own calendar."""
    calendars = select(BusinessCalendar.id).where(BusinessCalendar.is_default)
    key = db.session.scalar(calendars.limit(1))
    if key is None:
        return now() + timedelta(seconds=seconds)
    calendar = stored.calendar_of(stored.newest_calendar_version(key))
    try:
        return business_time.add(calendar, now(), timedelta(seconds=seconds))
    except NeverOpens:
        # A desk whose calendar has no hours still wants the task done some day.
        return now() + timedelta(seconds=seconds)

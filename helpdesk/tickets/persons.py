"""What happens to tickets when something happens to people: merging, leaving."""

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, func, or_, select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.events import TechnicianDeactivated
from helpdesk.people.models import ContactPoint, Person
from helpdesk.people.services import contact_points, merge, persons
from helpdesk.tickets.companions import Follower, Presence, Task, View
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.audience import may_read
from helpdesk.tickets.services.fields import set_customer

PERSON_COLUMNS = (
    ("ticket", "customer_id", ()),
    ("ticket", "requester_id", ()),
    ("ticket", "owner_id", ()),
    ("assignment", "technician_id", ()),
    ("task", "person_id", ()),
    ("follower", "person_id", ("ticket_id",)),
    ("copy_recipient", "person_id", ("ticket_id",)),
    ("view", "owner_id", ()),
    ("side_member", "person_id", ("talk_id",)),
)
"""Columns that follow a person who is merged into another; the journal keeps its author."""


def register_merging() -> None:
    """Tell the people room which of our columns move when two records are made one."""
    for table, column, alone in PERSON_COLUMNS:
        merge.register(table, column, alone=alone)


def settle_stranger(actor: Actor, point: ContactPoint, known: Person) -> int:
    """Give the address of somebody known only from it to a known person, with all its tickets.

    The stranger's record is retired when nothing is left of it; the journals go on naming it.
    Tickets that the actor may not read stay with it. Returns how many tickets went. Raises
    Denied, Refused (of people or tickets).
    """
    stranger = point.person
    contact_points.retire(actor, point)
    contact_points.add(actor, known, point.kind, point.value)
    theirs = or_(Ticket.customer_id == stranger.id, Ticket.requester_id == stranger.id)
    went = 0
    for ticket in list(
        db.session.scalars(
            select(Ticket)
            .where(theirs, Ticket.hidden_at.is_(None), visible(actor))
            .order_by(Ticket.id)
            .with_for_update(of=Ticket)
        )
    ):
        asked = ticket.requester
        set_customer(
            actor,
            ticket,
            known if ticket.customer_id == stranger.id else ticket.customer,
            requester=known if asked is not None and asked.id == stranger.id else asked,
        )
        went += 1
    left = db.session.scalar(select(Ticket.id).where(theirs).limit(1))
    points = [row for row in stranger.contact_points if row.retired_at is None]
    if left is None and not points:
        persons.retire(actor, stranger)
    return went


def _open_tickets(person_id: int) -> Select[Ticket]:
    """Select the unfinished tickets that somebody owns or holds a piece of."""
    held = select(Assignment.ticket_id).where(
        Assignment.technician_id == person_id, Assignment.state.in_(OPEN_ASSIGNMENT)
    )
    return (
        select(Ticket)
        .where(
            or_(Ticket.owner_id == person_id, Ticket.id.in_(held)),
            Ticket.status_class.in_(UNFINISHED),
        )
        .order_by(Ticket.id)
    )


def _open_tasks(person_id: int) -> Select[Task]:
    return select(Task).where(Task.person_id == person_id, Task.done_at.is_(None))


def _views(person_id: int) -> Select[View]:
    return select(View).where(View.owner_id == person_id, View.retired_at.is_(None))


def held_by(person: Person) -> str | None:
    """Say what somebody would leave behind, for the page where their access is taken away."""
    if not person.is_technician:
        return None
    counts = [
        db.session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0
        for rows in (_open_tickets(person.id), _open_tasks(person.id), _views(person.id))
    ]
    what = _in_words(*counts)
    return render_template("tickets/panels/held.html", what=what)


def _in_words(tickets: int, tasks: int, views: int) -> str:
    """Return "3 open tickets, 1 open task"; an empty text for nothing."""
    said = []
    if tickets:
        said.append(ngettext("%(num)d open ticket", "%(num)d open tickets", tickets))
    if tasks:
        said.append(ngettext("%(num)d open task", "%(num)d open tasks", tasks))
    if views:
        said.append(ngettext("%(num)d saved view", "%(num)d saved views", views))
    return ", ".join(said)


def on_technician_deactivated(event: TechnicianDeactivated) -> None:
    """Pass on what a technician leaves behind: tickets, assignments, tasks and views.

    A successor takes each assignment and each ticket; without one the work waits in its queue
    again, unowned. So does what is restricted and not the successor's to read: leaving lets
    nobody in. Every ticket's journal says so.
    """
    leaver, heir = event.person, event.successor
    passed = kept_back = 0
    for ticket in list(db.session.scalars(_open_tickets(leaver.id))):
        takes = heir if heir is not None and may_read(ticket, heir.id) else None
        _pass_one_on(event.actor, ticket, leaver, takes)
        if heir is not None and takes is None:
            kept_back += 1
        else:
            passed += 1
    tasks, views = _pass_on_the_rest(leaver.id, heir)
    what = _in_words(passed, tasks, views)
    if heir is None and what:
        event.said.append(_("Without a person again: %(what)s", what=what))
    elif heir is not None and what:
        event.said.append(_("%(name)s takes over: %(what)s", name=heir.name, what=what))
    if kept_back and heir is not None:
        event.said.append(
            ngettext(
                "%(num)d restricted ticket went back to its queue, which %(name)s does not work",
                "%(num)d restricted tickets went back to their queue, which %(name)s does not work",
                kept_back,
                name=heir.name,
            )
        )


def _pass_one_on(actor: Actor, ticket: Ticket, leaver: Person, heir: Person | None) -> None:
    heir_id = heir.id if heir is not None else None
    # Whoever may deactivate a technician may pass their work on; the verb's own permission
    # is about working tickets, which an administrator need not do.
    act = Act(actor, ticket, Permission.ACCOUNT_EDIT)
    if ticket.owner_id == leaver.id:
        act.set("owner_id", heir_id)
    for row in act.open_assignments():
        if row.technician_id == leaver.id:
            row.state, row.ended_at = "withdrawn", act.at
            act.assign(queue_id=row.queue_id, technician_id=heir_id, moved_from_id=row.id)
    act.note_change("assigned", leaver.name, heir.name if heir is not None else None)
    act.done("pass-on", quiet=True)


def _pass_on_the_rest(leaver_id: int, heir: Person | None) -> tuple[int, int]:
    """Pass tasks, views and followed tickets on; return how many tasks and views there were."""
    tasks = list(db.session.scalars(_open_tasks(leaver_id)))
    for task in tasks:
        readable = heir is not None and may_read(
            db.session.get_one(Ticket, task.ticket_id), heir.id
        )
        task.person_id = heir.id if heir is not None and readable else None
    views = list(db.session.scalars(_views(leaver_id))) if heir is not None else []
    for view in views:
        view.owner_id = heir.id if heir is not None else None
    for row in db.session.scalars(select(Follower).where(Follower.person_id == leaver_id)):
        db.session.delete(row)
        if (
            heir is not None
            and db.session.get(Follower, (row.ticket_id, heir.id)) is None
            and may_read(db.session.get_one(Ticket, row.ticket_id), heir.id)
        ):
            db.session.add(Follower(ticket_id=row.ticket_id, person_id=heir.id))
    for presence in db.session.scalars(select(Presence).where(Presence.person_id == leaver_id)):
        db.session.delete(presence)
    db.session.flush()
    return len(tasks), len(views)

"""Logging a ticket: the first verb of its life, whatever the channel."""

from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.absent import stand_in
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Channel, Person
from helpdesk.tickets.companions import Draft, TimeEntry
from helpdesk.tickets.desk import Category, Cause, Queue, Tag, TicketTag
from helpdesk.tickets.lifecycle import (
    USUAL_IMPACT,
    USUAL_URGENCY,
    EntryKind,
    Kind,
    Outcome,
    StatusClass,
)
from helpdesk.tickets.models import Attachment, Entry, Ticket
from helpdesk.tickets.services import choose
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.errors import Refused

SPOKEN = frozenset({Channel.PHONE, Channel.WALK_IN, Channel.VISIT})
"""Channels in which the customer is in front of us while the ticket is logged."""


@dataclass(slots=True)
class NewFile:
    """A file to be attached: its blob, the name it came with and its claimed type."""

    sha256: str
    name: str
    content_type: str
    size: int
    content_id: str | None = None


@dataclass(slots=True)
class NewTicket:
    """What it takes to log a ticket. Only ``customer`` and ``subject`` are required."""

    customer: Person
    subject: str
    body: str = ""
    html: str | None = None
    channel: str = Channel.PHONE
    kind: str = Kind.INCIDENT
    requester: Person | None = None
    queue: Queue | None = None
    technician: Person | None = None
    category: Category | None = None
    impact: int = USUAL_IMPACT
    urgency: int = USUAL_URGENCY
    tags: list[str] = field(default_factory=list)
    files: list[NewFile] = field(default_factory=list)
    envelope: dict[str, object] | None = None
    # What the customer said may be shown to them; a technician's own words about a call are not.
    public: bool | None = None
    inbound: bool = True
    happened_at: datetime | None = None
    duration: int | None = None
    language: str | None = None


def log(actor: Actor, new: NewTicket, *, quiet: bool = False) -> Ticket:
    """Open a ticket; see ``log_entry``. Raises Denied, Refused."""
    return log_entry(actor, new, quiet=quiet).ticket


def log_entry(actor: Actor, new: NewTicket, *, quiet: bool = False) -> Entry:
    """Open a ticket with its first entry, which is returned, and its first assignment.

    The number is given on flush. Raises Denied, Refused. A ticket logged by a technician who is
    talking to the customer begins with a call entry whose text is for staff; any other begins
    with the customer's message.
    """
    subject = " ".join(new.subject.split())[:300]
    if not subject:
        raise Refused("subject-missing", _l("Say in one line what it is about."), "subject")
    customer = new.customer
    if customer.merged_into_id is not None or customer.retired_at is not None:
        raise Refused("customer-gone", _l("This person's record is no longer in use."), "customer")
    queue = new.queue or choose.default_queue(new.category)
    status = choose.status_of(StatusClass.NEW)
    ticket = Ticket(
        subject=subject,
        kind=Kind(new.kind),
        status_id=status.id,
        status_class=status.status_class,
        impact=new.impact,
        urgency=new.urgency,
        priority=choose.priority_for(new.impact, new.urgency),
        category_id=new.category.id if new.category else None,
        channel=Channel(new.channel),
        language=new.language or customer.language,
        queue_id=queue.id,
        customer_id=customer.id,
        requester_id=new.requester.id
        if new.requester is not None and new.requester.id != customer.id
        else None,
        organisation_id=customer.organisation_id,
        site_id=customer.site_id,
        opened_by_id=actor.person_id,
        restricted=queue.restricted,
        # Said now, so that saying it again when nothing is promised changes nothing.
        due_at=None,
        due_promise=None,
        due_since=None,
        risk_at=None,
        half_at=None,
        late_at=None,
        shares_due_at=None,
    )
    act = Act(actor, ticket, Permission.TICKET_LOG, at=new.happened_at, new=True)
    spoken = new.channel in SPOKEN
    public = (not spoken) if new.public is None else new.public
    ticket.opened_at = ticket.waiting_since = act.at
    # The timestamps must be there before the first flush that gives the number.
    ticket.updated_at = act.recorded_at
    ticket.unanswered_since = None if spoken or not new.inbound else act.at
    ticket.first_reply_at = act.at if spoken and not actor.is_system else None
    ticket.contacts = 1
    db.session.add(ticket)
    technician = new.technician
    if technician is not None and technician.id != actor.person_id:
        worker = stand_in(technician.id)
        if worker != technician.id:
            technician = db.session.get(Person, worker) if worker is not None else None
    row = act.assign(queue_id=queue.id, technician_id=technician.id if technician else None)
    if technician is not None:
        ticket.owner_id = technician.id
        if technician.id == actor.person_id:
            row.state = "acknowledged"
            row.acknowledged_at, row.acknowledged_by_id = act.at, actor.person_id
            working = choose.status_by_key("working") or choose.status_of(StatusClass.OPEN)
            ticket.status_id, ticket.status_class = working.id, working.status_class
        else:
            assigned = choose.status_by_key("assigned")
            if assigned is not None:
                ticket.status_id, ticket.status_class = assigned.id, assigned.status_class
    if new.tags:
        # Whoever hears of the new ticket finds its tags there.
        db.session.flush()
        add_tags(ticket, new.tags)
    author = new.requester or customer
    entry = act.done(
        "log",
        kind=EntryKind.CALL if spoken else EntryKind.MESSAGE,
        body=new.body,
        html=new.html,
        public=public,
        inbound=new.inbound,
        channel=new.channel,
        author_id=actor.person_id if spoken or not new.inbound else author.id,
        duration=new.duration,
        envelope=new.envelope,
        quiet=quiet,
    )
    attach(entry, new.files)
    if new.duration and actor.person_id is not None:
        spend(ticket, actor.person_id, new.duration, act.at, entry=entry)
    return entry


def log_and_resolve(
    actor: Actor, new: NewTicket, *, cause: Cause | None, solution: str, outcome: Outcome
) -> Ticket:
    """Log what is solved on the spot and resolve it; counted as solved at first contact."""
    from_person = db.session.get(Person, actor.person_id) if actor.person_id else None
    if new.technician is None:
        new.technician = from_person
    ticket = log(actor, new)
    act = Act(actor, ticket, at=new.happened_at)
    finish(act, cause=cause, solution=solution, outcome=outcome)
    act.set("first_contact_fix", True)
    act.done("resolve", body=solution, channel=new.channel)
    return ticket


def finish(act: Act, *, cause: Cause | None, solution: str, outcome: Outcome) -> None:
    """Set everything that resolving sets; shared by resolve and log-and-resolve."""
    ticket = act.ticket
    act.status(choose.status_of(StatusClass.RESOLVED))
    act.set("outcome", outcome)
    act.set("cause_id", cause.id if cause else ticket.cause_id)
    if solution:
        ticket.solution = solution
    if ticket.owner_id is None and act.actor.person_id is not None:
        act.set("owner_id", act.actor.person_id)
    act.set("supplier_promised_at", None)
    act.set_quietly(
        resolved_at=act.at,
        resolved_by_id=act.actor.person_id,
        wake_at=None,
        woken_at=None,
        hold_reason=None,
        hold_note="",
        customer_replied=False,
        unanswered_since=None,
        thanked=False,
    )
    for row in act.open_assignments():
        row.state, row.ended_at = "resolved", act.at


def attach(entry: Entry, files: list[NewFile]) -> None:
    """Attach stored blobs to a journal entry."""
    for file in files:
        db.session.add(
            Attachment(
                entry=entry,
                sha256=file.sha256,
                name=file.name[:255] or "file",
                content_type=file.content_type[:120],
                size=file.size,
                content_id=file.content_id,
            )
        )


def find_tags(names: list[str]) -> list[Tag]:
    """Return the tags with these names, making those that are new."""
    tags: list[Tag] = []
    for name in dict.fromkeys(" ".join(name.split())[:60] for name in names):
        if not name:
            continue
        tag = db.session.scalar(select(Tag).where(Tag.name == name))
        if tag is None:
            tag = Tag(name=name)
            db.session.add(tag)
            db.session.flush()
        tags.append(tag)
    return tags


def add_tags(ticket: Ticket, names: list[str]) -> None:
    """Put tags on a ticket that is being logged."""
    for tag in find_tags(names):
        db.session.add(TicketTag(ticket_id=ticket.id, tag_id=tag.id))


def spend(
    ticket: Ticket,
    person_id: int,
    seconds: int,
    at: datetime,
    *,
    note: str = "",
    entry: Entry | None = None,
) -> TimeEntry:
    """Record time that a person spent; the ticket's sum moves with it."""
    row = TimeEntry(
        ticket_id=ticket.id,
        person_id=person_id,
        seconds=seconds,
        note=note[:300],
        happened_at=at,
        entry_id=entry.id if entry else None,
    )
    ticket.time_spent += seconds
    db.session.add(row)
    return row


def drop_draft(actor: Actor, ticket: Ticket | None, kind: str) -> list[NewFile]:
    """Remove the actor's draft after sending; returns the files that were uploaded for it."""
    draft = db.session.scalar(
        select(Draft).where(
            Draft.person_id == actor.person_id,
            Draft.ticket_id == ticket.id if ticket is not None else Draft.ticket_id.is_(None),
            Draft.kind == kind,
        )
    )
    if draft is None:
        return []
    files = [
        NewFile(row.sha256, row.name, row.content_type, row.size, row.content_id)
        for row in draft.attachments
    ]
    for row in draft.attachments:
        db.session.delete(row)
    db.session.flush()
    db.session.delete(draft)
    return files

"""Tickets and other tickets: links, merging, splitting off, major incidents."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Person
from helpdesk.tickets.companions import CopyRecipient, Follower, Link
from helpdesk.tickets.desk import Queue, TicketTag
from helpdesk.tickets.lifecycle import EntryKind, LinkType
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.audience import check_no_more_readers, restrict_like
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.open import NewFile, NewTicket, log
from helpdesk.tickets.services.talk import Said, check_writable, reply

MAX_DEPTH = 20
"""Parents are followed so far when looking for a circle."""

BROADCAST_SAMPLE_FROM = 20
"""A message to more people than this shows count and sample first and can be recalled."""


def link(
    actor: Actor, start: Ticket, end: Ticket, link_type: LinkType, *, undo_for: int = 0
) -> Entry | None:
    """Relate two tickets. None when they are related so already.

    Directed: ``start`` is the parent of ``end``; ``start`` is caused by the problem ``end``;
    ``start`` is a duplicate of ``end``. A ticket has one parent, and no circle is made. Raises
    Denied, Refused.
    """
    check_writable(start)
    check_writable(end)
    if start.id == end.id:
        raise Refused("link-self", _l("A ticket can't be linked to itself."), "number")
    existing = _find(start, end, link_type)
    if existing is not None:
        return None
    if link_type is LinkType.PARENT:
        _check_parent(start, end)
    return _relate(actor, start, end, link_type, undo_for=undo_for)


def open_child(actor: Actor, parent: Ticket, new: NewTicket, *, undo_for: int = 0) -> Ticket:
    """Open a ticket under another one. Raises Denied, Refused.

    It is restricted when its parent is. Taking it back puts the child away too, unless somebody
    has begun with it.
    """
    check_writable(parent)
    fresh = log(actor, new)
    restrict_like(fresh, parent)
    _relate(actor, parent, fresh, LinkType.PARENT, undo_for=undo_for, opened=True)
    return fresh


def _relate(
    actor: Actor,
    start: Ticket,
    end: Ticket,
    link_type: LinkType,
    *,
    undo_for: int,
    opened: bool = False,
) -> Entry:
    row = Link(from_id=start.id, to_id=end.id, type=link_type, created_by_id=actor.person_id)
    act = Act(actor, start)
    db.session.add(row)
    db.session.flush()
    act.remember(links=[row.id], opened=[end.id] if opened else [])
    act.note_change("link", None, _other(end, link_type, outward=True))
    entry = act.done("link", undo_for=undo_for)
    mirror = Act(actor, end)
    mirror.note_change("link", None, _other(start, link_type, outward=False))
    mirror.done("link", quiet=True)
    return entry


def unlink(actor: Actor, ticket: Ticket, link_id: int) -> Entry:
    """Take a link away from both sides. Raises Denied, Refused."""
    check_writable(ticket)
    row = db.session.get(Link, link_id)
    if row is None or ticket.id not in {row.from_id, row.to_id}:
        raise Refused("link-gone", _l("This link is no longer there."))
    outward = row.from_id == ticket.id
    other = row.to_ticket if outward else row.from_ticket
    link_type = LinkType(row.type)
    act = Act(actor, ticket)
    db.session.delete(row)
    act.note_change("link", _other(other, link_type, outward=outward), None)
    entry = act.done("unlink")
    mirror = Act(actor, other)
    mirror.note_change("link", _other(ticket, link_type, outward=not outward), None)
    mirror.done("unlink", quiet=True)
    return entry


def check_merge(survivor: Ticket, merged: Ticket) -> None:
    """Raise Refused unless the two may become one: never across customers or restrictions."""
    check_writable(survivor)
    check_writable(merged)
    if survivor.id == merged.id:
        raise Refused("merge-self", _l("Choose another ticket to merge with."), "number")
    if survivor.customer_id != merged.customer_id:
        raise Refused(
            "merge-customers",
            _l("These tickets are for different customers. Link them under a parent instead."),
            "number",
        )
    check_no_more_readers(survivor, merged)


def merge(actor: Actor, survivor: Ticket, merged: Ticket, *, undo_for: int = 0) -> Entry:
    """Make two tickets of one customer one.

    Nothing is lost: the timeline of the survivor shows both, and the merged number leads to it.
    Open work, followers, copies, tags and links go to the survivor. A restricted ticket goes only
    into one that nobody else can read. Raises Denied, Refused.
    """
    actor.demand(Permission.TICKET_MERGE)
    check_merge(survivor, merged)
    act = Act(actor, survivor)
    # One moment for both, by which undoing finds what the merge ended.
    lost = Act(actor, merged, at=act.at)
    added = _take_over(survivor, merged)
    act.remember(**added)
    act.set_quietly(
        waiting_since=min(survivor.waiting_since, merged.waiting_since),
        contacts=survivor.contacts + merged.contacts,
        time_spent=survivor.time_spent + merged.time_spent,
        customer_replied=survivor.customer_replied or merged.customer_replied,
    )
    for row in lost.open_assignments():
        row.state, row.ended_at = "withdrawn", lost.at
    lost.set("hidden_at", lost.at)
    lost.set_quietly(merged_into_id=survivor.id)
    lost.note_change("merged_into", None, {"id": survivor.id, "name": survivor.subject})
    act.note_change("merged", None, {"id": merged.id, "name": merged.subject})
    entry = act.done("merge", undo_for=undo_for)
    lost.done("merged", quiet=True)
    # Tickets merged into the one that is merged now lead to the survivor in one step.
    for earlier in db.session.scalars(select(Ticket).where(Ticket.merged_into_id == merged.id)):
        earlier.merged_into_id = survivor.id
    return entry


def split(
    actor: Actor, ticket: Ticket, entry: Entry, *, subject: str, queue: Queue | None = None
) -> Ticket:
    """Make a ticket of its own from one message that is about another matter.

    The message is copied with its files; the original stays where it is. The new ticket is for
    the message's author when they are no technician, else for the same customer. Raises Denied,
    Refused.
    """
    check_writable(ticket)
    if entry.ticket_id != ticket.id or entry.kind == EntryKind.EVENT:
        raise Refused("not-a-message", _l("Only a message, note or call can be split off."))
    customer = entry.author if entry.inbound and entry.author else ticket.customer
    fresh = log(
        actor,
        NewTicket(
            customer=customer,
            subject=subject or ticket.subject,
            body=entry.body,
            html=entry.html,
            channel=entry.channel if entry.inbound else ticket.channel,
            kind=ticket.kind,
            queue=queue or ticket.queue,
            category=ticket.category,
            impact=ticket.impact,
            urgency=ticket.urgency,
            files=[
                NewFile(row.sha256, row.name, row.content_type, row.size, row.content_id)
                for row in entry.attachments
            ],
            public=entry.public,
            envelope=entry.envelope,
            language=ticket.language,
        ),
        quiet=True,
    )
    restrict_like(fresh, ticket)
    link(actor, ticket, fresh, LinkType.RELATED)
    act = Act(actor, ticket)
    act.note_change("split", None, {"id": fresh.id, "name": fresh.subject, "entry": entry.id})
    act.done("split", quiet=True)
    return fresh


def note_refiled(actor: Actor, ticket: Ticket, other: Ticket) -> Entry:
    """Note that a message of this ticket was filed in another one. The message stays readable."""
    act = Act(actor, ticket, Permission.TICKET_WORK)
    act.note_change("refiled", None, {"id": other.id, "name": other.subject})
    return act.done("refile", quiet=True)


def set_major(actor: Actor, ticket: Ticket, major: bool, *, undo_for: int = 0) -> Entry | None:
    """Declare a major incident, or end it. None when unchanged."""
    check_writable(ticket)
    act = Act(actor, ticket)
    if not act.set("major", major):
        return None
    return act.done("set-major", undo_for=undo_for)


def broadcast_recipients(parent: Ticket) -> list[tuple[Ticket, Person]]:
    """Return whom a message to everybody under a major incident reaches, with their ticket.

    Each person is reached once, through their oldest ticket.
    """
    children = db.session.scalars(
        select(Ticket)
        .join(Link, Link.to_id == Ticket.id)
        .where(Link.from_id == parent.id, Link.type == LinkType.PARENT, Ticket.hidden_at.is_(None))
        .order_by(Ticket.id)
    )
    reached: dict[int, tuple[Ticket, Person]] = {}
    for ticket in [parent, *children]:
        person = ticket.requester or ticket.customer
        reached.setdefault(person.id, (ticket, person))
    return list(reached.values())


def broadcast(
    actor: Actor, parent: Ticket, body: str, *, hold: int, expected: int | None = None
) -> list[Entry]:
    """Send one message to all customers of a major incident, each through their own ticket.

    ``expected`` is the number of people the person saw and agreed to; when it has grown since,
    the message waits. All messages can be taken back together for ``hold`` seconds. Raises
    Denied, Refused.
    """
    actor.demand(Permission.TICKET_BROADCAST)
    recipients = broadcast_recipients(parent)
    if len(recipients) > BROADCAST_SAMPLE_FROM and expected != len(recipients):
        raise Refused(
            "broadcast-unconfirmed",
            _l("This reaches %(count)d people. Look at the sample first.", count=len(recipients)),
            "expected",
        )
    group = f"broadcast-{parent.id}-{parent.version}"[:32]
    return [
        reply(
            actor,
            ticket,
            Said(body=body),
            to=[person],
            cc=[],
            hold=hold,
            undo_group=group,
            verb="broadcast",
            claims=False,
        )
        for ticket, person in recipients
    ]


def _take_over(survivor: Ticket, merged: Ticket) -> dict[str, object]:
    """Copy followers, copies, tags and links to the survivor; return what was added.

    Who followed or got copies of a ticket that all could read was not let into a restricted one.
    """
    added: dict[str, list[int]] = {"tags": [], "followers": [], "copies": [], "links": []}
    before = list(
        db.session.scalars(select(TicketTag.tag_id).where(TicketTag.ticket_id == survivor.id))
    )
    added["tags"] = before
    for tag_id in db.session.scalars(
        select(TicketTag.tag_id).where(TicketTag.ticket_id == merged.id)
    ):
        if tag_id not in before:
            db.session.add(TicketTag(ticket_id=survivor.id, tag_id=tag_id))
    let_in = merged.restricted or not survivor.restricted
    for model, name in ((Follower, "followers"), (CopyRecipient, "copies")):
        for person_id in db.session.scalars(
            select(model.person_id).where(model.ticket_id == merged.id)
        ):
            if let_in and db.session.get(model, (survivor.id, person_id)) is None:
                db.session.add(model(ticket_id=survivor.id, person_id=person_id))
                added[name].append(person_id)
    for row in db.session.scalars(
        select(Link).where(or_(Link.from_id == merged.id, Link.to_id == merged.id))
    ):
        start = survivor.id if row.from_id == merged.id else row.from_id
        end = survivor.id if row.to_id == merged.id else row.to_id
        known = db.session.scalar(
            select(Link.id).where(Link.from_id == start, Link.to_id == end, Link.type == row.type)
        )
        if start == end or known is not None:
            continue
        copy = Link(from_id=start, to_id=end, type=row.type, created_by_id=row.created_by_id)
        db.session.add(copy)
        db.session.flush()
        added["links"].append(copy.id)
    db.session.flush()
    return dict(added)


def _find(start: Ticket, end: Ticket, link_type: LinkType) -> Link | None:
    pairs = [(start.id, end.id)]
    if link_type is LinkType.RELATED:
        pairs.append((end.id, start.id))
    for from_id, to_id in pairs:
        row = db.session.scalar(
            select(Link).where(Link.from_id == from_id, Link.to_id == to_id, Link.type == link_type)
        )
        if row is not None:
            return row
    return None


def _parent_id(ticket_id: int) -> int | None:
    return db.session.scalar(
        select(Link.from_id).where(Link.to_id == ticket_id, Link.type == LinkType.PARENT)
    )


def _check_parent(parent: Ticket, child: Ticket) -> None:
    if _parent_id(child.id) is not None:
        raise Refused("has-parent", _l("This ticket has a parent already."), "number")
    above: int | None = parent.id
    for _step in range(MAX_DEPTH):
        above = _parent_id(above) if above is not None else None
        if above is None:
            return
        if above == child.id:
            raise Refused("link-circle", _l("That would make a circle."), "number")
    raise Refused("link-depth", _l("Tickets can't be nested so deep."), "number")


def _other(ticket: Ticket, link_type: LinkType, *, outward: bool) -> dict[str, object]:
    return {
        "id": ticket.id,
        "name": ticket.subject,
        "type": str(link_type),
        "outward": outward,
    }

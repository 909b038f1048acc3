"""Changing what a ticket says about itself: priority, category, kind, subject, customer, tags."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Person
from helpdesk.tickets.companions import CopyRecipient, Follower
from helpdesk.tickets.desk import Category, Cause, Tag, TicketTag
from helpdesk.tickets.lifecycle import LEVELS, Kind
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import choose
from helpdesk.tickets.services.act import Act, tag_ids
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.open import find_tags
from helpdesk.tickets.services.talk import check_writable


def set_impact(
    actor: Actor, ticket: Ticket, impact: int, urgency: int, *, undo_for: int = 0
) -> Entry | None:
    """Set impact and urgency; the priority follows from the matrix. None when unchanged."""
    check_writable(ticket)
    if impact not in LEVELS or urgency not in LEVELS:
        raise Refused("level-unknown", _l("Impact and urgency go from 1 to 3."), "impact")
    act = Act(actor, ticket)
    changed = act.set("impact", impact)
    changed = act.set("urgency", urgency) or changed
    changed = act.set("priority", choose.priority_for(impact, urgency)) or changed
    return act.done("set-priority", undo_for=undo_for) if changed else None


def set_priority(actor: Actor, ticket: Ticket, priority: int, *, undo_for: int = 0) -> Entry | None:
    """Set the priority outright, whatever the matrix says. None when unchanged."""
    check_writable(ticket)
    if priority not in {1, 2, 3, 4}:
        raise Refused("priority-unknown", _l("Priorities go from 1 to 4."), "priority")
    act = Act(actor, ticket)
    if not act.set("priority", priority):
        return None
    return act.done("set-priority", undo_for=undo_for)


def set_category(
    actor: Actor, ticket: Ticket, category: Category | None, *, undo_for: int = 0
) -> Entry | None:
    """Say what the ticket is about. None when unchanged."""
    check_writable(ticket)
    if category is not None and category.retired_at is not None:
        raise Refused("category-retired", _l("This category is no longer in use."), "category")
    act = Act(actor, ticket)
    if not act.set("category_id", category.id if category else None):
        return None
    return act.done("set-category", undo_for=undo_for)


def set_kind(actor: Actor, ticket: Ticket, kind: Kind, *, undo_for: int = 0) -> Entry | None:
    """Say which kind of ticket it is. None when unchanged."""
    check_writable(ticket)
    act = Act(actor, ticket)
    if not act.set("kind", kind):
        return None
    return act.done("set-kind", undo_for=undo_for)


def set_cause(
    actor: Actor, ticket: Ticket, cause: Cause | None, *, undo_for: int = 0
) -> Entry | None:
    """Say why it happened, before or after resolving. None when unchanged."""
    check_writable(ticket)
    act = Act(actor, ticket)
    if not act.set("cause_id", cause.id if cause else None):
        return None
    return act.done("set-cause", undo_for=undo_for)


def set_subject(actor: Actor, ticket: Ticket, subject: str, *, undo_for: int = 0) -> Entry | None:
    """Give the ticket another subject line. None when unchanged."""
    check_writable(ticket)
    subject = " ".join(subject.split())[:300]
    if not subject:
        raise Refused("subject-missing", _l("Say in one line what it is about."), "subject")
    act = Act(actor, ticket)
    if not act.set("subject", subject):
        return None
    return act.done("set-subject", undo_for=undo_for)


def set_customer(
    actor: Actor,
    ticket: Ticket,
    customer: Person,
    *,
    requester: Person | None = None,
    undo_for: int = 0,
) -> Entry | None:
    """Say whom the ticket is for, and who asked when that is somebody else. None when unchanged.

    The organisation and the site follow the customer. Raises Denied, Refused.
    """
    check_writable(ticket)
    if customer.merged_into_id is not None or customer.retired_at is not None:
        raise Refused("customer-gone", _l("This person's record is no longer in use."), "customer")
    act = Act(actor, ticket)
    changed = act.set("customer_id", customer.id)
    asked_by = requester.id if requester is not None and requester.id != customer.id else None
    changed = act.set("requester_id", asked_by) or changed
    if not changed:
        return None
    act.set("organisation_id", customer.organisation_id)
    act.set_quietly(site_id=customer.site_id)
    return act.done("set-customer", undo_for=undo_for)


def set_tags(actor: Actor, ticket: Ticket, names: list[str], *, undo_for: int = 0) -> Entry | None:
    """Make the ticket's tags exactly these. None when unchanged."""
    check_writable(ticket)
    act = Act(actor, ticket)
    old_ids = tag_ids(ticket)
    tags = find_tags(names)
    new_ids = {tag.id for tag in tags}
    if new_ids == old_ids:
        return None
    old_names = list(db.session.scalars(select(Tag.name).where(Tag.id.in_(old_ids))))
    act.remember(tags=sorted(old_ids))
    replace_tags(ticket, new_ids)
    act.note_change("tags", sorted(old_names), sorted(tag.name for tag in tags))
    return act.done("set-tags", undo_for=undo_for)


def replace_tags(ticket: Ticket, ids: set[int]) -> None:
    """Store exactly these tags."""
    db.session.execute(delete(TicketTag).where(TicketTag.ticket_id == ticket.id))
    for tag_id in sorted(ids):
        db.session.add(TicketTag(ticket_id=ticket.id, tag_id=tag_id))


def follow(actor: Actor, ticket: Ticket, person: Person) -> bool:
    """Let a technician follow the ticket; False when they do already.

    There is no journal entry: who follows is nobody's history.
    """
    actor.demand(Permission.TICKET_READ)
    if not person.is_technician:
        raise Refused("not-technician", _l("Only technicians follow tickets."), "person")
    if db.session.get(Follower, (ticket.id, person.id)) is not None:
        return False
    db.session.add(Follower(ticket_id=ticket.id, person_id=person.id))
    return True


def unfollow(actor: Actor, ticket: Ticket, person: Person) -> bool:
    """Stop following; False when they did not."""
    actor.demand(Permission.TICKET_READ)
    row = db.session.get(Follower, (ticket.id, person.id))
    if row is None:
        return False
    db.session.delete(row)
    return True


def add_copy(actor: Actor, ticket: Ticket, person: Person) -> Entry | None:
    """Send somebody copies of the answers from now on. None when they get them already."""
    check_writable(ticket)
    if db.session.get(CopyRecipient, (ticket.id, person.id)) is not None:
        return None
    if person.id in {ticket.customer_id, ticket.requester_id}:
        return None
    act = Act(actor, ticket)
    db.session.add(CopyRecipient(ticket_id=ticket.id, person_id=person.id))
    act.note_change("copies", None, {"id": person.id, "name": person.name})
    return act.done("add-copy")


def remove_copy(actor: Actor, ticket: Ticket, person: Person) -> Entry | None:
    """Stop sending somebody copies. None when they got none."""
    check_writable(ticket)
    row = db.session.get(CopyRecipient, (ticket.id, person.id))
    if row is None:
        return None
    act = Act(actor, ticket)
    db.session.delete(row)
    act.note_change("copies", {"id": person.id, "name": person.name}, None)
    return act.done("remove-copy")

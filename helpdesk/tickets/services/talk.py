"""Messages, notes and calls: everything that is said about a ticket."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.html import markdown_to_html
from helpdesk.people.access import Actor
from helpdesk.people.models import Channel, Person
from helpdesk.tickets.companions import CopyRecipient, Follower, Mention
from helpdesk.tickets.desk import Status
from helpdesk.tickets.events import Mentioned
from helpdesk.tickets.lifecycle import UNFINISHED, EntryKind, StatusClass
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import choose
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.assign import acknowledge_mine
from helpdesk.tickets.services.errors import Clash, Refused
from helpdesk.tickets.services.open import NewFile, attach, spend

MENTION = re.compile(r"@\[([^\]\n]{1,200})\]\(person:(\d{1,18})\)")
"""A mention as the composer writes it: ``@[Priya Nair](person:7)``."""


AUTO_REPLY = "auto-reply"
"""The verb of a message that the house writes by itself."""


@dataclass(slots=True)
class Said:
    """What a technician said: Markdown text, files, and when it happened."""

    body: str
    files: list[NewFile] = field(default_factory=list)
    happened_at: datetime | None = None
    # Seconds spent, recorded as a time entry.
    duration: int | None = None


def check_seen(actor: Actor, ticket: Ticket, seen_entry_id: int | None) -> None:
    """Raise Clash when somebody else said something that the actor's page did not show.

    ``seen_entry_id`` is the newest entry the page showed; None skips the check ("send anyway").
    """
    if seen_entry_id is None:
        return
    unseen = list(
        db.session.scalars(
            select(Entry)
            .where(
                Entry.ticket_id == ticket.id,
                Entry.id > seen_entry_id,
                Entry.kind != EntryKind.EVENT,
                Entry.withdrawn_at.is_(None),
            )
            .order_by(Entry.id)
        )
    )
    unseen = [entry for entry in unseen if entry.author_id != actor.person_id]
    if unseen:
        raise Clash(unseen)


def check_text(text: str, files: list[NewFile]) -> None:
    """Raise Refused when there is nothing to say."""
    if not text.strip() and not files:
        raise Refused("body-missing", _l("There is nothing to send yet."), "body")


def check_writable(ticket: Ticket) -> None:
    """Raise Refused for a binned or merged ticket."""
    if ticket.merged_into_id is not None:
        raise Refused("ticket-merged", _l("This ticket was merged into another."))
    if ticket.hidden_at is not None:
        raise Refused("ticket-binned", _l("This ticket is in the bin. Restore it first."))


def reply(
    actor: Actor,
    ticket: Ticket,
    said: Said,
    *,
    to: list[Person] | None = None,
    cc: list[Person] | None = None,
    channel: str | None = None,
    then: Status | None = None,
    seen_entry_id: int | None = None,
    hold: int = 0,
    undo_group: str | None = None,
    verb: str = "reply",
    claims: bool = True,
    encrypt: bool | None = None,
) -> Entry:
    """Answer the customer. Replying acknowledges, and counts as the first reply.

    Who answers has the ticket, unless ``claims`` says otherwise: one message to many makes nobody
    the owner of them all. ``then`` moves the ticket to an open or pending status with the same
    click. The message waits ``hold`` seconds before it leaves, and can be taken back for as long.
    ``encrypt`` is what its author chose; None leaves it to the channel, which answers as it was
    written to.
    Raises Denied, Refused, Clash.
    """
    check_writable(ticket)
    check_text(said.body, said.files)
    check_seen(actor, ticket, seen_entry_id)
    act = Act(actor, ticket, at=said.happened_at)
    act.undo_group = undo_group
    if claims:
        acknowledge_mine(act)
    recipients = to or [ticket.requester or ticket.customer]
    copies = cc if cc is not None else copy_recipients(ticket)
    act.set_quietly(
        waiting_since=act.at,
        unanswered_since=None,
        customer_replied=False,
        thanked=False,
        undelivered_at=None,
        contacts=ticket.contacts + 1,
        first_reply_at=ticket.first_reply_at or act.at,
    )
    unowned = ticket.owner_id is None and ticket.status_class in UNFINISHED
    if claims and unowned and actor.person_id:
        act.set("owner_id", actor.person_id)
    if then is not None and then.id != ticket.status_id:
        move_on(act, then)
    elif claims and ticket.status_class == StatusClass.NEW:
        act.status(choose.status_by_key("working") or choose.status_of(StatusClass.OPEN))
    body, mentioned = read_mentions(said.body)
    entry = act.done(
        verb,
        kind=EntryKind.MESSAGE,
        body=body,
        html=markdown_to_html(body),
        public=True,
        channel=channel or Channel.EMAIL,
        envelope={
            "to": [{"id": person.id, "name": person.name} for person in recipients],
            "cc": [{"id": person.id, "name": person.name} for person in copies],
            **({} if encrypt is None else {"encrypt": encrypt}),
        },
        hold=hold,
        undo_for=hold,
        duration=said.duration,
    )
    attach(entry, said.files)
    mention(entry, mentioned)
    if said.duration and actor.person_id:
        spend(ticket, actor.person_id, said.duration, act.at, entry=entry)
    return entry


def note(
    actor: Actor,
    ticket: Ticket,
    said: Said,
    *,
    undo_for: int = 0,
    seen_entry_id: int | None = None,
) -> Entry:
    """Write a note that only staff see; people named with @ follow the ticket from then on.

    Raises Denied, Refused, Clash.
    """
    check_writable(ticket)
    check_text(said.body, said.files)
    check_seen(actor, ticket, seen_entry_id)
    act = Act(actor, ticket, at=said.happened_at)
    body, mentioned = read_mentions(said.body)
    entry = act.done(
        "note",
        kind=EntryKind.NOTE,
        body=body,
        html=markdown_to_html(body),
        duration=said.duration,
        undo_for=undo_for,
    )
    attach(entry, said.files)
    mention(entry, mentioned)
    if said.duration and actor.person_id:
        spend(ticket, actor.person_id, said.duration, act.at, entry=entry)
    return entry


def reply_by_itself(actor: Actor, ticket: Ticket, text: str, *, hold: int = 0) -> Entry:
    """Write to the customer in the name of the house; it leaves in ``hold`` seconds.

    It answers nothing: no clock looks at it, the customer waits on as before, and nobody has the
    ticket because of it. Raises Denied, Refused.
    """
    check_writable(ticket)
    check_text(text, [])
    act = Act(actor, ticket)
    person = ticket.requester or ticket.customer
    return act.done(
        AUTO_REPLY,
        kind=EntryKind.MESSAGE,
        body=text.strip(),
        html=markdown_to_html(text),
        public=True,
        channel=Channel.EMAIL,
        envelope={"to": [{"id": person.id, "name": person.name}], "cc": []},
        hold=hold,
    )


def log_call(
    actor: Actor,
    ticket: Ticket,
    said: Said,
    *,
    inbound: bool,
    answered: bool = True,
    summary: str = "",
    channel: str = Channel.PHONE,
    undo_for: int = 0,
) -> Entry:
    """Record a call (or visit) about the ticket. Its text is for staff.

    ``summary``, when given, is shared with the customer as an entry of its own. A call that
    nobody answered is no contact: it neither counts as a reply nor ends the waiting. Raises
    Denied, Refused.
    """
    check_writable(ticket)
    check_text(said.body or summary, said.files)
    act = Act(actor, ticket, at=said.happened_at)
    if answered:
        acknowledge_mine(act)
        act.set_quietly(
            waiting_since=act.at,
            unanswered_since=None,
            customer_replied=False,
            undelivered_at=None,
            contacts=ticket.contacts + 1,
            first_reply_at=ticket.first_reply_at or act.at,
        )
        if ticket.status_class == StatusClass.NEW:
            act.status(choose.status_by_key("working") or choose.status_of(StatusClass.OPEN))
    body, mentioned = read_mentions(said.body)
    entry = act.done(
        "call" if answered else "call-attempt",
        kind=EntryKind.CALL,
        body=body,
        html=markdown_to_html(body),
        inbound=inbound,
        channel=channel,
        duration=said.duration,
        undo_for=undo_for,
    )
    attach(entry, said.files)
    mention(entry, mentioned)
    if said.duration and actor.person_id:
        spend(ticket, actor.person_id, said.duration, act.at, entry=entry)
    if summary.strip():
        share_call_summary(actor, ticket, summary, at=act.at, channel=channel)
    return entry


def share_call_summary(
    actor: Actor, ticket: Ticket, summary: str, *, at: datetime, channel: str
) -> Entry:
    """Show the customer a summary of a call; nothing is mailed for it."""
    act = Act(actor, ticket, at=at)
    return act.done(
        "call-summary",
        kind=EntryKind.CALL,
        body=summary.strip(),
        html=markdown_to_html(summary),
        public=True,
        channel=channel,
        quiet=True,
    )


def move_on(act: Act, status: Status) -> None:
    """Move the ticket within an act to an open or pending status ("send, then wait")."""
    ticket = act.ticket
    if status.status_class not in {StatusClass.OPEN, StatusClass.PENDING}:
        raise Refused("status-not-then", _l("Choose an open or waiting status."), "then")
    if ticket.status_class not in UNFINISHED:
        raise Refused("ticket-finished", _l("This ticket is finished. Reopen it first."))
    act.status(status)
    pending = status.status_class == StatusClass.PENDING
    act.set_quietly(
        hold_reason=(status.hold_reason or "other") if pending else None,
        wake_at=None,
        woken_at=None,
        hold_note="",
    )


def copy_recipients(ticket: Ticket) -> list[Person]:
    """Return the people who get copies of the answers."""
    return list(
        db.session.scalars(
            select(Person)
            .join(CopyRecipient, CopyRecipient.person_id == Person.id)
            .where(CopyRecipient.ticket_id == ticket.id)
            .order_by(Person.name)
        )
    )


def read_mentions(text: str) -> tuple[str, list[int]]:
    """Return the text with mentions as plain ``@Name``, and the people mentioned."""
    people = [int(match[2]) for match in MENTION.finditer(text)]
    return MENTION.sub(lambda match: f"@{match[1]}", text).strip(), list(dict.fromkeys(people))


def mention(entry: Entry, person_ids: list[int]) -> None:
    """Remember who was named and let them follow the ticket. Only technicians are mentioned."""
    named = []
    for person in db.session.scalars(
        select(Person).where(Person.id.in_(person_ids), Person.is_technician)
    ):
        db.session.add(Mention(entry_id=entry.id, person_id=person.id, ticket_id=entry.ticket_id))
        if db.session.get(Follower, (entry.ticket_id, person.id)) is None:
            db.session.add(Follower(ticket_id=entry.ticket_id, person_id=person.id))
        named.append(person.id)
    db.session.flush()
    if named:
        publish(Mentioned(entry, tuple(named)))

"""What other rooms decide, as mail: answers on tickets, and links to sign in.

These are handlers: they run in the transaction that made the decision and write rows of the
outbox, nothing else.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from config import Settings
from helpdesk.board.events import FixedForPerson
from helpdesk.channels.email import added, signatures
from helpdesk.channels.email.mailboxes import (
    default_sender,
    desk_language,
    is_demo,
    is_own,
    own_addresses,
    sender_for,
)
from helpdesk.channels.email.models import Mailbox, MailMessage
from helpdesk.channels.email.secure import protecting
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import outbox
from helpdesk.notify.models import OutboxMessage, Rank, Sending
from helpdesk.people.events import PasswordResetAsked, SignInLinkSent
from helpdesk.people.models import Channel, ContactKind, ContactPoint, Desk, Person
from helpdesk.sla.events import SuppliersToRemind, SupplierToRemind
from helpdesk.tickets import services
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.events import EntryRedacted, MessageWithdrawn, TicketEvent
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.talk import AUTO_REPLY
from helpdesk.tickets.side_talks import WRITE as WRITE_ASIDE
from helpdesk.web import i18n

ANSWERS = frozenset({"reply", "broadcast", AUTO_REPLY, WRITE_ASIDE})
"""Verbs whose entries are written to be sent. ``quiet`` silences notices, never an answer."""


def on_ticket_event(event: TicketEvent) -> None:
    """Queue the mail of an answer, to leave when its undo window is over."""
    entry = event.entry
    if event.verb not in ANSWERS or entry.channel != Channel.EMAIL:
        return
    if not entry.public and event.verb != WRITE_ASIDE:
        return
    mailbox = sender_for(event.ticket)
    if mailbox is None and is_demo():
        # Without a mail server of its own the demo desk keeps its answers to itself.
        return
    leaves = now() + timedelta(seconds=event.hold)
    signature = _signature(event)
    to, cc, unreachable = _recipients(event.ticket, entry)
    protecting.check(event.ticket, entry, [address for _name, address in (*to, *cc)])
    if to or cc:
        message = _new_message(event.ticket, entry, mailbox)
        # With everybody in CC unreachable or the other way round, somebody still is written to.
        message.to, message.cc = (to, cc) if to else (cc, [])
        message.recipients = [address for _name, address in (*to, *cc)]
        message.signature = signature
        _take_place(message, event.verb, leaves)
        db.session.add(message)
    if unreachable:
        message = _new_message(event.ticket, entry, mailbox)
        message.to, message.recipients = [[name, ""] for name in unreachable], []
        message.signature = signature
        _take_place(message, event.verb, leaves)
        db.session.add(message)
    db.session.flush()


def _signature(event: TicketEvent) -> str:
    """Return what stands below an answer; what the desk writes by itself has its own end."""
    entry = event.entry
    author, reader = entry.author, added.reader_of(entry)
    if event.verb == AUTO_REPLY or author is None or reader is None:
        return ""
    return signatures.unless_there(entry.body, signatures.for_answer(event.ticket, author, reader))


_RANKS = {
    "reply": Rank.PERSON,
    WRITE_ASIDE: Rank.PERSON,
    "broadcast": Rank.MANY,
    AUTO_REPLY: Rank.AUTOMATIC,
}


def _take_place(message: OutboxMessage, verb: str, leaves: datetime) -> None:
    """Say when a message may leave, and where it stands among what is due then."""
    message.next_try_at = leaves
    message.rank = _RANKS[verb]
    message.turn_at = outbox.turn_of(message.ticket_id or 0, leaves)


def on_withdrawn(event: MessageWithdrawn) -> None:
    """Stop an answer that is taken back. Raises Refused when it has left."""
    outbox.withdraw(event.entry)


def on_redacted(event: EntryRedacted) -> None:
    """Remove the texts of an entry from the outbox."""
    outbox.forget(event.entry)
    outbox.forget_notices(event.entry)


def on_password_reset(event: PasswordResetAsked) -> None:
    """Mail the link that sets a new password."""
    with force_locale(_language(event.person)):
        subject = _("Set a new password")
    _notice(event, "password_reset", subject)


def on_sign_in_link(event: SignInLinkSent) -> None:
    """Mail a person their first link to sign in."""
    with force_locale(_language(event.person)):
        subject = _("Your account at %(desk)s", desk=_desk().name)
    _notice(event, "sign_in_link", subject)


def on_suppliers_to_remind(event: SuppliersToRemind) -> None:
    """Write to suppliers about what they promised; one without an address is left in peace."""
    for one in event.found:
        _remind(one)
    db.session.flush()


def _remind(one: SupplierToRemind) -> None:
    """Queue the reminder of one supplier."""
    supplier = db.session.get_one(Supplier, one.supplier_id)
    ticket = db.session.get_one(Ticket, one.ticket_id)
    if not supplier.email or is_own(supplier.email, own_addresses()):
        return
    mailbox = sender_for(ticket)
    if mailbox is None and is_demo():
        return
    desk, theirs = _desk(), services.reference_of(ticket, supplier.id)
    with force_locale(desk_language()):
        about = f"{theirs} " if theirs else ""
        subject = f"{about}[#{ticket.number}]"
        # The worker serves nobody: what pages share about their reader is not asked for.
        text = current_app.jinja_env.get_template("mail/supplier_reminder.txt").render(
            supplier=supplier,
            number=ticket.number,
            theirs=theirs,
            missed=one.missed,
            until=_moment(one.due_at, desk.time_zone),
            desk=desk,
        )
        subject = _("Reminder: %(what)s", what=subject)
    db.session.add(
        OutboxMessage(
            channel=Channel.EMAIL,
            ticket_id=ticket.id,
            supplier_id=supplier.id,
            mailbox_id=mailbox.id if mailbox is not None else None,
            to=[[supplier.name, supplier.email]],
            recipients=[supplier.email],
            message_id=new_message_id(mailbox, ticket.number),
            subject=subject,
            text=text,
        )
    )


def on_fixed_for_person(event: FixedForPerson) -> None:
    """Mail somebody who waits for the end of a trouble and has no ticket to be told through."""
    mailbox = default_sender()
    if mailbox is None and is_demo():
        return
    points = [row for row in event.person.contact_points if row.retired_at is None]
    known = [row.value for row in points if row.kind == ContactKind.EMAIL][:1]
    with force_locale(_language(event.person)):
        subject = _("Fixed: %(headline)s", headline=event.headline)
        text = render_template("mail/trouble_fixed.txt", event=event, desk=_desk())
    db.session.add(
        OutboxMessage(
            channel=Channel.EMAIL,
            mailbox_id=mailbox.id if mailbox is not None else None,
            # Without an address it stands in the outbox as what could not be sent.
            to=[[event.person.name, *(known or [""])]],
            recipients=known,
            message_id=new_message_id(mailbox),
            subject=subject,
            text=text,
        )
    )
    db.session.flush()


def fill_recipients(message: OutboxMessage) -> bool:
    """Look again for the addresses of people who had none when the answer was written."""
    entry, ticket = message.entry, message.ticket
    if entry is None or ticket is None:
        return False
    to, cc, _unreachable = _recipients(ticket, entry)
    others = db.session.scalars(
        select(OutboxMessage.recipients).where(
            OutboxMessage.entry_id == entry.id, OutboxMessage.id != message.id
        )
    )
    reached = {address for addresses in others for address in addresses}
    found = [[name, address] for name, address in (*to, *cc) if address not in reached]
    message.to, message.recipients = found, [address for _name, address in found]
    return bool(found)


def _new_message(ticket: Ticket, entry: Entry, mailbox: Mailbox | None) -> OutboxMessage:
    return OutboxMessage(
        channel=Channel.EMAIL,
        entry_id=entry.id,
        ticket_id=ticket.id,
        mailbox_id=mailbox.id if mailbox is not None else None,
        message_id=new_message_id(mailbox, ticket.number),
        state=Sending.QUEUED,
    )


def new_message_id(mailbox: Mailbox | None, number: int | None = None) -> str:
    """Return a Message-ID that nobody can guess: who refers to it has seen the message."""
    if mailbox is not None:
        domain = mailbox.address.rpartition("@")[2]
    else:
        settings: Settings = current_app.config["SETTINGS"]
        domain = urlsplit(settings.base_url).hostname or "localhost"
    about = f"{number}." if number is not None else ""
    return f"<hearth.{about}{uuid.uuid4().hex}@{domain}>"


def _recipients(ticket: Ticket, entry: Entry) -> tuple[list[list[str]], list[list[str]], list[str]]:
    """Return whom an answer goes to, whom in copy, and the names of those without an address.

    Only addresses that are known to belong to a person are used, whatever a message asked for in
    its Reply-To; of several, the one they last wrote from on this ticket.
    """
    envelope: dict[str, Any] = entry.envelope or {}
    ids = {
        kind: [int(one["id"]) for one in envelope.get(kind, []) if isinstance(one, dict)]
        for kind in ("to", "cc")
    }
    people = {
        person.id: person
        for person in db.session.scalars(
            select(Person).where(Person.id.in_({*ids["to"], *ids["cc"]}))
        )
    }
    addresses = addresses_of(ticket, list(people))
    own = own_addresses()
    lists: dict[str, list[list[str]]] = {"to": [], "cc": []}
    unreachable: list[str] = []
    taken: set[str] = set()
    for kind, found in lists.items():
        for person_id in dict.fromkeys(ids[kind]):
            person, address = people.get(person_id), addresses.get(person_id)
            if person is None or address in taken:
                continue
            if address is None or is_own(address, own):
                unreachable.append(person.name)
                continue
            taken.add(address)
            found.append([person.name, address])
    return lists["to"], lists["cc"], unreachable


def addresses_of(ticket: Ticket | None, person_ids: list[int]) -> dict[int, str]:
    """Return the address at which each person is reached, about a ticket where there is one."""
    points = db.session.execute(
        select(ContactPoint.person_id, ContactPoint.value)
        .where(
            ContactPoint.person_id.in_(person_ids),
            ContactPoint.kind == ContactKind.EMAIL,
            ContactPoint.retired_at.is_(None),
        )
        .order_by(ContactPoint.person_id, ContactPoint.position, ContactPoint.id)
    )
    known: dict[int, list[str]] = {}
    for person_id, value in points:
        known.setdefault(person_id, []).append(value)
    chosen = {person_id: values[0] for person_id, values in known.items()}
    if ticket is None:
        return chosen
    used = db.session.execute(
        select(Entry.author_id, MailMessage.sender)
        .join(Entry, Entry.id == MailMessage.entry_id)
        .where(MailMessage.ticket_id == ticket.id, Entry.author_id.in_(person_ids))
        .order_by(MailMessage.id)
    )
    return chosen | {
        person_id: sender
        for person_id, sender in used
        if person_id is not None and sender in known.get(person_id, ())
    }


def _notice(event: PasswordResetAsked | SignInLinkSent, template: str, subject: str) -> None:
    """Queue a notice with a link; the link's end is the end of the notice."""
    mailbox = default_sender()
    if mailbox is None and is_demo():
        return
    desk = _desk()
    with force_locale(_language(event.person)):
        text = render_template(
            f"mail/{template}.txt",
            person=event.person,
            link=event.link,
            until=_moment(event.expires_at, event.person.time_zone or desk.time_zone),
            desk=desk,
        )
    db.session.add(
        OutboxMessage(
            channel=Channel.EMAIL,
            mailbox_id=mailbox.id if mailbox is not None else None,
            to=[[event.person.name, event.address]],
            recipients=[event.address],
            message_id=new_message_id(mailbox),
            subject=subject,
            text=text,
            # They stand before the page and wait for it.
            rank=Rank.PERSON,
            expires_at=event.expires_at,
        )
    )
    db.session.flush()


def _desk() -> Desk:
    return db.session.scalars(select(Desk).limit(1)).one()


def _moment(moment: datetime, zone_name: str) -> str:
    """Return day and time in a zone that is named, because a mail may be read anywhere."""
    there = moment.astimezone(i18n.zone(zone_name))
    return f"{i18n.short_date(there.date())} {there:%H:%M} ({zone_name})"


def _language(person: Person) -> str:
    return i18n.language_of(person.language) or desk_language()

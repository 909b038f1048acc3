"""What comes in from a customer: the one door of mail, portal and every other channel."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.people.models import Channel, Person
from helpdesk.tickets.companions import CopyRecipient
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.lifecycle import EntryKind, LinkType, StatusClass
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.own_words import own_words
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.audience import restrict_like
from helpdesk.tickets.services.home import home_in_use
from helpdesk.tickets.services.link import link
from helpdesk.tickets.services.open import NewFile, NewTicket, attach, log_entry
from helpdesk.tickets.services.state import is_emptied, reopen_within, restore_within, wake_within
from helpdesk.tickets.services.suppliers import suppliers_of


@dataclass(slots=True)
class Heard:
    """A message from the customer's side about an existing ticket."""

    author: Person
    body: str
    html: str | None = None
    subject: str = ""
    channel: str = Channel.EMAIL
    files: list[NewFile] | None = None
    envelope: dict[str, object] | None = None
    # When it reached us, where that was earlier than now (the mail server had it first).
    happened_at: datetime | None = None


def survivor_of(ticket: Ticket) -> Ticket:
    """Follow a merged ticket to the one it lives on in."""
    while ticket.merged_into_id is not None:
        ticket = db.session.get_one(Ticket, ticket.merged_into_id)
    return ticket


def hear(ticket: Ticket, heard: Heard, *, reopen_days: int, actor: Actor = SYSTEM) -> Entry:
    """Take in a customer's message about a ticket, and do what it asks for by itself.

    It wakes a waiting ticket, reopens a resolved one and brings a binned one back; a bare
    "thanks" after the end is only flagged. More than ``reopen_days`` after closing it opens a
    new ticket that is linked to the old one; for a ticket that the bin has let go of it opens one
    that stands alone. A merged ticket's messages go to the survivor. Returns the entry; its
    ``ticket`` says where the message ended.
    """
    ticket = survivor_of(ticket)
    finished = ticket.status_class in {StatusClass.RESOLVED, StatusClass.CLOSED}
    thanks = finished and is_bare_thanks(own_words(heard.body, heard.envelope)) and not heard.files
    late = (
        ticket.status_class == StatusClass.CLOSED
        and ticket.closed_at is not None
        and now() > ticket.closed_at + timedelta(days=reopen_days)
    )
    if (late and not thanks) or is_emptied(ticket):
        return _follow_up(ticket, heard, actor)
    act = Act(actor, ticket, at=heard.happened_at)
    if ticket.hidden_at is not None:
        restore_within(act)
    if thanks:
        act.set_quietly(thanked=True)
    else:
        if ticket.status_class == StatusClass.PENDING:
            wake_within(act)
        elif finished:
            reopen_within(act)
        if ticket.unanswered_since is None and ticket.first_reply_at is not None:
            # We had answered them: what they wait for now begins here.
            act.set_quietly(waiting_since=act.at)
        act.set_quietly(customer_replied=True, unanswered_since=ticket.unanswered_since or act.at)
    act.set_quietly(contacts=ticket.contacts + 1)
    entry = act.done(
        "hear",
        kind=EntryKind.MESSAGE,
        body=heard.body,
        html=heard.html,
        public=True,
        inbound=True,
        channel=heard.channel,
        author_id=heard.author.id,
        envelope=heard.envelope,
    )
    attach(entry, heard.files or [])
    return entry


def hear_staff(ticket: Ticket, heard: Heard, *, actor: Actor = SYSTEM) -> Entry:
    """Keep a technician's message about a ticket as a note. It never reaches the customer.

    Nothing else moves: who can forge an address must not be able to answer, wake or reopen. A
    merged ticket's messages go to the survivor.
    """
    return keep_as_note("note", ticket, heard, actor)


def keep_as_note(verb: str, ticket: Ticket, heard: Heard, actor: Actor) -> Entry:
    """Keep a message as a note for staff; a merged ticket's go to the survivor."""
    act = Act(actor, survivor_of(ticket), at=heard.happened_at)
    entry = act.done(
        verb,
        kind=EntryKind.NOTE,
        body=heard.body,
        html=heard.html,
        inbound=True,
        channel=heard.channel,
        author_id=heard.author.id,
        envelope=heard.envelope,
    )
    attach(entry, heard.files or [])
    return entry


def hear_supplier(ticket: Ticket, heard: Heard, *, actor: Actor = SYSTEM) -> Entry:
    """Keep what a supplier writes about a ticket as a note; it never reaches the customer.

    The ticket goes on waiting: whether they are done is for a person to say, and most of what
    comes back says only that they got it. A merged ticket's messages go to the survivor.
    """
    return keep_as_note("hear-supplier", ticket, heard, actor)


def hear_automatic(ticket: Ticket, heard: Heard, *, actor: Actor = SYSTEM) -> Entry:
    """Keep an answer that nobody wrote (out of office, "we got your mail") as a note for staff.

    The customer said nothing with it: the ticket goes on waiting or stays as it ended, and no
    promise is answered or begins. A merged ticket's messages go to the survivor.
    """
    return keep_as_note("hear-automatic", ticket, heard, actor)


def is_supplier(ticket: Ticket, person: Person, address: str) -> bool:
    """Whether a message comes from a supplier that a ticket waits for, or waited for last.

    Those that its parts wait for count too. Whoever is of the customer's side is heard as that.
    """
    known = suppliers_of(ticket)
    if not known or is_participant(ticket, person):
        return False
    return any(_writes_for(one, person, address) for one in known)


def _writes_for(supplier: Supplier, person: Person, address: str) -> bool:
    of_theirs = supplier.organisation_id is not None and (
        person.organisation_id == supplier.organisation_id
    )
    return of_theirs or (supplier.email != "" and supplier.email == address.lower())


def add_participant(ticket: Ticket, person: Person) -> None:
    """Let somebody who was in CC of a message take part; technicians and the customer do anyway."""
    if person.is_technician or person.id in {ticket.customer_id, ticket.requester_id}:
        return
    if db.session.get(CopyRecipient, (ticket.id, person.id)) is None:
        db.session.add(CopyRecipient(ticket_id=ticket.id, person_id=person.id))
        db.session.flush()


def is_participant(ticket: Ticket, person: Person) -> bool:
    """Whether the person may add to the ticket by naming its number."""
    if person.id in {ticket.customer_id, ticket.requester_id} or person.is_technician:
        return True
    return db.session.get(CopyRecipient, (ticket.id, person.id)) is not None


def _follow_up(ticket: Ticket, heard: Heard, actor: Actor) -> Entry:
    entry = log_entry(
        actor,
        NewTicket(
            customer=ticket.customer if ticket.requester_id == heard.author.id else heard.author,
            requester=heard.author if ticket.requester_id == heard.author.id else None,
            subject=heard.subject or ticket.subject,
            body=heard.body,
            html=heard.html,
            channel=heard.channel,
            kind=ticket.kind,
            queue=home_in_use(ticket),
            category=ticket.category,
            files=heard.files or [],
            envelope=heard.envelope,
            happened_at=heard.happened_at,
        ),
    )
    restrict_like(entry.ticket, ticket)
    if not is_emptied(ticket):
        link(actor, entry.ticket, ticket, LinkType.RELATED)
    return entry


_QUOTE = re.compile(
    r"^\s*(>|on .{5,200}wrote:|am .{5,200}schrieb|le .{5,200}a écrit|-{3,}\s*\S|_{8,}"
    r"|from:|von:|发件人|寄件者|寄件人|在.{2,80}写道|於.{2,80}寫道|sent from my|发自|從我的)",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\b(thanks?|thank you|thx|ty|cheers|much appreciated|merci|danke|vielen dank|gracias|grazie"
    r"|obrigad[oa])\b|谢谢|謝謝|多谢|多謝|感谢|感謝|唔該|辛苦了|ありがとう",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"\b(hi|hello|dear|all|so|very|much|many|again|you|for|your|the|quick|fast|great|super|prompt"
    r"|kind|best|regards|help|support|response|reply|it|that|works?|working|now|fixed|solved"
    r"|perfect|ok|okay|a|lot|indeed|really|appreciated|have|nice|good|day|weekend|is)\b"
    r"|非常|好的|收到|可以了|搞定了|已经|已經|好了|您|你|们|們|的|了|啦|！|。|，",
    re.IGNORECASE,
)

_RESERVED = re.compile(
    r"\b(but|however|still|not|no|never|except|aber|mais)\b|但|可是|不过|不過|还|還|没|沒|未|不",
    re.IGNORECASE,
)


def is_bare_thanks(text: str) -> bool:
    """Whether a message says nothing but thanks.

    Quoted text does not count. A question mark, a number or more than three words beyond thanks
    and politeness make it more than thanks: reopening for nothing costs a click, overlooking a
    request costs a customer.
    """
    own: list[str] = []
    for line in text[:4000].splitlines():
        if _QUOTE.match(line):
            break
        own.append(line)
    said = " ".join(own).strip()
    if not said or len(said) > 300 or "?" in said or "？" in said or re.search(r"\d", said):
        return False
    if not _THANKS.search(said):
        return False
    if _RESERVED.search(said):
        return False
    rest = _POLITE.sub(" ", _THANKS.sub(" ", said))
    return len(re.findall(r"\w+", rest)) <= 3

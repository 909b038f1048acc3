"""One way in for every channel: who is it, what is it about, and the verb that takes it.

A channel understands its own format and hands over an ``Inbound``; whatever happens to tickets
happens here, so that mail, portal, chat and the rest follow the same rules.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from helpdesk.channels.another_matter import is_another_matter
from helpdesk.db import db
from helpdesk.lib.text import snippet
from helpdesk.people.access import SYSTEM, Denied, Permission
from helpdesk.people.acting import actor_of
from helpdesk.people.models import Channel, Person
from helpdesk.people.services.contact_points import find_or_create_by_address
from helpdesk.tickets import services
from helpdesk.tickets.desk import Category, Queue
from helpdesk.tickets.lifecycle import USUAL_IMPACT, USUAL_URGENCY, LinkType
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.own_words import own_words
from helpdesk.tickets.queries.access import NotFound, get_for
from helpdesk.tickets.services import Heard, NewFile, NewTicket, Refused, Said
from helpdesk.tickets.side_talks import SideTalk

MAX_COPIES = 20
"""A message to more people than this is a mailing, not a conversation: nobody is added for it."""


class How(StrEnum):
    """What became of a message."""

    OPENED = "opened"
    JOINED = "joined"
    NOTED = "noted"
    FOLLOWED_UP = "followed-up"
    DOUBTED = "doubted"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody named by a message: an e-mail address, and a name where there is one."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PassedOnBy:
    """Who passed a message on, and what they wrote above it."""

    technician: Person
    words: str


@dataclass(slots=True)
class Inbound:
    """One message from outside, understood by its channel.

    ``thread`` is the number of the ticket that the message answers, where the channel can tell
    (a mail that refers to one of ours). ``quoted`` is a number that merely stands in it: it
    counts for people who take part in that ticket. ``html`` is clean. ``fallback_subject`` is
    used when there are no words at all.
    """

    author: Correspondent
    channel: Channel
    queue: Queue
    happened_at: datetime
    subject: str = ""
    body: str = ""
    html: str | None = None
    files: list[NewFile] = field(default_factory=list)
    copies: list[Correspondent] = field(default_factory=list)
    thread: int | None = None
    # It answers a mail of ours to a supplier, whoever there wrote it.
    answers_supplier: bool = False
    # The side conversation that it answers.
    aside: int | None = None
    quoted: int | None = None
    # An answer that a program gave for its owner; it says nothing for them.
    auto_reply: bool = False
    envelope: dict[str, object] = field(default_factory=dict)
    # Nothing proves that it is from who it says, and its domain says that something should.
    doubted: bool = False
    # Nothing proves it, but somebody said that mail which comes like this is theirs.
    accepted: bool = False
    # It is proven to be from who it says; None: nobody was asked.
    proven: bool | None = None
    # Whether it shows something that only its sender can have from us. Asks.
    answers_us: Callable[[], bool] = lambda: False
    # Its thread is known by more than the address that it was sent to.
    refers: bool = True
    category: Category | None = None
    # What the way it came says of how far it reaches and how urgent it is.
    impact: int | None = None
    urgency: int | None = None
    # A technician sent us what somebody else had written.
    passed_on_by: PassedOnBy | None = None
    # What a technician writes about a ticket goes to its customer; only where it is proven to be
    # from them, and the desk wants that.
    staff_answer: bool = False
    language: str | None = None
    fallback_subject: str = "(no subject)"


@dataclass(frozen=True, slots=True)
class Received:
    """Where a message ended."""

    how: How
    ticket: Ticket
    entry: Entry
    author: Person


def receive(
    inbound: Inbound, *, reopen_days: int, known: dict[str, Person] | None = None
) -> Received:
    """Take a message in. Raises ValueError when its author's address can't be one.

    ``known`` are the authors of many messages, see ``find_or_create_by_address``.
    Needs a transaction; on any error the caller rolls back to where it was and keeps the message
    for a person to look at.
    """
    author, _new = find_or_create_by_address(
        inbound.author.address, inbound.author.name, language=inbound.language, known=known
    )
    ticket = _ticket(inbound.thread)
    related: Ticket | None = None
    talk = db.session.get(SideTalk, inbound.aside) if inbound.aside is not None else None
    if ticket is not None and talk is not None:
        return _join_aside(inbound, author, ticket, talk)
    if ticket is not None and _begins_anew(inbound, author, ticket):
        ticket, related = None, ticket
    if ticket is None and inbound.quoted is not None:
        quoted = _ticket(inbound.quoted)
        if quoted is not None and (
            services.is_participant(quoted, author)
            or services.is_supplier(quoted, author, inbound.author.address)
        ):
            ticket = quoted
        elif quoted is not None and (talk := services.talk_of_member(quoted, author)):
            return _join_aside(inbound, author, quoted, talk)
        else:
            related = quoted
    if ticket is None:
        return _open(inbound, author, related)
    return _join(inbound, author, ticket, reopen_days)


def _begins_anew(inbound: Inbound, author: Person, ticket: Ticket) -> bool:
    """Whether somebody took an old message only to have an address.

    Programs, suppliers and staff do not; and who names the number means that ticket.
    """
    if inbound.auto_reply or inbound.answers_supplier or author.is_technician:
        return False
    if inbound.quoted == ticket.id:
        return False
    return is_another_matter(ticket, inbound.subject, inbound.happened_at, refers=inbound.refers)


def _ticket(number: int | None) -> Ticket | None:
    """Return the ticket that lives on under a number, locked for the change to come."""
    if number is None:
        return None
    try:
        ticket = get_for(SYSTEM, number, lock=True)
        survivor = services.survivor_of(ticket)
        return ticket if survivor is ticket else get_for(SYSTEM, survivor.id, lock=True)
    except NotFound:
        return None


def _open(inbound: Inbound, author: Person, related: Ticket | None) -> Received:
    words = own_words(inbound.body, inbound.envelope)
    entry = services.log_entry(
        SYSTEM,
        NewTicket(
            customer=author,
            subject=inbound.subject or snippet(words, 80) or inbound.fallback_subject,
            body=inbound.body,
            html=inbound.html,
            channel=inbound.channel,
            queue=inbound.queue if inbound.queue.retired_at is None else None,
            category=inbound.category,
            impact=inbound.impact or USUAL_IMPACT,
            urgency=inbound.urgency or USUAL_URGENCY,
            files=inbound.files,
            envelope=inbound.envelope,
            happened_at=inbound.happened_at,
            language=inbound.language,
        ),
    )
    ticket = entry.ticket
    if inbound.passed_on_by is not None:
        _keep_words(inbound.passed_on_by, ticket, inbound.happened_at)
    if not inbound.doubted:
        _let_in(inbound, author, ticket)
    # A link shows the other ticket's subject: a restricted one stays unmentioned.
    if related is not None and related.hidden_at is None and not related.restricted:
        services.link(SYSTEM, ticket, related, LinkType.RELATED)
    return Received(How.OPENED, ticket, entry, author)


def _heard(inbound: Inbound, author: Person) -> Heard:
    return Heard(
        author=author,
        body=inbound.body,
        html=inbound.html,
        subject=inbound.subject,
        channel=inbound.channel,
        files=inbound.files,
        envelope=inbound.envelope,
        happened_at=inbound.happened_at,
    )


def _join(inbound: Inbound, author: Person, ticket: Ticket, reopen_days: int) -> Received:
    heard = _heard(inbound, author)
    of_staff = author.is_technician and author.id not in {ticket.customer_id, ticket.requester_id}
    if _is_doubted(inbound, of_staff):
        return Received(How.DOUBTED, ticket, services.hear_doubted(ticket, heard), author)
    if inbound.auto_reply:
        return Received(How.NOTED, ticket, services.hear_automatic(ticket, heard), author)
    if of_staff:
        may_answer = inbound.staff_answer and (inbound.proven or inbound.answers_us())
        answered = _answer(inbound, author, ticket) if may_answer else None
        if answered is not None:
            return Received(How.ANSWERED, ticket, answered, author)
        return Received(How.NOTED, ticket, services.hear_staff(ticket, heard), author)
    of_supplier = services.is_supplier(ticket, author, inbound.author.address)
    if of_supplier or (inbound.answers_supplier and not services.is_participant(ticket, author)):
        return Received(How.NOTED, ticket, services.hear_supplier(ticket, heard), author)
    # Who merely got hold of a message may add to the ticket, but brings nobody along: those who
    # are let in get copies of every answer from then on.
    takes_part = services.is_participant(ticket, author)
    entry = services.hear(ticket, heard, reopen_days=reopen_days)
    if takes_part:
        _let_in(inbound, author, entry.ticket)
    how = How.JOINED if entry.ticket is ticket else How.FOLLOWED_UP
    return Received(how, entry.ticket, entry, author)


def _join_aside(inbound: Inbound, author: Person, ticket: Ticket, talk: SideTalk) -> Received:
    """File an answer in its side conversation: it stays with staff, whoever wrote it."""
    heard = _heard(inbound, author)
    if _is_doubted(inbound, author.is_technician):
        heard.envelope = {**inbound.envelope, "side": talk.id}
        return Received(How.DOUBTED, ticket, services.hear_doubted(ticket, heard), author)
    if inbound.auto_reply:
        return Received(How.NOTED, ticket, services.hear_automatic_aside(talk, heard), author)
    entry = services.hear_aside(talk, heard, copies=_people_in_copy(inbound))
    return Received(How.NOTED, entry.ticket, entry, author)


def _keep_words(by: PassedOnBy, ticket: Ticket, at: datetime) -> None:
    """Keep what a technician wrote above the message they passed on, for staff."""
    if by.words:
        services.hear_staff(ticket, Heard(author=by.technician, body=by.words, happened_at=at))


def _is_doubted(inbound: Inbound, of_staff: bool) -> bool:
    """Whether a message about a ticket waits until somebody has looked at it.

    Who writes as a member of staff has to be proven, where anybody was asked, or has to answer
    what only they got from us. Others must not have failed.
    """
    if not of_staff:
        return inbound.doubted
    if inbound.accepted:
        return False
    return (inbound.doubted or inbound.proven is False) and not inbound.answers_us()


def receive_by_hand(inbound: Inbound, ticket: Ticket | None) -> Entry:
    """File a message where a person wants it: in this ticket (locked), or in one of its own."""
    author, _new = find_or_create_by_address(
        inbound.author.address, inbound.author.name, language=inbound.language
    )
    if ticket is None:
        return _open(inbound, author, None).entry
    heard = _heard(inbound, author)
    if author.is_technician and author.id not in {ticket.customer_id, ticket.requester_id}:
        return services.hear_staff(ticket, heard)
    # Whoever files it there has decided that it belongs there, however long the ticket is closed.
    return services.hear(ticket, heard, reopen_days=36_500)


def _answer(inbound: Inbound, author: Person, ticket: Ticket) -> Entry | None:
    """Send a technician's mail on to the customer; None where it has to stay a note.

    Only their own words leave, without what they quote: a notice may say what is for staff.
    """
    actor = actor_of(author.id)
    text = own_words(inbound.body, inbound.envelope)
    if actor is None or not text:
        return None
    try:
        # Whoever may not see the ticket on a page does not answer it by mail.
        get_for(actor, ticket.id, permission=Permission.TICKET_WORK)
        return services.reply(actor, ticket, Said(text, inbound.files))
    except (NotFound, Denied, Refused):
        return None


def _let_in(inbound: Inbound, author: Person, ticket: Ticket) -> None:
    """Make those who were sent copies participants of the ticket."""
    for person in _people_in_copy(inbound):
        if person.id != author.id:
            services.add_participant(ticket, person)


def _people_in_copy(inbound: Inbound) -> list[Person]:
    if len(inbound.copies) > MAX_COPIES:
        return []
    found: dict[int, Person] = {}
    for copy in inbound.copies:
        try:
            person, _new = find_or_create_by_address(copy.address, copy.name)
        except ValueError:
            continue
        found[person.id] = person
    return list(found.values())

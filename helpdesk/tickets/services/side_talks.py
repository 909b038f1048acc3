"""Side conversations: writing to suppliers and colleagues about a ticket, and what they answer.

The customer takes no part in them and sees nothing of them. A message of one moves no clock and
no status: what it brings is for staff, who decide what to do with it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.lib.html import markdown_to_html
from helpdesk.lib.text import one_line
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.people.models import Channel, Person
from helpdesk.tickets.events import MessageWithdrawn
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.inbound import Heard, keep_as_note, survivor_of
from helpdesk.tickets.services.open import attach
from helpdesk.tickets.services.talk import Said, check_seen, check_text, check_writable
from helpdesk.tickets.side_talks import HEAR, WRITE, SideEntry, SideMember, SideState, SideTalk

MAX_MEMBERS = 50
"""People of one side conversation; more are a mailing."""


@dataclass(frozen=True, slots=True)
class Aside:
    """To whom something is written beside the customer, under which subject."""

    subject: str
    to: Sequence[Person]
    cc: Sequence[Person] = ()


def write_aside(
    actor: Actor,
    ticket: Ticket,
    aside: Aside,
    said: Said,
    *,
    talk: SideTalk | None = None,
    seen_entry_id: int | None = None,
    hold: int = 0,
    encrypt: bool | None = None,
) -> Entry:
    """Write to others about a ticket: in a new side conversation, or going on with ``talk``.

    Going on, the people named are those it is with from then on; its subject stays. The message
    waits ``hold`` seconds before it leaves, and can be taken back for as long. Raises Denied,
    Refused, Clash.
    """
    check_writable(ticket)
    check_text(said.body, said.files)
    check_people(ticket, aside)
    check_seen(actor, ticket, seen_entry_id)
    act = Act(actor, ticket)
    assert actor.person_id is not None
    if talk is None:
        talk = SideTalk(
            ticket_id=ticket.id,
            subject=one_line(aside.subject, 300) or one_line(ticket.subject, 300),
            opened_by_id=actor.person_id,
            opened_at=act.at,
        )
        db.session.add(talk)
    talk.state, talk.spoken_at, talk.closed_at = SideState.WAITING, act.at, None
    _is_with(talk, aside)
    db.session.flush()
    body = said.body.strip()
    entry = act.done(
        WRITE,
        kind=EntryKind.NOTE,
        body=body,
        html=markdown_to_html(body),
        channel=Channel.EMAIL,
        envelope={
            "side": talk.id,
            "to": [{"id": person.id, "name": person.name} for person in aside.to],
            "cc": [{"id": person.id, "name": person.name} for person in aside.cc],
            **({} if encrypt is None else {"encrypt": encrypt}),
        },
        hold=hold,
        undo_for=hold,
    )
    attach(entry, said.files)
    db.session.add(SideEntry(entry_id=entry.id, talk_id=talk.id))
    db.session.flush()
    return entry


def check_people(ticket: Ticket, aside: Aside) -> None:
    """Raise Refused where nobody is named, too many are, or the customer is one of them."""
    if not aside.to:
        raise Refused("nobody", _l("Say to whom it goes."), "to")
    if len(aside.to) + len(aside.cc) > MAX_MEMBERS:
        raise Refused("too-many", _l("That is more than %(n)d people.", n=MAX_MEMBERS), "to")
    customers = {ticket.customer_id, ticket.requester_id}
    if any(person.id in customers for person in (*aside.to, *aside.cc)):
        words = _l("The customer is not written to in a side conversation. Answer them publicly.")
        raise Refused("customer-aside", words, "to")


def _is_with(talk: SideTalk, aside: Aside) -> None:
    """Note whom a conversation is with from now on; who is not named any more has left it."""
    known = {row.person_id: row for row in talk.members}
    named = {person.id: False for person in aside.to}
    for person in aside.cc:
        named.setdefault(person.id, True)
    for person_id, row in known.items():
        row.gone = person_id not in named
    for person_id, copy in named.items():
        if person_id in known:
            known[person_id].copy = copy
        else:
            talk.members.append(SideMember(person_id=person_id, copy=copy))


def hear_aside(
    talk: SideTalk, heard: Heard, *, copies: Iterable[Person] = (), actor: Actor = SYSTEM
) -> Entry:
    """Take in what was answered in a side conversation, as a note of its ticket.

    The ticket stays as it is; a closed conversation is open again. Whoever has part in the
    conversation brings along those who got copies. A merged ticket's messages go to the survivor.
    """
    heard.envelope = {**(heard.envelope or {}), "side": talk.id}
    ticket = survivor_of(talk.ticket)
    entry = keep_as_note(HEAR, ticket, heard, actor)
    of_it = {row.person_id for row in talk.members}
    if heard.author.id in of_it:
        _bring(talk, copies, {*of_it, ticket.customer_id, ticket.requester_id})
    elif heard.author.id != ticket.customer_id:
        talk.members.append(SideMember(person_id=heard.author.id, copy=False))
    for row in talk.members:
        if row.person_id == heard.author.id:
            row.gone = False
    talk.state, talk.spoken_at, talk.closed_at = SideState.ANSWERED, entry.happened_at, None
    db.session.add(SideEntry(entry_id=entry.id, talk_id=talk.id))
    db.session.flush()
    return entry


def hear_automatic_aside(talk: SideTalk, heard: Heard, *, actor: Actor = SYSTEM) -> Entry:
    """Keep an answer that nobody wrote with its conversation, which goes on waiting."""
    heard.envelope = {**(heard.envelope or {}), "side": talk.id}
    entry = keep_as_note("hear-automatic", survivor_of(talk.ticket), heard, actor)
    db.session.add(SideEntry(entry_id=entry.id, talk_id=talk.id))
    db.session.flush()
    return entry


def _bring(talk: SideTalk, copies: Iterable[Person], known: Collection[int | None]) -> None:
    fresh = {person.id: person for person in copies if person.id not in known}
    for person_id in list(fresh)[: MAX_MEMBERS - len(talk.members)]:
        talk.members.append(SideMember(person_id=person_id, copy=True))


def close_aside(actor: Actor, ticket: Ticket, talk: SideTalk, *, undo_for: int = 0) -> Entry | None:
    """Say that nothing more is expected in a conversation. None when it is closed already.

    What is answered in it all the same opens it again. Raises Denied.
    """
    if talk.closed_at is not None:
        return None
    act = Act(actor, ticket)
    talk.state, talk.closed_at = SideState.CLOSED, act.at
    act.note_change("side_talk", None, {"id": talk.id})
    return act.done("close-aside", undo_for=undo_for)


def reopen_aside(actor: Actor, ticket: Ticket, talk: SideTalk) -> Entry | None:
    """Go on with a closed conversation. None when it is open. Raises Denied."""
    if talk.closed_at is None:
        return None
    act = Act(actor, ticket)
    talk.closed_at, talk.state = None, _state_of(talk)
    act.note_change("side_talk", {"id": talk.id}, None)
    return act.done("reopen-aside")


def on_withdrawn(event: MessageWithdrawn) -> None:
    """Let a conversation stand as it did before a message that is taken back."""
    of_it = db.session.get(SideEntry, event.entry.id)
    if of_it is not None:
        talk = of_it.talk
        talk.state = _state_of(talk, without=event.entry.id)


def undo_close(ticket: Ticket, talk_id: int) -> None:
    """Open a conversation again because its closing is taken back."""
    talk = db.session.get(SideTalk, talk_id)
    if talk is not None and talk.ticket_id == ticket.id and talk.closed_at is not None:
        talk.closed_at, talk.state = None, _state_of(talk)


def _state_of(talk: SideTalk, without: int = 0) -> SideState:
    """Return how an open conversation stands, by who wrote last."""
    verb = db.session.scalar(
        select(Entry.verb)
        .join(SideEntry, SideEntry.entry_id == Entry.id)
        .where(
            SideEntry.talk_id == talk.id,
            Entry.id != without,
            Entry.verb.in_((WRITE, HEAR)),
            Entry.withdrawn_at.is_(None),
        )
        .order_by(Entry.id.desc())
        .limit(1)
    )
    if verb is None:
        return SideState.WITHDRAWN
    return SideState.WAITING if verb == WRITE else SideState.ANSWERED


def forget_subject(entry: Entry) -> None:
    """Forget the subject of a conversation whose first message is redacted; it is part of that."""
    of_it = db.session.get(SideEntry, entry.id)
    if of_it is None:
        return
    first = select(func.min(SideEntry.entry_id)).where(SideEntry.talk_id == of_it.talk_id)
    if db.session.scalar(first) == entry.id:
        of_it.talk.subject = ""


def talk_of(entry: Entry) -> int | None:
    """Return the key of the side conversation that an entry stands in."""
    found = (entry.envelope or {}).get("side")
    return found if isinstance(found, int) else None


def writers_of(talk_id: int) -> Sequence[int]:
    """Return which members of staff wrote in a conversation, by their keys."""
    rows = db.session.scalars(
        select(Entry.author_id)
        .join(SideEntry, SideEntry.entry_id == Entry.id)
        .where(SideEntry.talk_id == talk_id, Entry.verb == WRITE)
        .distinct()
    )
    return [key for key in rows if key is not None]


def talk_of_member(ticket: Ticket, person: Person) -> SideTalk | None:
    """Return the newest side conversation of a ticket that a person has part in."""
    return db.session.scalar(
        select(SideTalk)
        .join(SideMember, SideMember.talk_id == SideTalk.id)
        .join(Ticket, Ticket.id == SideTalk.ticket_id)
        .where(
            (Ticket.id == ticket.id) | (Ticket.merged_into_id == ticket.id),
            SideMember.person_id == person.id,
            SideTalk.state != SideState.WITHDRAWN,
        )
        .order_by(SideTalk.spoken_at.desc(), SideTalk.id.desc())
        .limit(1)
    )

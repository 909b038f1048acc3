"""Messages whose sender could not be verified: kept for staff, until somebody decides."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM, Actor, Permission
from helpdesk.tickets.companions import Doubt
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.inbound import Heard, hear, keep_as_note
from helpdesk.tickets.services.open import NewFile
from helpdesk.tickets.services.side_talks import hear_aside, talk_of
from helpdesk.tickets.side_talks import SideTalk

VERB = "hear-doubted"


def hear_doubted(ticket: Ticket, heard: Heard, *, actor: Actor = SYSTEM) -> Entry:
    """Keep a message as a note that waits for a decision, because its sender may be forged.

    It wakes and reopens nothing, moves no clock, and the customer never sees it. A merged
    ticket's messages go to the survivor.
    """
    entry = keep_as_note(VERB, ticket, heard, actor)
    db.session.add(Doubt(entry_id=entry.id))
    db.session.flush()
    return entry


def believe(actor: Actor, ticket: Ticket, entry: Entry, *, reopen_days: int) -> Entry:
    """Say that a message is from who it says: it is heard as their message, with its files.

    The note stays where it is; a colleague’s needs no more. Returns the entry that counts;
    raises Denied and Refused.
    """
    _decide(actor, entry, believed=True)
    assert entry.author is not None
    talk = db.session.get(SideTalk, talk_of(entry)) if talk_of(entry) is not None else None
    customers = {ticket.customer_id, ticket.requester_id}
    if talk is None and entry.author.is_technician and entry.author_id not in customers:
        # A colleague's message is a note, and that it is already.
        return entry
    heard = Heard(
        author=entry.author,
        body=entry.body,
        html=entry.html,
        channel=entry.channel,
        files=[
            NewFile(row.sha256, row.name, row.content_type, row.size, row.content_id)
            for row in entry.attachments
            if row.redacted_at is None
        ],
        envelope={**(entry.envelope or {}), "believed": entry.id},
        happened_at=now(),
    )
    if talk is not None:
        return hear_aside(talk, heard, actor=actor)
    return hear(ticket, heard, reopen_days=reopen_days, actor=actor)


def disbelieve(actor: Actor, entry: Entry) -> None:
    """Say that a message is not from who it says. It stays a note. Raises Denied and Refused."""
    _decide(actor, entry, believed=False)


def _decide(actor: Actor, entry: Entry, *, believed: bool) -> None:
    actor.demand(Permission.TICKET_WORK)
    # Two who decide at the same moment: the second finds it decided.
    doubt = db.session.scalar(select(Doubt).where(Doubt.entry_id == entry.id).with_for_update())
    if doubt is None or entry.redacted_at is not None or entry.author is None:
        raise Refused("not-doubted", _l("There is nothing to decide about this message."))
    if doubt.believed is not None:
        raise Refused("decided", _l("Somebody decided about this message meanwhile."))
    doubt.believed, doubt.decided_at, doubt.decided_by_id = believed, now(), actor.person_id
    db.session.flush()

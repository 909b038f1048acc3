"""Mailboxes that are tried out: what leaves by itself waits, or everything that leaves does.

Receipts and other notices to customers are looked at again when they may leave, and dropped when
they are news no more. What a program of ours wrote and nobody will wait for is dropped after the
same time; an answer that a person wrote waits until somebody decides.
"""

from datetime import datetime, timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func, or_, select, update

from helpdesk.channels.email.mailboxes import desk_language, sender_for
from helpdesk.channels.email.models import Mailbox, Speaks
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import by_mail, escalated, outbox
from helpdesk.notify.models import HELD, UNSENT, OutboxMessage, Sending
from helpdesk.notify.reasons import KEPT
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.talk import AUTO_REPLY

REASON = "muted"
PAUSE = timedelta(minutes=10)
"""How often what waits is looked at; when a mailbox is let speak, everything is at once."""
_TO_STAFF = frozenset({by_mail.KIND, escalated.KIND})


def is_muted(ticket: Ticket) -> bool:
    """Whether nothing may leave by itself about a ticket."""
    mailbox = sender_for(ticket)
    return mailbox is not None and mailbox.speaks != Speaks.ALL


def muted_until() -> datetime:
    """Return when what waits is looked at again."""
    return now() + PAUSE


def answers_wait(ticket: Ticket) -> Mailbox | None:
    """Return the mailbox through which an answer on a ticket would wait."""
    mailbox = sender_for(ticket)
    return mailbox if mailbox is not None and mailbox.speaks == Speaks.NOTHING else None


def holds(message: OutboxMessage, mailbox: Mailbox) -> bool:
    """Whether a message may not leave through a mailbox yet.

    It is about mail to customers and suppliers: links to sign in, and what staff are told, leave.
    """
    if mailbox.speaks == Speaks.ALL or message.ticket_id is None or message.kind in _TO_STAFF:
        return False
    return mailbox.speaks == Speaks.NOTHING or not _by_a_person(message)


def _by_a_person(message: OutboxMessage) -> bool:
    entry = message.entry
    return entry is not None and entry.author_id is not None and entry.verb != AUTO_REPLY


def held_back(message: OutboxMessage, mailbox: Mailbox) -> bool:
    """Put a claimed message back that may not leave yet; whether it was. Needs a transaction."""
    if not holds(message, mailbox):
        return False
    message.reason = REASON
    if not _by_a_person(message) and message.created_at < now() - KEPT:
        outbox.cancelled(message)
        return True
    with force_locale(desk_language()):
        words = _("Mailbox %(name)s is muted: it leaves when that ends.", name=mailbox.name)
    outbox.give_back(message, words, until=muted_until())
    return True


def waiting(mailbox: Mailbox) -> int:
    """Return how many messages wait because a mailbox is muted."""
    return db.session.scalar(select(func.count(OutboxMessage.id)).where(_waits(mailbox))) or 0


def _waits(mailbox: Mailbox) -> ColumnElement[bool]:
    """What waits for a mailbox; for the default one also what belongs to none."""
    mine = OutboxMessage.mailbox_id == mailbox.id
    if mailbox.is_default:
        mine = or_(mine, OutboxMessage.mailbox_id.is_(None))
    return and_(UNSENT, mine, OutboxMessage.reason == REASON)


def let_go(mailbox: Mailbox, *, drop: bool) -> None:
    """Look at once at what waits, after a mailbox was let speak; ``drop`` what was written so far.

    What customers are told by itself belongs to no mailbox before it is told: all of it is looked
    at, and what still may not leave waits on.
    """
    mine = _waits(mailbox)
    if drop:
        for message in db.session.scalars(select(OutboxMessage).where(mine)):
            outbox.cancelled(message)
    notices: ColumnElement[bool] = and_(HELD, OutboxMessage.reason == REASON)
    for which in (mine, notices):
        db.session.execute(
            update(OutboxMessage)
            .where(which, OutboxMessage.state.in_((Sending.QUEUED, Sending.HELD)))
            .values(next_try_at=now())
            .execution_options(synchronize_session=False)
        )

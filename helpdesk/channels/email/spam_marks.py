"""Saying of a message in the ledger or the quarantine that it is spam, and taking that back.

What opened a ticket goes to the bin with that ticket, by the verb that does it everywhere; what
waits in the quarantine is put aside, and the quarantine it waited in is remembered.
"""

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete

from helpdesk.channels.email import spam
from helpdesk.channels.email.ingest import Fate, file_again
from helpdesk.channels.email.ledger import may_read
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.spam_models import SpamMark, SpamSender
from helpdesk.channels.inbound import How
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.lifecycle import BinReason
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused

SPAM = "spam"
_OPENED = frozenset({How.OPENED, How.FOLLOWED_UP, "refiled"})


def ticket_of(message: MailMessage) -> int | None:
    """Return the ticket that a message opened and that is not in the bin; None for all others."""
    if message.state != State.FILED or message.reason not in _OPENED or message.ticket is None:
        return None
    return message.ticket_id if message.ticket.hidden_at is None else None


def may_be_marked(actor: Actor, message: MailMessage) -> bool:
    """Whether the actor can say of a message that it is spam."""
    if not actor.can(Permission.TICKET_BIN) or not may_read(actor, message):
        return False
    return message.state == State.QUARANTINED or ticket_of(message) is not None


def may_be_unmarked(actor: Actor, message: MailMessage) -> bool:
    """Whether a message counts as spam, and the actor can say that it is none."""
    if not actor.can(Permission.TICKET_BIN) or not may_read(actor, message):
        return False
    if message.state == State.IGNORED and message.reason == SPAM:
        return message.raw_sha256 is not None
    return binned_with(message) is not None


def binned_with(message: MailMessage) -> int | None:
    """Return the ticket in the bin that a message opened and that was called spam."""
    ticket = message.ticket
    if message.state != State.FILED or message.reason not in _OPENED or ticket is None:
        return None
    spam_there = ticket.hidden_at is not None and ticket.bin_reason == BinReason.SPAM
    return ticket.id if spam_there else None


def put_aside(actor: Actor, message: MailMessage, whose: str) -> None:
    """Put aside what waits in the quarantine, and all further mail of its sender.

    ``whose``: "sender", "domain" ("domain-sure" when it is a customer's and somebody was asked),
    or nothing for this message alone. Raises Denied, NotFound, Refused.
    """
    actor.demand(Permission.SETUP_MAIL)
    actor.demand(Permission.TICKET_BIN)
    if not may_read(actor, message):
        raise NotFound
    if message.state != State.QUARANTINED:
        raise Refused("not-quarantined", _l("This message is not in the quarantine any more."))
    value = ""
    if whose and message.sender:
        value = spam.value_of(message.sender, whose)
        spam.check_may_block(value, sure=whose.endswith(spam.SURE))
        value = value if spam.remember(actor, value) is not None else ""
    db.session.add(
        SpamMark(message_id=message.id, reason=message.reason, error=message.error, value=value)
    )
    message.state, message.reason, message.error = State.IGNORED, SPAM, ""
    message.settled_at = now()
    message.to_move = message.mailbox is not None and bool(message.mailbox.move_to)
    audit.record(actor, "mail-spam", message, label=message.subject or message.sender)
    db.session.flush()


def take_back(actor: Actor, message: MailMessage) -> Fate | None:
    """Say that what was put aside is no spam; its sender leaves the list.

    What a person put aside waits in the quarantine again (None); what the list put aside is
    filed. Raises Denied, NotFound, Refused.
    """
    actor.demand(Permission.SETUP_MAIL)
    actor.demand(Permission.TICKET_BIN)
    if not may_read(actor, message):
        raise NotFound
    if message.state != State.IGNORED or message.reason != SPAM:
        raise Refused("not-spam", _l("This message does not count as spam any more."))
    mark = db.session.get(SpamMark, message.id)
    if mark is None and message.raw_sha256 is None:
        raise Refused("raw-gone", _l("This message is not kept here; there is nothing to try."))
    audit.record(actor, "mail-no-spam", message, label=message.subject or message.sender)
    if mark is None:
        while found := spam.listed_among([message.sender]).get(message.sender):
            spam.forget(actor, db.session.get_one(SpamSender, found))
        return file_again(message)
    message.state, message.reason, message.error = State.QUARANTINED, mark.reason, mark.error
    message.settled_at, message.to_move = now(), False
    if mark.value:
        db.session.execute(delete(SpamSender).where(SpamSender.value == mark.value))
    db.session.delete(mark)
    db.session.flush()
    return None

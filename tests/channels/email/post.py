"""What the tests of mail share: writing messages, setting mailboxes up, looking at the ledger."""

import itertools
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from sqlalchemy import select

from helpdesk.channels.email import set_up
from helpdesk.channels.email.models import Mailbox, MailMessage
from helpdesk.channels.email.set_up import MailboxSettings
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.support import dovecot, smtp

_numbers = itertools.count(1)


def letter(
    subject: str = "The printer is out of toner",
    body: str = "It prints blank pages.\n",
    *,
    sender: str = "Ho Mei-Ling <mei-ling@customer.example>",
    to: str = "support@desk.example",
    **headers: str,
) -> EmailMessage:
    """Write a message; further headers are named with underscores (``In_Reply_To``)."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = headers.pop("Date", format_datetime(now()))
    message["Message-ID"] = headers.pop("Message_ID", f"<test{next(_numbers)}@customer.example>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message


def mailbox(
    account: dovecot.Account | None = None,
    receiver: smtp.Receiver | None = None,
    *,
    queue: Queue | None = None,
    **settings: Any,
) -> Mailbox:
    """Set up a mailbox that is read from ``account`` and sends to ``receiver``."""
    queue = queue or factories.queue()
    given: dict[str, Any] = {
        "name": "Northline IT",
        "addresses": ["support@desk.example"],
        "queue_id": queue.id,
        "imap_host": "127.0.0.1",
        "imap_port": account.server.port if account else 9,
        "imap_tls": "none",
        "imap_user": account.user if account else "nobody",
        "imap_password": account.password if account else "secret",
        "smtp_host": "127.0.0.1" if receiver else "",
        "smtp_port": receiver.port if receiver else 25,
        "smtp_tls": "none",
    }
    with transaction():
        return set_up.add(SYSTEM, MailboxSettings(**{**given, **settings}))


def ledger() -> list[MailMessage]:
    """Return every line of the ledger, oldest first."""
    db.session.expire_all()
    return list(db.session.scalars(select(MailMessage).order_by(MailMessage.id)))


def outbox() -> list[OutboxMessage]:
    """Return every row of the outbox, oldest first."""
    db.session.expire_all()
    return list(db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def tickets() -> list[Ticket]:
    """Return every ticket, oldest first."""
    db.session.expire_all()
    return list(db.session.scalars(select(Ticket).order_by(Ticket.id)))


def entries(ticket: Ticket, *verbs: str) -> list[Entry]:
    """Return a ticket's journal entries, those of these verbs if any are given."""
    statement = select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.id)
    if verbs:
        statement = statement.where(Entry.verb.in_(verbs))
    return list(db.session.scalars(statement))


def answer(ticket: Ticket, body: str = "Hello", **options: Any) -> Entry:
    """Let a technician answer on a ticket."""
    with transaction():
        return services.reply(factories.actor(), ticket, services.Said(body=body), **options)

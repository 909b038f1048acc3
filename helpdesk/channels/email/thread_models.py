"""Tables of what leads mail to its place: further names of filed mail, and aliases of mailboxes."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.channels.email.models import Mailbox
from helpdesk.db import BigId, Model
from helpdesk.tickets.desk import Category, Queue
from helpdesk.tickets.models import Ticket


class MailTrace(Model):
    """By what else than its Message-ID a filed mail is known: an id it had, Outlook's thread."""

    __tablename__ = "mail_trace"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(255), index=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)

    ticket: Mapped[Ticket] = relationship()


class MailAlias(Model):
    """An address whose mail goes to a queue of its own. ``*`` in it stands for anything."""

    __tablename__ = "mail_alias"
    __table_args__ = (UniqueConstraint("mailbox_id", "pattern"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    pattern: Mapped[str] = mapped_column(String(320))
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), index=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    # How far it reaches and how urgent it is; where one is empty, as for all new tickets.
    impact: Mapped[int | None] = mapped_column()
    urgency: Mapped[int | None] = mapped_column()

    mailbox: Mapped[Mailbox] = relationship()
    queue: Mapped[Queue] = relationship()
    category: Mapped[Category | None] = relationship()

"""What it takes to read a mailbox, read once from its settings."""

from dataclasses import dataclass
from datetime import datetime

from helpdesk.channels.email import lease
from helpdesk.channels.email.models import Kind, Mailbox
from helpdesk.channels.email.secrets import Unreadable, open_sealed
from helpdesk.channels.email.signing_in import Server
from helpdesk.channels.email.tokens import source_of
from helpdesk.channels.email.trouble import explain
from helpdesk.db import db


@dataclass(frozen=True, slots=True)
class Box:
    """What it takes to read a mailbox, as plain values that outlive the transaction."""

    id: int
    name: str
    server: Server
    folder: str
    move_to: str
    copies: bool
    queue_id: int
    place: int
    uidvalidity: int | None
    last_uid: int
    only_new: bool
    not_before: datetime | None
    version: int


def box_of(mailbox_id: int) -> Box:
    """Read a mailbox's settings. Raises Lost when it is not in use, Trouble for its password."""
    db.session.rollback()
    row = db.session.get(Mailbox, mailbox_id, populate_existing=True)
    if row is None or not row.active or row.retired_at is not None or row.kind != Kind.IMAP:
        raise lease.Lost
    try:
        server = server_of(row)
    except Unreadable as error:
        raise explain(error, row.imap_host, row.imap_port) from error
    box = Box(
        id=row.id,
        name=row.name,
        server=server,
        folder=row.folder,
        move_to=row.move_to,
        copies=row.copies,
        queue_id=row.queue_id,
        place=row.place,
        uidvalidity=row.uidvalidity,
        last_uid=row.last_uid,
        only_new=row.only_new,
        not_before=row.not_before,
        version=row.version,
    )
    db.session.rollback()
    return box


def server_of(mailbox: Mailbox) -> Server:
    """Return where a mailbox is read. Raises Unreadable."""
    return Server(
        mailbox.imap_host,
        mailbox.imap_port,
        mailbox.imap_tls,
        mailbox.imap_user,
        open_sealed(mailbox.imap_secret),
        source_of(mailbox),
    )

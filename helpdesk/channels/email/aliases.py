"""Addresses of a mailbox whose mail goes to a queue of its own.

``support+printer@desk.example`` or ``*@printers.example``: what a server says it delivered to
counts before To and Cc, an exact address before one with ``*``, a longer pattern before a shorter.
"""

import re
from collections.abc import Iterable, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.thread_models import MailAlias
from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.desk import Category, Queue
from helpdesk.tickets.services import Refused

LARGEST = 2**62
MOST = 500
"""Aliases of one mailbox."""
_PATTERN = re.compile(
    r"[^\s\x00-\x1f\x7f<>()\[\],;:@\"]{1,200}@[^\s\x00-\x1f\x7f<>()\[\],;:@\"*]{1,119}"
)


def aliases_of(mailbox_ids: Iterable[int | None]) -> dict[int, list[MailAlias]]:
    """Return the aliases of mailboxes, the most precise first. One query."""
    asked = {key for key in mailbox_ids if key is not None}
    if not asked:
        return {}
    found: dict[int, list[MailAlias]] = {}
    rows = db.session.scalars(
        select(MailAlias)
        .where(MailAlias.mailbox_id.in_(asked))
        .options(joinedload(MailAlias.queue), joinedload(MailAlias.category))
    )
    for row in sorted(rows, key=_precision):
        found.setdefault(row.mailbox_id, []).append(row)
    return found


def _precision(row: MailAlias) -> tuple[bool, int, str]:
    return "*" in row.pattern, -len(row.pattern), row.pattern


def alias_for(recipients: Sequence[str], aliases: Sequence[MailAlias]) -> MailAlias | None:
    """Return the alias that a message came to; recipients nearest to us first."""
    for address in recipients:
        for row in aliases:
            if matches(row.pattern, address) and row.queue.retired_at is None:
                return row
    return None


def matches(pattern: str, address: str) -> bool:
    """Whether an address is one that a pattern means; both in lower case."""
    if "*" not in pattern:
        return pattern == address
    first, *parts = pattern.split("*")
    last = parts.pop()
    if not address.startswith(first) or not address[len(first) :].endswith(last):
        return False
    at, stop = len(first), len(address) - len(last)
    for part in parts:
        at = address.find(part, at, stop)
        if at < 0:
            return False
        at += len(part)
    return True


def add(
    actor: Actor, mailbox: Mailbox, typed: str, queue_id: int, category_id: int | None
) -> MailAlias:
    """Let mail to an address go to a queue. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_MAIL)
    pattern = typed.strip().lower()
    if _PATTERN.fullmatch(pattern) is None:
        message = _l("Type an address, for instance support+printer@example.org.")
        raise Refused("address", message, "value")
    queue = db.session.get(Queue, queue_id) if 0 < queue_id < LARGEST else None
    if queue is None or queue.retired_at is not None:
        raise Refused("queue", _l("Choose the queue that this mail goes to."), "queue_id")
    category = (
        db.session.get(Category, category_id) if category_id and category_id < LARGEST else None
    )
    there = aliases_of([mailbox.id]).get(mailbox.id, [])
    if any(one.pattern == pattern for one in there):
        raise Refused("address-taken", _l("This address is on the list already."), "value")
    if len(there) >= MOST:
        raise Refused("too-many", _l("There are too many addresses on the list."), "value")
    row = MailAlias(mailbox=mailbox, pattern=pattern, queue=queue, category=category)
    db.session.add(row)
    db.session.flush()
    audit.record(
        actor,
        "mail-alias-added",
        mailbox,
        {"address": [None, pattern], "queue": [None, queue.name]},
    )
    return row


def remove(actor: Actor, row: MailAlias) -> None:
    """Take an address off the list; its mail goes where all mail goes. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    changes = {"address": [row.pattern, None], "queue": [row.queue.name, None]}
    audit.record(actor, "mail-alias-removed", row.mailbox, changes)
    db.session.delete(row)
    db.session.flush()

"""Addresses of a mailbox whose mail goes to a queue of its own.

``support+printer@desk.example`` or ``*@printers.example``: what a server says it delivered to
counts before To and Cc, an exact address before one with ``*``, a longer pattern before a shorter.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.thread_models import MailAlias
from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.desk import Category, Queue
from helpdesk.tickets.lifecycle import LEVELS
from helpdesk.tickets.services import Refused

LARGEST = 2**62
MOST = 500
"""Aliases of one mailbox."""
_PATTERN = re.compile(
    r"[^\s\x00-\x1f\x7f<>()\[\],;:@\"]{1,200}@[^\s\x00-\x1f\x7f<>()\[\],;:@\"*]{1,119}"
)


@dataclass(frozen=True, slots=True)
class Leads:
    """Where mail to an address goes, and what its tickets begin with; None: as everywhere."""

    queue_id: int
    category_id: int | None = None
    impact: int | None = None
    urgency: int | None = None


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


def category_of(alias: MailAlias) -> Category | None:
    """Return the category of an alias, as long as it is in use."""
    category = alias.category
    return category if category is not None and category.retired_at is None else None


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


def add(actor: Actor, mailbox: Mailbox, typed: str, to: Leads) -> MailAlias:
    """Let mail to an address go to a queue. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_MAIL)
    pattern = typed.strip().lower()
    if _PATTERN.fullmatch(pattern) is None:
        message = _l("Type an address, for instance support+printer@example.org.")
        raise Refused("address", message, "value")
    queue = db.session.get(Queue, to.queue_id) if 0 < to.queue_id < LARGEST else None
    if queue is None or queue.retired_at is not None:
        raise Refused("queue", _l("Choose the queue that this mail goes to."), "queue_id")
    category = (
        db.session.get(Category, to.category_id)
        if to.category_id and to.category_id < LARGEST
        else None
    )
    for name, level in (("impact", to.impact), ("urgency", to.urgency)):
        if level is not None and level not in LEVELS:
            raise Refused("level-unknown", _l("Impact and urgency go from 1 to 3."), name)
    there = aliases_of([mailbox.id]).get(mailbox.id, [])
    if any(one.pattern == pattern for one in there):
        raise Refused("address-taken", _l("This address is on the list already."), "value")
    if len(there) >= MOST:
        raise Refused("too-many", _l("There are too many addresses on the list."), "value")
    row = MailAlias(
        mailbox=mailbox,
        pattern=pattern,
        queue=queue,
        category=category,
        impact=to.impact,
        urgency=to.urgency,
    )
    db.session.add(row)
    db.session.flush()
    changes: dict[str, list[object]] = {"address": [None, pattern], "queue": [None, queue.name]}
    levels = {"impact": to.impact, "urgency": to.urgency}
    changes |= {name: [None, level] for name, level in levels.items() if level is not None}
    audit.record(actor, "mail-alias-added", mailbox, changes)
    return row


def remove(actor: Actor, row: MailAlias) -> None:
    """Take an address off the list; its mail goes where all mail goes. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    changes = {"address": [row.pattern, None], "queue": [row.queue.name, None]}
    audit.record(actor, "mail-alias-removed", row.mailbox, changes)
    db.session.delete(row)
    db.session.flush()

"""Who reads a mailbox: one process at a time, by a lease that is claimed with one UPDATE.

A lease lasts a minute and is renewed while its holder works. When the holder died on this very
host its lease is taken at once, so that a restart does not wait for it to run out.
"""

import os
import socket
import uuid
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import or_, select, update

from helpdesk.channels.email.models import Mailbox
from helpdesk.db import db
from helpdesk.lib.clock import now

LEASE_SECONDS = 60
RENEW_SECONDS = 20


class Lost(Exception):
    """Somebody else reads the mailbox now, or it was switched off."""


@cache
def _host() -> str:
    """Name this host and the space in which its process numbers mean something."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        space = "0"
    return f"{socket.gethostname()[:60]}/{space}"


def new_holder() -> str:
    """Return a name for somebody who reads a mailbox: host, process, and a random part."""
    return f"{_host()} {os.getpid()} {uuid.uuid4().hex[:12]}"


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this host that is no more."""
    host, _, rest = holder.partition(" ")
    pid = rest.partition(" ")[0]
    if host != _host() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def looks_free(mailbox: Mailbox) -> bool:
    """Whether it is worth trying to claim a mailbox; the claim itself decides."""
    if mailbox.lease_holder is None or mailbox.lease_until is None:
        return True
    return mailbox.lease_until < now() or _is_dead(mailbox.lease_holder)


def claim(mailbox_id: int, holder: str) -> bool:
    """Try to become the reader of an active mailbox. Needs a transaction."""
    row = db.session.execute(
        select(Mailbox.lease_holder, Mailbox.lease_until).where(Mailbox.id == mailbox_id)
    ).one_or_none()
    if row is None:
        return False
    free = or_(Mailbox.lease_until.is_(None), Mailbox.lease_until < now())
    if row.lease_holder is not None and (row.lease_holder == holder or _is_dead(row.lease_holder)):
        free = or_(free, Mailbox.lease_holder == row.lease_holder)
    taken = db.session.execute(
        update(Mailbox)
        .where(Mailbox.id == mailbox_id, Mailbox.active, Mailbox.retired_at.is_(None), free)
        .values(lease_holder=holder, lease_until=_end())
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def hold(mailbox_id: int, holder: str, **progress: object) -> None:
    """Renew the lease and record progress with it, in the same UPDATE. Raises Lost.

    Every transaction of a reader goes through here, so one that was asleep for too long writes
    nothing.
    """
    kept = db.session.execute(
        update(Mailbox)
        .where(Mailbox.id == mailbox_id, Mailbox.active, Mailbox.lease_holder == holder)
        .values(lease_until=_end(), **progress)
        .execution_options(synchronize_session=False)
    )
    if not kept.rowcount:  # type: ignore[attr-defined]
        raise Lost


def release(mailbox_id: int, holder: str) -> None:
    """Give the mailbox back. Needs a transaction."""
    db.session.execute(
        update(Mailbox)
        .where(Mailbox.id == mailbox_id, Mailbox.lease_holder == holder)
        .values(lease_holder=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def _end() -> datetime:
    return now() + timedelta(seconds=LEASE_SECONDS)

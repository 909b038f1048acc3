"""How fast a mailbox may send: its server takes so many messages a minute, so many an hour.

What left is counted in slots of ten seconds, so a minute and an hour are the last ones wherever
they begin, and never more leaves than was said. Who claims counts, with the mailbox locked, so
several workers share one limit. A claim whose message does not leave after all has used its
place; that errs on the side of the server.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, func, select, update

from helpdesk.channels.email.models import Mailbox, MailPace
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify.models import Rank

SLOT = 10
MINUTE = 60
HOUR = 3600
KEPT_FREE = 10
"""One of so many places is kept for what people write."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages that may leave in any minute and in any hour; 0 stands for any number."""

    per_minute: int = 0
    per_hour: int = 0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.per_minute > 0 or self.per_hour > 0


def _slot(moment: datetime, before: int = 0) -> int:
    return (int(moment.timestamp()) - before) // SLOT


def room(mailbox_id: int, limits: Limits) -> Rank | None:
    """Return down to which rank a message may leave now; None when none may.

    Holds the mailbox until the transaction ends. The last tenth of what may leave is for people.
    """
    if not limits:
        return Rank.AUTOMATIC
    db.session.execute(select(Mailbox.id).where(Mailbox.id == mailbox_id).with_for_update())
    return _room(mailbox_id, limits)


def _room(mailbox_id: int, limits: Limits) -> Rank | None:
    minute, hour = _used(mailbox_id)
    shares = [
        (limit, limit - used)
        for limit, used in ((limits.per_minute, minute), (limits.per_hour, hour))
        if limit > 0
    ]
    if any(free <= 0 for _limit, free in shares):
        return None
    if any(free <= limit // KEPT_FREE for limit, free in shares):
        return Rank.PERSON
    return Rank.AUTOMATIC


def is_full(mailbox: Mailbox) -> bool:
    """Whether messages of a mailbox wait because of its limits. Reads only."""
    limits = Limits(mailbox.per_minute, mailbox.per_hour)
    return bool(limits) and _room(mailbox.id, limits) is not Rank.AUTOMATIC


def _used(mailbox_id: int) -> tuple[int, int]:
    """Return how many left within the last minute and the last hour, begun slots included."""
    moment = now()
    recent = case((MailPace.slot >= _slot(moment, MINUTE), MailPace.count), else_=0)
    minute, hour = db.session.execute(
        select(
            func.coalesce(func.sum(recent), 0), func.coalesce(func.sum(MailPace.count), 0)
        ).where(MailPace.mailbox_id == mailbox_id, MailPace.slot >= _slot(moment, HOUR))
    ).one()
    return int(minute), int(hour)


def count(mailbox_id: int, limits: Limits) -> None:
    """Count one message that is about to leave. The mailbox is held, see ``room``."""
    if not limits:
        return
    moment = now()
    here = (MailPace.mailbox_id == mailbox_id, MailPace.slot == _slot(moment))
    known = db.session.scalar(
        update(MailPace)
        .where(*here)
        .values(count=MailPace.count + 1)
        .returning(MailPace.count)
        .execution_options(synchronize_session=False)
    )
    if known is None:
        db.session.add(MailPace(mailbox_id=mailbox_id, slot=_slot(moment), count=1))
        db.session.execute(
            delete(MailPace)
            .where(MailPace.mailbox_id == mailbox_id, MailPace.slot < _slot(moment, HOUR))
            .execution_options(synchronize_session=False)
        )
        db.session.flush()

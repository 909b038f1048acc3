"""What the demo desk tells: its customers by itself, one of its technicians by mail.

The desk has told customers for a few days, so only the tickets of these days have lines about it.
Nothing leaves the machine: without a mail server of its own the demo keeps what it would send.
"""

from datetime import datetime, time, timedelta

from sqlalchemy import func, or_, select, update

from helpdesk.db import db
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.notify import customers
from helpdesk.notify.models import HELD, Notice, OutboxMessage
from helpdesk.notify.quiet import QuietHours
from helpdesk.notify.telling import SETTING, Tell, Telling, forget_telling
from helpdesk.people.models import Account, Desk
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Entry, Ticket

OLD = timedelta(days=2)
MAILED = ("marcus", ["assigned", "mentioned", "danger"], ["19:00", "07:30"])
"""Who is told by mail, of what, and when not."""


def switch_on() -> None:
    """Tell customers everything, but not at night."""
    desk = db.session.scalars(select(Desk).limit(1)).one()
    night = QuietHours(time(21), time(7))
    chosen = Telling(kinds=frozenset(Tell), quiet=night, receipts_always=True)
    desk.settings = {**desk.settings, SETTING: chosen.stored()}
    forget_telling()
    db.session.flush()


def tell(until: datetime) -> None:
    """Tell what was to be told by a moment, each at its own time."""
    db.session.flush()
    while True:
        row = db.session.execute(
            select(OutboxMessage.id, OutboxMessage.ticket_id, OutboxMessage.next_try_at)
            .where(HELD, OutboxMessage.next_try_at <= until)
            .order_by(OutboxMessage.next_try_at, OutboxMessage.id)
            .limit(1)
        ).one_or_none()
        if row is None:
            return
        # A ticket whose story was told further meanwhile is not told of in its own past.
        last = db.session.scalar(
            select(func.max(Entry.happened_at)).where(Entry.ticket_id == row.ticket_id)
        )
        with clock.at(max(row.next_try_at, last or row.next_try_at)):
            customers.release(row.id, row.ticket_id or 0)
        db.session.flush()


def settle(demo: Demo) -> None:
    """Tell what is left, mark what is old news as seen, and let one technician have mail."""
    tell(demo.moment)
    finished = select(Ticket.id).where(Ticket.status_class.not_in(UNFINISHED))
    db.session.execute(
        update(Notice)
        .where(or_(Notice.created_at < demo.moment - OLD, Notice.ticket_id.in_(finished)))
        .values(seen_at=demo.moment - timedelta(hours=1))
        .execution_options(synchronize_session=False)
    )
    login, kinds, quiet = MAILED
    account = db.session.scalars(
        select(Account).where(Account.person_id == demo.technicians[login].id)
    ).one()
    account.preferences = {**account.preferences, "mail_notices": kinds, "mail_quiet": quiet}
    db.session.flush()

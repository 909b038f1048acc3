"""What is in the bin."""

from datetime import timedelta

from sqlalchemy import Integer, cast, literal, null, select, tuple_

from helpdesk.db import UTCDateTime, db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.queries.lists import PAGE_ROWS, Cursor, Page, with_columns


def page(actor: Actor, *, days: int, after: Cursor | None = None, limit: int = PAGE_ROWS) -> Page:
    """Return a page of the bin, newest first: what was put there within ``days``.

    A row's ``moment`` is when it was put there. Raises Denied.
    """
    actor.demand(Permission.TICKET_BIN)
    chosen = select(
        cast(null(), Integer).label("rank"),
        Ticket.hidden_at.label("moment"),
        Ticket.id.label("number"),
    ).where(
        Ticket.hidden_at > now() - timedelta(days=days),
        Ticket.bin_reason.is_not(None),
        Ticket.merged_into_id.is_(None),
        visible(actor),
    )
    if after is not None:
        last = (literal(after.moment, UTCDateTime), literal(after.number))
        chosen = chosen.where(tuple_(Ticket.hidden_at, Ticket.id) < tuple_(*last))
    keys = (
        chosen.order_by(Ticket.hidden_at.desc(), Ticket.id.desc()).limit(limit + 1).subquery("keys")
    )
    statement = with_columns(keys).add_columns(Ticket.bin_reason)
    rows = db.session.execute(statement.order_by(keys.c.moment.desc(), keys.c.number.desc())).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last_row = rows[limit - 1]
    return Page(rows[:limit], Cursor(None, last_row.moment, last_row.number))

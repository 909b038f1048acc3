"""What is in the bin."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Subquery, cast, literal, null, select, tuple_

from helpdesk.db import UTCDateTime, db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.queries.lists import PAGE_ROWS, Cursor, Page, with_columns


def chosen(
    actor: Actor, *, days: int, after: Cursor | None = None, limit: int = PAGE_ROWS
) -> tuple[Subquery, list[ColumnElement[Any]]]:
    """Return the keys of what was put into the bin within ``days``, and their order.

    The newest comes first; ``moment`` is when it was put there. Raises Denied.
    """
    actor.demand(Permission.TICKET_BIN)
    statement = select(
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
        statement = statement.where(tuple_(Ticket.hidden_at, Ticket.id) < tuple_(*last))
    keys = statement.order_by(Ticket.hidden_at.desc(), Ticket.id.desc()).limit(limit)
    found = keys.subquery("keys")
    return found, [found.c.moment.desc(), found.c.number.desc()]


def page(actor: Actor, *, days: int, after: Cursor | None = None, limit: int = PAGE_ROWS) -> Page:
    """Return a page of the bin, as ``chosen`` describes it. Raises Denied."""
    keys, order = chosen(actor, days=days, after=after, limit=limit + 1)
    statement = with_columns(keys).add_columns(Ticket.bin_reason)
    rows = db.session.execute(statement.order_by(*order)).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last_row = rows[limit - 1]
    return Page(rows[:limit], Cursor(None, last_row.moment, last_row.number))

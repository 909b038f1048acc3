"""Whose promise a clock is about: the queue of a part, or a supplier, by name."""

from collections.abc import Collection

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.sla.parts import parts_of
from helpdesk.sla.standing import WHOLE, piece_of
from helpdesk.tickets.desk import Queue, Supplier
from helpdesk.tickets.models import Ticket


def names_of(ticket: Ticket, pieces: Collection[int]) -> dict[int, str]:
    """Return the names that belong to ``Clock.piece``; the whole ticket has none.

    Who may see the ticket may see where its parts are.
    """
    found: dict[int, str] = {}
    if any(piece > WHOLE for piece in pieces):
        for piece, part in parts_of(ticket.assignments).items():
            if piece in pieces:
                found[piece] = db.session.get_one(Queue, part.queue_id).name
    suppliers = [-piece for piece in pieces if piece < WHOLE]
    if suppliers:
        rows = db.session.execute(
            select(Supplier.id, Supplier.name).where(Supplier.id.in_(suppliers))
        )
        found |= {piece_of(key): name for key, name in rows}
    return found


def whose(ticket: Ticket, piece: int) -> dict[str, str]:
    """Return whose promise it is, as the journal says it; nothing for the whole ticket."""
    return {"whose": names_of(ticket, {piece}).get(piece, "")} if piece != WHOLE else {}

"""Suppliers to choose from."""

from collections.abc import Collection

from sqlalchemy import or_, select

from helpdesk.db import db
from helpdesk.tickets.desk import Supplier


def offered(kept: Collection[int] = ()) -> list[Supplier]:
    """Return the suppliers in use by name, and those that are ``kept`` although retired."""
    return list(
        db.session.scalars(
            select(Supplier)
            .where(or_(Supplier.retired_at.is_(None), Supplier.id.in_(list(kept))))
            .order_by(Supplier.name, Supplier.id)
        )
    )

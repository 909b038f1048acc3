"""The access stamp: a number that moves on whenever who may do what changes."""

from sqlalchemy import update

from helpdesk.db import db
from helpdesk.people.models import Desk


def access_changed() -> None:
    """Make every process forget who may do what. Call it in the transaction of the change.

    Roles, accounts, team members, and which team a queue belongs to are such changes.
    """
    db.session.execute(
        update(Desk)
        .values(access_stamp=Desk.access_stamp + 1)
        .execution_options(synchronize_session=False)
    )

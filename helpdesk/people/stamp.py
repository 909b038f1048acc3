"""The access stamp: a number that is another whenever who may do what has changed.

It is drawn by lot and does not count, so that a desk restored from a backup never meets a number
that a process remembers with something else.
"""

from sqlalchemy import update

from helpdesk.db import db
from helpdesk.people.models import Desk, new_stamp


def access_changed() -> None:
    """Make every process forget who may do what. Call it in the transaction of the change.

    Roles, accounts, team members, and which team a queue belongs to are such changes.
    """
    db.session.execute(
        update(Desk).values(access_stamp=new_stamp()).execution_options(synchronize_session=False)
    )

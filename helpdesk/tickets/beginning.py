"""How a desk begins: its one row, the built-in set-up, a first team and queue."""

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import Desk, Team
from helpdesk.people.seed import ensure_roles
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.seed import ensure_ticket_setup


class DeskExists(Exception):
    """There is a desk in this database already."""


def begin_desk(
    name: str,
    *,
    language: str = "en",
    time_zone: str = "UTC",
    phone_region: str = "GB",
    first_team: str = "Service desk",
    is_demo: bool = False,
) -> Desk:
    """Make the desk with its roles, statuses, priorities, causes and views, a team and its queue.

    Raises DeskExists: a second desk needs a second database.
    """
    if db.session.scalar(select(Desk)) is not None:
        raise DeskExists
    desk = Desk(
        id=1,
        name=name,
        language=language,
        time_zone=time_zone,
        phone_region=phone_region,
        is_demo=is_demo,
    )
    db.session.add(desk)
    ensure_roles()
    ensure_ticket_setup()
    team = Team(name=first_team)
    db.session.add(team)
    db.session.flush()
    db.session.add(Queue(name=first_team, team_id=team.id, is_default=True))
    db.session.flush()
    return desk

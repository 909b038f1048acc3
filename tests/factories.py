"""Makers of test data. Each makes what it is asked for and commits, nothing else."""

import itertools
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import guard
from helpdesk.people.access import BUILT_IN_ROLES, Actor
from helpdesk.people.models import (
    Account,
    ContactPoint,
    Desk,
    Organisation,
    Person,
    Team,
    TeamMember,
)
from helpdesk.people.seed import ensure_roles
from helpdesk.people.services import sessions
from helpdesk.tickets import services
from helpdesk.tickets.desk import Category, Cause, Queue, Status
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.seed import ensure_ticket_setup

_count = itertools.count(1)


def desk() -> Desk:
    """Make the desk with its built-in statuses, causes and views, once."""
    row = db.session.scalar(select(Desk))
    if row is None:
        row = Desk(id=1, name="Northline")
        db.session.add(row)
        ensure_ticket_setup()
        db.session.commit()
    return row


def organisation(name: str | None = None) -> Organisation:
    """Make an organisation."""
    row = Organisation(name=name or f"Organisation {next(_count)}")
    db.session.add(row)
    db.session.commit()
    return row


def person(name: str | None = None, *, email: str | None = None, **fields: Any) -> Person:
    """Make a person; every one has an e-mail address."""
    number = next(_count)
    row = Person(name=name or f"Person {number}", **fields)
    row.contact_points.append(
        ContactPoint(kind="email", value=email or f"person{number}@example.net")
    )
    db.session.add(row)
    db.session.commit()
    return row


def team(name: str | None = None) -> Team:
    """Make a team."""
    row = Team(name=name or f"Team {next(_count)}")
    db.session.add(row)
    db.session.commit()
    return row


def queue(name: str | None = None, *, of: Team | None = None, **fields: Any) -> Queue:
    """Make a queue, with a team of its own unless one is given."""
    desk()
    row = Queue(name=name or f"Queue {next(_count)}", team_id=(of or team()).id, **fields)
    db.session.add(row)
    db.session.commit()
    return row


def category(name: str | None = None, **fields: Any) -> Category:
    """Make a category at the root of the tree."""
    name = name or f"Category {next(_count)}"
    row = Category(name=name, path=name, **fields)
    db.session.add(row)
    db.session.commit()
    return row


def cause() -> Cause:
    """Return a cause that came with the product."""
    desk()
    return db.session.scalars(select(Cause).order_by(Cause.id)).first() or Cause(name="?")


def status(key: str) -> Status:
    """Return a status that came with the product."""
    desk()
    return db.session.scalars(select(Status).where(Status.key == key)).one()


def technician(
    name: str | None = None, *, queues: list[Queue] | None = None, lead: bool = False
) -> Person:
    """Make a technician who is a member of the teams of the given queues."""
    row = person(name, is_technician=True)
    if queues:
        for team_id in {queue.team_id for queue in queues}:
            db.session.add(TeamMember(team_id=team_id, person_id=row.id, is_lead=lead))
        db.session.commit()
    return row


def actor(
    who: Person | None = None, *, role: str = "technician", queues: list[Queue] | None = None
) -> Actor:
    """Make an actor with the permissions of a built-in role."""
    if who is None and not queues:
        who = technician()
        return Actor(person_id=who.id, name=who.name, permissions=BUILT_IN_ROLES[role])
    who = who or technician(queues=queues)
    team_ids = frozenset(
        db.session.scalars(select(TeamMember.team_id).where(TeamMember.person_id == who.id))
    )
    queue_ids = frozenset(db.session.scalars(select(Queue.id).where(Queue.team_id.in_(team_ids))))
    return Actor(
        person_id=who.id,
        name=who.name,
        permissions=BUILT_IN_ROLES[role],
        team_ids=team_ids,
        queue_ids=queue_ids,
    )


def ticket(
    subject: str = "Printer prints half a label",
    *,
    by: Actor | None = None,
    customer: Person | None = None,
    queue_: Queue | None = None,
    **fields: Any,
) -> Ticket:
    """Log a ticket through its verb, by e-mail unless a channel is given."""
    queue_ = queue_ or db.session.scalars(select(Queue).limit(1)).first() or queue()
    new = services.NewTicket(
        customer=customer or person(),
        subject=subject,
        queue=queue_,
        **{"channel": "email", "body": "It does not work.", **fields},
    )
    row = services.log(by or actor(), new)
    db.session.commit()
    return row


def account(who: Person, *roles: str) -> Account:
    """Give a person an account with built-in roles; the password is ``correct horse battery``."""
    have = ensure_roles()
    row = Account(person_id=who.id, login=f"person{who.id}@example.net")
    row.roles = [have[key] for key in roles]
    db.session.add(row)
    db.session.commit()
    return row


def sign_in(client: FlaskClient, who: Account) -> FlaskClient:
    """Sign a client in without the slow password check; returns it."""
    token = sessions.begin(who.id, address="127.0.0.1", user_agent="tests")
    db.session.commit()
    with client.application.test_request_context():
        name = guard.cookie_name()
    client.set_cookie(name, token)
    return client

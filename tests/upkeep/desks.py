"""Desks to back up and to restore into."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.app import create_app
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.models import Account, Person, SignInSession
from helpdesk.people.services import sessions
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import LinkType, Outcome
from helpdesk.tickets.services import NewFile, NewTicket, Said
from helpdesk.tickets.services.drafts import save_draft
from helpdesk.upkeep.backup import tables
from tests import factories
from tests.support import databases

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}


def live_a_little(tickets: int = 8) -> None:
    """Do what a desk does, so that every kind of column has something in it."""
    factories.desk()
    network = factories.queue("Network", is_default=True)
    secret = factories.queue("HR", restricted=True)
    who = factories.technician("Priya Nair", queues=[network, secret])
    priya = factories.actor(who, role="lead")
    factories.account(who, "lead")
    customer = factories.person("何美玲 Ho Mei-Ling", email="ho@northline.example")
    made = []
    for number in range(tickets):
        ticket = services.log(
            priya,
            NewTicket(
                customer=customer,
                subject=f"VPN 斷線 {number} “quoted” \\ back\u2028slash",
                body="It drops\nevery few minutes. \N{FIRE}",
                channel="phone",
                queue=secret if number == 1 else network,
                tags=["VPN"],
                files=[_file(f"picture {number % 3}".encode() * 50, f"picture-{number}.png")],
            ),
        )
        made.append(ticket)
        services.take(priya, ticket)
        services.reply(priya, ticket, Said("Moved you to **Singapore**.", duration=120))
        if number % 2:
            services.resolve(priya, ticket, outcome=Outcome.WITHDRAWN, solution="Moved")
    services.merge(priya, made[0], made[2])
    services.link(priya, made[1], made[3], LinkType.RELATED)
    save_draft(priya, made[0], "note", body="half a sent")
    sessions.begin(
        db.session.scalars(select(Account.id)).one(), address="127.0.0.1", user_agent="browser"
    )
    db.session.commit()


def _file(data: bytes, name: str) -> NewFile:
    return NewFile(blobs.put(data), name, "image/png", len(data))


def contents() -> dict[str, list[dict[str, Any]]]:
    """Return every row that a backup holds, without what is derived from the others."""
    return {
        table.name: [
            {key: value for key, value in row._mapping.items() if key != "search_text"}
            for row in db.session.execute(select(table).order_by(*table.primary_key.columns))
        ]
        for table in tables()
    }


def stored(app: Flask) -> set[str]:
    """Return the blobs in an application's store."""
    return {file.name for file in app.config["SETTINGS"].blobs_dir.glob("??/??/*")}


@contextmanager
def empty_desk(kind: str, folder: Path, **changes: Any) -> Iterator[Flask]:
    """Make an application on a database with tables and nothing in them."""
    database = databases.migrated(kind)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    app = create_app(databases.settings_for(database, folder, **changes))
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        database.drop()


def sign_ins() -> int:
    """Return how many browsers are signed in."""
    return len(db.session.scalars(select(SignInSession.id)).all())


def log_another() -> int:
    """Log one more ticket; returns its number."""
    with transaction():
        customer = db.session.scalars(select(Person).where(Person.name.like("%Ho Mei-Ling"))).one()
        return services.log(
            factories.actor(db.session.scalars(select(Person).where(Person.is_technician)).one()),
            NewTicket(customer=customer, subject="After", body=f"{now()}", channel="email"),
        ).id

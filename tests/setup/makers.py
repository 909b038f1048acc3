"""Makers of test data for the set-up."""

import html
import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import AuditEntry, Desk, Person
from tests import factories


def administrator(name: str = "Ada Min") -> Actor:
    """Make somebody who may do everything."""
    factories.desk()
    who = factories.person(name, is_technician=True)
    return Actor(person_id=who.id, name=who.name, permissions=frozenset(Permission))


def nobody() -> Actor:
    """Make a technician who may set nothing up."""
    return factories.actor()


def log() -> list[tuple[str, str, dict[str, Any]]]:
    """Return what the audit log says, oldest first: action, thing, changes."""
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.action, row.subject_label, row.changes) for row in rows]


def last_log() -> tuple[str, str, dict[str, Any]]:
    """Return the newest line of the audit log."""
    db.session.flush()
    return log()[-1]


def stamp() -> int:
    """Return the access stamp, which moves on when who may do what changes."""
    return int(db.session.scalars(select(Desk.access_stamp)).one())


@dataclass
class Visitor:
    """Somebody at a browser without scripts."""

    client: FlaskClient
    person: Person
    token: str

    def get(self, path: str) -> str:
        """Open a page that must be there; returns its HTML."""
        answer = self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.get_data(as_text=True)

    def send(self, path: str, **fields: Any) -> TestResponse:
        """Send a form."""
        return self.client.post(path, data=fields, headers={"X-CSRFToken": self.token})

    def saw(self, path: str) -> str:
        """Return what the form on a page remembers of what it showed."""
        found = re.search(r'name="seen"[^>]*value="([^"]*)"', self.get(path))
        assert found is not None
        return html.unescape(found[1])


def visitor(client: FlaskClient, *roles: str) -> Visitor:
    """Sign a client in as somebody with these roles; an administrator by default."""
    factories.desk()
    who = factories.person(is_technician=roles != ("customer",))
    factories.sign_in(client, factories.account(who, *(roles or ("administrator",))))
    page = client.get("/account").get_data(as_text=True)
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None
    return Visitor(client, who, found[1])

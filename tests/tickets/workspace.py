"""A technician at work in a browser without scripts, and the little that these tests share."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry, Ticket
from tests import factories

HTMX = {"HX-Request": "true"}


@dataclass
class Workspace:
    """A signed-in technician with a queue of their own."""

    client: FlaskClient
    person: Person
    queue: Queue
    actor: Actor
    headers: dict[str, str] = field(default_factory=lambda: dict(HTMX))

    def get(self, path: str, **query: Any) -> TestResponse:
        """Fetch a page or a fragment."""
        return self.client.get(path, query_string=query or None)

    def post(self, path: str, **data: Any) -> TestResponse:
        """Send a form as the page's scripts do."""
        return self.client.post(path, data=data, headers=self.headers)

    def ticket(self, subject: str = "VPN drops every few minutes", **more: Any) -> Ticket:
        """Log a ticket in the queue."""
        return factories.ticket(subject, queue_=self.queue, **more)


@pytest.fixture
def work(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A technician at work."""
    return begin(app, client, monkeypatch)


@pytest.fixture
def lead(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An administrator at work, who may do everything."""
    return begin(app, client, monkeypatch, "administrator")


def begin(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, role: str = "technician"
) -> Workspace:
    """Sign somebody in. The token against forged forms has tests of its own."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    queue = factories.queue("Network & VPN")
    person = factories.technician("Priya Nair", queues=[queue])
    factories.sign_in(client, factories.account(person, role))
    return Workspace(client, person, queue, factories.actor(person, role=role))


def entries(ticket: Ticket) -> list[Entry]:
    """Return a ticket's journal in the order in which it was written."""
    return list(
        db.session.scalars(select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.id))
    )


def newest(ticket: Ticket) -> int:
    """Return the key of the newest entry."""
    return entries(ticket)[-1].id


def triggers(response: TestResponse) -> dict[str, Any]:
    """Return the events that an answer fires on the page."""
    found: dict[str, Any] = json.loads(response.headers.get("HX-Trigger", "{}"))
    return found

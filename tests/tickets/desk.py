"""A technician at a browser without scripts, for tests of the pages of tickets."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.tickets.desk import Queue
from tests import factories


class Desk:
    """Somebody signed in with a role, in the teams of some queues."""

    def __init__(self, client: FlaskClient, role: str, queues: list[Queue]) -> None:
        """Sign a new person in; the client is theirs from then on."""
        self.client = client
        self.person = factories.technician("Priya Nair", queues=queues)
        factories.sign_in(client, factories.account(self.person, role))

    @property
    def actor(self) -> Actor:
        """The same person, to do something beforehand."""
        return factories.actor(db.session.get_one(Person, self.person.id), role="lead")

    def get(self, path: str, status: int = 200, **options: Any) -> str:
        """Open an address and return its text."""
        response = self.client.get(path, **options)
        assert response.status_code == status, response.text[:500]
        return response.text

    def post(self, path: str, fields: dict[str, Any], *, htmx: bool = True) -> Any:
        """Send a form, as the page's scripts do or as the browser itself does."""
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.post(path, data=fields, headers=headers)


def rows_of(page: str) -> list[int]:
    """Return the numbers of a list's rows, in their order."""
    return [int(number) for number in re.findall(r'<tr id="row-(\d+)"', page)]


def picked_in(page: str) -> set[int]:
    """Return the numbers that can be ticked on a page."""
    return {int(number) for number in re.findall(r'name="ticket" value="(\d+)"', page)}


def text_of(page: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def triggers(response: Any) -> dict[str, Any]:
    """Return the events that an answer fires on the page."""
    found: dict[str, Any] = json.loads(response.headers["HX-Trigger"])
    return found


@pytest.fixture
def no_tokens(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms of these tests come without the page's token."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)


@pytest.fixture
def queue() -> Queue:
    return factories.queue("Network & VPN")


@pytest.fixture
def desk(client: FlaskClient, queue: Queue, no_tokens: None) -> Desk:
    return Desk(client, "lead", [queue])

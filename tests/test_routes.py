"""Every route, walked as every role: nothing is open by accident and nothing leaks.

A desk is made with an ordinary and a restricted ticket, whose texts carry marks that nothing
else contains. Then every rule of the address map is opened as every role, with every kind of
reference filled in. A new route needs no test of its own here; a new kind of reference does, and
the walk says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from helpdesk.db import db
from helpdesk.people.access import BUILT_IN_ROLES, Permission
from helpdesk.people.guard import access_of
from helpdesk.people.models import Account
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry
from tests import factories

pytestmark = pytest.mark.one_database

OPEN_MARK = "Mangofruit"
SECRET_MARK = "Quincejelly"
QUEUE_MARK = "Quinceroom"
"""Stands in the name of the restricted queue, which whoever sets the desk up does see."""
HTML = {"Accept": "text/html"}

# References that name no object: any value will do.
FREE = {
    "version": "x",
    "name": "subject",
    "path": "x",
    "token": "x" * 43,
    "purpose": "reset",
    "group": "0" * 32,
    "group_id": "0" * 32,
    "kind": "reply",
    "language": "en",
    "key": "x",
    "action": "x",
    "sha256": "0" * 64,
    "what": "x",
    "tab": "all",
    "verb": "x",
}


@dataclass
class Walk:
    """What the walk needs: one secret object of every kind, and who walks."""

    app: Flask
    references: dict[str, Any]
    clients: dict[str, Any]
    accounts: dict[str, Account]

    def sign_in(self, role: str) -> None:
        """Let the walker of a role in (again)."""
        with self.app.app_context():
            factories.sign_in(self.clients[role], db.session.merge(self.accounts[role]))


@pytest.fixture
def walk(own_desk: Flask) -> Iterator[Walk]:
    """A desk whose restricted ticket is full of marks."""
    # Changes are tried without a token too: what they need beyond it is what is tested here.
    own_desk.config["WTF_CSRF_CHECK_DEFAULT"] = False
    with own_desk.app_context():
        everyones = factories.queue("Service desk")
        restricted = factories.queue(f"{QUEUE_MARK} queue", restricted=True)
        insider = factories.actor(queues=[restricted])
        customer = factories.person("Ordinary Customer")
        factories.ticket(f"{OPEN_MARK} matter", queue_=everyones, customer=customer)
        secret = factories.ticket(
            f"{SECRET_MARK} matter", queue_=restricted, customer=customer, body=SECRET_MARK
        )
        services.note(insider, secret, services.Said(body=f"note {SECRET_MARK}"))
        services.add_tasks(insider, secret, [f"task {SECRET_MARK}"])
        services.set_tags(insider, secret, ["tagged"])
        db.session.commit()
        entry = db.session.query(Entry).filter_by(ticket_id=secret.id).first()
        assert entry is not None
        walk = Walk(own_desk, {}, {}, {})
        walk.references = {
            "number": secret.id,
            "ticket_id": secret.id,
            "entry_id": entry.id,
            "queue_id": restricted.id,
            "assignment_id": secret.assignments[0].id,
        }
        walk.clients["nobody"] = own_desk.test_client()
        for role in BUILT_IN_ROLES:
            person = factories.person(f"The {role}", is_technician=role in {"technician", "lead"})
            walk.accounts[role] = factories.account(person, role)
            walk.clients[role] = own_desk.test_client()
        yield walk


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)


def address(walk: Walk, rule: Rule) -> str:
    """Fill in the references of a rule: the secret ticket's, else the number 1."""
    values: dict[str, Any] = {}
    for name in rule.arguments:
        converter = type(rule._converters[name]).__name__
        if name in walk.references:
            values[name] = walk.references[name]
        elif converter == "IntegerConverter":
            values[name] = 1
        elif converter == "AnyConverter":
            values[name] = min(rule._converters[name].items)  # type: ignore[attr-defined]
        elif converter == "PathConverter":
            values[name] = "css/base.css"
        else:
            values[name] = FREE.get(name, "x")
    with walk.app.test_request_context():
        built = rule.build(values)
    assert built is not None, rule.rule
    return str(built[1])


def needed(app: Flask, rule: Rule) -> tuple[Permission, ...] | None:
    return access_of(app.view_functions[rule.endpoint])


def test_every_route_says_who_may_use_it(own_desk: Flask) -> None:
    silent = [rule.rule for rule in rules(own_desk) if needed(own_desk, rule) is None]
    assert silent == []


@pytest.mark.parametrize("role", ["nobody", *BUILT_IN_ROLES])
def test_no_role_gets_further_than_its_permissions(walk: Walk, role: str) -> None:
    client = walk.clients[role]
    if role != "nobody":
        walk.sign_in(role)
    held = BUILT_IN_ROLES.get(role, frozenset())
    problems: list[str] = []
    for rule in rules(walk.app):
        permissions = needed(walk.app, rule)
        assert permissions is not None
        if rule.endpoint == "live.stream":
            continue  # It never ends; its topics are tested where it lives.
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            response = client.open(address(walk, rule), method=method, headers=HTML)
            if role != "nobody" and (response.location or "").startswith("/sign-in"):
                # The step before ended the session; whoever walks comes back in.
                walk.sign_in(role)
                response = client.open(address(walk, rule), method=method, headers=HTML)
            allowed = bool(not permissions or (role != "nobody" and held >= set(permissions)))
            where = f"{method} {rule.rule} as {role}: {response.status_code}"
            if response.status_code >= 500:
                problems.append(f"{where}, it broke")
            elif not allowed and role == "nobody" and response.status_code not in {303, 401}:
                problems.append(f"{where}, but nobody may be here unsigned")
            elif not allowed and role != "nobody" and response.status_code != 403:
                problems.append(f"{where}, but {permissions} is missing")
            if SECRET_MARK in response.get_data(as_text=True):
                problems.append(f"{where} shows the restricted ticket")
            if QUEUE_MARK in response.get_data(as_text=True) and role != "administrator":
                problems.append(f"{where} shows the restricted queue")
            if Permission.TICKET_READ not in held and OPEN_MARK in response.get_data(as_text=True):
                problems.append(f"{where} shows a ticket")
    assert "\n".join(problems) == ""


def test_the_marks_are_there_to_be_found(walk: Walk) -> None:
    """The walk proves nothing if even the people concerned would not see the marks."""
    with walk.app.app_context():
        from_team = db.session.get(Queue, walk.references["queue_id"])
        assert from_team is not None
        insider = factories.technician(queues=[from_team])
        client = factories.sign_in(walk.app.test_client(), factories.account(insider, "technician"))
        page = client.get(f"/tickets/{walk.references['number']}")
    assert len(re.findall(SECRET_MARK, page.get_data(as_text=True))) > 2

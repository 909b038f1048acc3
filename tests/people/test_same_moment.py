"""Two people, or two messages, that bring the same address at the same moment.

Each test lets somebody write the address first and hold it; what is tried meanwhile waits in the
database until the first one is done, and has looked before that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from helpdesk.channels.inbound import Correspondent, Inbound, receive
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Channel, ContactPoint, Person
from helpdesk.people.services import contact_points, importing, persons
from helpdesk.people.services.importing import Outcome
from helpdesk.people.services.persons import NewContact, NewPerson
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.people.makers import account
from tests.support.meanwhile import Meanwhile, let_wait

ADDRESS = "grace@northline.example"
HX = {"HX-Request": "true"}


@pytest.fixture
def desk(own_desk: Flask) -> Flask:
    """A desk on a database of its own, whose forms need no token."""
    own_desk.config["WTF_CSRF_ENABLED"] = False
    with own_desk.app_context():
        factories.queue("Front desk", is_default=True)
    return own_desk


@contextmanager
def grace_is_being_saved(desk: Flask, what: Callable[[], Any]) -> Iterator[Meanwhile]:
    """Save Grace with her address, and try something with the same address before it is done."""
    with desk.app_context():
        with transaction():
            contact = NewContact("email", ADDRESS)
            persons.create(SYSTEM, NewPerson("Grace Lim", (contact,)))
            meanwhile = Meanwhile(desk, what)
            let_wait()
        yield meanwhile
        db.session.rollback()
        points = db.session.scalars(select(ContactPoint).where(ContactPoint.value == ADDRESS))
        assert [point.person.name for point in points] == ["Grace Lim"]


def test_a_form_says_whose_address_it_is(desk: Flask):
    client = desk.test_client()
    with desk.app_context():
        factories.sign_in(client, account("technician"))
        other = factories.person("Joe Mensah").id

    def ask(path: str, **fields: str) -> Callable[[], Any]:
        return lambda: client.post(path, data=fields, headers=HX)

    for send in (
        ask("/people/new", name="Grace L.", email=ADDRESS),
        ask("/tickets/new/person", name="Grace L.", email=ADDRESS),
        ask(f"/people/{other}/contacts/new", kind="email", value=ADDRESS),
    ):
        with grace_is_being_saved(desk, send) as meanwhile:
            answer = meanwhile.answer()
            assert answer.status_code == 422
            assert "This belongs to Grace Lim." in answer.text
        with desk.app_context(), transaction():
            for point in db.session.scalars(
                select(ContactPoint).where(ContactPoint.value == ADDRESS)
            ).all():
                db.session.delete(point)


def test_correcting_an_address_says_so_too(desk: Flask):
    client = desk.test_client()
    with desk.app_context():
        factories.sign_in(client, account("technician"))
        other = factories.person("Joe Mensah")
        path = f"/people/{other.id}/contacts/{other.contact_points[0].id}"
    fields = {"kind": "email", "value": ADDRESS}
    with grace_is_being_saved(desk, lambda: client.post(path, data=fields)) as meanwhile:
        answer = meanwhile.answer()
        assert answer.status_code == 422
        assert "This belongs to Grace Lim." in answer.text


def test_a_stranger_who_writes_to_two_mailboxes_is_one_person(desk: Flask):
    def hear() -> int:
        with transaction():
            inbound = Inbound(
                author=Correspondent(ADDRESS, "Grace"),
                channel=Channel.EMAIL,
                queue=db.session.scalars(select(Queue)).one(),
                happened_at=now(),
                subject="Hello",
                body="Is anybody there?",
            )
            return receive(inbound, reopen_days=5).ticket.id

    with desk.app_context():
        with transaction():
            first, _new = contact_points.find_or_create_by_address(ADDRESS, "Grace Lim")
            grace = first.id
            meanwhile = Meanwhile(desk, hear)
            let_wait()
        assert db.session.get_one(Ticket, meanwhile.answer()).customer_id == grace
        assert len(db.session.scalars(select(Person).where(Person.name.like("Grace%"))).all()) == 1


def test_a_line_of_a_file_is_told_and_the_others_are_imported(desk: Flask):
    rows = f"name,email\nGrace L.,{ADDRESS}\nMarek,marek@example.net\n"
    with desk.app_context():
        plan = importing.plan(SYSTEM, "people", rows.encode())
        db.session.rollback()

    def load() -> list[tuple[Outcome | None, list[str]]]:
        with transaction():
            importing.apply(SYSTEM, plan)
        return [(line.result, line.messages) for line in plan.lines]

    with grace_is_being_saved(desk, load) as meanwhile:
        (result, messages), (fine, _none) = meanwhile.answer()
        assert result == Outcome.ERROR
        assert "This belongs to Grace Lim." in messages[-1]
        assert fine == Outcome.CREATE
    with desk.app_context():
        marek = select(ContactPoint).where(ContactPoint.value == "marek@example.net")
        assert db.session.scalars(marek).one().person.name == "Marek"

"""Start next by technicians who press it at the same moment, each with their own connection."""

import threading
from collections import Counter

from flask import Flask
from sqlalchemy import select

from helpdesk.db import db, is_postgresql, transaction
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import starting
from helpdesk.tickets.queries.filters import EVERYTHING
from helpdesk.tickets.services import Target
from tests import factories
from tests.support.meanwhile import Meanwhile, let_wait
from tests.tickets.lists import UTC_ZONE


def test_nobody_gets_the_same_ticket_and_nobody_goes_without(own_desk: Flask) -> None:
    own_desk.config["WTF_CSRF_ENABLED"] = False
    with own_desk.app_context():
        queue = factories.queue(is_default=True)
        people = [factories.technician(queues=[queue]) for _each in range(4)]
        clients = []
        for person in people:
            clients.append(own_desk.test_client())
            factories.sign_in(clients[-1], factories.account(person, "technician"))
        for _each in range(12):
            factories.ticket(queue_=queue)
        db.session.rollback()
    given: list[str] = []
    together = threading.Barrier(len(clients))

    def press(which: int) -> None:
        together.wait(30)
        for _each in range(3):
            # The ticket that was just given is passed over, as on its page.
            skip = given_to[which][-1] if given_to[which] else ""
            answer = clients[which].post("/queue/next", data={"skip": skip})
            number = answer.location.partition("?")[0].rpartition("/")[2]
            given_to[which].append(number)
            given.append(number)

    given_to: list[list[str]] = [[] for _one in clients]
    threads = [threading.Thread(target=press, args=(which,)) for which in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(given) == 12
    assert Counter(given).most_common(1)[0][1] == 1, given
    with own_desk.app_context():
        owned = db.session.execute(select(Ticket.id, Ticket.owner_id)).all()
        assert {str(number) for number, owner in owned if owner is not None} == set(given)


def test_what_a_colleague_only_looks_into_is_waited_for_when_nothing_else_is_left(
    own_desk: Flask,
) -> None:
    with own_desk.app_context():
        queue = factories.queue(is_default=True)
        one, other = (factories.actor(queues=[queue]) for _each in range(2))
        first = factories.ticket(queue_=queue).id

        def start() -> int | None:
            with transaction():
                found = starting.next_up(other, EVERYTHING, zone=UTC_ZONE)
                return found.ticket.id if found is not None else None

        for take in (False, True):
            with transaction():
                row = db.session.get_one(Ticket, first, with_for_update=True)
                meanwhile = Meanwhile(own_desk, start)
                if is_postgresql():
                    let_wait()
                if take:
                    services.take(one, row)
                else:
                    services.note(one, row, services.Said("The paper is in the wrong way round"))
            assert meanwhile.answer() == (None if take else first)


def test_what_a_colleague_is_moving_out_of_sight_is_given_to_nobody_outside(
    own_desk: Flask,
) -> None:
    with own_desk.app_context():
        queue, secret = factories.queue(is_default=True), factories.queue(restricted=True)
        mover, outsider = factories.actor(queues=[queue, secret]), factories.actor()
        ticket = factories.ticket(queue_=queue).id

        def start() -> int | None:
            with transaction():
                found = starting.next_up(outsider, EVERYTHING, zone=UTC_ZONE)
                return found.ticket.id if found is not None else None

        with transaction():
            row = db.session.get_one(Ticket, ticket, with_for_update=True)
            meanwhile = Meanwhile(own_desk, start)
            if is_postgresql():
                let_wait()
            services.hand_over(mover, row, Target(secret), reason="It names people")
        assert meanwhile.answer() is None

"""What Start next says on the page: reasons, and calm words when there is no ticket."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.models import Account
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.services import Target
from tests import factories
from tests.tickets.desk import Desk, desk, no_tokens, queue, text_of

__all__ = ["desk", "no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session")


def own_account(desk: Desk) -> Account:
    return db.session.scalars(select(Account).where(Account.person_id == desk.person.id)).one()


def test_the_reasons_are_said_and_stay_in_the_journal(desk: Desk, queue: Queue):
    ticket = factories.ticket(queue_=queue, impact=1, urgency=1)
    answer = desk.post("/queue/next", {}, htmx=False)
    page = desk.get(answer.location)
    assert f"{ticket.id} is yours: it is P1 Critical" in page
    assert "took it, given by Start next: it is P1 Critical" in text_of(page)


def test_what_was_given_is_acknowledged_and_its_owner_stays(desk: Desk, queue: Queue):
    owner = factories.actor(queues=[queue])
    ticket = factories.ticket(queue_=queue)
    services.take(owner, ticket)
    services.add(owner, ticket, [Target(queue, desk.person)])
    db.session.commit()
    answer = desk.post("/queue/next", {}, htmx=False)
    assert answer.location.startswith(f"/tickets/{ticket.id}")
    assert ticket.owner_id == owner.person_id
    assert [row.state for row in ticket.assignments] == ["acknowledged", "acknowledged"]
    assert "it was assigned and not acknowledged yet" in desk.get(answer.location)


def test_who_has_enough_is_told_and_goes_on_if_they_like(desk: Desk, queue: Queue):
    mine = factories.ticket(queue_=queue)
    services.hand_over(factories.actor(), mine, Target(queue, desk.person))
    free = factories.ticket(queue_=queue, impact=1, urgency=1)
    own_account(desk).most_at_once = 1
    db.session.commit()
    # What was given to them comes first, and needs no room.
    assert desk.post("/queue/next", {}, htmx=False).location.startswith(f"/tickets/{mine.id}")
    skip = {"skip": str(mine.id)}
    answer = desk.post("/queue/next", skip, htmx=False)
    assert answer.location == "/queue/next"
    page = desk.get(answer.location)
    assert "You have 1 of 1 in hand" in page
    assert free.owner_id is None
    answer = desk.post("/queue/next", {**skip, "anyway": "1"}, htmx=False)
    assert answer.location.startswith(f"/tickets/{free.id}")


def test_who_is_marked_as_away_is_asked_first(desk: Desk, queue: Queue):
    free = factories.ticket(queue_=queue)
    own_account(desk).availability = "away"
    db.session.commit()
    answer = desk.post("/queue/next", {}, htmx=False)
    assert "You are marked as away" in desk.get(answer.location)
    answer = desk.post("/queue/next", {"anyway": "1"}, htmx=False)
    assert answer.location.startswith(f"/tickets/{free.id}")


def test_when_nothing_waits_it_says_what_comes_back_when(desk: Desk, queue: Queue):
    waiting = factories.ticket(queue_=queue)
    services.hold(desk.actor, waiting, HoldReason.DATE, wake_at=now() + timedelta(days=1))
    db.session.commit()
    page = desk.get(desk.post(f"/queue/next?queue={queue.id}", {}, htmx=False).location)
    assert "1 ticket waits on purpose; the first comes back " in text_of(page)
    # By then something else may have come.
    factories.ticket(queue_=queue)
    assert "Something waits for you" in desk.get(f"/queue/next?queue={queue.id}")

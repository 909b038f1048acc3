"""Tellers that are killed, or that run at the same time, tell everybody exactly once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage
from helpdesk.notify.telling import SETTING, Tell, Telling
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Person
from helpdesk.tickets import services
from helpdesk.tickets.models import Entry
from tests import factories
from tests.support import crashing

pytestmark = pytest.mark.slow

TICKETS = 6


@pytest.fixture
def desk(own_desk: Flask) -> Flask:
    """A desk that has something to tell to each of several customers and technicians."""
    with own_desk.app_context():
        row = factories.desk()
        row.settings = {SETTING: Telling(kinds=frozenset(Tell), quiet=None).stored()}
        queue = factories.queue()
        lead = factories.actor(factories.technician(queues=[queue], lead=True), role="lead")
        people: list[Person] = []
        for _ in range(TICKETS):
            people.append(factories.technician(queues=[queue]))
            account = factories.account(people[-1], "technician")
            account.preferences = {"mail_notices": ["assigned"]}
        db.session.commit()
        with clock.at(now() - timedelta(minutes=10)):
            for who in people:
                ticket = factories.ticket(by=SYSTEM, queue_=queue)
                with transaction():
                    ticket = db.session.merge(ticket)
                    target = services.Target(queue, db.session.merge(who))
                    services.hand_over(lead, ticket, target)
        db.session.remove()
    return own_desk


def done(desk: Flask) -> None:
    """Check that everybody was told exactly once."""
    with desk.app_context():
        rows = db.session.execute(select(OutboxMessage.kind, OutboxMessage.state)).all()
        assert Counter((kind, state) for kind, state in rows) == {
            ("received", "queued"): TICKETS,
            ("notices", "queued"): TICKETS,
        }
        told = Counter(db.session.scalars(select(Entry.ticket_id).where(Entry.verb == "tell")))
        assert set(told.values()) == {1}
        assert len(told) == TICKETS


def test_a_killed_teller_has_told_nothing_and_the_next_does(desk: Flask, tmp_path: Path) -> None:
    fates = crashing.run(desk, tmp_path, "tests.notify.crashing", "die")
    assert len(fates) > 5
    assert [fate["killed"] for fate in fates] == [True] * (len(fates) - 1) + [False]
    done(desk)


def test_tellers_that_meet_leave_each_other_their_part(desk: Flask, tmp_path: Path) -> None:
    fates = crashing.run(desk, tmp_path, "tests.notify.crashing", "meet")
    assert [fate["code"] for fate in fates] == [0] * 3
    done(desk)

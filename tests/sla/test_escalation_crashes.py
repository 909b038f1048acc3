"""Sweeps that are killed, or that run at the same time, do each step exactly once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from helpdesk.db import db, transaction
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.notify.models import Notice
from helpdesk.people.access import SYSTEM
from helpdesk.sla import saving
from helpdesk.sla.calendar import Calendar
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Clock, StepDone
from helpdesk.sla.policy import Conditions, Do, Scope, Step
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.models import Entry
from tests import factories
from tests.sla.desk import terms
from tests.support import crashing

pytestmark = pytest.mark.slow

TICKETS = 12
PARTS = 4
STEPS = tuple(
    Step(Promise.FIX, percent, None, do)
    for percent, do in ((50, Do.WARN_OWNER), (100, Do.TELL_LEADS), (110, Do.RAISE))
)
NUDGE = Step(Promise.ACKNOWLEDGE, 60, None, Do.TELL_LEADS)


@pytest.fixture
def desk(own_desk: Flask) -> Flask:
    """A desk whose tickets and their parts have all come up, but for some that wait."""
    with own_desk.app_context():
        queue = factories.queue()
        owner = factories.technician(queues=[queue])
        lead = factories.technician(queues=[queue], lead=True)
        network, servers = factories.queue("Network"), factories.queue("Servers")
        factories.technician(queues=[network], lead=True)
        with transaction():
            calendar = saving.add_calendar(SYSTEM, "Always", Calendar.around_the_clock())
            here = Conditions(queues=frozenset({queue.id}))
            said = terms(calendar, conditions=here, steps=STEPS, fix=4)
            saving.add_policy(SYSTEM, "Standard", Scope.TICKET, said)
            move = Step(Promise.ACKNOWLEDGE, 110, None, Do.MOVE, servers.id)
            said = terms(
                calendar,
                conditions=Conditions(queues=frozenset({network.id})),
                steps=(NUDGE, move),
                acknowledge=4,
            )
            saving.add_policy(SYSTEM, "Second level", Scope.TEAM, said)
        agent = factories.actor(lead, role="lead")
        with clock.at(now() - timedelta(hours=5)):
            tickets = [
                factories.ticket(by=agent, queue_=queue, technician=owner) for _ in range(TICKETS)
            ]
            with transaction():
                for _ in range(PARTS):
                    other = factories.ticket(by=agent, queue_=servers)
                    services.add(agent, other, [services.Target(network)])
                for ticket in tickets[::4]:
                    services.hold(agent, ticket, HoldReason.CUSTOMER)
        db.session.remove()
    return own_desk


def done(desk: Flask) -> None:
    """Check that everything happened exactly once, and nothing to what waits."""
    came_up = TICKETS - len(range(0, TICKETS, 4))
    with desk.app_context():
        steps = Counter(db.session.scalars(select(StepDone.step)))
        moved = [key for key in steps if key.startswith("110%:move")]
        assert steps == {
            "missed": came_up + PARTS,
            **dict.fromkeys((step.key for step in STEPS), came_up),
            **dict.fromkeys((NUDGE.key, *moved), PARTS),
        }
        assert len(moved) == 1
        assert db.session.scalar(select(func.count(Notice.id))) == 2 * came_up + PARTS + len(
            db.session.scalars(select(Notice.id).where(Notice.kind == "assigned")).all()
        )
        verbs = Counter(
            db.session.scalars(
                select(Entry.verb).where(Entry.verb.in_(("promise-missed", "promise-warned")))
            )
        )
        assert verbs == {
            "promise-missed": came_up + PARTS,
            "promise-warned": 2 * came_up + PARTS,
        }
        handed = select(func.count(Entry.id)).where(Entry.verb == "hand-over")
        assert db.session.scalar(handed) == PARTS
        raised = select(func.count(Entry.id)).where(Entry.verb == "set-priority")
        assert db.session.scalar(raised) == came_up
        assert db.session.scalar(select(func.count()).where(Clock.next_at <= now())) == 0


def test_a_killed_sweep_has_done_nothing_and_the_next_does_it(desk: Flask, tmp_path: Path) -> None:
    fates = crashing.run(desk, tmp_path, "tests.sla.crashing", "die")
    assert len(fates) > 5
    assert [fate["killed"] for fate in fates] == [True] * (len(fates) - 1) + [False]
    done(desk)


def test_sweeps_that_meet_leave_each_other_their_part(desk: Flask, tmp_path: Path) -> None:
    fates = crashing.run(desk, tmp_path, "tests.sla.crashing", "meet")
    assert [fate["code"] for fate in fates] == [0] * 4
    done(desk)

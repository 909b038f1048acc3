"""Sweeps of rules that are killed, or that run at the same time, act exactly once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.notify.models import Notice
from helpdesk.rules.models import RuleMoment, RuleRun
from helpdesk.tickets.models import Entry
from tests import factories
from tests.rules.desk import rule
from tests.support import crashing

pytestmark = pytest.mark.slow

TICKETS = 6


@pytest.fixture
def desk(own_desk: Flask) -> Flask:
    """A desk on which two rules about time have come up for every ticket, and a timetable."""
    with own_desk.app_context():
        queue = factories.queue()
        factories.technician(queues=[queue], lead=True)
        agent = factories.actor()
        when = {"on": "after", "since": "opened", "amount": 2, "unit": "hours"}
        with clock.at(now() - timedelta(days=2)):
            rule("Note", {"do": "note", "text": "Old"}, when=when)
            rule("Tell", {"do": "tell", "whom": "leads"}, when=when)
            timetable = {"on": "schedule", "at": "09:00"}
            rule("Daily", {"do": "set-priority", "priority": 1}, when=timetable)
            for _ in range(TICKETS):
                factories.ticket(by=agent, queue_=queue)
        db.session.remove()
    return own_desk


def done(desk: Flask) -> None:
    """Check that each rule acted once on each ticket."""
    with desk.app_context():
        rows = db.session.execute(select(RuleRun.rule_id, RuleRun.outcome))
        runs = Counter((rule_id, outcome) for rule_id, outcome in rows)
        assert sorted(runs.values()) == [TICKETS] * 3
        assert {outcome for _rule, outcome in runs} == {"done"}
        verbs = Counter(db.session.scalars(select(Entry.verb).where(Entry.verb != "log")))
        assert verbs == {"note": TICKETS, "set-priority": TICKETS}
        assert db.session.scalar(select(func.count(Notice.id))) == TICKETS
        assert db.session.scalar(select(func.count()).where(RuleMoment.next_at <= now())) == 0


def test_a_killed_sweep_has_done_nothing_and_the_next_does_it(desk: Flask, tmp_path: Path) -> None:
    fates = crashing.run(desk, tmp_path, "tests.rules.crashing", "die")
    assert len(fates) > 5
    done(desk)


def test_sweeps_that_meet_leave_each_other_their_part(desk: Flask, tmp_path: Path) -> None:
    fates = crashing.run(desk, tmp_path, "tests.rules.crashing", "meet")
    assert [fate["code"] for fate in fates] == [0] * 4
    done(desk)

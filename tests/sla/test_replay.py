"""Promises worked out anew: after an edited policy or calendar, and after a mistake."""

from typing import Any

import pytest

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM, Actor, Denied
from helpdesk.people.models import AuditEntry
from helpdesk.sla import keeping, replay, saving
from helpdesk.sla.calendar import WEEKDAYS, Calendar, SpecialDay
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Clock
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import HoldReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.due import declare_mistaken
from helpdesk.tickets.services.errors import Refused
from tests import factories
from tests.sla.desk import OFFICE, monday, office, promised, terms

pytestmark = pytest.mark.usefixtures("session")


def logged(at: str = "09:00") -> Ticket:
    with clock.at(monday(at)):
        return factories.ticket(by=factories.actor(role="lead"))


def fix(ticket: Ticket) -> Clock:
    db.session.flush()
    return keeping.clocks_of(ticket.id)[Promise.FIX]


def boss() -> Actor:
    return factories.actor(role="administrator")


def test_nothing_differs_where_nothing_was_edited() -> None:
    promised(first_reply=2, fix=8)
    ticket = logged()
    with clock.at(monday("10:00")):
        services.reply(factories.actor(), ticket, services.Said(body="Hello"))
    with clock.at(monday("15:00")):
        assert replay.differences(boss(), [ticket]) == []
        assert replay.replay(boss(), [ticket], reason="To be sure") == []
    assert not db.session.query(Entry).filter_by(verb="replay").count()


def test_an_edited_policy_is_shown_first_and_then_holds() -> None:
    calendar = office()
    policy = promised(calendar=calendar, fix=8)
    ticket = logged()
    saving.change_policy(SYSTEM, policy, terms(calendar, fix=2))
    admin = boss()
    with clock.at(monday("10:00")):
        (found,) = replay.differences(admin, [ticket])
        assert found.before is not None
        assert found.after is not None
        assert (found.before.due_at, found.after.due_at) == (monday("17:00"), monday("11:00"))
        assert fix(ticket).due_at == monday("17:00")
        assert replay.replay(admin, [ticket], reason="New contract") == [found]
    assert fix(ticket).due_at == ticket.due_at == monday("11:00")
    entry = db.session.query(Entry).filter_by(verb="replay").one()
    assert (entry.author_id, entry.body) == (admin.person_id, "New contract")
    changes: Any = entry.changes
    assert changes["promises"][1][0]["due"][1] == monday("11:00").isoformat()
    logged_act = db.session.query(AuditEntry).filter_by(action="promises-replayed").one()
    assert (logged_act.actor_id, logged_act.changes["tickets"]) == (admin.person_id, [1, 1])


def test_an_edited_calendar_moves_what_is_due_and_what_was_missed() -> None:
    calendar = office()
    promised(calendar=calendar, fix=8)
    ticket = logged("16:00")
    with clock.at(monday("15:00", 1)):
        services.resolve(
            factories.actor(),
            ticket,
            outcome=Outcome.SOLVED,
            solution="Done",
            cause=factories.cause(),
        )
    assert fix(ticket).missed_at is None
    longer = Calendar.weekly("UTC", {day: [("08:00", "20:00")] for day in WEEKDAYS[:5]})
    assert saving.change_calendar(SYSTEM, calendar, longer)
    with clock.at(monday("16:00", 1)):
        replay.replay(boss(), [ticket], reason="We were open longer")
    assert (fix(ticket).state, fix(ticket).missed_at) == ("met", monday("12:00", 1))


def test_a_holiday_that_was_forgotten() -> None:
    calendar = office()
    promised(calendar=calendar, fix=8)
    ticket = logged("16:00")
    tuesday = SpecialDay.on(monday("00:00", 1).date(), name="Founders' day")
    saving.change_calendar(
        SYSTEM, calendar, Calendar(OFFICE.zone, OFFICE.week, special_days=(tuesday,))
    )
    replay.replay(boss(), [ticket], reason="Holiday")
    assert fix(ticket).due_at == monday("16:00", 2)


def test_a_mistaken_status_never_held() -> None:
    promised(fix=8)
    ticket = logged()
    agent, lead = factories.actor(), factories.actor(role="lead")
    with clock.at(monday("10:00")):
        hold = services.hold(agent, ticket, HoldReason.CUSTOMER)
    with clock.at(monday("12:00")):
        services.wake(agent, ticket)
        assert fix(ticket).due_at == monday("11:00", 1)
        with pytest.raises(Denied):
            declare_mistaken(agent, ticket, hold, reason="Wrong ticket")
        with pytest.raises(Refused):
            declare_mistaken(lead, ticket, hold, reason=" ")
        declare_mistaken(lead, ticket, hold, reason="Wrong ticket")
    assert fix(ticket).due_at == monday("17:00")
    log = db.session.query(Entry).filter_by(verb="log").one()
    with pytest.raises(Refused):
        declare_mistaken(lead, ticket, log, reason="Wrong ticket")


def test_only_who_sets_promises_up_replays() -> None:
    promised(fix=8)
    ticket = logged()
    with pytest.raises(Denied):
        replay.differences(factories.actor(role="lead"), [ticket])
    with pytest.raises(Denied):
        replay.replay(factories.actor(role="lead"), [ticket], reason="?")


def test_open_tickets_are_found_in_batches_and_by_policy() -> None:
    calendar = office()
    policy = promised(calendar=calendar, fix=8)
    numbers = [logged().id for _ in range(3)]
    assert replay.touched_by(policy.id, limit=2) == numbers[:2]
    assert replay.touched_by(policy.id, after=numbers[1]) == numbers[2:]
    assert replay.touched_by(None) == numbers
    other = promised("Other", calendar=calendar, fix=1)
    assert replay.touched_by(other.id) == []

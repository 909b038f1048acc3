"""Rules about time: after a while with the condition still true, at a share, by a timetable."""

import pytest
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.notify.models import Notice
from helpdesk.people.access import SYSTEM
from helpdesk.rules import saving, timers
from helpdesk.rules.models import RuleMoment, RuleRun
from helpdesk.sla import escalation
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import HoldReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.rules.desk import about, rule
from tests.sla.desk import monday, office, promised

pytestmark = pytest.mark.usefixtures("session")


def verbs(ticket: Ticket) -> list[str]:
    """Return what happened to a ticket, without its beginning."""
    found = select(Entry.verb).where(Entry.ticket_id == ticket.id).order_by(Entry.id)
    return list(db.session.scalars(found))[1:]


def test_who_does_not_answer_is_reminded_after_working_days_and_then_let_go() -> None:
    factories.desk()
    waits = about("hold-reason", "is-one-of", "customer")
    with clock.at(monday("08:00")):
        hours = office()
        for days, then in (
            (2, {"do": "note", "text": "Reminder"}),
            (5, {"do": "resolve", "outcome": "no-answer", "text": "No answer"}),
        ):
            since = {"on": "after", "since": "status", "amount": days, "unit": "days"}
            rule(f"After {days}", then, when={**since, "calendar": hours.id}, if_=waits)
    agent = factories.actor()
    with clock.at(monday("10:00")):
        silent, heard = factories.ticket(), factories.ticket()
        for ticket in (silent, heard):
            services.hold(agent, ticket, HoldReason.CUSTOMER)
        db.session.commit()
    with clock.at(monday("09:59", days=2)):
        assert timers.run_due_rules() == 0
        services.hear(heard, services.Heard(heard.customer, "Yes"), reopen_days=7)
        db.session.commit()
    with clock.at(monday("10:00", days=2)):
        timers.run_due_rules()
        assert timers.run_due_rules() == 0
        assert verbs(silent) == ["hold", "note"]
        assert verbs(heard) == ["hold", "hear"]
    # The weekend does not count: five working days are over on the next Monday.
    with clock.at(monday("10:00", days=6)):
        assert timers.run_due_rules() == 0
    with clock.at(monday("10:00", days=7)):
        timers.run_due_rules()
    assert verbs(silent)[-1] == "resolve"
    assert heard.status_class == "open"
    assert db.session.scalar(select(func.count()).where(RuleMoment.next_at.is_not(None))) == 0


def test_a_rule_at_a_share_of_a_promise_moves_with_its_clock() -> None:
    with clock.at(monday("08:00")):
        promised(fix=8.0)
        rule(
            "Half gone",
            {"do": "set-priority", "priority": 2},
            when={"on": "clock", "promise": "fix", "percent": 50},
        )
    agent = factories.actor()
    with clock.at(monday("09:00")):
        ticket = factories.ticket()
    with clock.at(monday("11:00")):
        services.hold(agent, ticket, HoldReason.CUSTOMER)
        db.session.commit()
    with clock.at(monday("15:00")):
        assert timers.run_due_rules() == 0
        services.wake(agent, ticket)
        db.session.commit()
    with clock.at(monday("16:59")):
        assert timers.run_due_rules() == 0
    with clock.at(monday("17:00")):
        assert timers.run_due_rules() == 1
        escalation.deal_with_due()
    assert ticket.priority == 2


def test_nobody_who_has_it_is_told_and_nobody_who_has_not_is_forgotten() -> None:
    queue = factories.queue()
    lead = factories.technician(queues=[queue], lead=True)
    then = {"do": "tell-unless-acknowledged", "minutes": 20, "whom": "leads", "text": "P1 waits"}
    rule("P1 to the lead", then, if_=about("subject", "has-word", "down"))
    with clock.at(monday("09:00")):
        waits, taken = factories.ticket("Mail is down"), factories.ticket("All is down")
        services.take(factories.actor(queues=[queue]), taken)
        db.session.commit()
    with clock.at(monday("09:19")):
        assert timers.run_due_rules() == 0
    with clock.at(monday("09:20")):
        assert timers.run_due_rules() == 2
    told = db.session.execute(
        select(Notice.person_id, Notice.ticket_id).where(Notice.kind == "rule")
    ).all()
    assert told == [(lead.id, waits.id)]


def test_a_timetable_comes_round_in_the_zone_of_the_desk() -> None:
    factories.desk().time_zone = "Asia/Hong_Kong"
    with clock.at(monday("02:00")):
        rule(
            "Weekly look",
            {"do": "add-tags", "tags": ["old"]},
            when={"on": "schedule", "weekdays": [1], "at": "09:30"},
            if_=about("opened", "more-than", 86_400),
        )
        old = factories.ticket()
    with clock.at(monday("03:00", days=7)):
        # The Tuesday in between passed while no worker ran: it is made up for, once.
        fresh = factories.ticket()
        timers.run_due_rules()
        assert timers.run_due_rules() == 0
    assert verbs(old) == ["set-tags"]
    assert verbs(fresh) == []
    with clock.at(monday("01:30", days=8)):
        timers.run_due_rules()
    runs = select(RuleRun.ticket_id, RuleRun.outcome).order_by(RuleRun.id)
    assert db.session.execute(runs).all() == [(old.id, "done"), (old.id, "nothing")]


def test_what_came_up_while_a_rule_was_off_is_over() -> None:
    when = {"on": "after", "since": "opened", "amount": 2, "unit": "hours"}
    factories.desk()
    with clock.at(monday("09:00")):
        row = rule("Late", {"do": "add-tags", "tags": ["late"]}, when=when)
        first = factories.ticket()
    with clock.at(monday("10:00")):
        second = factories.ticket()
        saving.turn(SYSTEM, row, False)
        db.session.commit()
    with clock.at(monday("11:30")):
        saving.turn(SYSTEM, row, True)
        db.session.commit()
        assert timers.run_due_rules() == 0
    with clock.at(monday("12:00")):
        assert timers.run_due_rules() == 1
    assert verbs(first) == []
    assert verbs(second) == ["set-tags"]


def test_a_closed_ticket_is_left_alone_unless_the_rule_asks_for_it() -> None:
    when = {"on": "after", "since": "updated", "amount": 2, "unit": "hours"}
    factories.desk()
    with clock.at(monday("09:00")):
        rule("Quiet", {"do": "note", "text": "Still here?"}, when=when)
        ticket = factories.ticket()
        services.resolve(
            factories.actor(),
            ticket,
            outcome=Outcome.SOLVED,
            solution="Done",
            cause=factories.cause(),
        )
        db.session.commit()
    with clock.at(monday("12:00")):
        assert timers.run_due_rules() == 0

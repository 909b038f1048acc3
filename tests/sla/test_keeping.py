"""Clocks on tickets: what runs, halts, is kept and missed while a ticket lives."""

from datetime import date, datetime, timedelta

import pytest

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.sla import keeping, saving
from helpdesk.sla.calendar import Calendar, Span, SpecialDay
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Clock
from helpdesk.sla.policy import Conditions, Do, Scope, Step
from helpdesk.tickets import services
from helpdesk.tickets.companions import Undo
from helpdesk.tickets.lifecycle import BinReason, HoldReason, Kind, Outcome
from helpdesk.tickets.models import Ticket, Worklist
from helpdesk.tickets.services.inbound import Heard
from tests import factories
from tests.sla.desk import monday, office, promised, terms

pytestmark = pytest.mark.usefixtures("session")


def logged(at: str = "09:00", **fields: object) -> Ticket:
    with clock.at(monday(at)):
        return factories.ticket(by=factories.actor(role="lead"), **fields)  # type: ignore[arg-type]


def shown(ticket: Ticket, promise: Promise = Promise.FIX) -> Clock:
    db.session.flush()
    return keeping.clocks_of(ticket.id)[promise]


def hear(ticket: Ticket, body: str = "Any news?") -> None:
    services.hear(ticket, Heard(author=ticket.customer, body=body), reopen_days=5)


def place(ticket: Ticket) -> tuple[int, datetime]:
    db.session.flush()
    line = db.session.query(Worklist).filter_by(ticket_id=ticket.id).one()
    return line.rank, line.moment


def test_without_a_policy_nothing_is_promised() -> None:
    ticket = logged()
    assert keeping.clocks_of(ticket.id) == {}
    assert ticket.due_at is None
    assert place(ticket)[0] == ticket.priority


def test_a_new_ticket_is_due_by_the_calendar() -> None:
    promised(first_reply=2, fix=12)
    ticket = logged("16:00")
    assert shown(ticket, Promise.FIRST_REPLY).due_at == monday("10:00", 1)
    assert shown(ticket).due_at == monday("12:00", 2)
    assert (ticket.due_at, ticket.due_promise) == (monday("10:00", 1), "first-reply")
    assert place(ticket) == (0, monday("10:00", 1))


def test_a_reply_keeps_the_first_and_the_fix_goes_on() -> None:
    promised(first_reply=2, fix=8)
    ticket = logged()
    with clock.at(monday("10:30")):
        services.reply(factories.actor(), ticket, services.Said(body="I am on it."))
    first = shown(ticket, Promise.FIRST_REPLY)
    assert (first.state, first.met_at, first.used, first.due_at) == (
        *("met", monday("10:30"), 5400),
        None,
    )
    assert first.missed_at is None
    assert (ticket.due_at, ticket.due_promise) == (monday("17:00"), "fix")


def test_receipts_notes_attempts_and_what_was_taken_back_are_no_reply() -> None:
    promised(first_reply=2)
    ticket = logged()
    with clock.at(monday("09:30")):
        agent = factories.actor()
        services.note(agent, ticket, services.Said(body="Looks like toner."))
        services.log_call(
            agent, ticket, services.Said(body="No answer"), inbound=False, answered=False
        )
        services.reply(SYSTEM, ticket, services.Said(body="We have your message."))
        services.reply(agent, ticket, services.Said(body="Oops"), hold=8, undo_group="g")
        services.undo(agent, "g")
    assert shown(ticket, Promise.FIRST_REPLY).due_at == monday("11:00")


def test_a_ticket_logged_on_the_phone_has_its_first_reply() -> None:
    promised(first_reply=2, next_reply=4)
    ticket = logged(channel="phone")
    first = shown(ticket, Promise.FIRST_REPLY)
    assert (first.state, first.met_at, first.used) == ("met", monday("09:00"), 0)
    assert Promise.NEXT_REPLY not in keeping.clocks_of(ticket.id)


def test_the_next_reply_runs_from_the_oldest_unanswered_message() -> None:
    promised(first_reply=2, next_reply=4)
    ticket = logged()
    with clock.at(monday("10:00")):
        services.reply(factories.actor(), ticket, services.Said(body="Try again."))
    for when in ("11:00", "11:30"):
        with clock.at(monday(when)):
            hear(ticket)
    following = shown(ticket, Promise.NEXT_REPLY)
    assert (following.due_at, following.round) == (monday("15:00"), 2)
    with clock.at(monday("12:00")):
        services.reply(factories.actor(), ticket, services.Said(body="And now?"))
    assert shown(ticket, Promise.NEXT_REPLY).state == "met"


def test_waiting_halts_and_the_answer_lets_it_go_on() -> None:
    promised(fix=4)
    ticket = logged()
    with clock.at(monday("10:00")):
        services.hold(factories.actor(), ticket, HoldReason.CUSTOMER)
    halted = shown(ticket)
    assert (halted.state, halted.used, halted.due_at) == ("halted", 3600, None)
    assert ticket.due_at is None
    assert place(ticket)[0] == 9
    with clock.at(monday("14:00")):
        hear(ticket)
    assert (shown(ticket).due_at, shown(ticket).used) == (monday("17:00"), 3600)


def test_a_policy_says_which_waiting_counts() -> None:
    promised(fix=4, calendar=(calendar := office()))
    policy = promised("Strict", calendar=calendar, conditions=Conditions(vip=True), fix=4)
    strict = terms(calendar, fix=4, waits=frozenset({"customer"}), conditions=Conditions(vip=True))
    assert saving.change_policy(SYSTEM, policy, strict)
    ticket = logged(customer=factories.person(vip=True))
    with clock.at(monday("10:00")):
        services.hold(factories.actor(), ticket, HoldReason.SUPPLIER)
    assert (shown(ticket).state, shown(ticket).due_at) == ("running", monday("13:00"))
    with clock.at(monday("11:00")):
        services.hold(factories.actor(), ticket, HoldReason.CUSTOMER)
    assert (shown(ticket).state, shown(ticket).used) == ("halted", 7200)


def test_resolving_keeps_the_fix_and_reopening_goes_on_with_the_time_used() -> None:
    promised(fix=4)
    ticket = logged()
    agent = factories.actor()
    with clock.at(monday("11:00")):
        services.resolve(
            agent,
            ticket,
            outcome=Outcome.SOLVED,
            solution="New toner",
            cause=factories.cause(),
        )
    assert (shown(ticket).state, shown(ticket).used, ticket.due_at) == ("met", 7200, None)
    with clock.at(monday("12:00")):
        hear(ticket, "Thank you!")
    assert shown(ticket).state == "met"
    with clock.at(monday("13:00")):
        hear(ticket, "It is broken again, please help.")
    assert (shown(ticket).state, shown(ticket).due_at) == ("running", monday("15:00"))


def test_what_is_late_stays_missed() -> None:
    promised(fix=1)
    ticket = logged()
    with clock.at(monday("12:00")):
        services.resolve(
            factories.actor(),
            ticket,
            outcome=Outcome.SOLVED,
            solution="Done",
            cause=factories.cause(),
        )
    late = shown(ticket)
    assert (late.state, late.missed_at, late.used) == ("met", monday("10:00"), 3 * 3600)


def test_undoing_is_as_if_it_had_never_been() -> None:
    promised(fix=8)
    ticket = logged()
    agent = factories.actor()
    with clock.at(monday("10:00")):
        services.hold(agent, ticket, HoldReason.CUSTOMER, undo_for=8)
        (group,) = {row.group_id for row in db.session.query(Undo).all()}
        services.undo(agent, group)
    assert (shown(ticket).state, shown(ticket).due_at) == ("running", monday("17:00"))


def test_the_bin_stops_everything_and_gives_it_back() -> None:
    promised(fix=8)
    ticket = logged()
    agent = factories.actor()
    with clock.at(monday("10:00")):
        services.bin_ticket(agent, ticket, BinReason.MISTAKE)
    assert (shown(ticket).state, ticket.due_at) == ("halted", None)
    with clock.at(monday("12:00")):
        services.restore(agent, ticket)
    assert shown(ticket).due_at == monday("11:00", 1)


def test_the_most_specific_policy_holds_and_says_why() -> None:
    calendar = office()
    promised("Everybody", calendar=calendar, fix=8)
    promised(
        "Questions", calendar=calendar, conditions=Conditions(kinds=frozenset({"question"})), fix=4
    )
    promised("VIP", calendar=calendar, conditions=Conditions(vip=True), fix=2)
    plain, question = logged(), logged(kind=Kind.QUESTION)
    vip = logged(kind=Kind.QUESTION, customer=factories.person(vip=True))
    assert [shown(t).length for t in (plain, question, vip)] == [8 * 3600, 4 * 3600, 2 * 3600]
    assert [shown(t).because for t in (plain, question, vip)] == [[], ["kinds"], ["vip"]]


def test_another_priority_or_kind_changes_what_is_promised_from_the_beginning() -> None:
    promised(fix={1: 1, 2: 2, 3: 4, 4: 8})
    ticket = logged()
    assert shown(ticket).due_at == monday("13:00")
    with clock.at(monday("10:30")):
        services.set_priority(factories.actor(), ticket, 1)
    assert (shown(ticket).due_at, shown(ticket).missed_at) == (monday("10:00"), monday("10:00"))


def test_an_edited_policy_changes_no_promise_that_was_given() -> None:
    calendar = office()
    policy = promised(calendar=calendar, fix=8)
    ticket = logged()
    saving.change_policy(SYSTEM, policy, terms(calendar, fix=1))
    with clock.at(monday("09:30")):
        services.take(factories.actor(), ticket)
    assert shown(ticket).length == 8 * 3600
    assert shown(logged("10:00")).length == 3600


def test_what_happened_earlier_counts_when_it_was() -> None:
    promised(first_reply=2)
    ticket = logged()
    lead = factories.actor(role="lead")
    with clock.at(monday("15:00")):
        services.log_call(
            lead,
            ticket,
            services.Said(body="We spoke.", happened_at=monday("10:00")),
            inbound=False,
        )
    first = shown(ticket, Promise.FIRST_REPLY)
    assert (first.met_at, first.missed_at, first.used) == (monday("10:00"), None, 3600)


@pytest.mark.parametrize("until", [None, "2026-11-22", "2026-11-23"])
def test_a_support_level_counts_until_its_last_day(until: str | None) -> None:
    calendar = office()
    promised(calendar=calendar, fix=8)
    gold = Conditions(support_levels=frozenset({"Gold"}))
    promised("Gold", calendar=calendar, conditions=gold, fix=2)
    firm = factories.organisation()
    firm.support_level = "Gold"
    firm.support_until = datetime.fromisoformat(until).date() if until else None
    ticket = logged(customer=factories.person(organisation_id=firm.id))
    expected = timedelta(hours=8 if until == "2026-11-22" else 2)
    assert shown(ticket).length == expected.total_seconds()


def test_a_calendar_that_opens_no_more_keeps_nobody_from_writing() -> None:
    factories.desk()
    day = SpecialDay.on(date(2026, 11, 24), [Span(9 * 3600, 12 * 3600)], "Inventory")
    once = saving.add_calendar(SYSTEM, "Once", Calendar("UTC", ((),) * 7, special_days=(day,)))
    steps = (Step(Promise.FIRST_REPLY, 200, None, Do.WARN_OWNER),)
    said = terms(once, steps=steps, fix=8, first_reply=2)
    saving.add_policy(SYSTEM, "Once", Scope.TICKET, said)
    ticket = logged()
    assert set(keeping.clocks_of(ticket.id)) == {Promise.FIRST_REPLY}
    assert ticket.due_at == monday("11:00", days=1)

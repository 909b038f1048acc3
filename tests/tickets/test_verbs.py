"""The life of a ticket as a desk lives it, on both databases."""

import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session, scoped_session

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM, Denied
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import HoldReason, Outcome
from helpdesk.tickets.services import Clash, Refused, Said, Target
from tests import factories
from tests.tickets.journals import entries, queues_of, resolve

pytestmark = pytest.mark.usefixtures("session")
DB = scoped_session[Session]


def test_a_logged_ticket_has_a_number_an_entry_and_a_place_in_its_queue() -> None:
    queue = factories.queue()
    ticket = factories.ticket(queue_=queue)
    assert ticket.number >= 10001
    assert ticket.status.key == "new"
    assert queues_of(ticket) == {queue.id}
    [entry] = entries(ticket)
    assert (entry.kind, entry.public, entry.inbound) == ("message", True, True)
    assert entry.author_id == ticket.customer_id


def test_numbers_are_never_reused(session: DB) -> None:
    first = factories.ticket()
    second = factories.ticket()
    assert second.number > first.number


def test_a_ticket_logged_on_the_phone_is_for_staff_and_counts_as_first_reply() -> None:
    ticket = factories.ticket(channel="phone")
    [entry] = entries(ticket)
    assert entry.kind == "call"
    assert not entry.public
    assert ticket.first_reply_at == ticket.opened_at


def test_a_customer_cannot_work_tickets() -> None:
    ticket = factories.ticket()
    customer = factories.actor(ticket.customer, role="customer")
    with pytest.raises(Denied):
        services.note(customer, ticket, Said(body="hello"))


def test_replying_acknowledges_owns_and_starts_the_work() -> None:
    queue = factories.queue()
    ticket = factories.ticket(queue_=queue)
    actor = factories.actor(queues=[queue])
    services.reply(actor, ticket, Said(body="On my **way**."))
    [assignment] = ticket.assignments
    assert assignment.state == "acknowledged"
    assert ticket.owner_id == actor.person_id
    assert ticket.status.key == "working"
    assert ticket.first_reply_at is not None
    assert entries(ticket)[-1].html == "<p>On my <strong>way</strong>.</p>"


def test_send_stops_when_the_customer_has_just_written() -> None:
    ticket = factories.ticket()
    seen = entries(ticket)[-1].id
    services.hear(ticket, services.Heard(ticket.customer, "It works again!"), reopen_days=5)
    with pytest.raises(Clash) as clash:
        services.reply(factories.actor(), ticket, Said(body="Try this"), seen_entry_id=seen)
    assert [entry.body for entry in clash.value.entries] == ["It works again!"]


def test_the_first_to_acknowledge_closes_the_others() -> None:
    home, one, two = factories.queue(), factories.queue(), factories.queue()
    ticket = factories.ticket(queue_=home)
    lead = factories.actor()
    services.add(lead, ticket, [Target(one), Target(two)], first_wins=True)
    assert queues_of(ticket) >= {one.id, two.id}
    quick = factories.actor(queues=[two])
    services.acknowledge(quick, ticket)
    states = {row.queue_id: row.state for row in ticket.assignments if row.parallel_group}
    assert states == {one.id: "withdrawn", two.id: "acknowledged"}
    assert one.id not in queues_of(ticket)


def test_who_is_in_both_queues_acknowledges_one_of_two() -> None:
    one, two = factories.queue(), factories.queue()
    ticket = factories.ticket(queue_=factories.queue())
    services.add(factories.actor(), ticket, [Target(one), Target(two)], first_wins=True)
    services.acknowledge(factories.actor(queues=[one, two]), ticket)
    rows = [row for row in ticket.assignments if row.parallel_group]
    assert sorted(row.state for row in rows) == ["acknowledged", "withdrawn"]
    assert all(row.ended_at is None for row in rows if row.state == "acknowledged")


def test_resolving_a_piece_at_once_closes_the_others_too() -> None:
    one, two = factories.queue(), factories.queue()
    ticket = factories.ticket(queue_=factories.queue())
    services.add(factories.actor(), ticket, [Target(one), Target(two)], first_wins=True)
    first = next(row for row in ticket.assignments if row.queue_id == one.id)
    services.resolve_assignment(factories.actor(queues=[one]), ticket, first.id)
    states = {row.queue_id: row.state for row in ticket.assignments if row.parallel_group}
    assert states == {one.id: "resolved", two.id: "withdrawn"}


def test_handing_over_asks_why_counts_and_can_be_returned() -> None:
    here, there = factories.queue(), factories.queue()
    ticket = factories.ticket(queue_=here)
    actor = factories.actor(queues=[here])
    services.take(actor, ticket)
    with pytest.raises(Refused) as refusal:
        services.hand_over(actor, ticket, Target(there))
    assert refusal.value.field == "reason"
    services.hand_over(actor, ticket, Target(there), reason="Needs the network team")
    assert (ticket.queue_id, ticket.handovers, ticket.owner_id) == (there.id, 1, None)
    assert queues_of(ticket) == {there.id}
    [waiting] = [row for row in ticket.assignments if row.state == "assigned"]
    services.give_back(factories.actor(queues=[there]), ticket, waiting.id)
    assert ticket.queue_id == here.id
    assert ticket.handovers == 1, "what is taken back is not handed on"
    [back] = [row for row in ticket.assignments if row.state == "assigned"]
    assert back.technician_id == actor.person_id


def test_naming_a_colleague_within_the_queue_is_no_hand_over() -> None:
    queue = factories.queue()
    ticket = factories.ticket(queue_=queue)
    colleague = factories.technician(queues=[queue])
    services.hand_over(factories.actor(queues=[queue]), ticket, Target(queue, colleague))
    assert ticket.handovers == 0
    assert ticket.owner_id == colleague.id
    assert ticket.status.key == "assigned"


def test_a_ticket_stands_once_in_every_queue_with_an_open_assignment() -> None:
    here, there = factories.queue(), factories.queue()
    ticket = factories.ticket(queue_=here)
    actor = factories.actor()
    services.add(actor, ticket, [Target(there)])
    services.add(actor, ticket, [Target(there, factories.technician())])
    assert queues_of(ticket) == {here.id, there.id}
    for row in [row for row in ticket.assignments if row.queue_id == there.id]:
        services.resolve_assignment(actor, ticket, row.id)
    assert queues_of(ticket) == {here.id}


def test_holding_waits_and_the_time_wakes_it() -> None:
    ticket = factories.ticket()
    actor = factories.actor()
    services.hold(actor, ticket, HoldReason.DATE, wake_at=now() + timedelta(hours=1))
    assert ticket.status.key == "waiting-date"
    assert services.wake_due() == 0
    with time_machine.travel(now() + timedelta(hours=2)):
        assert services.wake_due() == 1
    assert ticket.status_class == "open"
    assert ticket.woken_at is not None


def test_resolving_needs_a_solution_and_a_cause() -> None:
    ticket = factories.ticket()
    for missing in ({"solution": " "}, {"cause": None}):
        with pytest.raises(Refused):
            resolve(ticket, **missing)
    resolve(ticket)
    assert ticket.status_class == "resolved"
    assert queues_of(ticket) == set()
    assert all(row.state == "resolved" for row in ticket.assignments)


def test_an_answer_wakes_reopens_and_after_the_days_opens_a_linked_ticket() -> None:
    ticket = factories.ticket()
    actor = factories.actor()
    services.hold(actor, ticket, HoldReason.CUSTOMER)
    services.hear(ticket, services.Heard(ticket.customer, "Here is the log"), reopen_days=5)
    assert ticket.status_class == "open"
    assert ticket.customer_replied
    resolve(ticket, actor)
    services.hear(ticket, services.Heard(ticket.customer, "Still broken"), reopen_days=5)
    assert (ticket.status_class, ticket.reopenings) == ("open", 1)
    resolve(ticket, actor)
    services.close(actor, ticket)
    with time_machine.travel(now() + timedelta(days=4)):
        services.hear(ticket, services.Heard(ticket.customer, "Broken again"), reopen_days=5)
        assert ticket.status_class == "open"
        resolve(ticket, actor)
        services.close(actor, ticket)
    with time_machine.travel(now() + timedelta(days=10)):
        entry = services.hear(
            ticket, services.Heard(ticket.customer, "Something else"), reopen_days=5
        )
    assert ticket.status_class == "closed"
    assert entry.ticket_id != ticket.id
    assert entry.body == "Something else"


@pytest.mark.parametrize(
    ("body", "flagged"),
    [
        ("Thanks!", True),
        ("Thank you very much, it works now.\n\n> We replaced the ribbon", True),
        ("谢谢！", True),
        ("多謝，可以了", True),
        ("Danke, vielen Dank!", True),
        ("Thanks, but it is still broken", False),
        ("Thanks. Can you also look at the scanner?", False),
        ("Thanks, please order 3 more", False),
        ("谢谢，但是还不行", False),
        ("It is broken", False),
        ("", False),
    ],
)
def test_a_bare_thanks_is_flagged_and_not_reopened(body: str, flagged: bool) -> None:
    ticket = factories.ticket()
    resolve(ticket)
    services.hear(ticket, services.Heard(ticket.customer, body), reopen_days=5)
    assert (ticket.thanked, ticket.status_class) == (
        (True, "resolved") if flagged else (False, "open")
    )


def test_a_bulk_change_reports_each_ticket() -> None:
    fine, finished = factories.ticket(), factories.ticket()
    resolve(finished)
    actor = factories.actor()
    results = services.change_many(
        actor, [fine, finished], lambda ticket: services.take(actor, ticket)
    )
    assert [(row.number, row.ok, row.code) for row in results] == [
        (fine.id, True, ""),
        (finished.id, False, "ticket-finished"),
    ]


def test_solved_on_the_spot_counts_as_first_contact() -> None:
    queue = factories.queue()
    actor = factories.actor(queues=[queue])
    ticket = services.log_and_resolve(
        actor,
        services.NewTicket(customer=factories.person(), subject="Password reset", queue=queue),
        cause=factories.cause(),
        solution="Reset the password.",
        outcome=Outcome.SOLVED,
    )
    assert ticket.first_contact_fix
    assert ticket.status_class == "resolved"
    assert ticket.owner_id == actor.person_id


def test_back_dating_needs_a_permission_and_shows() -> None:
    ticket = factories.ticket()
    yesterday = now() - timedelta(days=1)
    said = Said(body="Called him yesterday", happened_at=yesterday)
    with pytest.raises(Denied):
        services.log_call(factories.actor(), ticket, said, inbound=False)
    entry = services.log_call(factories.actor(role="lead"), ticket, said, inbound=False)
    assert entry.happened_at == yesterday
    assert entry.recorded_at > yesterday


def test_an_unanswered_call_is_no_contact() -> None:
    ticket = factories.ticket()
    services.log_call(
        factories.actor(), ticket, Said(body="Voicemail"), inbound=False, answered=False
    )
    assert ticket.first_reply_at is None
    assert ticket.unanswered_since is not None


def test_the_journal_is_append_only_in_the_database(session: DB) -> None:
    ticket = factories.ticket()
    entry_id = entries(ticket)[0].id
    for statement in (
        "UPDATE entry SET body = 'other' WHERE id = :id",
        "UPDATE entry SET author_id = NULL WHERE id = :id",
        "DELETE FROM entry WHERE id = :id",
    ):
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(text(statement), {"id": entry_id})


def test_mentions_make_colleagues_follow() -> None:
    colleague = factories.technician("Priya Nair")
    ticket = factories.ticket()
    entry = services.note(
        factories.actor(), ticket, Said(body=f"@[Priya Nair](person:{colleague.id}) please look")
    )
    assert entry.body == "@Priya Nair please look"
    assert services.unfollow(factories.actor(colleague), ticket, colleague)


def test_the_house_closes_what_nobody_disputed() -> None:
    ticket = factories.ticket()
    resolve(ticket)
    db.session.commit()
    assert services.close_due(now() - timedelta(days=5)) == 0
    assert services.close_due(now() + timedelta(seconds=1)) == 1
    assert ticket.status_class == "closed"
    assert entries(ticket)[-1].author_id is SYSTEM.person_id


def test_logging_is_quick_enough_to_be_unnoticed() -> None:
    queue, customer, actor = factories.queue(), factories.person(), factories.actor()
    factories.ticket(by=actor, customer=customer, queue_=queue)
    started = time.process_time()
    for _number in range(10):
        factories.ticket(by=actor, customer=customer, queue_=queue)
    print(f"log: {(time.process_time() - started) * 100:.1f} ms CPU a ticket")

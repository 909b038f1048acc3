"""What is promised, as lists, the preview, the ticket's page and files show it."""

import csv
import io
from collections.abc import Iterator
from datetime import date

import pytest
import time_machine

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Organisation
from helpdesk.people.services import organisations
from helpdesk.sla import keeping, saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import BusinessCalendar
from helpdesk.sla.policy import Conditions, Scope
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue, Supplier
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Said, Target
from tests import factories
from tests.sla.desk import monday, office, promised, terms
from tests.support.queries import count_queries
from tests.tickets.desk import Desk, desk, no_tokens, queue, rows_of, text_of

__all__ = ["desk", "no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("eleven", "session")

PRIORITY = {1: (1, 1), 2: (1, 2), 3: (2, 2), 4: (3, 3)}


@pytest.fixture
def eleven() -> Iterator[None]:
    """It is Monday, eleven o'clock, in the test and on its desk."""
    with time_machine.travel(monday("11:00"), tick=False):
        yield


def logged(queue: Queue, at: str, priority: int, **fields: object) -> Ticket:
    impact, urgency = PRIORITY[priority]
    with clock.at(monday(at)):
        return factories.ticket(
            f"Opened {at}",
            queue_=queue,
            impact=impact,
            urgency=urgency,
            **fields,  # type: ignore[arg-type]
        )


def some_of_each(queue: Queue) -> dict[str, Ticket]:
    """Log a ticket for every group of a queue."""
    promised(fix={1: 1, 2: 3, 3: 10})
    found = {
        "overdue": logged(queue, "09:30", 1),
        "soon": logged(queue, "09:31", 2),
        "today": logged(queue, "10:55", 2),
        "later": logged(queue, "10:00", 3),
        "nothing": logged(queue, "10:10", 4),
        "held": logged(queue, "09:00", 1),
    }
    services.hold(factories.actor(), found["held"], HoldReason.CUSTOMER)
    db.session.commit()
    return found


# ---- Lists ----


def test_a_queue_is_in_the_order_of_the_time_left(desk: Desk, queue: Queue):
    found = some_of_each(queue)
    page = desk.get(f"/queue?queue={queue.id}")
    assert rows_of(page) == [ticket.id for ticket in found.values()]
    said = text_of(page)
    groups = (
        *("Overdue 1", "Due in the next 2 hours 1", "Later today 1", "After today 1"),
        *("P4 Low 1", "Waiting 1"),
    )
    places = [said.index(group) for group in groups]
    assert places == sorted(places)
    assert 'aria-sort="ascending">Time left' in page
    assert "Group: Time left" in said
    assert "Sort: Time left" in said
    # The chip ticks for who sees it, and names the moment for who hears it.
    assert "−30m fix Fix due by 10:30" in said
    assert "1h 31m fix Fix due by 12:31" in said
    assert "Fix due by Tue 12:00" in said
    assert 'data-due="2026-11-23T10:30:00Z"' in page
    # What nothing is promised for says that it only waits.
    assert "50m waiting" in said


def test_the_side_counts_what_is_overdue(desk: Desk, queue: Queue):
    some_of_each(queue)
    side = text_of(desk.get("/queue/side"))
    assert "Network &amp; VPN 1 / 6 the first number is overdue" in side
    assert "Breaching today 3" in side


def test_without_promises_a_queue_stands_by_priority_and_patience(desk: Desk, queue: Queue):
    logged(queue, "10:00", 3)
    said = text_of(desk.get(f"/queue?queue={queue.id}"))
    assert "Time left" not in said
    assert "Sort: Longest waiting" in said
    assert "P3 Medium 1" in said
    assert "waiting Opened" not in said


def test_lists_are_narrowed_by_what_is_due(desk: Desk, queue: Queue):
    found = some_of_each(queue)

    def shown(query: str) -> set[str]:
        rows = rows_of(desk.get(f"/queue?queue={queue.id}&due={query}"))
        return {name for name, ticket in found.items() if ticket.id in rows}

    assert shown("overdue") == {"overdue"}
    assert shown("soon") == {"soon"}
    assert shown("overdue,soon") == {"overdue", "soon"}
    # All that belongs to this day, what was missed in the morning too.
    assert shown("today") == {"overdue", "soon", "today"}
    assert shown("none") == {"nothing", "held"}
    page = desk.get(f"/queue?queue={queue.id}&due=soon")
    assert "Due In the next 2 hours" in text_of(page)
    editor = desk.get(f"/queue/filter?queue={queue.id}&due=soon")
    assert 'name="due" value="soon" checked' in editor
    assert "due=soon,none" in desk.client.get("/queue/narrow?due=soon&due=none").location
    assert "fchip bad" in desk.get("/queue?due=tomorrow")


def test_a_page_with_promises_asks_no_more_than_one_without(desk: Desk, queue: Queue):
    logged(queue, "10:00", 3)
    path = f"/queue?queue={queue.id}"
    desk.get(path)
    with count_queries() as without:
        desk.get(path)
    some_of_each(queue)
    # Numbers beside the lists are remembered for two seconds: both times by the request before.
    desk.get(path)
    with count_queries() as with_promises:
        desk.get(path)
    assert with_promises.count == without.count, with_promises


def test_an_exported_list_says_what_is_due(desk: Desk, queue: Queue):
    promised(fix={2: 3})
    due, free = logged(queue, "09:30", 2), logged(queue, "09:40", 4)
    sent = desk.client.get(f"/queue/export.csv?queue={queue.id}").data.decode("utf-8-sig")
    rows = {int(row["number"]): row for row in csv.DictReader(io.StringIO(sent))}
    assert (rows[due.id]["due_at"], rows[due.id]["due_promise"]) == ("2026-11-23 12:30:00", "fix")
    assert (rows[free.id]["due_at"], rows[free.id]["due_promise"]) == ("", "")


# ---- One ticket ----


def replied(queue: Queue) -> Ticket:
    """A ticket whose first reply was kept and whose fix is half due."""
    promised(first_reply=1, fix={2: 3})
    ticket = logged(queue, "09:30", 2)
    with clock.at(monday("09:45")):
        services.reply(factories.actor(), ticket, Said("On it."))
    db.session.commit()
    return ticket


def test_the_ticket_says_how_its_promises_stand(desk: Desk, queue: Queue):
    ticket = replied(queue)
    page = desk.get(f"/tickets/{ticket.id}")
    said = text_of(page)
    assert "Fix by 12:30 50% used 1h 30m left of 3h, Standard P2" in said
    assert "First reply 15m of 1h" in said
    assert said.index("Fix by 12:30") < said.index("First reply")
    # On a telephone the same stands under the head.
    assert "1h 30m left Fix due by 12:30" in said
    with time_machine.travel(monday("13:00"), tick=False):
        late = text_of(desk.get(f"/tickets/{ticket.id}"))
    assert "−30m over 3h, Standard P2" in late
    services.hold(factories.actor(), ticket, HoldReason.SUPPLIER)
    db.session.commit()
    assert "Fix 1h 30m left, paused" in text_of(desk.get(f"/tickets/{ticket.id}"))


def test_time_left_stands_still_while_the_desk_is_closed(desk: Desk, queue: Queue):
    promised(fix={2: 3})
    ticket = logged(queue, "15:00", 2)
    with time_machine.travel(monday("16:00"), tick=False):
        page = desk.get(f"/tickets/{ticket.id}")
        assert "2h left of 3h" in text_of(page)
        assert '<b class="num">2h' in page, "no script counts the night"
    with time_machine.travel(monday("09:30", 1), tick=False):
        assert '<b class="num" data-due-left>30m' in desk.get(f"/tickets/{ticket.id}")


def test_the_preview_shows_two_of_them_for_one_more_question(desk: Desk, queue: Queue):
    bare = logged(queue, "09:00", 4)
    ticket = replied(queue)
    said = text_of(desk.get(f"/tickets/{ticket.id}/preview"))
    assert "First reply met 15m of 1h" in said
    assert "Fix by 12:30 50% 1h 30m left" in said
    with count_queries() as queries:
        desk.get(f"/tickets/{bare.id}/preview")
    about_clocks = [each for each in queries.statements if "FROM clock" in each]
    assert len(about_clocks) == 1


def test_every_minute_is_accounted_for(desk: Desk, queue: Queue):
    ticket = replied(queue)
    with clock.at(monday("10:00")):
        services.hold(factories.actor(), ticket, HoldReason.CUSTOMER)
    with clock.at(monday("10:20")):
        services.wake(factories.actor(), ticket)
    db.session.commit()
    said = text_of(desk.get(f"/tickets/{ticket.id}/promises"))
    assert "Standard promises 3h, counted by “Office hours”" in said
    assert "Today 09:30 Today 10:00 Open hours 30m 30m" in said
    assert "Today 10:00 Today 10:20 Waiting on the customer 20m –" in said
    assert "Used so far 1h 10m" in said


def test_who_may_not_see_a_ticket_does_not_see_its_promises(desk: Desk, queue: Queue):
    secret = factories.queue("HR cases", restricted=True)
    promised(fix={2: 3})
    ticket = logged(secret, "09:30", 2, by=factories.actor(queues=[secret]))
    desk.get(f"/tickets/{ticket.id}/promises", 404)


# ---- Support that was bought ----


def with_support(level: str, until: date | None = None) -> Organisation:
    row = factories.organisation("Northline")
    row.support_level, row.support_until = level, until
    db.session.commit()
    return row


def test_the_customers_contract_stands_on_the_ticket(desk: Desk, queue: Queue):
    firm = with_support("Gold", date(2027, 3, 31))
    customer = factories.person(organisation_id=firm.id)
    ticket = logged(queue, "09:00", 3, customer=customer)
    page = desk.get(f"/tickets/{ticket.id}")
    assert "Contract Gold, to 31 Mar 2027" in text_of(page)


def test_a_new_level_holds_for_new_tickets_and_from_the_next_event_of_open_ones(queue: Queue):
    calendar = office()
    promised(calendar=calendar, fix=8)
    gold = Conditions(support_levels=frozenset({"Gold"}))
    promised("Gold", calendar=calendar, conditions=gold, fix=2)
    firm = with_support("")
    customer = factories.person(organisation_id=firm.id)
    ticket = logged(queue, "10:00", 3, customer=customer)
    boss = factories.actor(role="administrator")
    organisations.edit(boss, firm, firm.version, {"support_level": "Gold"})
    db.session.commit()

    def due(ticket: Ticket) -> object:
        return keeping.clocks_of(ticket.id)[Promise.FIX].due_at

    assert due(ticket) == monday("10:00", 1)
    assert due(logged(queue, "10:30", 3, customer=customer)) == monday("12:30")
    services.take(boss, ticket)
    db.session.flush()
    assert due(ticket) == monday("12:00")
    # It ended the day before the ticket was opened.
    organisations.edit(boss, firm, firm.version, {"support_until": date(2026, 11, 22)})
    db.session.commit()
    assert due(logged(queue, "10:40", 3, customer=customer)) == monday("10:40", 1)


def test_a_queue_shows_and_sorts_by_what_its_team_promised(desk: Desk, queue: Queue) -> None:
    promised(fix=8)
    network = factories.queue("Network")
    said = terms(
        db.session.query(BusinessCalendar).one(),
        conditions=Conditions(queues=frozenset({network.id})),
        acknowledge=1,
    )
    saving.add_policy(SYSTEM, "Second level", Scope.TEAM, said)
    first, second = (logged(queue, at, 3) for at in ("09:30", "09:31"))
    with clock.at(monday("10:10")):
        for ticket in (first, second):
            services.add(factories.actor(), ticket, [Target(network)])
    with clock.at(monday("10:20")):
        services.acknowledge(factories.actor(queues=[network]), first, first.assignments[-1].id)
    db.session.commit()
    page = desk.get(f"/queue?queue={network.id}")
    assert rows_of(page) == [second.id, first.id]
    assert "This part is to be acknowledged by 11:10" in page
    # Where the whole ticket waits, its own promise is what counts.
    assert "This part" not in desk.get(f"/queue?queue={queue.id}")
    assert "This part is to be acknowledged by 11:10" in desk.get(f"/tickets/{second.id}")


def test_whom_a_ticket_waits_for_is_asked_shown_and_changed(desk: Desk, queue: Queue) -> None:
    factories.desk()
    firm = Supplier(name="Harbour Cables", phone="+852 2233 4455")
    db.session.add(firm)
    ticket = logged(queue, "09:30", 3)
    db.session.commit()
    held = {"reason": "supplier", "until": "none", "supplier": firm.id, "reference": "HC-2231"}
    past = {**held, "promised_at": "2026-11-23T10:00"}
    assert desk.post(f"/tickets/{ticket.id}/hold", past).status_code == 422
    held["promised_at"] = "2026-11-23T15:00"
    assert desk.post(f"/tickets/{ticket.id}/hold", held).status_code < 400
    page = text_of(desk.get(f"/tickets/{ticket.id}"))
    assert "Waits for Harbour Cables" in page
    assert "put it on hold for Harbour Cables" in page
    assert "HC-2231" in page
    changed = {"supplier": firm.id, "reference": "HC-2231", "promised_at": "2026-11-23T16:30"}
    assert desk.post(f"/tickets/{ticket.id}/supplier", changed).status_code < 400
    assert "noted what the supplier said" in text_of(desk.get(f"/tickets/{ticket.id}"))
    listed = desk.get(f"/queue?class=pending&supplier={firm.id}")
    assert rows_of(listed) == [ticket.id]
    assert "With suppliers in all" in desk.get(f"/tickets/{ticket.id}/promises")

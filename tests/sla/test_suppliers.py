"""Suppliers: for whom a ticket waits, what they promised, reminders, and what they answer."""

from datetime import datetime
from typing import Any

import pytest

from helpdesk.channels.inbound import Correspondent, How, Inbound, receive
from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.notify.models import Notice, OutboxMessage
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Channel
from helpdesk.sla import escalation, keeping, ledger, saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Clock
from helpdesk.sla.policy import Conditions, Do, Scope, Step
from helpdesk.tickets import services
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import Refused, SupplierWait
from tests import factories
from tests.sla.desk import monday, office, terms

pytestmark = pytest.mark.usefixtures("session")

REMIND = Step(Promise.FIX, 100, None, Do.REMIND)
WARN = Step(Promise.FIX, 50, None, Do.WARN_OWNER)


def supplier(name: str = "Harbour Cables", **fields: Any) -> Supplier:
    row = Supplier(name=name, **{"email": "help@cables.example", **fields})
    db.session.add(row)
    db.session.flush()
    return row


def by_suppliers(*steps: Step, asks_for: Supplier | None = None, **hours: Any) -> None:
    factories.desk()
    chosen = frozenset({asks_for.id}) if asks_for is not None else frozenset()
    said = terms(office(), conditions=Conditions(suppliers=chosen), steps=steps, **hours)
    saving.add_policy(SYSTEM, "Cables", Scope.SUPPLIER, said)


def waiting(
    firm: Supplier | None, at: str = "10:00", promised: datetime | None = None, **fields: Any
) -> Ticket:
    owner = factories.technician()
    with clock.at(monday("09:00")):
        ticket = factories.ticket(by=factories.actor(role="lead"), technician=owner, **fields)
    with clock.at(monday(at)):
        services.hold(
            factories.actor(owner),
            ticket,
            HoldReason.SUPPLIER,
            supplier=SupplierWait(firm, "HC-2231" if firm else "", promised),
        )
    return ticket


def clock_of(ticket: Ticket, firm: Supplier) -> Clock:
    db.session.flush()
    return keeping.clocks_of(ticket.id, -firm.id)[Promise.FIX]


def sweep(at: str, days: int = 0) -> int:
    db.session.commit()
    with clock.at(monday(at, days)):
        return escalation.escalate.run()  # type: ignore[return-value]


def test_time_counts_while_a_ticket_waits_for_them_and_goes_on_when_it_does_again() -> None:
    firm = supplier()
    by_suppliers(asks_for=firm, fix=4)
    ticket = waiting(firm)
    desk = factories.actor()
    assert clock_of(ticket, firm).due_at == monday("14:00")
    with clock.at(monday("11:00")):
        services.wake(desk, ticket)
    row = clock_of(ticket, firm)
    assert (row.state, row.used, row.due_at) == ("met", 3600, None)
    with clock.at(monday("15:00")):
        services.hold(desk, ticket, HoldReason.SUPPLIER)
    assert clock_of(ticket, firm).due_at == monday("10:00", 1)
    with clock.at(monday("16:00")):
        services.hold(desk, ticket, HoldReason.CUSTOMER)
        told = ledger.ledger_of(desk, ticket)
    assert [(one.name, one.reference, one.length.seconds) for one in told.waits] == [
        ("Harbour Cables", "HC-2231", 3600)
    ] * 2
    assert told.with_suppliers.seconds == 7200
    assert [(one.whose, one.used.seconds) for one in told.accounts] == [("Harbour Cables", 7200)]


def test_what_they_promise_decides_when_it_is_sooner_or_all_there_is() -> None:
    firm = supplier()
    by_suppliers(WARN, fix=4)
    sooner = waiting(firm, promised=monday("12:00"))
    later = waiting(firm, promised=monday("16:00"))
    assert clock_of(sooner, firm).due_at == monday("12:00")
    assert clock_of(later, firm).due_at == monday("14:00")
    assert clock_of(sooner, firm).next_at == monday("11:00")


def test_a_promise_may_fall_where_nobody_works_and_a_new_one_begins_anew() -> None:
    firm = supplier()
    by_suppliers(REMIND, asks_for=firm)
    saturday = monday("12:00", 5)
    ticket = waiting(firm, promised=saturday)
    row = clock_of(ticket, firm)
    assert (row.due_at, row.next_at, row.round) == (saturday, saturday, 1)
    assert sweep("18:00", 4) == 0
    assert sweep("12:00", 5) == 1
    assert clock_of(ticket, firm).missed_at == saturday
    with clock.at(monday("09:00", 7)):
        services.set_supplier(
            factories.actor(), ticket, SupplierWait(firm, "HC-2231", monday("12:00", 7))
        )
    row = clock_of(ticket, firm)
    assert (row.round, row.due_at, row.missed_at) == (2, monday("12:00", 7), None)


def test_they_are_reminded_once_by_mail_that_shows_no_one_else() -> None:
    firm, silent = supplier(), supplier("Silent", email="")
    by_suppliers(WARN, REMIND, fix=2)
    ticket = waiting(firm, subject="Salary list of the directors")
    unreached = waiting(silent)
    assert sweep("11:00") == 2
    assert sweep("12:00") == 2
    assert sweep("12:10") == 0
    # Who answers for it was told before, about whom, and the journal says so.
    notices = db.session.query(Notice).filter_by(ticket_id=ticket.id, kind="danger").all()
    assert [(one.person_id, one.data["whose"]) for one in notices] == [(ticket.owner_id, firm.name)]
    verbs = db.session.query(Entry.verb).filter(Entry.ticket_id == ticket.id).order_by(Entry.id)
    assert [verb for (verb,) in verbs][-3:] == [
        *("promise-warned", "promise-missed", "supplier-reminded")
    ]
    (mail,) = db.session.query(OutboxMessage).all()
    assert mail.recipients == ["help@cables.example"]
    assert "HC-2231" in mail.subject
    assert f"[#{ticket.number}]" in mail.subject
    assert "Salary" not in (mail.subject + (mail.text or ""))
    unsaid = db.session.query(Entry).filter_by(ticket_id=unreached.id, verb="supplier-reminded")
    assert unsaid.count() == 0


@pytest.mark.parametrize("threaded", [True, False], ids=["their colleague", "by the number"])
def test_what_they_answer_joins_the_ticket_where_the_customer_does_not_see_it(
    threaded: bool,
) -> None:
    firm = supplier()
    ticket = waiting(firm)
    author = "someone@cables.example" if threaded else "help@cables.example"
    got = receive(
        Inbound(
            author=Correspondent(author, "Cables"),
            channel=Channel.EMAIL,
            queue=ticket.queue,
            happened_at=monday("11:00"),
            subject=f"Re: HC-2231 [#{ticket.number}]",
            body="We come on Friday.",
            thread=ticket.number if threaded else None,
            answers_supplier=threaded,
            quoted=ticket.number,
        ),
        reopen_days=5,
    )
    assert (got.how, got.ticket.id, got.entry.public) == (How.NOTED, ticket.id, False)
    # Whether they are done is for a person to say.
    assert ticket.status_class == "pending"
    told = db.session.query(Notice).filter_by(ticket_id=ticket.id, kind="answered").all()
    assert [(one.person_id, one.data) for one in told] == [
        (ticket.owner_id, {"supplier": firm.name})
    ]


def test_only_what_makes_sense_is_noted() -> None:
    firm, gone = supplier(), supplier("Gone", retired_at=monday("08:00"))
    ticket = waiting(None)
    desk = factories.actor()
    with clock.at(monday("12:00")):
        for wait, field in (
            (SupplierWait(None, "HC-1"), "supplier"),
            (SupplierWait(gone), "supplier"),
            (SupplierWait(firm, "", monday("11:00")), "promised_at"),
        ):
            with pytest.raises(Refused) as refused:
                services.set_supplier(desk, ticket, wait)
            assert refused.value.field == field
        services.set_supplier(desk, ticket, SupplierWait(firm, " HC-1 ", monday("14:00")))
        assert (ticket.supplier, ticket.supplier_reference) == (firm, "HC-1")
        services.wake(desk, ticket)
        assert (ticket.supplier, ticket.supplier_promised_at) == (firm, None)
        with pytest.raises(Refused):
            services.set_supplier(desk, ticket, SupplierWait(firm))

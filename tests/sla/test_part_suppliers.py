"""A part of a ticket waits for a supplier while colleagues go on with theirs."""

from typing import Any

import pytest

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.notify.models import Notice, OutboxMessage
from helpdesk.people.access import SYSTEM
from helpdesk.sla import keeping, ledger, replay, saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.policy import Do, Scope, Step
from helpdesk.tickets import services
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.lifecycle import HoldReason, Outcome
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.services import Refused, SupplierWait, Target
from helpdesk.tickets.services.due import declare_mistaken
from tests import factories
from tests.sla.desk import monday, office, terms
from tests.sla.test_suppliers import supplier, sweep
from tests.tickets.desk import Desk, desk, no_tokens, queue, text_of

__all__ = ["desk", "no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session")

WARN = Step(Promise.FIX, 50, None, Do.WARN_OWNER)
REMIND = Step(Promise.FIX, 100, None, Do.REMIND)


def promises(*steps: Step) -> None:
    """Four hours for each team, two for each supplier."""
    factories.desk()
    calendar = office()
    saving.add_policy(SYSTEM, "Teams", Scope.TEAM, terms(calendar, fix=4))
    saving.add_policy(SYSTEM, "Cables", Scope.SUPPLIER, terms(calendar, steps=steps, fix=2))


def parts(**fields: Any) -> tuple[Ticket, Assignment, Assignment]:
    """A ticket from nine o'clock, with a part of two technicians each."""
    lead = factories.actor(role="lead")
    with clock.at(monday("09:00")):
        ticket = factories.ticket(by=lead, technician=factories.technician(), **fields)
        second = Target(factories.queue("Network"), factories.technician())
        services.add(lead, ticket, [second])
    first, other = ticket.assignments
    return ticket, first, other


def wait(
    row: Assignment, firm: Supplier, at: str = "10:00", promised: str | None = None, **how: Any
) -> Any:
    with clock.at(monday(at)):
        until = monday(promised) if promised else None
        said = SupplierWait(firm, "HC-2231", until)
        return services.set_part_waits(_holder(row), row.ticket, row.id, said, **how)


def _holder(row: Assignment) -> Any:
    return factories.actor(row.technician)


def due(ticket: Ticket, piece: int) -> Any:
    db.session.flush()
    return keeping.clocks_of(ticket.id, piece)[Promise.FIX].due_at


def test_the_time_of_the_part_stops_and_theirs_runs_while_the_others_go_on() -> None:
    firm = supplier()
    promises()
    ticket, mine, other = parts()
    wait(mine, firm)
    assert due(ticket, mine.id) is None
    assert due(ticket, other.id) == monday("13:00")
    assert due(ticket, -firm.id) == monday("12:00")
    with clock.at(monday("11:00")):
        # What the whole ticket waits for beside it changes nothing of who has it.
        services.hold(_holder(other), ticket, HoldReason.CUSTOMER)
    with clock.at(monday("11:30")):
        services.wake(_holder(other), ticket)
        assert due(ticket, mine.id) is None
        services.end_part_wait(_holder(mine), ticket, mine.id)
    assert due(ticket, mine.id) == monday("14:30")
    assert due(ticket, other.id) == monday("13:30")
    assert due(ticket, -firm.id) is None
    with clock.at(monday("12:00")):
        told = ledger.ledger_of(factories.actor(), ticket)
        desk = factories.actor(role="administrator")
        assert not replay.differences(desk, [ticket]), "derived from the journal"
    (line,) = told.waits
    assert (line.name, line.reference, line.part, line.length.seconds) == (
        *("Harbour Cables", "HC-2231"),
        *(mine.queue.name, 5400),
    )


def test_two_parts_that_wait_at_once_are_one_time_with_suppliers() -> None:
    promises()
    first, second = supplier(), supplier("Kestrel")
    ticket, mine, other = parts()
    wait(mine, first, "10:00")
    wait(other, second, "10:30")
    with clock.at(monday("11:00")):
        services.end_part_wait(_holder(mine), ticket, mine.id)
        told = ledger.ledger_of(factories.actor(), ticket)
        assert [one.length.seconds for one in told.waits] == [3600, 1800]
        assert told.with_suppliers.seconds == 3600


@pytest.mark.parametrize("how", ["finish", "return", "hand over", "resolve"])
def test_a_wait_ends_with_its_part_or_with_the_ticket(how: str) -> None:
    firm = supplier()
    promises()
    ticket, mine, _other = parts()
    by, elsewhere = _holder(mine), Target(factories.queue("Field"))
    if how == "return":
        with clock.at(monday("09:10")):
            services.hand_over(by, ticket, elsewhere, assignment_id=mine.id, reason="On site")
        mine = ticket.assignments[-1]
        services.acknowledge(factories.actor(queues=[mine.queue]), ticket, mine.id)
    wait(mine, firm)
    with clock.at(monday("11:00")):
        if how == "finish":
            services.resolve_assignment(by, ticket, mine.id)
        elif how == "return":
            services.give_back(by, ticket, mine.id)
        elif how == "hand over":
            services.hand_over(by, ticket, elsewhere, assignment_id=mine.id, reason="On site")
        else:
            services.resolve(by, ticket, outcome=Outcome.NOT_OURS, solution="New cable")
        assert not any(row.waits_since for row in ticket.assignments)
        assert due(ticket, -firm.id) is None
        told = ledger.ledger_of(factories.actor(), ticket)
    assert [one.length.seconds for one in told.waits] == [3600]
    # Their answers still come under it.
    assert services.suppliers_of(ticket) == [firm]


def test_a_piece_that_is_over_waits_no_more_also_when_the_status_was_a_mistake() -> None:
    firm = supplier()
    promises()
    ticket, mine, _other = parts()
    wait(mine, firm)
    lead = factories.actor(role="lead")
    with clock.at(monday("11:00")):
        by = _holder(mine)
        entry = services.resolve(by, ticket, outcome=Outcome.NOT_OURS, solution="New cable")
    with clock.at(monday("11:30")):
        declare_mistaken(lead, ticket, entry, reason="It was not fixed")
        keeping.refresh(ticket)
    assert due(ticket, -firm.id) is None
    with clock.at(monday("15:00")):
        told = ledger.ledger_of(lead, ticket)
    assert [one.length.seconds for one in told.waits] == [3600]


def test_a_colleague_of_the_queue_takes_the_wait_over_and_undo_gives_it_back() -> None:
    firm = supplier()
    promises()
    ticket, mine, _other = parts()
    by, colleague = _holder(mine), Target(mine.queue, factories.technician())
    wait(mine, firm)
    with clock.at(monday("11:00")):
        services.hand_over(
            by, ticket, colleague, assignment_id=mine.id, reason="End of shift", undo_for=60
        )
        taken = ticket.assignments[-1]
        assert (taken.waits_since, mine.waits_since) == (monday("10:00"), None)
        assert due(ticket, -firm.id) == monday("12:00")
        services.undo(by, str(services.latest_group(by)))
        assert (mine.waits_since, taken.waits_since) == (monday("10:00"), None)
    with clock.at(monday("11:30")):
        services.end_part_wait(by, ticket, mine.id)
        told = ledger.ledger_of(factories.actor(), ticket)
    assert [one.length.seconds for one in told.waits] == [5400]
    assert due(ticket, mine.id) == monday("14:30")


def test_who_holds_the_part_is_warned_and_the_supplier_reminded_with_their_number() -> None:
    firm = supplier()
    promises(WARN, REMIND)
    ticket, _first, mine = parts(subject="Salary list")
    wait(mine, firm)
    assert sweep("11:00")
    notices = db.session.query(Notice).filter_by(ticket_id=ticket.id, kind="danger").all()
    assert [(one.person_id, one.data["whose"]) for one in notices] == [
        (mine.technician_id, firm.name)
    ]
    sweep("12:00")
    (mail,) = db.session.query(OutboxMessage).all()
    assert mail.recipients == ["help@cables.example"]
    assert "HC-2231" in mail.subject
    # Whoever there answers is heard as the supplier.
    stranger = factories.person()
    assert services.is_supplier(ticket, stranger, "help@cables.example")
    assert not services.is_supplier(ticket, stranger, "someone@else.example")


def test_only_what_makes_sense_is_noted_and_nobody_overwrites_a_colleague() -> None:
    firm = supplier()
    ticket, mine, _other = parts()
    attempts: list[tuple[SupplierWait, dict[str, Any]]] = [
        (SupplierWait(None), {}),
        (SupplierWait(firm, "", monday("08:00")), {}),
        (SupplierWait(firm), {"changing": True}),
    ]
    for said, how in attempts:
        with clock.at(monday("09:30")), pytest.raises(Refused):
            services.set_part_waits(_holder(mine), ticket, mine.id, said, **how)
    assert mine.waits_since is None
    assert wait(mine, firm, note="Ask for tier 2").verb == "part-waits"
    assert wait(mine, firm, note="Ask for tier 2") is None
    assert wait(mine, firm, note="Ask for tier 2", promised="15:00").verb == "set-part-supplier"
    with pytest.raises(Refused):
        wait(mine, firm, changing=False)


def test_the_page_the_lists_and_the_timeline_say_so(desk: Desk) -> None:
    firm = supplier()
    ticket, mine, _other = parts()
    db.session.commit()
    place = f"/tickets/{ticket.id}/assignments/{mine.id}/supplier"
    dialog = desk.get(place)
    assert "Only colleagues read it, neither the customer nor the supplier." in text_of(dialog)
    assert desk.post(place, {"changing": "0"}).status_code == 422
    said = {"supplier": firm.id, "reference": "HC-2231", "note": "Ask for tier 2", "changing": "0"}
    assert desk.post(place, said).status_code == 200
    page = text_of(desk.get(f"/tickets/{ticket.id}"))
    for words in ("Waits for Harbour Cables", "HC-2231", "They are done", "Ask for tier 2"):
        assert words in page
    assert "wait for Harbour Cables" in page
    for query in ("hold=supplier", f"supplier={firm.id}"):
        assert ticket.subject in desk.get(f"/queue?{query}")
    assert desk.post(f"{place}/done", {}).status_code == 200
    assert "Waits for Harbour Cables" not in text_of(desk.get(f"/tickets/{ticket.id}"))
    assert ticket.subject not in desk.get("/queue?hold=supplier")
    assert desk.post(f"/tickets/{ticket.id}/assignments/0/supplier", said).status_code == 404

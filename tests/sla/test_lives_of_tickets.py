"""Zammad's lives of tickets, lived by tickets of ours: through the verbs, with their moments."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.sla import keeping, saving
from helpdesk.sla.cases import calendar_of
from helpdesk.sla.lives import PROMISES, agrees
from helpdesk.sla.policy import PRIORITIES, Scope, Terms
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import HoldReason, Outcome, StatusClass
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.inbound import Heard
from tests import factories

pytestmark = pytest.mark.usefixtures("session")

Case = dict[str, Any]
SAME = ("old-14", "old-20", "old-21", "new-15", "new-20", "new-21", "new-22")
"""Cases that end for a ticket of ours as they do there."""

FIRST, NEXT, FIX = (f"{name}_escalation_at" for name in PROMISES)
FIRST_USED, FIRST_LEFT = "first_response_in_min", "first_response_diff_in_min"
NEXT_USED, NEXT_LEFT = "update_in_min", "update_diff_in_min"

OURS: dict[str, dict[str, str | int | None]] = {
    "old-04": {"escalation_at": "2013-03-21T12:30:00Z", FIRST: None, NEXT: None},
    "old-06": {
        FIRST: None,
        NEXT: None,
        NEXT_USED: None,
        NEXT_LEFT: None,
        FIRST_USED: 90,
        FIRST_LEFT: -30,
    },
    "old-08": {
        FIRST: None,
        NEXT: None,
        NEXT_USED: 115,
        NEXT_LEFT: 5,
        FIRST_USED: 150,
        FIRST_LEFT: -90,
    },
    "old-09": {
        FIRST: None,
        NEXT: None,
        NEXT_USED: 5,
        NEXT_LEFT: 115,
        FIRST_USED: 150,
        FIRST_LEFT: -90,
    },
    "old-12": {
        FIRST: None,
        NEXT: None,
        FIX: None,
        NEXT_USED: 5,
        NEXT_LEFT: 115,
        FIRST_USED: 150,
        FIRST_LEFT: -90,
    },
    "old-16": {NEXT: None},
    "old-18": {NEXT: None},
    "old-19": {NEXT: None},
    "old-23": {FIRST: None, NEXT: None, FIX: None},
    "old-24": {FIRST: None, NEXT: None, FIX: None},
    "old-28": {FIRST: None, NEXT: None},
    "old-32": {"escalation_at": None, FIRST: None, NEXT: None},
    "new-01": {NEXT: None},
    "new-05": {FIRST_USED: 150, FIRST_LEFT: -90, NEXT_USED: None, NEXT_LEFT: None},
    "new-13": {FIRST_USED: 60, FIRST_LEFT: 60},
}
"""What we say otherwise, and nothing else; the reasons are in the ADR about business time."""


def promised(case: Case) -> None:
    factories.desk()
    calendar = saving.add_calendar(SYSTEM, "Hours", calendar_of(case["calendar"]))
    lengths = {
        (promise, priority): timedelta(minutes=minutes)
        for name, promise in PROMISES.items()
        if (minutes := case["sla_minutes"]["solution" if name == "close" else name]) is not None
        for priority in PRIORITIES
    }
    saving.add_policy(SYSTEM, "Zammad", Scope.TICKET, Terms(calendar.id, lengths))


def moments(case: Case) -> Iterator[tuple[datetime, str, str]]:
    """Yield when, what and to which state, in order of time; a state comes after what was said."""
    at, told = datetime.fromisoformat(case["created_at"]), []
    for kind, *details in case["events"]:
        state = details.pop(0) if kind == "state" else ""
        at = datetime.fromisoformat(details[0]) if details else at
        told.append((at, kind, state))
    yield from sorted(told, key=lambda one: (one[0], one[1] == "state"))


def live(case: Case) -> Ticket:
    """Let a ticket live as a case tells; returns it as it stands at the end."""
    agent = factories.actor(role="lead")
    begins = datetime.fromisoformat(case["created_at"]).astimezone(UTC)
    with clock.at(begins):
        ticket = factories.ticket(by=agent)
        become(agent, ticket, case["initial_state"])
    for at, kind, state in moments(case):
        with clock.at(at.astimezone(UTC)):
            if kind == "state":
                become(agent, ticket, state)
            elif kind.startswith("inbound_") or kind == "last_contact_customer_at":
                # The first message is the ticket itself.
                if at > begins:
                    services.hear(ticket, Heard(ticket.customer, "Any news?"), reopen_days=30)
            elif kind == "agent_note":
                services.note(agent, ticket, services.Said("I will call."))
            elif kind != "close_at":
                services.reply(agent, ticket, services.Said("I am on it."))
    return ticket


def become(agent: Actor, ticket: Ticket, state: str) -> None:
    """Bring a ticket into a state of theirs, by the verb that does it; nothing if it is there."""
    if state.startswith("pending"):
        if ticket.status_class != StatusClass.PENDING:
            services.hold(agent, ticket, HoldReason.CUSTOMER)
    elif state == "closed":
        cause = factories.cause()
        services.resolve(agent, ticket, outcome=Outcome.SOLVED, solution="New cable.", cause=cause)
    elif ticket.status_class == StatusClass.PENDING:
        services.wake(agent, ticket)
    elif ticket.status_class == StatusClass.RESOLVED:
        services.reopen(agent, ticket)


def shown(ticket: Ticket, case: Case) -> dict[str, Any]:
    """Return what stands in the rows of the ticket's clocks, as their answers call it."""
    db.session.flush()
    rows = keeping.clocks_of(ticket.id)
    found: dict[str, Any] = {"escalation_at": ticket.due_at}
    for name, promise in PROMISES.items():
        row = rows.get(promise)
        kept = row is not None and row.met_at is not None
        found[f"{name}_at"] = row.met_at if row else None
        found[f"{name}_escalation_at"] = row.due_at if row else None
        found[f"{name}_in_min"] = row.used // 60 if row and kept else None
        left = row.length // 60 - row.used // 60 if row and kept else None
        found[f"{name}_diff_in_min"] = left
    return {key: found[key] for key in case["expected"]}


def cases(shared_data: Path) -> dict[str, Case]:
    text = (shared_data / "sla" / "zammad_escalation" / "cases.jsonl").read_text("utf-8")
    return {case["id"]: case for case in map(json.loads, text.splitlines())}


def ends_as_decided(case: Case) -> None:
    promised(case)
    got, wanted = shown(live(case), case), {**case["expected"], **OURS.get(case["id"], {})}
    # What we say otherwise is not what they say: the list holds nothing that agrees.
    assert all(not alike(got[key], case["expected"][key]) for key in OURS.get(case["id"], {}))
    assert {key: value for key, value in got.items() if not alike(value, wanted[key])} == {}


def alike(got: object, wanted: object) -> bool:
    return agrees({"it": got}, {"it": wanted})


def test_no_case_is_left_out(shared_data: Path):
    assert cases(shared_data).keys() == {*SAME, *OURS}


@pytest.mark.one_database
@pytest.mark.parametrize("name", [*SAME, *OURS])
def test_a_ticket_lives_as_told(shared_data: Path, name: str):
    ends_as_decided(cases(shared_data)[name])


@pytest.mark.parametrize("name", ["new-13", "new-22"])
def test_and_on_either_database(shared_data: Path, name: str):
    ends_as_decided(cases(shared_data)[name])

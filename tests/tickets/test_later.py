"""Answers that leave later: said once, at their moment, and nothing that was said before."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Account
from helpdesk.tickets import services
from helpdesk.tickets.companions import Draft, LaterAnswer
from helpdesk.tickets.lifecycle import BinReason
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Heard
from helpdesk.upkeep.later import send_later_answers
from tests import factories
from tests.tickets.test_talking import upload
from tests.tickets.workspace import Workspace, entries, newest, triggers, work

__all__ = ["work"]


def write(work: Workspace, ticket: Ticket, body: str = "Good morning", **more: Any) -> datetime:
    at = now() + timedelta(hours=10)
    answer = work.post(
        f"/tickets/{ticket.id}/reply", body=body, later=at.isoformat(), seen=newest(ticket), **more
    )
    assert answer.status_code == 200, answer.text[:300]
    assert "To be sent" in triggers(answer)["toast"]["text"]
    return at


def waiting() -> list[LaterAnswer]:
    db.session.expire_all()
    return list(db.session.scalars(select(LaterAnswer)))


def at(moment: datetime) -> Any:
    return time_machine.travel(moment + timedelta(seconds=1), tick=False)


def messages(ticket: Ticket) -> list[str]:
    return [one.body for one in entries(ticket) if one.kind == "message" and not one.inbound]


def test_it_is_said_at_its_moment_and_counts_as_an_answer_only_then(work: Workspace):
    ticket = work.ticket()
    then = factories.status("waiting-customer")
    file = upload(work, ticket, "log.txt", b"line").get_json()["id"]
    moment = write(work, ticket, then=then.id, attachment=[file], to=[ticket.customer_id])
    db.session.expire_all()
    assert (messages(ticket), ticket.first_reply_at, ticket.owner_id) == ([], None, None)
    assert ticket.status_id != then.id
    page = work.get(f"/tickets/{ticket.id}").text
    assert "Your answer will be sent" in page
    assert "log.txt" in page
    send_later_answers.run()
    assert len(waiting()) == 1
    with at(moment):
        send_later_answers.run()
        send_later_answers.run()
    assert messages(ticket) == ["Good morning"]
    db.session.expire_all()
    assert ticket.first_reply_at == moment + timedelta(seconds=1)
    assert (ticket.owner_id, ticket.status_id) == (work.person.id, then.id)
    assert [one.name for one in entries(ticket)[-1].attachments] == ["log.txt"]
    assert (waiting(), db.session.scalars(select(Draft)).all()) == ([], [])


def test_it_is_marked_when_the_customer_wrote_since(work: Workspace):
    ticket = work.ticket()
    write(work, ticket)
    assert "The customer wrote since" not in work.get(f"/tickets/{ticket.id}").text
    services.hear(ticket, Heard(ticket.customer, "Never mind"), reopen_days=5, actor=SYSTEM)
    assert "The customer wrote since" in work.get(f"/tickets/{ticket.id}").text


def test_it_is_changed_by_taking_it_back_and_nothing_typed_is_lost(work: Workspace):
    ticket = work.ticket()
    file = upload(work, ticket, "log.txt", b"line").get_json()["id"]
    write(work, ticket, attachment=[file])
    (later,) = waiting()
    work.post(f"/tickets/{ticket.id}/drafts/reply", body="Something else")
    answer = work.post(f"/tickets/{ticket.id}/later/{later.id}/take-back")
    assert "Something else\n\nGood morning" in answer.text
    assert "log.txt" in answer.text
    assert waiting() == []


def test_it_can_be_sent_at_once_and_taken_back_then(work: Workspace):
    ticket = work.ticket()
    write(work, ticket)
    (later,) = waiting()
    answer = work.post(f"/tickets/{ticket.id}/later/{later.id}/send")
    assert triggers(answer)["toast"]["undo"]
    assert (messages(ticket), waiting()) == (["Good morning"], [])


def test_a_colleague_may_take_it_back_and_not_send_it(work: Workspace):
    ticket = work.ticket()
    write(work, ticket)
    (later,) = waiting()
    author = work.person.id
    colleague = factories.technician("Jonas Weber", queues=[work.queue])
    factories.sign_in(work.client, factories.account(colleague, "technician"))
    page = work.get(f"/tickets/{ticket.id}").text
    assert "The answer of" in page
    assert f"later/{later.id}/send" not in page
    assert work.post(f"/tickets/{ticket.id}/later/{later.id}/send").status_code == 422
    work.post(f"/tickets/{ticket.id}/later/{later.id}/take-back")
    assert waiting() == []
    assert db.session.scalars(select(Draft)).one().person_id == author


def test_what_cannot_be_sent_any_more_says_why_and_waits(work: Workspace):
    left, binned = work.ticket(), work.ticket("another")
    moment = write(work, left)
    write(work, binned)
    with transaction():
        services.bin_ticket(work.actor, binned, BinReason.MISTAKE)
        account = db.session.scalars(
            select(Account).where(Account.person_id == work.person.id)
        ).one()
        account_id = account.id
        account.deactivated_at = now()
    with at(moment):
        send_later_answers.run()
    problems = {one.ticket_id: one.problem for one in waiting()}
    assert "may not answer here any more" in problems[left.id]
    assert messages(left) == []
    with transaction():
        db.session.get_one(Account, account_id).deactivated_at = None
    assert "was not sent" in work.get(f"/tickets/{left.id}").text


def test_a_redaction_empties_and_stops_it(work: Workspace):
    ticket = work.ticket()
    moment = write(work, ticket, "As you wrote: 4111 1111 1111 1111")
    boss = factories.actor(role="administrator")
    with transaction():
        services.redact(boss, ticket, entries(ticket)[0], "a card number")
    with at(moment):
        send_later_answers.run()
    assert messages(ticket) == []
    (later,) = waiting()
    assert "redacted" in later.problem
    assert later.draft.body == ""


def test_it_goes_to_the_survivor_of_a_merge(work: Workspace):
    ticket = work.ticket()
    survivor = work.ticket("the same", customer=ticket.customer)
    moment = write(work, ticket)
    with transaction():
        services.merge(work.actor, survivor, ticket)
    assert "Your answer will be sent" in work.get(f"/tickets/{survivor.id}").text
    with at(moment):
        send_later_answers.run()
    assert messages(survivor) == ["Good morning"]


@pytest.mark.parametrize("moment", ["", "nonsense", "2001-01-01T00:00:00+00:00", "at"])
def test_a_moment_that_is_none_is_refused_and_the_text_stays(work: Workspace, moment: str):
    ticket = work.ticket()
    answer = work.post(f"/tickets/{ticket.id}/reply", body="Hello", later=moment)
    if not moment:
        assert messages(ticket) == ["Hello"]
        return
    assert answer.status_code == 422
    assert (messages(ticket), waiting()) == ([], [])


def test_the_choices_are_mornings_of_both_ends(work: Workspace):
    ticket = work.ticket()
    ticket.customer.time_zone = "America/New_York"
    db.session.commit()
    with time_machine.travel("2026-11-23T10:00:00+00:00", tick=False):
        text = work.get(f"/tickets/{ticket.id}/later").text
    assert "2026-11-24T13:00:00+00:00" in text
    assert f"8:00 for {ticket.customer.name}" in text
    assert "2026-11-30T13:00:00+00:00" in text

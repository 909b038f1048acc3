"""The demo desk is a believable, consistent one, and nothing leaves it."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from helpdesk import blobs
from helpdesk.channels.email import importer, ledger
from helpdesk.channels.email.models import Mailbox
from helpdesk.db import db, transaction
from helpdesk.demo import load
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Account, ContactPoint, Desk, Person
from helpdesk.tickets.companions import (
    CopyRecipient,
    Draft,
    Follower,
    Link,
    Mention,
    Task,
    TimeEntry,
)
from helpdesk.tickets.desk import Queue, QuickTemplate, TicketTag
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Assignment, Attachment, Entry, Ticket, Worklist
from helpdesk.tickets.services.act import rebuild_worklist
from helpdesk.upkeep.emptying import empty_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _count(model: Any, *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_it_is_a_desk_of_a_believable_size(demo: Flask):
    assert db.session.scalars(select(Desk)).one().is_demo
    unfinished = Ticket.status_class.in_(UNFINISHED)
    assert 50 <= _count(Ticket, unfinished, Ticket.hidden_at.is_(None)) <= 90
    assert _count(Ticket, ~unfinished) >= 550
    assert _count(Queue) == 7
    assert _count(Queue, Queue.restricted) == 1
    assert _count(Person, Person.is_technician.is_(False)) >= 110
    assert _count(Person, Person.is_technician) >= 16
    assert len(set(db.session.scalars(select(Person.language)))) == 3
    assert {"phone", "email", "portal", "chat"} <= set(db.session.scalars(select(Ticket.channel)))


def test_it_shows_everything_that_a_desk_has(demo: Flask):
    for model in (Attachment, Draft, Follower, Link, Mention, QuickTemplate, Task, TicketTag):
        assert _count(model), model.__name__
    assert _count(TimeEntry) > 100
    assert _count(Ticket, Ticket.bin_reason.is_not(None)) >= 2
    assert _count(Ticket, Ticket.major) == 1
    assert _count(Ticket, Ticket.reopenings > 0)
    assert _count(Ticket, Ticket.handovers > 0)
    assert _count(Ticket, Ticket.status_class == "pending") >= 3
    assert _count(Assignment, Assignment.moved_from_id.is_not(None))
    replies = " ".join(db.session.scalars(select(Entry.body).where(Entry.verb == "reply")))
    assert re.search("已经|这", replies)
    assert re.search("已經|這", replies)
    assert re.search("please", replies, re.IGNORECASE)


def test_the_address_of_the_desk_is_nobodys_copy(demo: Flask):
    """The desk knows its own address, from a mailbox that is neither read nor sent from."""
    raw = (
        b"From: Ho Mei-Ling <meiling.ho@northline.example>\r\n"
        b"To: colleague@northline.example\r\nCc: helpdesk@northline.example\r\n"
        b"Message-ID: <scanner@northline.example>\r\nSubject: Scanner\r\n\r\nIt beeps."
    )
    queue = db.session.scalars(select(Queue).order_by(Queue.id)).first()
    assert queue is not None
    [taken] = importer.take_in([importer.Found("scanner.eml", 1, raw)], queue)
    assert taken.fate is not None
    addresses = db.session.scalars(
        select(ContactPoint.value)
        .join(CopyRecipient, CopyRecipient.person_id == ContactPoint.person_id)
        .where(CopyRecipient.ticket_id == taken.fate.ticket)
    ).all()
    assert addresses == ["colleague@northline.example"]
    [mailbox] = db.session.scalars(select(Mailbox)).all()
    assert not mailbox.active
    assert not mailbox.sends


def test_something_waits_in_the_quarantine(demo: Flask):
    [message] = ledger.quarantined(SYSTEM)
    assert message.reason == "no-sender"
    assert "Scan" in message.subject


def test_the_story_of_the_designs_is_there(demo: Flask):
    vpn = db.session.scalars(
        select(Ticket).where(Ticket.subject == "VPN drops every few minutes since this morning")
    ).one()
    assert vpn.customer.name == "何美玲 Ho Mei-Ling"
    assert vpn.customer.vip
    assert vpn.customer_replied
    assert vpn.priority == 2
    assert vpn.owner is not None
    assert vpn.owner.name == "Priya Nair"


def test_the_worklist_is_what_it_would_be_made_anew(demo: Flask):
    def rows() -> list[dict[str, Any]]:
        found = db.session.execute(
            select(Worklist.__table__).order_by(Worklist.queue_id, Worklist.ticket_id)
        )
        return [dict(row._mapping) for row in found]

    before = rows()
    listed = {row["ticket_id"] for row in before}
    waiting = set(
        db.session.scalars(
            select(Ticket.id).where(Ticket.status_class.in_(UNFINISHED), Ticket.hidden_at.is_(None))
        )
    )
    assert listed == waiting
    with transaction():
        tickets = db.session.scalars(select(Ticket).where(Ticket.id.in_(waiting))).all()
        rebuild_worklist(list(tickets))
    assert rows() == before


def test_every_journal_begins_with_the_log_and_runs_forward(demo: Flask):
    entries = db.session.scalars(select(Entry).order_by(Entry.ticket_id, Entry.id)).all()
    journals: dict[int, list[Entry]] = {}
    for entry in entries:
        journals.setdefault(entry.ticket_id, []).append(entry)
    assert journals.keys() == set(db.session.scalars(select(Ticket.id)))
    for number, journal in journals.items():
        moments = [entry.happened_at for entry in journal]
        assert journal[0].verb == "log", number
        assert moments == sorted(moments), number
        assert moments[-1] <= now(), number
        assert all(entry.recorded_at == entry.happened_at for entry in journal), number


def test_its_files_are_there(demo: Flask):
    for attachment in db.session.scalars(select(Attachment)):
        assert len(blobs.get(attachment.sha256)) == attachment.size


def test_nothing_was_or_will_be_sent(demo: Flask):
    assert _count(OutboxMessage) == 0
    assert _count(Mailbox, Mailbox.active) == 0
    for login in db.session.scalars(select(Account.login)):
        assert login.endswith(".example"), "addresses that reach nobody"


def test_every_demo_is_alike_on_both_databases(own_desk: Flask, monkeypatch: pytest.MonkeyPatch):
    """The same people, words and order each time; only the moments move along."""
    monkeypatch.setattr(load, "FINISHED", 12)
    monkeypatch.setattr(load, "EVERYDAY_OPEN", 6)

    def told() -> list[tuple[Any, ...]]:
        load.load_demo()
        rows = db.session.execute(
            select(Ticket.subject, Person.name, Entry.verb, Entry.body)
            .join(Ticket, Ticket.id == Entry.ticket_id)
            .join(Person, Person.id == Ticket.customer_id)
            .order_by(Entry.id)
        )
        return [tuple(row) for row in rows]

    with own_desk.app_context():
        first = told()
        assert len(first) > 150
        with transaction():
            empty_database()
        again = told()
        assert [row[:3] for row in again] == [row[:3] for row in first]
        db.session.remove()

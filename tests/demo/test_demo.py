"""The demo desk is a believable, consistent one, and nothing leaves it."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from flask import Flask
from sqlalchemy import func, select

from helpdesk import blobs
from helpdesk.channels.email import importer, ledger
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secure import keys
from helpdesk.channels.email.secure.model import Kind
from helpdesk.channels.email.secure.models import PersonKey
from helpdesk.channels.email.secure.protecting import keys_for
from helpdesk.db import db, transaction
from helpdesk.demo import breach, load
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Account, ContactPoint, Desk, Person
from helpdesk.sla import keeping
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Clock, Policy, PolicyVersion
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
from helpdesk.tickets.lifecycle import PENDING_RANK, UNFINISHED
from helpdesk.tickets.models import Assignment, Attachment, Entry, Ticket, Worklist
from helpdesk.tickets.queries.groups import LATER, OVERDUE, SOON, TODAY, Bounds
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
    assert vpn.customer.organisation is not None
    assert vpn.customer.organisation.support_level == "Gold"
    # Fix by six hours after it was opened, Gold P2; the first reply was there in eleven minutes.
    assert vpn.due_promise == "fix"
    assert vpn.due_at == vpn.opened_at + timedelta(hours=6)
    clocks = keeping.clocks_of(vpn.id)
    first = clocks[Promise.FIRST_REPLY]
    assert (first.state, first.used, first.length) == ("met", 11 * 60, 30 * 60)
    policy = db.session.scalars(
        select(Policy.name)
        .join(PolicyVersion, PolicyVersion.policy_id == Policy.id)
        .where(PolicyVersion.id == first.policy_version_id)
    ).one()
    assert policy == "Gold"


def test_one_ticket_is_followed_from_its_mail_to_a_broken_promise(demo: Flask):
    _followed_to_a_broken_promise()


def _followed_to_a_broken_promise() -> None:
    ticket = db.session.scalars(
        select(Ticket).where(Ticket.subject == breach.STORY.subject, Ticket.channel == "email")
    ).one()
    rows = select(Entry.verb).where(Entry.ticket_id == ticket.id).order_by(Entry.id)
    verbs = db.session.scalars(rows).all()
    assert [verb for verb in verbs if verb != "tell"] == [
        *("log", "take", "expect", "reply", "promise-warned", "expected-passed", "hear"),
        *("promise-missed", "promise-warned", "note", "explain-miss", "expect", "reply"),
    ]
    assert "tell" in verbs
    assert ticket.due_at is not None
    assert ticket.due_at < now()


def test_nearly_all_promises_of_the_past_were_kept(demo: Flask):
    ended = Clock.ticket_id.in_(select(Ticket.id).where(Ticket.status_class.not_in(UNFINISHED)))
    kept = _count(Clock, ended, Clock.state == "met", Clock.missed_at.is_(None))
    missed = _count(Clock, ended, Clock.missed_at.is_not(None))
    assert missed > 10, "a desk that never misses anything is none"
    assert missed < (kept + missed) / 6
    assert {"Gold", "VIP", "Standard", "Network"} <= set(db.session.scalars(select(Policy.name)))


HONG_KONG = ZoneInfo("Asia/Hong_Kong")


@pytest.mark.one_database
@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(datetime(2026, 6, 17, 14, 0, tzinfo=HONG_KONG), id="a Wednesday afternoon"),
        pytest.param(datetime(2026, 6, 21, 23, 30, tzinfo=HONG_KONG), id="a Sunday night"),
        pytest.param(datetime(2026, 6, 22, 9, 5, tzinfo=HONG_KONG), id="a Monday morning"),
        pytest.param(datetime(2026, 12, 25, 16, 0, tzinfo=HONG_KONG), id="Christmas"),
    ],
)
def test_whenever_it_is_started_little_is_late_and_something_soon(
    own_desk: Flask, monkeypatch: pytest.MonkeyPatch, moment: datetime
):
    monkeypatch.setattr(load, "FINISHED", 6)
    with own_desk.app_context(), clock.at(moment.astimezone(UTC)):
        load.load_demo()
        _followed_to_a_broken_promise()
        bounds = Bounds.here(HONG_KONG)
        lines = db.session.execute(
            select(Worklist.ticket_id, Worklist.rank, Worklist.moment).distinct()
        )
        groups = Counter(bounds.group_of(rank, at) for _ticket, rank, at in lines)
        db.session.remove()
    everything = groups.total()
    assert 3 <= groups[OVERDUE] <= everything / 5, groups
    assert 3 <= groups[SOON] <= everything / 3, groups
    assert groups[TODAY] + groups[LATER] >= everything / 3, groups
    assert groups[PENDING_RANK] >= 5, groups
    # Everything is promised something.
    assert not set(groups) & {1, 2, 3, 4}, groups


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
    for number, whole in journals.items():
        # What came up before the desk was started was noticed afterwards, by its worker.
        journal = [entry for entry in whole if not entry.verb.startswith("promise-")]
        moments = [entry.happened_at for entry in journal]
        assert journal[0].verb == "log", number
        assert moments == sorted(moments), number
        assert moments[-1] <= now(), number
        assert all(entry.recorded_at == entry.happened_at for entry in journal), number


def test_its_files_are_there(demo: Flask):
    for attachment in db.session.scalars(select(Attachment)):
        assert len(blobs.get(attachment.sha256)) == attachment.size


def test_nothing_was_or_will_be_sent(demo: Flask):
    states = set(db.session.scalars(select(OutboxMessage.state)))
    # Two came back long ago, for the page of what failed; nothing waits to leave.
    assert states <= {Sending.CANCELLED, Sending.HELD, Sending.FAILED}
    assert _count(OutboxMessage, OutboxMessage.sent_at.is_not(None)) == 0
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


def test_some_have_keys_and_mail_to_them_can_be_encrypted(demo: Flask):
    (ours,) = keys.own_keys()
    assert ours.signs
    assert "(demo)" in ours.name
    theirs = db.session.scalars(select(PersonKey)).all()
    assert len([one for one in theirs if one.kind == Kind.SMIME]) == 2
    assert all("(demo)" in one.name for one in theirs)
    for one in theirs:
        assert keys_for([one.address]).missing == ()
    # What its customers have is vouched for by the authority that the desk knows.
    (authority,) = keys.authorities()
    issued = x509.load_pem_x509_certificate(ours.public.encode())
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.public.encode()))

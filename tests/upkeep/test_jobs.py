"""What the desk does by itself when its time has come."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import search, services
from helpdesk.tickets.companions import Draft
from helpdesk.tickets.desk import Status
from helpdesk.tickets.lifecycle import BinReason, HoldReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import NewFile, drafts
from helpdesk.upkeep import jobs
from tests import factories


def test_a_ticket_wakes_when_its_time_has_come(session):
    priya = factories.actor()
    ticket = factories.ticket(by=priya)
    services.hold(priya, ticket, HoldReason.DATE, wake_at=now() + timedelta(hours=2))
    db.session.commit()
    jobs.wake_snoozed()
    assert db.session.get_one(Ticket, ticket.id).status_class == "pending"
    with clock.at(now() + timedelta(hours=3)):
        assert jobs.wake_snoozed() == 1
        assert jobs.wake_snoozed() == 0
    assert db.session.get_one(Ticket, ticket.id).status_class == "open"


def test_what_nobody_disputes_is_closed_after_its_days(session, app: Flask):
    days = app.config["SETTINGS"].autoclose_days
    priya = factories.actor()
    ticket = factories.ticket(by=priya)
    services.resolve(priya, ticket, outcome=Outcome.WITHDRAWN, solution="Not needed any more")
    db.session.commit()
    with clock.at(now() + timedelta(days=days, minutes=-1)):
        assert jobs.close_resolved() == 0
    with clock.at(now() + timedelta(days=days, minutes=1)):
        assert jobs.close_resolved() == 1
    status = db.session.get_one(Status, db.session.get_one(Ticket, ticket.id).status_id)
    assert status.key == "closed"


def test_the_bin_forgets_after_its_days(session, app: Flask):
    days = app.config["SETTINGS"].bin_days
    priya = factories.actor()
    picture = blobs.put(b"what nobody should have sent")
    file = NewFile(picture, "secret.png", "image/png", 28)
    ticket = factories.ticket("Zyzzyva secrets", by=priya, files=[file])
    services.bin_ticket(priya, ticket, BinReason.MISTAKE)
    db.session.commit()
    number = ticket.id
    with clock.at(now() + timedelta(days=days, minutes=-1)):
        assert jobs.empty_bin() == 0
    with clock.at(now() + timedelta(days=days, minutes=1)):
        assert jobs.empty_bin() == 1
        assert jobs.empty_bin() == 0
    gone = db.session.get_one(Ticket, number)
    assert gone.subject == ""
    texts = db.session.scalars(select(Entry.body).where(Entry.ticket_id == number)).all()
    assert texts
    assert not any(texts), "the journal keeps that there was something, and not what"
    assert list(search.hits("Zyzzyva")) == []
    assert not blobs.path(picture).exists()
    with pytest.raises(services.Refused, match="can't come back"):
        services.restore(SYSTEM, gone)
    heard = services.Heard(gone.customer, "Is there any news?", subject="Re: secrets")
    entry = services.hear(gone, heard, reopen_days=5)
    assert entry.ticket_id != number, "an answer begins anew"
    assert entry.ticket.subject == "Re: secrets"


def test_nothing_to_do_is_nothing_done(session):
    factories.desk()
    for job in (
        jobs.wake_snoozed,
        jobs.close_resolved,
        jobs.empty_bin,
        jobs.forget_drafts,
        jobs.tidy,
    ):
        assert job() == 0


# ---- Drafts that nobody sends ----


def test_a_draft_is_forgotten_with_its_files_when_nobody_touched_it_for_months(session):
    priya = factories.actor()
    old, fresh = factories.ticket(by=priya), factories.ticket(by=priya)
    shot, shared = blobs.put(b"a screenshot nobody sent"), blobs.put(b"a picture others have")
    factories.ticket(by=priya, files=[NewFile(shared, "logo.png", "image/png", 20)])
    drafts.save_draft(priya, old, "reply", body="Dear Mei-Ling,")
    for sha256 in (shot, shared):
        file = NewFile(sha256, "shot.png", "image/png", 20)
        drafts.add_draft_file(priya, old, "reply", file)
    db.session.commit()
    with clock.at(now() + timedelta(days=jobs.ABANDONED_DAYS, hours=-1)):
        assert jobs.forget_drafts() == 0
    with clock.at(now() + timedelta(days=jobs.ABANDONED_DAYS, hours=1)):
        drafts.save_draft(priya, fresh, "reply", body="On my way")
        db.session.commit()
        assert jobs.forget_drafts() == 3
    assert [draft.body for draft in db.session.scalars(select(Draft))] == ["On my way"]
    assert not blobs.path(shot).exists()
    assert blobs.get(shared) == b"a picture others have"

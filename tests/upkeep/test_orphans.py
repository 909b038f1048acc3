"""Files go when nothing refers to them: after the commit, and never one that is needed."""

import os
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.channels.email.models import MailMessage
from helpdesk.db import db
from helpdesk.doctor import _blobs as files_finding
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.tickets import services
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import NewFile, drafts
from helpdesk.upkeep import jobs
from tests import factories
from tests.support import databases
from tests.support.paths import PROJECT

CARD = b"a photograph of a credit card"


@pytest.fixture(autouse=True)
def empty_store(request: pytest.FixtureRequest) -> None:
    """Begin without the files of other tests, whose rows were rolled back."""
    if "app" in request.fixturenames:
        shutil.rmtree(
            request.getfixturevalue("app").config["SETTINGS"].blobs_dir, ignore_errors=True
        )


def ticket_with(data: bytes) -> tuple[Ticket, Entry, Path]:
    """Log a ticket with a file; returns it with its first entry and where the file lies."""
    sha256 = blobs.put(data)
    file = NewFile(sha256, "card.png", "image/png", len(data))
    ticket = factories.ticket(files=[file])
    entry = db.session.scalars(select(Entry).where(Entry.ticket_id == ticket.id)).one()
    return ticket, entry, blobs.path(sha256)


def age(file: Path, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(file, (then, then))


# ---- Redaction ----


def test_a_redacted_file_goes_with_the_commit_and_not_before(session):
    ticket, entry, file = ticket_with(CARD)
    services.redact(factories.actor(role="administrator"), ticket, entry, "Card number")
    assert file.exists()
    db.session.commit()
    assert not file.exists()


def test_a_redaction_that_fails_loses_nothing(session):
    ticket, entry, file = ticket_with(CARD)
    services.redact(factories.actor(role="administrator"), ticket, entry, "Card number")
    db.session.rollback()
    assert file.read_bytes() == CARD
    db.session.commit()
    assert file.exists()
    [attachment] = db.session.get_one(Entry, entry.id).attachments
    assert attachment.sha256 == file.name


def test_a_savepoint_is_no_commit(session):
    ticket, entry, file = ticket_with(CARD)
    services.redact(factories.actor(role="administrator"), ticket, entry, "Card number")
    with db.session.begin_nested():
        factories.cause().position += 1
    assert file.exists()
    db.session.commit()
    assert not file.exists()


def test_what_another_message_has_too_stays(session):
    ticket, entry, file = ticket_with(CARD)
    ticket_with(CARD)
    services.redact(factories.actor(role="administrator"), ticket, entry, "Card number")
    db.session.commit()
    assert file.exists()


def test_what_somebody_uploads_once_more_meanwhile_stays(session):
    ticket, entry, file = ticket_with(CARD)
    services.redact(factories.actor(role="administrator"), ticket, entry, "Card number")
    time.sleep(0.02)
    blobs.put(CARD)
    db.session.commit()
    assert file.read_bytes() == CARD


_KILLED_BEFORE_THE_FILES_GO = """
import os, sys
from sqlalchemy import event

from helpdesk.app import create_app
from helpdesk.db import db, transaction
from helpdesk.people.models import Person
from helpdesk.tickets import services
from helpdesk.tickets.models import Entry
from tests import factories

app = create_app()
with app.app_context(), transaction():
    event.listen(db.session(), "after_commit", lambda session: os._exit(9))
    entry = db.session.get_one(Entry, int(sys.argv[1]))
    boss = factories.actor(db.session.get_one(Person, int(sys.argv[2])), role="administrator")
    services.redact(boss, entry.ticket, entry, "Card number")
"""


def test_what_a_crash_leaves_goes_another_day(own_desk: Flask):
    with own_desk.app_context():
        _ticket, entry, file = ticket_with(CARD)
        boss = factories.technician()
        settings = own_desk.config["SETTINGS"]
        database = databases.Database("", "", settings.database_url)
        done = subprocess.run(
            [sys.executable, "-c", _KILLED_BEFORE_THE_FILES_GO, str(entry.id), str(boss.id)],
            env={**os.environ, **databases.environment(database, settings.data_dir)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 9, done.stderr
        db.session.rollback()
        assert db.session.get_one(Entry, entry.id, populate_existing=True).redacted_at is not None
        assert file.exists()
        assert "1 that" in files_finding().note
        assert jobs.remove_orphans() == 0, "a young file may be about to be needed"
        with clock.at(now() + timedelta(days=1, minutes=1)):
            assert jobs.remove_orphans() == 1
        assert not file.exists()


# ---- Housekeeping ----


def test_only_what_nothing_refers_to_is_removed(session):
    queue = factories.queue()
    _ticket, _entry, attached = ticket_with(CARD)
    raw, drafted = blobs.put(b"From: mei@northline.example"), blobs.put(b"not sent yet")
    db.session.add(MailMessage(queue_id=queue.id, raw_sha256=raw, size=27, received_at=now()))
    priya = factories.actor()
    ticket = factories.ticket(by=priya)
    drafts.add_draft_file(priya, ticket, "reply", NewFile(drafted, "a.txt", "text/plain", 12))
    db.session.commit()
    left = blobs.path(blobs.put(b"a file whose upload was given up"))
    young = blobs.path(blobs.put(b"a file of this minute"))
    for file in (attached, blobs.path(raw), blobs.path(drafted), left):
        age(file, 3)
    assert jobs.remove_orphans() == 1
    assert not left.exists()
    assert all(file.exists() for file in (attached, young, blobs.path(raw), blobs.path(drafted)))


def test_a_file_that_is_stored_again_while_it_is_judged_stays(session):
    file = blobs.path(blobs.put(b"given up, and then sent again"))
    age(file, 3)
    [orphan] = blobs.orphans(now() - timedelta(days=1))
    blobs.put(b"given up, and then sent again")
    assert not blobs.remove_orphan(orphan)
    assert file.exists()


def test_half_a_file_of_a_crash_goes_and_one_half_removed_comes_back(session):
    _ticket, _entry, file = ticket_with(CARD)
    half, aside = file.with_name(".new-x7"), file.with_name(f".gone-{file.name}")
    half.write_bytes(b"a photog")
    file.replace(aside)
    for one in (half, aside):
        age(one, 3)
    assert jobs.remove_orphans() == 2
    assert not half.exists()
    assert file.read_bytes() == CARD

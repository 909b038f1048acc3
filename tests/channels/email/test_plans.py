"""What is asked every few seconds reads an index, however long the ledgers have grown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from helpdesk.app import create_app
from helpdesk.channels.email import ledger
from helpdesk.channels.email.boxes import box_of
from helpdesk.channels.email.fetch import Reader
from helpdesk.channels.email.ingest import file_forgotten_mail
from helpdesk.channels.email.lease import claim, new_holder
from helpdesk.channels.email.threads import threads_of
from helpdesk.db import db, transaction
from helpdesk.notify import outbox, undelivered
from helpdesk.notify.models import Sending
from helpdesk.people.access import SYSTEM
from tests.channels.email import post
from tests.support import databases
from tests.support.queries import count_queries


class NoConnection:
    """Stands where a connection would be: nothing is asked of it."""

    uidvalidity = 7


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Flask]:
    """SQLite, whose planner is the one that needs the index's own words."""
    database = databases.migrated("sqlite")
    app = create_app(databases.settings_for(database, tmp_path))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    database.drop()


def test_no_ledger_is_read_from_end_to_end(desk: Flask):
    box = post.mailbox(None, None, move_to="Filed")
    holder = new_holder()
    with transaction():
        assert claim(box.id, holder)
    reader = Reader(box.id, holder)
    settings = box_of(box.id)
    with count_queries() as queries:
        ledger.quarantined(SYSTEM)
        ledger.quarantine_count(SYSTEM)
        outbox.page(SYSTEM, [Sending.FAILED, Sending.QUEUED])
        undelivered.failed_count(SYSTEM)
        undelivered.places(SYSTEM)
        outbox.due_mailboxes("email")
        outbox.claim("email", box.id)
        outbox.deliveries([1, 2])
        threads_of([["<a@x>", "<b@x>"]])
        file_forgotten_mail.run()
        reader._finish_left_over()
        reader._fetch_wanted(settings, NoConnection())  # type: ignore[arg-type]
        reader._move(settings, NoConnection())  # type: ignore[arg-type]
    scans = []
    for statement in queries.statements:
        if not statement.lstrip().startswith(("SELECT", "UPDATE outbox")):
            continue
        bound = [None] * statement.count("?")
        with db.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(bound))
            for row in plan:
                step = str(row[-1])
                if step.startswith(("SCAN mail_message", "SCAN outbox")) and "INDEX" not in step:
                    scans.append(f"{step}: {statement}")
    assert scans == []
    assert len(queries.statements) > 10

"""Words of subjects are found among any number of lines, the same on both databases."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from helpdesk.channels.email import fates, ledger, subjects
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.refiling import Target, refile
from helpdesk.db import db, transaction
from helpdesk.lib.bigrams import words
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.channels.email.test_fates import take
from tests.setup.makers import visitor
from tests.support.queries import count_queries


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue("Service desk", is_default=True)


def lines(queue: Queue, said: list[str], **fields: Any) -> list[int]:
    """Write lines of the ledger as filing leaves them; returns their ids."""
    rows = [
        MailMessage(
            queue_id=queue.id,
            size=1,
            received_at=now(),
            state=State.FILED,
            subject=one,
            **fields,
        )
        for one in said
    ]
    with transaction():
        db.session.add_all(rows)
        db.session.flush()
        for row in rows:
            subjects.index(row)
    return [row.id for row in rows]


def pages(question: str, *, limit: int = 3, conditions: Any = ()) -> list[int]:
    """Return all that is found, a page after the other."""
    found: list[int] = []
    before: int | None = None
    while True:
        page = subjects.find(question, conditions, before=before, limit=limit)
        assert len(page.ids) <= limit
        found += page.ids
        if page.reached is None and len(page.ids) < limit:
            return found
        before = page.reached if page.reached is not None else page.ids[-1]


def fits(question: str, subject: str) -> bool:
    """Say slowly whether a subject has every word, the last one perhaps longer."""
    asked, there = (
        words(question),
        words(subject) + [sign for word in words(subject) for sign in word if len(word) == 2],
    )
    return bool(asked) and (
        all(one in there for one in asked[:-1]) and any(one.startswith(asked[-1]) for one in there)
    )


SUBJECTS = st.lists(
    st.sampled_from(["lamp", "lamps", "Re:", "Türe", "打印机", "a-b", "12", "'", "zz"]), max_size=4
).map(" ".join)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(SUBJECTS, max_size=30), question=SUBJECTS)
def test_what_is_found_is_what_is_there(queue: Queue, monkeypatch, said: list[str], question: str):
    monkeypatch.setattr(subjects, "BLOCK_BITS", 2)
    monkeypatch.setattr(subjects, "LARGE_BITS", 3)
    monkeypatch.setattr(subjects, "FIRST_BLOCKS", 1)
    monkeypatch.setattr(subjects, "STRIDE", 4)
    monkeypatch.setattr(subjects, "MOST_LOOKED", 8)
    ids = lines(queue, said)
    mine = MailMessage.id >= (ids[0] if ids else 2**60)
    expected = [key for key, one in zip(ids, said, strict=True) if fits(question, one)]
    assert pages(question, conditions=[mine]) == expected[::-1]


def test_common_words_of_which_nothing_fits_end_and_say_where(queue: Queue, monkeypatch):
    monkeypatch.setattr(subjects, "BLOCK_BITS", 3)
    monkeypatch.setattr(subjects, "LARGE_BITS", 4)
    monkeypatch.setattr(subjects, "FIRST_BLOCKS", 1)
    monkeypatch.setattr(subjects, "MOST_BLOCKS", 1)
    monkeypatch.setattr(subjects, "STRIDE", 10)
    monkeypatch.setattr(subjects, "MOST_LOOKED", 20)
    (first,) = lines(queue, ["Re: all"], sender="a@x.example")
    lines(queue, ["Re: all"] * 60)
    theirs = [MailMessage.sender == "a@x.example"]
    page = subjects.find("re", theirs, before=None, limit=5)
    assert page.ids == []
    assert page.reached is not None
    assert pages("re", conditions=theirs) == [first]


def test_a_page_asks_little_of_the_database(client, queue: Queue):
    lines(queue, ["Lamp", "Door"] * 3)
    admin = visitor(client)
    admin.get("/setup/mail/ledger?words=lamp")
    with count_queries() as plain:
        admin.get("/setup/mail/ledger")
    with count_queries() as asked:
        page = admin.get("/setup/mail/ledger?words=lamp")
    assert page.count(">Lamp<") == 3
    # The newest line, one look, and the lines.
    assert asked.count == plain.count + 2


def test_what_is_redacted_is_found_no_more(queue: Queue):
    row = take(queue, "Password 1234")
    wanted = fates.Wanted(words="password")
    assert [one.id for one in fates.page(SYSTEM, wanted, zone=now().tzinfo).messages] == [row.id]  # type: ignore[arg-type]
    with transaction():
        assert row.entry is not None
        services.redact(
            factories.actor(role="administrator"),
            db.session.get_one(Ticket, row.ticket_id),
            row.entry,
            "a password",
        )
    assert subjects.find("password", [], before=None, limit=9).ids == []
    with transaction():
        subjects.rebuild()
    assert subjects.find("password", [], before=None, limit=9).ids == []


def test_filing_anew_keeps_one_line_and_a_rebuild_finds_the_same(queue: Queue):
    row = take(queue, "Invoice 打印机")
    held = take(queue, "Nobody knows", sender="undisclosed")
    with transaction():
        refile(SYSTEM, row, Target(queue=factories.queue("Finance")))
    with transaction():
        ledger.retry(SYSTEM, held)
    for _time in range(2):
        assert subjects.find("invoice", [], before=None, limit=9).ids == [row.id]
        assert subjects.find("打印", [], before=None, limit=9).ids == [row.id]
        assert subjects.find("nobody", [], before=None, limit=9).ids == [held.id]
        with transaction():
            known = db.session.scalars(select(MailMessage).where(MailMessage.subject != "")).all()
            assert subjects.rebuild() == len(known)

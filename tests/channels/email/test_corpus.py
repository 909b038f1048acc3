"""Other people's awkward mail, all of it, through the very door that real mail takes."""

import time
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask

from helpdesk.channels.email import importer
from helpdesk.channels.email import letter as letters
from helpdesk.channels.email.letter import Letter
from helpdesk.channels.email.models import State
from tests import factories
from tests.channels.email import post

pytestmark = pytest.mark.slow

SECONDS_A_MESSAGE = 2


def test_every_message_ends_in_the_ledger_in_time(
    own_desk: Flask, shared_data: Path, monkeypatch: pytest.MonkeyPatch
):
    times: list[tuple[float, str]] = []
    read = letters.read

    def timed(raw: bytes) -> Letter:
        started = time.process_time()
        letter = read(raw)
        times.append((time.process_time() - started, letter.subject))
        return letter

    monkeypatch.setattr(letters, "read", timed)
    files = [file for file in sorted((shared_data / "email").rglob("*")) if file.is_file()]
    assert len(files) > 1000
    found = list(importer.find(files))
    with own_desk.app_context():
        imported = list(importer.take_in(found, factories.queue(is_default=True)))
        rows = post.ledger()

    assert [one.problem for one in imported if one.fate is None] == []
    assert len(imported) == len(found)
    assert max(times) < (SECONDS_A_MESSAGE, "")
    # Every message has its line, and every line a fate.
    assert len(rows) + sum(one.again for one in imported) == len(found)
    fates = Counter(row.state for row in rows)
    assert set(fates) == {State.FILED, State.DUPLICATE, State.QUARANTINED, State.IGNORED}
    # What mail systems report about mail that is none of ours is no ticket. The rest is.
    reports = [row for row in rows if row.state == State.IGNORED]
    assert {row.reason for row in reports} == {"bounce-unknown"}
    assert fates[State.FILED] > 0.9 * (len(rows) - len(reports))
    # What is in the quarantine has nobody to answer to, and nothing else wrong with it.
    assert {row.reason for row in rows if row.state == State.QUARANTINED} == {"no-sender"}

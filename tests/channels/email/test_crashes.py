"""Killed at any moment and started again, mail is there exactly once."""

import os
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask

from helpdesk.channels.email.models import State
from helpdesk.db import transaction
from helpdesk.notify import outbox
from helpdesk.notify.models import Sending
from helpdesk.tickets import services
from tests import factories
from tests.channels.email import post
from tests.support import crashing, dovecot, smtp

pytestmark = [pytest.mark.imap, pytest.mark.slow]

MESSAGES = int(os.environ.get("HEARTH_CRASH_MESSAGES", "36"))
"""``make crash`` takes 1,000, and then twice as many points."""
POINTS = 50 if MESSAGES > 500 else 12
ANSWERS = MESSAGES if MESSAGES > 500 else 16
ORPHANS = range(7, MESSAGES, 20)
"""The messages that nobody is named as the sender of."""


def crash(app: Flask, folder: Path, what: str, seed: int, low: int, high: int) -> list[str]:
    """Run the command again and again, killed after some steps; returns where it was killed."""
    # More messages take longer steps, so that there are more points and not ten thousand.
    many = max(1, MESSAGES // 300)
    numbers = [str(seed), str(low * many), str(high * many)]
    lines = crashing.run(app, folder, "tests.channels.email.crashing", what, *numbers, timeout=3000)
    return [line["where"] for line in lines if line["killed"]]


@pytest.mark.parametrize("move_to", ["Filed", ""], ids=["moved", "left"])
def test_fetching_is_killed_at_many_points_and_every_message_is_there_once(
    own_desk: Flask, tmp_path: Path, imap_account: dovecot.Account, move_to: str
):
    with own_desk.app_context():
        post.mailbox(imap_account, move_to=move_to)
        messages = []
        for number in range(MESSAGES):
            headers = {"Message_ID": f"<m{number}@customer.example>"}
            if number % 5 == 4:
                headers["In_Reply_To"] = f"<m{number - 1}@customer.example>"
            sender = (
                "undisclosed"
                if number in ORPHANS
                else f"p{number % (MESSAGES // 9)}@customer.example"
            )
            messages.append(post.letter(f"Number {number}", sender=sender, **headers))
        messages.append(messages[10])
        imap_account.deliver(*messages)

    # Enough steps for a message or two, so that every kind of moment gets its turn.
    points = crash(own_desk, tmp_path, "fetch", seed=len(move_to), low=45, high=120)

    assert len(points) >= POINTS
    assert {"statement", "commit"} <= set(points)
    with own_desk.app_context():
        rows = post.ledger()
        assert sorted(row.uid or 0 for row in rows) == list(range(1, MESSAGES + 2))
        fates = Counter(row.state for row in rows)
        assert fates == {
            State.FILED: MESSAGES - len(ORPHANS),
            State.QUARANTINED: len(ORPHANS),
            State.DUPLICATE: 1,
        }
        heard = Counter(
            (entry.envelope or {}).get("subject")
            for ticket in post.tickets()
            for entry in post.entries(ticket, "log", "hear")
        )
        expected = {f"Number {n}" for n in range(MESSAGES) if n not in ORPHANS}
        assert heard == Counter(dict.fromkeys(expected, 1))
        if move_to:
            assert len(imap_account.messages(move_to)) == MESSAGES + 1 - len(ORPHANS)
            assert len(imap_account.messages()) == len(ORPHANS)


def test_sending_is_killed_at_many_points_and_nothing_is_lost(
    own_desk: Flask, tmp_path: Path, smtp_receiver: smtp.Receiver
):
    with own_desk.app_context():
        queue = factories.queue()
        post.mailbox(None, smtp_receiver, queue=queue)
        actor = factories.actor()
        ticket = factories.ticket(queue_=queue)
        for number in range(ANSWERS):
            with transaction():
                services.reply(actor, ticket, services.Said(body=f"Answer {number}"))

    points = crash(own_desk, tmp_path, "send", seed=3, low=8, high=40)

    assert len(points) >= POINTS
    with own_desk.app_context():
        rows = post.outbox()
        assert {row.state for row in rows} == {Sending.SENT}
        sent = Counter(str(one.message["Message-ID"]) for one in smtp_receiver.received)
        # Nothing is lost. What left twice had been handed over when the process died, before it
        # could write that down: the one window there is, and the Message-ID is the same.
        assert set(sent) == {row.message_id for row in rows}
        # What may have left twice says so.
        marked = {row.message_id for row in rows if row.reason == outbox.REPEATED}
        assert {one for one, count in sent.items() if count > 1} <= marked
        twice = sum(count - 1 for count in sent.values())
        inside = [where for where in points if where in {"after sendmail", "statement", "commit"}]
        assert twice <= len(inside)
        assert twice < len(points)

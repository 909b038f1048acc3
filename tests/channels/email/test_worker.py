"""The worker as a real process: mail comes in and goes out by itself, also after a crash."""

import time
from collections.abc import Callable

import pytest

from helpdesk.db import db, transaction
from helpdesk.notify.models import Sending
from helpdesk.tickets import services
from tests import factories
from tests.channels.email import post
from tests.support import dovecot, smtp
from tests.support.server import LiveDesk

pytestmark = [pytest.mark.imap, pytest.mark.slow]


def until(condition: Callable[[], object], desk: LiveDesk, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        db.session.rollback()
        if condition():
            return
        assert time.monotonic() < deadline, desk.log("worker")[-4000:]
        time.sleep(0.1)


def test_the_worker_reads_and_sends_and_comes_back_after_a_crash(
    live_desk: LiveDesk, imap_account: dovecot.Account, smtp_receiver: smtp.Receiver
):
    with live_desk.app.app_context():
        post.mailbox(imap_account, smtp_receiver, move_to="Filed")
        imap_account.deliver(post.letter("Before"))
        live_desk.start_worker()
        until(lambda: len(post.tickets()) == 1, live_desk)
        imap_account.deliver(post.letter("While it watches"))
        until(lambda: len(post.tickets()) == 2, live_desk)

        actor = factories.actor()
        with transaction():
            services.reply(actor, post.tickets()[0], services.Said(body="One"), hold=1)
        until(lambda: len(smtp_receiver.received) == 1, live_desk)
        # The mail server has a message a moment before the worker has written that down: who
        # is killed in between leaves it to a person to say whether it went out (test_crashes).
        until(lambda: {row.state for row in post.outbox()} == {Sending.SENT}, live_desk)

        worker = live_desk._processes[-1]
        worker.kill()
        worker.wait()
        imap_account.deliver(post.letter("While nobody is there"))
        with transaction():
            services.reply(actor, post.tickets()[1], services.Said(body="Two"))
        live_desk.start_worker()
        until(lambda: len(post.tickets()) == 3, live_desk)
        until(lambda: len(smtp_receiver.received) == 2, live_desk)
        until(lambda: len(imap_account.messages("Filed")) == 3, live_desk)
        until(lambda: {row.state for row in post.outbox()} == {Sending.SENT}, live_desk)

        worker = live_desk._processes[-1]
        worker.terminate()
        assert worker.wait(timeout=20) == 0

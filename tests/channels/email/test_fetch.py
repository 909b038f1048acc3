"""Reading mailboxes on a real dovecot: what is new, once, and gently."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from helpdesk import blobs
from helpdesk.channels.email import downloads, lease, ledger, set_up
from helpdesk.channels.email.boxes import box_of
from helpdesk.channels.email.fetch import Reader
from helpdesk.channels.email.imap import Connection, connected
from helpdesk.channels.email.ingest import Fate
from helpdesk.channels.email.models import Mailbox, State
from helpdesk.channels.email.set_up import MailboxSettings
from helpdesk.channels.email.trouble import Trouble
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from tests.channels.email import post
from tests.channels.email.watched import until, watched
from tests.support import dovecot

pytestmark = pytest.mark.imap


@pytest.fixture
def desk(own_desk: Flask) -> Iterator[Flask]:
    with own_desk.app_context():
        yield own_desk


def subjects() -> list[str]:
    return [ticket.subject for ticket in post.tickets()]


def states() -> list[str]:
    return [row.state for row in post.ledger()]


def settings_of(box: Mailbox, **changes: object) -> MailboxSettings:
    """Return a mailbox's settings with some changes, its passwords kept."""
    names = MailboxSettings.__dataclass_fields__.keys() - {"imap_password", "smtp_password"}
    return MailboxSettings(**{**{name: getattr(box, name) for name in names}, **changes})


def test_only_what_is_new_is_read_and_nothing_is_marked(desk: Flask, imap_account: dovecot.Account):
    box = post.mailbox(imap_account)
    imap_account.deliver(post.letter("One"), post.letter("Two"))
    assert [fate.state for fate in fetch_once(box.id) or []] == [State.FILED, State.FILED]
    assert fetch_once(box.id) == []
    imap_account.deliver(post.letter("Three"))
    assert len(fetch_once(box.id) or []) == 1
    assert subjects() == ["One", "Two", "Three"]
    assert not any("Seen" in flags for flags in imap_account.flags())
    assert len(imap_account.messages()) == 3
    assert db.session.get_one(Mailbox, box.id).received_count == 3


def test_a_message_that_was_read_elsewhere_still_counts_as_new(
    desk: Flask, imap_account: dovecot.Account
):
    box = post.mailbox(imap_account)
    imap_account.deliver(post.letter("One"))
    connection = imap_account.connect()
    connection.select("INBOX")
    connection.store("1", "+FLAGS", "\\Seen")
    connection.logout()
    fetch_once(box.id)
    assert subjects() == ["One"]


def test_filed_messages_are_moved_and_the_others_stay(desk: Flask, imap_account: dovecot.Account):
    box = post.mailbox(imap_account, move_to="Filed by the desk")
    imap_account.deliver(
        post.letter("One"), post.letter("Nobody", sender="nobody"), post.letter("Two")
    )
    fetch_once(box.id)
    assert len(imap_account.messages("Filed by the desk")) == 2
    (left,) = imap_account.messages()
    assert b"Nobody" in left

    (row,) = ledger.quarantined(SYSTEM)
    with transaction():
        ledger.dismiss(SYSTEM, row)
    fetch_once(box.id)
    assert imap_account.messages() == []
    assert len(imap_account.messages("Filed by the desk")) == 3


def test_another_uidvalidity_reads_everything_again_and_files_nothing_twice(
    desk: Flask, imap_account: dovecot.Account
):
    box = post.mailbox(imap_account, folder="Desk")
    one, two = post.letter("One"), post.letter("Two")
    imap_account.deliver(one, two, folder="Desk")
    fetch_once(box.id)
    before = db.session.get_one(Mailbox, box.id).uidvalidity

    imap_account.recreate("Desk")
    imap_account.deliver(post.letter("Three"), two, one, folder="Desk")
    fetch_once(box.id)

    assert db.session.get_one(Mailbox, box.id, populate_existing=True).uidvalidity != before
    assert subjects() == ["One", "Two", "Three"]
    assert states() == ["filed", "filed", "filed", "duplicate", "duplicate"]


def test_one_message_in_two_mailboxes_is_one_ticket(desk: Flask, imap_server: dovecot.Dovecot):
    first, second = imap_server.account(), imap_server.account()
    box = post.mailbox(first)
    other = post.mailbox(second, queue=box.queue, addresses=["sales@desk.example"])
    message = post.letter(to="support@desk.example, sales@desk.example")
    first.deliver(message)
    second.deliver(message)
    fetch_once(box.id)
    fetch_once(other.id)
    assert len(post.tickets()) == 1
    assert [(row.mailbox_id, row.state) for row in post.ledger()] == [
        (box.id, State.FILED),
        (other.id, State.DUPLICATE),
    ]


def test_only_new_mail_when_a_mailbox_starts_like_that(desk: Flask, imap_account: dovecot.Account):
    imap_account.deliver(post.letter("Years ago"))
    box = post.mailbox(imap_account, only_new=True)
    assert fetch_once(box.id) == []
    imap_account.deliver(post.letter("Today"))
    fetch_once(box.id)
    assert subjects() == ["Today"]


def test_another_folder_is_read_from_its_beginning(desk: Flask, imap_account: dovecot.Account):
    box = post.mailbox(imap_account)
    imap_account.deliver(post.letter("In the inbox"))
    imap_account.deliver(post.letter("In the other"), folder="Other")
    fetch_once(box.id)
    with transaction():
        row = db.session.get_one(Mailbox, box.id)
        set_up.edit(SYSTEM, row, settings_of(row, folder="Other"))
    fetch_once(box.id)
    assert subjects() == ["In the inbox", "In the other"]


def test_a_message_too_large_is_not_downloaded_until_somebody_wants_it(
    desk: Flask, imap_account: dovecot.Account, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(downloads, "MAX_MESSAGE", 20_000)
    box = post.mailbox(imap_account)
    imap_account.deliver(
        post.letter("Small"), post.letter("Large", "x" * 70 + "\n" + "y\n" * 20_000), post.letter()
    )
    fetch_once(box.id)
    assert states() == ["filed", "quarantined", "filed"]
    (row,) = ledger.quarantined(SYSTEM)
    assert row.reason == "too-large"
    assert b"Subject: Large" in ledger.source(SYSTEM, row)
    with transaction():
        assert ledger.retry(SYSTEM, row).state == State.WANTED
    fetch_once(box.id)
    assert states() == ["filed", "filed", "filed"]
    assert "Large" in subjects()


def test_a_message_that_breaks_the_connection_is_put_aside_and_the_rest_comes_in(
    desk: Flask, imap_account: dovecot.Account, monkeypatch: pytest.MonkeyPatch
):
    box = post.mailbox(imap_account)
    imap_account.deliver(*(post.letter(f"Number {number}") for number in range(5)))
    real = Connection.raws

    def raws(self: Connection, uids: list[int]) -> dict[int, bytes]:
        if 3 in uids:
            raise ConnectionResetError(104, "Connection reset by peer")
        return real(self, uids)

    monkeypatch.setattr(Connection, "raws", raws)
    fates = fetch_once(box.id) or []
    assert [fate.state for fate in fates] == [State.FILED] * 4
    assert states() == ["filed", "filed", "quarantined", "filed", "filed"]
    (row,) = ledger.quarantined(SYSTEM)
    assert row.reason == "unfetchable"

    monkeypatch.setattr(Connection, "raws", real)
    with transaction():
        ledger.retry(SYSTEM, row)
    fetch_once(box.id)
    assert len(subjects()) == 5


@pytest.mark.parametrize("fails", [True, False], ids=["breaks", "is slow"])
def test_what_came_is_filed_while_the_next_is_still_on_its_way(
    desk: Flask, imap_account: dovecot.Account, monkeypatch: pytest.MonkeyPatch, fails: bool
):
    box = post.mailbox(imap_account)
    imap_account.deliver(*(post.letter(f"Number {number}") for number in range(3)))
    monkeypatch.setattr(downloads, "CHUNK_MESSAGES", 2)
    filed = threading.Event()
    real = Connection.raws
    waited: list[bool] = []

    def raws(self: Connection, uids: list[int]) -> dict[int, bytes]:
        if 3 in uids and not waited:
            # A download that lasts until what came before is a ticket, at most half a minute.
            waited.append(filed.wait(0 if fails else 30))
            if fails:
                raise ConnectionResetError(104, "Connection reset by peer")
        return real(self, uids)

    def tell(fate: Fate) -> None:
        filed.set()

    monkeypatch.setattr(Connection, "raws", raws)
    holder = lease.new_holder()
    with transaction():
        assert lease.claim(box.id, holder)
    reader = Reader(box.id, holder, tell)
    server = box_of(box.id).server
    if fails:
        with (
            connected(server, "INBOX", read_only=False) as connection,
            pytest.raises(ConnectionResetError),
        ):
            reader.read(connection)
        assert subjects() == ["Number 0", "Number 1"]
    with connected(server, "INBOX", read_only=False) as connection:
        reader.read(connection)
    assert waited == [not fails]
    assert subjects() == ["Number 0", "Number 1", "Number 2"]


def test_a_server_that_gives_nothing_away_fills_no_quarantine(
    desk: Flask, imap_account: dovecot.Account, monkeypatch: pytest.MonkeyPatch
):
    box = post.mailbox(imap_account)
    imap_account.deliver(*(post.letter(f"Number {number}") for number in range(5)))
    real = Connection.raws

    def raws(self: Connection, uids: list[int]) -> dict[int, bytes]:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(Connection, "raws", raws)
    with pytest.raises(Trouble):
        fetch_once(box.id)
    assert states() == []
    monkeypatch.setattr(Connection, "raws", real)
    fetch_once(box.id)
    assert len(subjects()) == 5


def test_a_message_that_the_server_keeps_to_itself_is_not_forgotten(
    desk: Flask, imap_account: dovecot.Account, monkeypatch: pytest.MonkeyPatch
):
    box = post.mailbox(imap_account)
    imap_account.deliver(post.letter("One"), post.letter("Two"))
    real = Connection.raws
    monkeypatch.setattr(
        Connection, "raws", lambda self, uids: real(self, [uid for uid in uids if uid != 1])
    )
    fetch_once(box.id)
    assert states() == ["quarantined", "filed"]


def test_a_full_disk_stops_reading_and_loses_nothing(
    desk: Flask, imap_account: dovecot.Account, monkeypatch: pytest.MonkeyPatch
):
    box = post.mailbox(imap_account)
    imap_account.deliver(post.letter("One"))
    real = blobs.put

    def full(data: bytes) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(blobs, "put", full)
    with pytest.raises(Trouble, match="No space left"):
        fetch_once(box.id)
    assert post.ledger() == []
    assert "No space left" in db.session.get_one(Mailbox, box.id).last_error
    monkeypatch.setattr(blobs, "put", real)
    fetch_once(box.id)
    assert subjects() == ["One"]
    assert db.session.get_one(Mailbox, box.id, populate_existing=True).last_error == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"imap_port": 1}, "nothing answers on port 1"),
        ({"imap_host": "nowhere.invalid"}, "no server called nowhere.invalid"),
        ({"imap_password": "wrong"}, "refused the user name or the password"),
        ({"folder": "Nonsense"}, "no folder Nonsense. There are: INBOX"),
        ({"imap_tls": "starttls"}, "certificate of 127.0.0.1 can't be trusted"),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_said_in_words(
    desk: Flask, imap_account: dovecot.Account, changes: dict[str, Any], words: str
):
    box = post.mailbox(imap_account, **changes)
    with pytest.raises(Trouble, match=words):
        fetch_once(box.id)
    row = db.session.get_one(Mailbox, box.id)
    assert words in row.last_error
    assert row.failing_since is not None


def test_tls_from_the_start_and_starttls(
    desk: Flask,
    imap_server: dovecot.Dovecot,
    imap_account: dovecot.Account,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("SSL_CERT_FILE", str(imap_server.certificate))
    imap_account.deliver(post.letter())
    box = post.mailbox(imap_account, imap_tls="starttls")
    fetch_once(box.id)
    with transaction():
        row = db.session.get_one(Mailbox, box.id)
        set_up.edit(SYSTEM, row, settings_of(row, imap_tls="tls", imap_port=imap_server.tls_port))
    imap_account.deliver(post.letter())
    fetch_once(box.id)
    assert len(post.tickets()) == 2


def test_a_changed_secret_key_is_named(desk: Flask, imap_account: dovecot.Account):
    box = post.mailbox(imap_account)
    assert "secret" not in box.imap_secret
    desk.config["SECRET_KEY"] = "another key for tests that is long enough to be one"
    with pytest.raises(Trouble, match="Type the password again"):
        fetch_once(box.id)


def test_two_workers_never_both_read_a_mailbox(desk: Flask, imap_account: dovecot.Account):
    box = post.mailbox(imap_account)
    first, second = lease.new_holder(), lease.new_holder()
    with transaction():
        assert lease.claim(box.id, first)
    with transaction():
        assert not lease.claim(box.id, second)
    assert fetch_once(box.id) is None

    # The first one fell asleep for longer than its lease; the second takes over.
    with transaction():
        db.session.get_one(Mailbox, box.id).lease_until = now() - timedelta(seconds=1)
    with transaction():
        assert lease.claim(box.id, second)
    imap_account.deliver(post.letter())
    reader = Reader(box.id, first)
    settings = box_of(box.id)
    with pytest.raises(lease.Lost), connected(settings.server, "INBOX", read_only=True) as found:
        reader.read(found)
    assert post.ledger() == []


def test_the_lease_of_a_process_that_died_here_is_taken_at_once(
    desk: Flask, imap_account: dovecot.Account
):
    box = post.mailbox(imap_account)
    host = lease.new_holder().partition(" ")[0]
    with transaction():
        assert lease.claim(box.id, f"{host} 4194305 dead")
    with transaction():
        assert lease.claim(box.id, lease.new_holder())


def test_the_watcher_sees_new_mail_at_once_and_survives_the_server(
    desk: Flask, own_imap_server: dovecot.Dovecot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("helpdesk.channels.email.watch.FIRST_PAUSE", 1)
    monkeypatch.setattr("helpdesk.channels.email.watch.LOOK_SECONDS", 1)
    account = own_imap_server.account()
    box = post.mailbox(account)
    db.session.rollback()
    with watched(desk):
        until(lambda: db.session.get_one(Mailbox, box.id).last_success_at is not None)
        started = time.monotonic()
        account.deliver(post.letter("While watching"))
        until(lambda: subjects() == ["While watching"])
        assert time.monotonic() - started < 5
        own_imap_server.kill()
        until(lambda: db.session.get_one(Mailbox, box.id).failing_since is not None)
        own_imap_server.start()
        account.deliver(post.letter("After the crash"))
        until(lambda: subjects() == ["While watching", "After the crash"])
        until(lambda: db.session.get_one(Mailbox, box.id).failing_since is None)
    assert db.session.get_one(Mailbox, box.id, populate_existing=True).lease_holder is None

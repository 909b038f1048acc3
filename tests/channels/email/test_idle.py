"""Waiting for mail with IDLE: whatever way a server has of saying that something came."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from imapclient.exceptions import IMAPClientError

from helpdesk.channels.email.imap import Connection, connected
from helpdesk.channels.email.models import Tls
from helpdesk.channels.email.signing_in import Server
from helpdesk.channels.email.trouble import Trouble
from tests.channels.email import post
from tests.channels.email.watched import until, watched
from tests.support import dovecot

pytestmark = pytest.mark.imap


@pytest.fixture
def desk(own_desk: Flask) -> Iterator[Flask]:
    with own_desk.app_context():
        yield own_desk


def test_what_the_server_says_in_passing_is_not_waited_for(
    desk: Flask, imap_account: dovecot.Account, monkeypatch: pytest.MonkeyPatch
):
    # A server says once that a message came, with the answer to whatever it is asked just then.
    post.mailbox(imap_account, move_to="Filed")
    imap_account.deliver(post.letter("First"))
    real = Connection.move
    came = threading.Event()

    def move(self: Connection, uids: list[int], folder: str) -> None:
        if not came.is_set():
            imap_account.deliver(post.letter("While the first is put away"))
            came.set()
        real(self, uids, folder)

    monkeypatch.setattr(Connection, "move", move)
    with watched(desk):
        # Less than the minute after which a folder is looked at anyway.
        until(lambda: len(post.tickets()) == 2, seconds=25)


# ---- Servers that do it their own way ----


@contextlib.contextmanager
def talking(*at_idle: str) -> Iterator[Connection]:
    """Yield a connection to a server that answers IDLE with these lines; ``TAG`` is its tag."""
    answers = {
        "CAPABILITY": ["* CAPABILITY IMAP4rev1 IDLE"],
        "SELECT": ["* 1 EXISTS", "* OK [UIDVALIDITY 7] fine", "* OK [UIDNEXT 2] fine"],
        "UID": ["* SEARCH 1", "* 2 EXISTS"],
        "LOGOUT": ["* BYE"],
    }
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _address = listener.accept()
        with client, client.makefile("rwb", buffering=0) as lines, contextlib.suppress(OSError):
            lines.write(b"* OK ready\r\n")
            idling = ""
            for line in lines:
                tag, _, rest = line.decode().strip().partition(" ")
                if tag == "DONE":
                    said = [f"{idling} OK done"]
                elif rest == "IDLE":
                    idling, said = tag, [line.replace("TAG", tag) for line in at_idle]
                else:
                    said = [*answers.get(rest.split()[0], []), f"{tag} OK done"]
                lines.write("".join(f"{line}\r\n" for line in said).encode())

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    server = Server(host="127.0.0.1", port=port, tls=Tls.NONE, user="desk", password="secret")
    try:
        with connected(server, "INBOX", read_only=False) as connection:
            yield connection
    finally:
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    ("said", "news"),
    [
        (["+ idling"], False),
        (["+ idling", "* 2 EXISTS"], True),
        (["* 2 EXISTS", "+ idling"], True),
        (["* 1 RECENT", "* 2 EXISTS", "+ idling"], True),
        (["* OK Still here", "+ idling", "* 1 FETCH (FLAGS (\\Seen))"], False),
    ],
)
def test_news_is_heard_before_and_after_the_server_consents(said: list[str], news: bool):
    with talking(*said) as connection:
        connection.take_news()
        started = time.monotonic()
        assert connection.wait(threading.Event(), 1.5) is news
        assert (time.monotonic() - started < 1) is news


@pytest.mark.parametrize("answer", ["NO not today", "BAD what?"])
def test_a_server_that_refuses_is_named_as_the_trouble(answer: str):
    def waiting() -> None:
        with talking(f"TAG {answer}") as connection, pytest.raises(IMAPClientError, match="IDLE"):
            connection.wait(threading.Event(), 5)

    waiting()
    with pytest.raises(Trouble, match="refused"), talking(f"TAG {answer}") as connection:
        connection.wait(threading.Event(), 5)


def test_what_was_said_beside_an_answer_is_news_once():
    with talking("+ idling") as connection:
        connection.take_news()
        assert connection.uids_after(0) == [1]
        assert connection.take_news()
        assert not connection.take_news()

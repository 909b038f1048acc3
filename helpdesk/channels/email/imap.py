"""The few things we ask of an IMAP server."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

from helpdesk.channels.email.models import Tls
from helpdesk.channels.email.signing_in import Server, sign_in_imap
from helpdesk.channels.email.trouble import MAIL_ERRORS, Trouble, in_words

CONNECT_SECONDS = 15
READ_SECONDS = 60
IDLE_SECONDS = 540
"""How long one IDLE lasts: routers forget silent connections after about ten minutes."""


@dataclass(frozen=True, slots=True)
class Size:
    """How big a message is, in bytes, and when the server got it."""

    bytes: int
    received_at: datetime | None


class Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient, which besides hears what the server says in passing."""

    def idle(self) -> None:
        """Begin to IDLE, also where the server says what is new before it consents.

        Outlook does, and IMAPClient takes that for an error. Raises IMAPClientError when refused.
        """
        self._idle_tag = self._imap._command("IDLE")
        while self._imap._get_response() is not None:
            if refused := self._imap.tagged_commands[self._idle_tag]:
                raise IMAPClientError(f"IDLE was refused: {refused[1][0].decode(errors='replace')}")

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> object:
        """Wait until there is something to read; the socket does not block.

        What came together with an earlier line is in the reader's buffer, for which no socket can
        be polled: IMAPClient would find it when IDLE ends.
        """
        with suppress(ssl.SSLWantReadError):
            if self._imap.file.peek(1):
                return True
        return super()._poll_socket(sock, timeout)

    def told_of_messages(self) -> bool:
        """Whether the server said beside other answers how many messages there are; forgets it."""
        _name, counts = self._imap.response("EXISTS")
        return bool(counts != [None])


class Connection:
    """A connection that is signed in and has a folder open. Any call may raise MAIL_ERRORS."""

    def __init__(self, client: Client, folder: str, *, read_only: bool) -> None:
        """Open the folder; read-only, nothing on the server can change by our reading."""
        self._client = client
        answer = client.select_folder(folder, readonly=read_only)
        self.uidvalidity = int(answer.get(b"UIDVALIDITY") or 0)
        self.uidnext = int(answer.get(b"UIDNEXT") or 0)
        self.can_idle = client.has_capability("IDLE")

    def uids_after(self, last: int) -> list[int]:
        """Return the UIDs above ``last``, ascending."""
        # "*" is the newest message even when its UID is lower, so servers always answer with one.
        found = self._client.search(["UID", f"{last + 1}:*"])
        return sorted(int(uid) for uid in found if int(uid) > last)

    def exists(self, uid: int) -> bool:
        """Whether there is a message with this UID."""
        return bool(self._client.search(["UID", str(uid)]))

    def sizes(self, uids: Sequence[int]) -> dict[int, Size]:
        """Return size and arrival of each message; those that are gone are left out."""
        answer = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
        return {
            uid: Size(int(parts[b"RFC822.SIZE"]), parts.get(b"INTERNALDATE"))
            for uid, parts in answer.items()
            if parts.get(b"RFC822.SIZE") is not None
        }

    def raws(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Return the messages as they are, without marking them as read."""
        answer = self._client.fetch(uids, ["BODY.PEEK[]"])
        return {
            uid: parts[b"BODY[]"]
            for uid, parts in answer.items()
            if parts.get(b"BODY[]") is not None
        }

    def headers(self, uid: int) -> bytes:
        """Return the headers of a message alone."""
        parts = self._client.fetch([uid], ["BODY.PEEK[HEADER]"]).get(uid, {})
        return bytes(parts.get(b"BODY[HEADER]") or b"")

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move messages to a folder, which is made when it is missing."""
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)
        if self._client.has_capability("MOVE"):
            self._client.move(uids, folder)
            return
        self._client.copy(uids, folder)
        self._client.delete_messages(uids, silent=True)
        # A plain EXPUNGE would also remove what somebody else has marked.
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)

    def copy(self, uids: Sequence[int], folder: str) -> None:
        """Copy messages to a folder, which is made when it is missing; they stay as they are."""
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)
        self._client.copy(uids, folder)

    def folders(self) -> list[str]:
        """Return the names of the folders there are."""
        return [str(name) for _flags, _separator, name in self._client.list_folders()]

    def take_news(self) -> bool:
        """Whether we were told that the folder changed, since this was asked last.

        A server says once that a message came, with the answer to whatever it is asked just then
        (RFC 3501, 7.3.1); no IDLE would mention it again.
        """
        return self._client.told_of_messages()

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Wait for news with IDLE, at most so long; True when the folder changed.

        A server that closed the connection meanwhile makes this raise.
        """
        until = time.monotonic() + min(seconds, IDLE_SECONDS)
        self._client.idle()
        news = self.take_news()
        while not (news or stop.is_set()) and (left := until - time.monotonic()) > 0:
            # A short wait at a time, so that stopping the worker takes no longer.
            pause = min(1.0, left)
            started = time.monotonic()
            answers = self._client.idle_check(timeout=pause)
            news = _says_news(answers)
            if not answers and time.monotonic() - started < pause / 2:
                # Woken by nothing: the server hung up, which the next line will say.
                break
        # What came together with the server's consent is in a buffer and shows only now.
        _text, rest = self._client.idle_done()
        return news or _says_news(rest)


def _says_news(answers: Sequence[Sequence[object]]) -> bool:
    return any(len(answer) > 1 and answer[1] in {b"EXISTS", b"RECENT"} for answer in answers)


def sign_in(server: Server) -> Client:
    """Connect and sign in. Raises Trouble."""
    with in_words(server.host, server.port):
        # Reading the machine's certificates takes 30 ms; who does without TLS has no use for them.
        context = None if server.tls == Tls.NONE else ssl.create_default_context()
        client = Client(
            server.host,
            server.port,
            ssl=server.tls == Tls.IMPLICIT,
            ssl_context=context if server.tls == Tls.IMPLICIT else None,
            timeout=SocketTimeout(CONNECT_SECONDS, READ_SECONDS),
        )
        try:
            # Times with their own zone, instead of that of this machine.
            client.normalise_times = False
            if server.tls == Tls.STARTTLS:
                client.starttls(context)
            sign_in_imap(client, server)
        except BaseException:
            with suppress(*MAIL_ERRORS):
                client.shutdown()
            raise
    return client


def open_folder(client: Client, folder: str, *, read_only: bool) -> Connection:
    """Open a folder. Raises Trouble that names the folders there are."""
    try:
        return Connection(client, folder, read_only=read_only)
    except IMAPClientError as error:
        names = [str(name) for _flags, _separator, name in client.list_folders()]
        if folder in names:
            raise
        listed = ", ".join(names[:20])
        raise Trouble(
            _l(
                "There is no folder %(folder)s. There are: %(folders)s.",
                folder=folder,
                folders=listed,
            )
        ) from error


@contextmanager
def signed_in(server: Server) -> Iterator[Client]:
    """Sign in, and sign out at the end. Raises Trouble, within as well."""
    client = sign_in(server)
    try:
        with in_words(server.host, server.port):
            yield client
    finally:
        try:
            client.logout()
        except MAIL_ERRORS:
            # A connection that is broken already is just dropped.
            with suppress(*MAIL_ERRORS):
                client.shutdown()


@contextmanager
def connected(server: Server, folder: str, *, read_only: bool) -> Iterator[Connection]:
    """Sign in, open a folder, and sign out at the end. Raises Trouble, within as well."""
    with signed_in(server) as client:
        yield open_folder(client, folder, read_only=read_only)

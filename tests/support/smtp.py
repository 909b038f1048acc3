"""A mail server that receives what the product sends, and can misbehave as real ones do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.paths import free_port

Behaviour = Literal["accept", "refuse", "defer", "drop"]


@dataclass
class Received:
    """One message as it came over the wire."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.raw, policy=default)


@dataclass
class Receiver:
    """The running server. ``behaviour`` may be changed between messages.

    ``refuse`` says no for good (550), ``defer`` asks to try again later (451), ``drop`` closes
    the connection after the message was sent, before it is confirmed.
    """

    host: str
    port: int
    behaviour: Behaviour = "accept"
    refused: set[str] = field(default_factory=set)
    """Addresses that are unknown here (550), whatever the behaviour."""
    received: list[Received] = field(default_factory=list)
    attempts: int = 0
    token_is_good: Callable[[str], bool] | None = None
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    """User and token of everybody who tried XOAUTH2."""

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        """Let in whoever brings a token that ``token_is_good`` likes."""
        said = await server.challenge_auth("")
        assert isinstance(said, bytes)
        fields = dict(part.partition("=")[::2] for part in said.decode().split("\1"))
        user, _, token = fields.get("user", ""), *fields.get("auth", "").partition(" ")[1:]
        self.signed_in.append((user, token))
        if self.token_is_good is not None and self.token_is_good(token):
            return AuthResult(success=True, auth_data=user)
        await server.challenge_auth('{"status":"401","schemes":"bearer"}')
        return AuthResult(success=False, handled=False)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT TO."""
        self.attempts += 1
        if self.behaviour == "refuse" or address in self.refused:
            return "550 5.1.1 No such mailbox here"
        if self.behaviour == "defer":
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answer the end of DATA."""
        if self.behaviour == "drop":
            assert server.transport is not None
            server.transport.close()
            return "451 4.3.0 Connection lost"
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode()
        self.received.append(Received(envelope.mail_from or "", list(envelope.rcpt_tos), raw))
        return "250 Message accepted"


@contextmanager
def smtp_server(
    user: str = "", password: str = "", token_is_good: Callable[[str], bool] | None = None
) -> Iterator[Receiver]:
    """Run a receiver on loopback; with ``user`` or tokens it insists on AUTH (without TLS)."""
    receiver = Receiver("127.0.0.1", free_port(), token_is_good=token_is_good)
    insists = bool(user or token_is_good)

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        right = (
            isinstance(data, LoginPassword)
            and data.login.decode() == user
            and data.password.decode() == password
        )
        # Not handled here: the server itself says 535.
        return AuthResult(success=right, handled=False)

    controller = Controller(
        receiver,
        hostname=receiver.host,
        port=receiver.port,
        authenticator=authenticate if user else None,
        auth_required=insists,
        auth_require_tls=not insists,
    )
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()

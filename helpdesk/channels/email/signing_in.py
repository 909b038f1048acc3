"""Signing in to mail servers: with a password, or with a token (XOAUTH2, RFC 7628 OAUTHBEARER)."""

import smtplib
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Protocol

from imapclient import IMAPClient
from imapclient.exceptions import LoginError


class Token(Protocol):
    """What gives the token of a mailbox."""

    def good(self) -> str:
        """Return a token that is good right now. Raises Trouble."""

    def was_refused(self) -> None:
        """Hear that a mail server did not take it: the next one should be new."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to sign in, and as whom: with a password, or with a token."""

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    token: Token | None = field(default=None, repr=False, compare=False)


class TokenRefusedByIMAP(LoginError):  # type: ignore[misc]
    """An IMAP server did not take the token of a provider."""


class TokenRefusedBySMTP(smtplib.SMTPAuthenticationError):
    """An SMTP server did not take the token of a provider."""


def sign_in_imap(client: IMAPClient, server: Server) -> None:
    """Sign in to read. Raises Trouble of the token, IMAPClientError."""
    if server.token is not None:
        _with_token(client, server, server.token)
    elif server.password.isascii():
        client.login(server.user, server.password)
    else:
        # LOGIN knows ASCII only.
        client.plain_login(server.user, server.password)


def _with_token(client: IMAPClient, server: Server, token: Token) -> None:
    secret = token.good()
    bearer = not client.has_capability("AUTH=XOAUTH2") and client.has_capability("AUTH=OAUTHBEARER")
    if bearer:
        answers = iter((_bearer(server, secret), b"\1"))
    else:
        answers = iter((_xoauth2(server.user, secret), b""))
    try:
        # What the server asks after the first answer is why it refuses; an empty one ends that.
        way = "OAUTHBEARER" if bearer else "XOAUTH2"
        client.sasl_login(way, lambda _challenge: next(answers, b""))
    except LoginError as error:
        token.was_refused()
        raise TokenRefusedByIMAP(str(error)) from error


def login(client: smtplib.SMTP, server: Server) -> None:
    """Sign in to send, with the first way that the server offers, in UTF-8.

    The standard library tries every way with a wrong password, which locks accounts, and knows
    ASCII only. Raises Trouble of the token, SMTPException.
    """
    offered = client.esmtp_features.get("auth", "").upper().split()
    if server.token is not None:
        return _token_to_smtp(client, server, server.token, offered)
    user, password = server.user, server.password
    if "PLAIN" in offered:
        code, answer = client.docmd("AUTH", "PLAIN " + _encoded(f"\0{user}\0{password}"))
    elif "LOGIN" in offered:
        code, answer = client.docmd("AUTH", "LOGIN")
        if code == 334:
            code, answer = client.docmd(_encoded(user))
        if code == 334:
            code, answer = client.docmd(_encoded(password))
    else:
        ways = " ".join(offered) or "none"
        raise smtplib.SMTPNotSupportedError(f"ways to sign in: {ways}, wanted: PLAIN or LOGIN")
    if code not in {235, 503}:
        raise smtplib.SMTPAuthenticationError(code, answer)
    return None


def _token_to_smtp(client: smtplib.SMTP, server: Server, token: Token, offered: list[str]) -> None:
    if "XOAUTH2" in offered:
        way, first, last = "XOAUTH2", _xoauth2(server.user, token.good()), ""
    elif "OAUTHBEARER" in offered:
        way, first, last = "OAUTHBEARER", _bearer(server, token.good()), b64encode(b"\1").decode()
    else:
        ways = " ".join(offered) or "none"
        raise smtplib.SMTPNotSupportedError(f"ways to sign in: {ways}, wanted: XOAUTH2")
    code, answer = client.docmd("AUTH", way)
    if code == 334:
        code, answer = client.docmd(b64encode(first).decode())
    if code == 334:
        # Why it refuses; an answer without content ends that.
        code, answer = client.docmd(last)
    if code not in {235, 503}:
        token.was_refused()
        raise TokenRefusedBySMTP(code, answer)


def _xoauth2(user: str, token: str) -> bytes:
    return f"user={user}\1auth=Bearer {token}\1\1".encode()


def _bearer(server: Server, token: str) -> bytes:
    # "," and "=" would end the name.
    name = server.user.replace("=", "=3D").replace(",", "=2C")
    where = f"\1host={server.host}\1port={server.port}"
    return f"n,a={name},{where}\1auth=Bearer {token}\1\1".encode()


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")

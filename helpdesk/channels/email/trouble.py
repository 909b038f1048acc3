"""What went wrong with a mail server, said in words for whoever set it up."""

import imaplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import lazy_gettext as _l
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from helpdesk.channels.email.secrets import Unreadable
from helpdesk.channels.email.signing_in import TokenRefusedByIMAP, TokenRefusedBySMTP

MAIL_ERRORS = (OSError, smtplib.SMTPException, IMAPClientError, imaplib.IMAP4.error, Unreadable)
"""Everything that can happen on the way to a mail server."""


class Trouble(Exception):
    """A mail server can't be used. ``message`` is a translatable sentence."""

    def __init__(self, message: object) -> None:
        """Keep the sentence."""
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        """Return the sentence in the reader's language."""
        return str(self.message)


@contextmanager
def in_words(host: str, port: int) -> Iterator[None]:
    """Turn whatever a mail library raises within into Trouble."""
    try:
        yield
    except MAIL_ERRORS as error:
        raise explain(error, host, port) from error


def explain(error: Exception, host: str, port: int) -> Trouble:
    """Return the sentence for an error of the connection to ``host``."""
    return Trouble(_signing_in(error, host) or _reaching(error, host, port) or _other(error, host))


def _signing_in(error: Exception, host: str) -> Any:
    if isinstance(error, Unreadable):
        return _l(
            "The stored password can't be read, because the desk's secret key was changed."
            " Type the password again."
        )
    if isinstance(error, TokenRefusedByIMAP | TokenRefusedBySMTP):
        return _l(
            "%(host)s did not take the provider's token: %(said)s. Check that the user is the"
            " mailbox for which access was granted, and that it may use IMAP and SMTP.",
            host=host,
            said=said(error),
        )
    if isinstance(error, LoginError | smtplib.SMTPAuthenticationError):
        return _l(
            "%(host)s refused the user name or the password: %(said)s", host=host, said=said(error)
        )
    if isinstance(error, CapabilityError | smtplib.SMTPNotSupportedError):
        return _l(
            "%(host)s can't do what was asked: %(said)s. Choose another TLS setting.",
            host=host,
            said=said(error),
        )
    return None


def _reaching(error: Exception, host: str, port: int) -> Any:
    if isinstance(error, socket.gaierror):
        return _l("There is no server called %(host)s.", host=host)
    if isinstance(error, ConnectionRefusedError):
        return _l("%(host)s is there, but nothing answers on port %(port)d.", host=host, port=port)
    if isinstance(error, TimeoutError):
        return _l(
            "%(host)s did not answer in time on port %(port)d. Check host, port and TLS.",
            host=host,
            port=port,
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return _l(
            "The certificate of %(host)s can't be trusted: %(said)s.",
            host=host,
            said=error.verify_message,
        )
    if isinstance(error, ssl.SSLError) and "EOF" not in str(error):
        return _l(
            "%(host)s does not speak TLS on port %(port)d. Choose STARTTLS or another port.",
            host=host,
            port=port,
        )
    return None


def _other(error: Exception, host: str) -> Any:
    closed = isinstance(
        error, smtplib.SMTPServerDisconnected | imaplib.IMAP4.abort | ConnectionError | ssl.SSLError
    )
    if closed:
        return _l("%(host)s closed the connection: %(said)s", host=host, said=said(error))
    return _l("%(host)s says: %(said)s", host=host, said=said(error))


def said(error: Exception) -> str:
    """Return the server's own words, on one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return " ".join(f"{error.smtp_code} {words}".split())[:500]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    first = error.args[0] if error.args else ""
    words = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    return " ".join(words.split())[:500] or type(error).__name__

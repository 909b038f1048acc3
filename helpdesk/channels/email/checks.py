"""Trying a mailbox out: really connecting, and saying step by step in plain words how it goes."""

import smtplib
from dataclasses import dataclass

from flask_babel import gettext as _

from helpdesk.channels.email import imap, send
from helpdesk.channels.email.models import Tls
from helpdesk.channels.email.signing_in import Server
from helpdesk.channels.email.trouble import MAIL_ERRORS, Trouble, said

LOOPBACK = ("127.", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Check:
    """One step, whether it went well, and what there is to say about it."""

    step: str
    ok: bool
    words: str


def check(
    receiving: Server | None,
    folder: str,
    move_to: str,
    sending: Server | None,
    plus: tuple[str, str] | None = None,
) -> list[Check]:
    """Connect to both servers as the mailbox would. Nothing is read, moved or sent.

    ``plus`` are an address with a ``+`` that a letter is announced to, and the one it is from.
    """
    reading = _check_reading(receiving, folder, move_to) if receiving is not None else []
    return [*reading, *_check_sending(sending, plus)]


def _check_reading(server: Server, folder: str, move_to: str) -> list[Check]:
    step = _("Signing in to read")
    passed: list[Check] = []
    try:
        with imap.signed_in(server) as client:
            passed.append(Check(step, True, _greeting(server)))
            step = _("Opening the folder")
            connection = imap.open_folder(client, folder, read_only=True)
            count = len(connection.uids_after(0))
            passed.append(
                Check(
                    step, True, _("Messages in %(folder)s: %(count)d.", folder=folder, count=count)
                )
            )
            if move_to:
                step = _("Folder for filed messages")
                there = move_to in connection.folders()
                words = _("%(folder)s is there.") if there else _("%(folder)s will be made.")
                passed.append(Check(step, True, words % {"folder": move_to}))
    except Trouble as trouble:
        return [*passed, Check(step, False, str(trouble))]
    return passed


def _check_sending(server: Server | None, plus: tuple[str, str] | None) -> list[Check]:
    step = _("Signing in to send")
    if server is None:
        return [Check(step, True, _("No server for sending is set: this mailbox only receives."))]
    try:
        with send.connected(server) as client:
            signed_in = Check(step, True, _greeting(server))
            return [signed_in, *([_check_plus(client, *plus)] if plus is not None else [])]
    except Trouble as trouble:
        return [Check(step, False, str(trouble))]


def _check_plus(client: smtplib.SMTP, recipient: str, sender: str) -> Check:
    """Announce a letter to an address with a ``+``, and call it off."""
    step = _("Addresses with a +")
    try:
        code, words = client.mail(sender)
        if code < 300:
            code, words = client.rcpt(recipient)
        client.rset()
    except MAIL_ERRORS as error:
        return Check(step, False, said(error))
    if code >= 300:
        answer = f"{code} {words.decode('utf-8', 'replace')}"
        return Check(step, False, _("The server says no: %(said)s", said=answer))
    taken = _("The server takes %(address)s. Write to it once to see it arrive.", address=recipient)
    return Check(step, True, taken)


def _greeting(server: Server) -> str:
    words = _("%(host)s let us in.", host=server.host)
    secret = server.password or server.token
    if server.tls == Tls.NONE and secret and not server.host.startswith(LOOPBACK):
        words = _(
            "%(host)s let us in, but the password travels unprotected. Choose TLS or STARTTLS.",
            host=server.host,
        )
    return str(words)

"""Sending what the outbox holds, over SMTP, each mailbox through its own server."""

import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, current_app
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from helpdesk.blobs import BlobMissing
from helpdesk.channels.email import pace
from helpdesk.channels.email.addressing import return_path
from helpdesk.channels.email.brake import stopped
from helpdesk.channels.email.compose import compose, settle
from helpdesk.channels.email.mailboxes import default_sender, desk_language
from helpdesk.channels.email.models import Mailbox, Tls
from helpdesk.channels.email.muting import held_back
from helpdesk.channels.email.outgoing import fill_recipients
from helpdesk.channels.email.secrets import Unreadable, open_sealed
from helpdesk.channels.email.secure.protecting import CannotProtect
from helpdesk.channels.email.signing_in import Server, login
from helpdesk.channels.email.tokens import source_of
from helpdesk.channels.email.trouble import MAIL_ERRORS, Trouble, explain, in_words, said
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.notify import outbox
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.models import Channel

log = logging.getLogger(__name__)

TIMEOUT = 30
"""Seconds that a server may take for one step."""
FIRST_PAUSE = 30
LONGEST_PAUSE = 900
"""Seconds to leave a server alone that can't be reached: the first time, at most after doubling."""
NO_MAILBOX_PAUSE = 60


@dataclass(frozen=True, slots=True)
class Route:
    """The way out of one mailbox, and how much it takes."""

    mailbox_id: int
    server: Server
    limits: pace.Limits


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message, ready to go."""

    sender: str
    recipients: list[str]
    raw: bytes


def smtp_server_of(mailbox: Mailbox) -> Server:
    """Return where a mailbox sends. Raises Unreadable."""
    return Server(
        mailbox.smtp_host,
        mailbox.smtp_port,
        mailbox.smtp_tls,
        mailbox.smtp_user,
        open_sealed(mailbox.smtp_secret),
        source_of(mailbox),
    )


@contextmanager
def connected(server: Server) -> Iterator[smtplib.SMTP]:
    """Connect and sign in, and say goodbye at the end. Raises Trouble for getting there."""
    with in_words(server.host, server.port):
        client = _connect(server)
    try:
        yield client
    finally:
        with suppress(*MAIL_ERRORS):
            client.quit()
        client.close()


def _connect(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    name = socket.gethostname()
    # Looking the full name up may ask a server far away, at every message.
    greeting = name if "." in name else "[127.0.0.1]"
    client: smtplib.SMTP
    if server.tls == Tls.IMPLICIT:
        client = smtplib.SMTP_SSL(
            server.host, server.port, greeting, timeout=TIMEOUT, context=context
        )
    else:
        client = smtplib.SMTP(server.host, server.port, greeting, timeout=TIMEOUT)
    try:
        if server.tls == Tls.STARTTLS:
            client.starttls(context=context)
        client.ehlo_or_helo_if_needed()
        if server.user:
            login(client, server)
    except BaseException:
        client.close()
        raise
    return client


@job(every=2, everywhere=True)
def send_mail() -> None:
    """Send every mail that is due, the mailboxes side by side."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    due = outbox.due_mailboxes(Channel.EMAIL)
    db.session.rollback()
    if len(due) == 1:
        send_due(due[0])
        return

    def send(mailbox_id: int | None) -> None:
        with app.app_context():
            try:
                send_due(mailbox_id)
            except Exception:
                log.exception("Sending through mailbox %s failed", mailbox_id)

    threads = [threading.Thread(target=send, args=(mailbox_id,)) for mailbox_id in due]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def send_due(mailbox_id: int | None) -> int:
    """Send what is due through one mailbox (None: the default one); returns how much left."""
    route = _route(mailbox_id)
    if route is None:
        return 0
    key = _claim(mailbox_id, route)
    if key is None:
        return 0
    count = 0
    try:
        with connected(route.server) as client:
            _reachable(route.mailbox_id)
            while key is not None:
                parcel = _prepare(key, route.mailbox_id)
                if parcel is not None:
                    if not _hand_over(client, key, parcel):
                        break
                    count += 1
                key = _claim(mailbox_id, route)
    except Trouble as trouble:
        again = _leave_alone(route.mailbox_id, trouble)
        with transaction(), force_locale(desk_language()):
            outbox.give_back(db.session.get_one(OutboxMessage, key), str(trouble), until=again)
    return count


def _claim(mailbox_id: int | None, route: Route) -> int | None:
    """Take the next message that may leave now; None when there is none, or no room for it."""
    with transaction():
        up_to = pace.room(route.mailbox_id, route.limits)
        key = outbox.claim(Channel.EMAIL, mailbox_id, up_to=up_to) if up_to is not None else None
        if key is not None:
            pace.count(route.mailbox_id, route.limits)
        return key


def _route(mailbox_id: int | None) -> Route | None:
    """Return the way out, or None while there is none or its server is left alone."""
    db.session.rollback()
    mailbox = db.session.get(Mailbox, mailbox_id) if mailbox_id is not None else default_sender()
    if mailbox is not None and not mailbox.sends:
        # It was switched off after the message was written; the default one speaks for it.
        mailbox = default_sender()
    if mailbox is None:
        _no_mailbox(mailbox_id)
        return None
    if mailbox.send_again_at is not None and mailbox.send_again_at > now():
        return None
    try:
        limits = pace.Limits(mailbox.per_minute, mailbox.per_hour)
        return Route(mailbox.id, smtp_server_of(mailbox), limits)
    except Unreadable as error:
        _leave_alone(mailbox.id, explain(error, mailbox.smtp_host, mailbox.smtp_port))
        return None
    finally:
        db.session.rollback()


def _no_mailbox(mailbox_id: int | None) -> None:
    """Say at every waiting message that no mailbox can send it."""
    until = now() + timedelta(seconds=NO_MAILBOX_PAUSE)
    words = _l("No mailbox is set up to send mail.")
    while (key := _claim_unsendable(mailbox_id)) is not None:
        with transaction(), force_locale(desk_language()):
            outbox.give_back(db.session.get_one(OutboxMessage, key), str(words), until=until)


def _claim_unsendable(mailbox_id: int | None) -> int | None:
    with transaction():
        return outbox.claim(Channel.EMAIL, mailbox_id)


def _prepare(key: int, mailbox_id: int) -> Parcel | None:
    """Write a claimed message; None when it is not to be sent after all, which is recorded."""
    with transaction():
        message = db.session.get_one(OutboxMessage, key)
        entry = message.entry
        if message.expires_at is not None and message.expires_at < now():
            with force_locale(desk_language()):
                outbox.failed(message, "expired", str(_l("It could not be sent in time.")))
            return None
        if entry is not None and (entry.withdrawn_at or entry.redacted_at):
            outbox.cancelled(message)
            return None
        if not message.recipients and not fill_recipients(message):
            with force_locale(desk_language()):
                words = _l("There is no e-mail address to send it to.")
                outbox.failed(message, "no-address", str(words))
            return None
        mailbox = db.session.get_one(Mailbox, mailbox_id)
        if held_back(message, mailbox) or stopped(message):
            return None
        try:
            settle(message, mailbox)
            with force_locale(desk_language()):
                raw = compose(message, mailbox)
        except CannotProtect as error:
            if entry is None:
                # A notice by itself is not worth a failure that somebody has to settle.
                outbox.cancelled(message)
                message.reason = "no-key"
            else:
                outbox.failed(message, "unprotected", str(error))
            return None
        except (BlobMissing, ValueError, UnicodeError) as error:
            log.exception("Outgoing message %d can't be written", key)
            outbox.failed(message, "unsendable", f"{type(error).__name__}: {error}")
            return None
        return Parcel(return_path(mailbox, message.id), list(message.recipients), raw)


def _hand_over(client: smtplib.SMTP, key: int, parcel: Parcel) -> bool:
    """Give one message to the server and record what it said; False when the connection is gone."""
    alive = True
    refused: dict[str, str] = {}
    deferred: dict[str, str] = {}
    try:
        answers = client.sendmail(parcel.sender, parcel.recipients, parcel.raw, _options(parcel))
        _sort_answers(answers, refused, deferred)
    except smtplib.SMTPRecipientsRefused as error:
        _sort_answers(error.recipients, refused, deferred)
    except smtplib.SMTPResponseException as error:
        permanent = 500 <= error.smtp_code < 600
        (refused if permanent else deferred).update(dict.fromkeys(parcel.recipients, said(error)))
        # After an answer like 421 the server hangs up.
        alive = error.smtp_code != 421
    except smtplib.SMTPNotSupportedError as error:
        refused.update(dict.fromkeys(parcel.recipients, said(error)))
    except MAIL_ERRORS as error:
        deferred.update(dict.fromkeys(parcel.recipients, said(error)))
        alive = False
    with transaction():
        message = db.session.get_one(OutboxMessage, key)
        outbox.settle(message, refused=refused, deferred=deferred)
    return alive


def _options(parcel: Parcel) -> list[str]:
    return [] if all(one.isascii() for one in parcel.recipients) else ["SMTPUTF8"]


def _sort_answers(
    answers: dict[str, tuple[int, bytes]], refused: dict[str, str], deferred: dict[str, str]
) -> None:
    for address, (code, words) in answers.items():
        text = " ".join(f"{code} {words.decode('utf-8', 'replace')}".split())
        (refused if 500 <= code < 600 else deferred)[address] = text


def _reachable(mailbox_id: int) -> None:
    with transaction():
        mailbox = db.session.get(Mailbox, mailbox_id)
        if mailbox is not None and mailbox.send_failures:
            mailbox.send_failures, mailbox.send_again_at = 0, None
            mailbox.send_failing_since, mailbox.send_error = None, ""


def _leave_alone(mailbox_id: int, trouble: Trouble) -> datetime:
    """Leave a server alone for a while that can't be used; returns until when."""
    log.warning("Mail can't be sent through mailbox %d: %s", mailbox_id, trouble)
    with transaction(), force_locale(desk_language()):
        mailbox = db.session.get_one(Mailbox, mailbox_id)
        pause = min(FIRST_PAUSE * 2 ** min(mailbox.send_failures, 8), LONGEST_PAUSE)
        mailbox.send_failures += 1
        mailbox.send_again_at = now() + timedelta(seconds=pause)
        mailbox.send_failing_since = mailbox.send_failing_since or now()
        mailbox.send_error = str(trouble)
        return mailbox.send_again_at

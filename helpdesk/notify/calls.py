"""Calling webhooks: each call is a row, made after the commit and tried again until it is taken.

As with mail, work is claimed row by row, so any number of workers share it. At our side a call is
decided once; between "the other side took it" and "we wrote that down" lies the one moment at
which a crash makes it come twice, with the same ``Hearth-Delivery``.
"""

import hashlib
import hmac
import json
import logging
import threading
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask, current_app
from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import joinedload

from config import Settings
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.notify import posting, sealing
from helpdesk.notify.models import CALLS_WAITING, Sending, Webhook, WebhookCall
from helpdesk.notify.outbox import PAUSES
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing
from helpdesk.people.models import Desk
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible

log = logging.getLogger(__name__)

PURPOSE = b"hearth webhook secrets"
CLAIM_SECONDS = 60
MAX_ATTEMPTS = 14
"""A call that failed so often (in about a day) is given up."""
KEPT = timedelta(days=60)
SHOWN = 50
TEST = "test"


# ---- Deciding ----


def call(webhook: Webhook, event: str, said: dict[str, Any], ticket: Ticket | None = None) -> None:
    """Write a call, in the caller's transaction."""
    settings: Settings = current_app.config["SETTINGS"]
    call_id = str(uuid4())
    body: dict[str, Any] = {"id": call_id, "event": event, "at": now().isoformat(), **said}
    if ticket is not None:
        link = f"{settings.base_url.rstrip('/')}/tickets/{ticket.number}"
        body["ticket"] = {"number": ticket.number, "priority": ticket.priority, "link": link}
    db.session.add(
        WebhookCall(
            webhook_id=webhook.id,
            ticket_id=ticket.id if ticket is not None else None,
            call_id=call_id,
            event=event,
            body=json.dumps(body),
        )
    )
    db.session.flush()


# ---- Calling ----


def _is_due() -> ColumnElement[bool]:
    moment = now()
    free = or_(
        and_(WebhookCall.state == Sending.QUEUED, WebhookCall.next_try_at <= moment),
        and_(WebhookCall.state == Sending.CLAIMED, WebhookCall.claimed_until < moment),
    )
    return and_(CALLS_WAITING, free)


@job(every=2, everywhere=True)
def call_webhooks() -> None:
    """Make every call that is due, the webhooks side by side."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    due = db.session.scalars(select(WebhookCall.webhook_id).where(_is_due()).distinct()).all()
    db.session.rollback()

    def make(webhook_id: int) -> None:
        with app.app_context():
            try:
                make_due(webhook_id)
            except Exception:
                log.exception("Calling webhook %d failed", webhook_id)

    threads = [threading.Thread(target=make, args=(key,)) for key in due[1:]]
    for thread in threads:
        thread.start()
    if due:
        make_due(due[0])
    for thread in threads:
        thread.join()


def make_due(webhook_id: int) -> int:
    """Make what is due of one webhook; returns how many were taken.

    After a failure the others wait for the next turn: who does not answer one does not answer ten.
    """
    count = 0
    while (key := _claim(webhook_id)) is not None:
        if not _make(key):
            break
        count += 1
    return count


def _claim(webhook_id: int) -> int | None:
    with transaction():
        free = (
            select(WebhookCall.id)
            .where(WebhookCall.webhook_id == webhook_id, _is_due())
            .order_by(WebhookCall.next_try_at, WebhookCall.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        return db.session.scalar(
            update(WebhookCall)
            .where(WebhookCall.id == free, _is_due())
            .values(
                state=Sending.CLAIMED,
                claimed_until=now() + timedelta(seconds=CLAIM_SECONDS),
                attempts=WebhookCall.attempts + 1,
            )
            .returning(WebhookCall.id)
            .execution_options(synchronize_session=False)
        )


def _make(key: int) -> bool:
    """Make one claimed call and write down what became of it; whether it was taken."""
    row = db.session.get_one(WebhookCall, key, options=[joinedload(WebhookCall.webhook)])
    hook, body = row.webhook, row.body.encode()
    url, private, sealed, retired = hook.url, hook.private, hook.secret, hook.retired_at
    name, event = row.call_id, row.event
    # The demo desk promises that nothing leaves the machine.
    stays = bool(db.session.scalar(select(Desk.is_demo).limit(1)))
    # Nobody else's work should wait for our transaction while the other side thinks.
    db.session.rollback()
    status, said, is_final = None, "", False
    try:
        if retired is not None:
            raise posting.Forbidden("retired")
        if stays and urlsplit(url).hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise posting.Forbidden("demo")
        headers = _headers(sealing.open_sealed(sealed, PURPOSE), name, event, body)
        answer = posting.post(url, body, headers, private=private)
        status, said = answer.status, answer.words
    except posting.Forbidden as error:
        said, is_final = error.reason, True
    except sealing.Unreadable:
        said, is_final = "secret-unreadable", True
    except posting.Unreached as error:
        said = str(error)
    taken = status is not None and 200 <= status < 300
    with transaction():
        row = db.session.get_one(WebhookCall, key)
        row.status, row.said, row.claimed_until = status, said[:400], None
        if taken:
            row.state, row.made_at = Sending.SENT, now()
        elif is_final or row.attempts >= MAX_ATTEMPTS or row.event == TEST:
            row.state = Sending.FAILED
        else:
            pause = PAUSES[min(row.attempts, len(PAUSES)) - 1]
            row.state, row.next_try_at = Sending.QUEUED, now() + timedelta(seconds=pause)
    return taken


def _headers(secret: str, call_id: str, event: str, body: bytes) -> dict[str, str]:
    moment = int(time.time())
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Hearth",
        "Connection": "close",
        "Hearth-Event": event,
        "Hearth-Delivery": call_id,
        "Hearth-Signature": f"t={moment},v1={signed}",
    }


# ---- The ledger ----


def newest(actor: Actor) -> list[WebhookCall]:
    """Return the newest calls that an administrator sees. Raises Denied.

    Those about tickets they may not see are left out.
    """
    actor.demand(Permission.SETUP_DESK)
    seen = or_(WebhookCall.ticket_id.is_(None), visible(actor))
    return list(
        db.session.scalars(
            select(WebhookCall)
            .outerjoin(Ticket, Ticket.id == WebhookCall.ticket_id)
            .options(joinedload(WebhookCall.webhook))
            .where(seen)
            .order_by(WebhookCall.created_at.desc(), WebhookCall.id.desc())
            .limit(SHOWN)
        )
    )


def again(actor: Actor, call_id: int) -> bool:
    """Make a failed call again, now; False when it did not fail. Raises Denied, Missing."""
    actor.demand(Permission.SETUP_DESK)
    row = db.session.get(WebhookCall, call_id, with_for_update=True)
    if row is None:
        raise Missing
    if row.state != Sending.FAILED:
        return False
    row.state, row.attempts, row.next_try_at = Sending.QUEUED, 0, now()
    return True


@job(every=3600)
def forget_calls() -> int:
    """Delete calls that are older than anybody looks at."""
    with transaction():
        old = delete(WebhookCall).where(
            WebhookCall.created_at < now() - KEPT,
            WebhookCall.state.in_((Sending.SENT, Sending.FAILED)),
        )
        found: int = db.session.execute(old).rowcount  # type: ignore[attr-defined]
    return found

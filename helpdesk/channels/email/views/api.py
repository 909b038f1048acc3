"""Where programs post messages: `/api/mail/<mailbox>`, signed. See docs/mail.md."""

import threading
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import ClientDisconnected

from helpdesk.channels.email import intake
from helpdesk.channels.email.delivered import take
from helpdesk.channels.email.downloads import MAX_MESSAGE
from helpdesk.channels.email.models import Kind, Mailbox
from helpdesk.channels.email.secrets import Unreadable
from helpdesk.channels.email.source_models import MailIntake
from helpdesk.channels.email.trouble import Trouble
from helpdesk.db import db
from helpdesk.people.guard import public
from helpdesk.web.security import csrf

bp = Blueprint("mail_api", __name__, url_prefix="/api/mail")
# A program has no session that somebody could make use of; its signature says who it is.
csrf.exempt(bp)

LARGE = 1024 * 1024
_large = threading.BoundedSemaphore(8)
"""So many large messages are held in memory at once by a process, before anybody knows whose."""
RETRY_SECONDS = 30


class _Refusal(Exception):
    """Why a message is not taken; ``again`` says whether it is worth coming back with it."""

    def __init__(self, status: int, code: str, words: str, *, again: bool = False) -> None:
        super().__init__(words)
        self.status, self.code, self.again = status, code, again


@bp.post("/<int:mailbox_id>")
@public
def post_message(mailbox_id: int) -> Any:
    """Take a signed message in and answer 202 with its line of the ledger."""
    try:
        return _taken(mailbox_id)
    except _Refusal as refusal:
        answer = jsonify(error=refusal.code, message=str(refusal), again=refusal.again)
        answer.status_code = refusal.status
        if refusal.again:
            answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer


def _taken(mailbox_id: int) -> tuple[Response, int]:
    length, moment, signatures = _announced()
    row = db.session.get(Mailbox, mailbox_id)
    known: list[bytes] = []
    if row is not None and row.kind == Kind.HTTP and row.retired_at is None:
        try:
            known = intake.secrets_of(db.session.get(MailIntake, mailbox_id))
        except Unreadable:
            words = "the desk's secret key was changed: make a new secret for this mailbox"
            raise _Refusal(503, "secret-unreadable", words, again=True) from None
    is_large = length > LARGE
    if is_large and not _large.acquire(blocking=False):
        raise _Refusal(503, "busy", "too many large messages at once", again=True)
    try:
        # While a body comes in nobody else's work should wait for our transaction.
        db.session.rollback()
        body = _body(length)
        # The same answer for a mailbox that is not there and for a wrong signature.
        if not intake.is_signed(known, moment, signatures, body):
            raise _Refusal(401, "signature", "the signature is not right")
        row = db.session.get(Mailbox, mailbox_id, populate_existing=True)
        if row is None or row.retired_at is not None or not row.active:
            raise _Refusal(503, "switched-off", "the mailbox is switched off", again=True)
        try:
            taken = take(body, queue_id=row.queue_id, mailbox_id=row.id, source="http")
        except Trouble as trouble:
            raise _Refusal(503, "storage", str(trouble), again=True) from trouble
        return jsonify(id=taken.id, state=taken.state, again=taken.again), 202
    finally:
        if is_large:
            _large.release()


def _announced() -> tuple[int, int, list[str]]:
    """Return length, moment and signatures from the headers, before anything of it is read."""
    if request.mimetype != "message/rfc822":
        raise _Refusal(415, "content-type", "send Content-Type: message/rfc822")
    if request.content_length is None:
        raise _Refusal(411, "length", "send Content-Length")
    if request.content_length > MAX_MESSAGE:
        raise _Refusal(413, "too-large", f"at most {MAX_MESSAGE} bytes")
    read = intake.read_signature(request.headers.get("Hearth-Signature", ""))
    if read is None:
        raise _Refusal(401, "signature", "send Hearth-Signature: t=<unix seconds>,v1=<hex>")
    if not intake.is_recent(read[0]):
        words = (
            f"signed more than {intake.WINDOW} seconds ago, or ahead: sign it anew, by this clock"
        )
        raise _Refusal(401, "stale", words)
    return request.content_length, *read


def _body(length: int) -> bytes:
    request.max_content_length = MAX_MESSAGE
    try:
        body = request.get_data(cache=False)
    except ClientDisconnected:
        body = b""
    if len(body) != length:
        raise _Refusal(400, "cut-off", "less came than was announced", again=True)
    if not body.strip():
        raise _Refusal(422, "empty", "there is no message")
    return body

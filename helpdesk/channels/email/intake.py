"""Who may post messages to a mailbox over HTTP: whoever signs them with its secret."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from helpdesk.channels.email.models import Kind, Mailbox
from helpdesk.channels.email.secrets import open_sealed, seal
from helpdesk.channels.email.source_models import MailIntake
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission

WINDOW = 300
"""How many seconds a signature may be old, or ahead of our clock."""
OVERLAP = timedelta(hours=24)
"""How long the secret before still counts after a change."""


def new_secret(actor: Actor, mailbox: Mailbox) -> str:
    """Make a new secret and return it: this once, it is never shown again. Raises Denied.

    The one before counts for another day.
    """
    actor.demand(Permission.SETUP_MAIL)
    row = db.session.get(MailIntake, mailbox.id, with_for_update=True)
    secret = secrets.token_urlsafe(32)
    if row is None:
        row = MailIntake(mailbox_id=mailbox.id, secret=seal(secret), made_at=now())
        db.session.add(row)
    else:
        row.former, row.former_until = row.secret, now() + OVERLAP
        row.secret, row.made_at = seal(secret), now()
    audit.record(actor, "mailbox-secret-made", mailbox)
    return secret


def end_former(actor: Actor, mailbox: Mailbox) -> None:
    """Let the secret before the present one count no more. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    row = db.session.get(MailIntake, mailbox.id, with_for_update=True)
    if row is not None and row.former:
        row.former, row.former_until = "", None
        audit.record(actor, "mailbox-secret-ended", mailbox)


def intake_of(mailbox: Mailbox) -> MailIntake | None:
    """Return since when a mailbox has its secret, if it has one."""
    return db.session.get(MailIntake, mailbox.id) if mailbox.kind == Kind.HTTP else None


def secrets_of(row: MailIntake | None) -> list[bytes]:
    """Return the secrets that count now. Raises Unreadable."""
    if row is None:
        return []
    known = [open_sealed(row.secret)]
    if row.former and row.former_until is not None and row.former_until > now():
        known.append(open_sealed(row.former))
    return [one.encode() for one in known]


def read_signature(header: str) -> tuple[int, list[str]] | None:
    """Return the moment (Unix seconds) and the signatures of a header; None for nonsense."""
    moment, signatures = None, []
    for part in header[:1000].split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and value.isascii() and value.isdecimal() and len(value) < 12:
            moment = int(value)
        elif name == "v1":
            signatures.append(value)
    return (moment, signatures[:5]) if moment is not None and signatures else None


def is_recent(moment: int) -> bool:
    """Whether a signature was made a moment ago."""
    return abs(now().timestamp() - moment) <= WINDOW


def is_signed(known: list[bytes], moment: int, signatures: list[str], body: bytes) -> bool:
    """Whether one of the signatures was made with one of the secrets. Takes as long either way."""
    fine = False
    for secret in known:
        mac = hmac.new(secret, f"{moment}.".encode(), hashlib.sha256)
        mac.update(body)
        expected = mac.hexdigest().encode()
        for one in signatures:
            fine |= hmac.compare_digest(expected, one.encode("utf-8", "replace"))
    return fine

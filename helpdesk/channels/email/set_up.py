"""Setting up mailboxes: adding, changing and retiring them."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update

from helpdesk.channels.email import muting
from helpdesk.channels.email.models import (
    LINK_ABOVE,
    LINK_DAYS,
    Kind,
    Mailbox,
    MailMessage,
    MailPace,
    Plus,
    SignIn,
    Speaks,
    Tls,
)
from helpdesk.channels.email.secrets import seal
from helpdesk.channels.email.secure.models import MailKey
from helpdesk.channels.email.source_models import MailGrant, MailIntake
from helpdesk.channels.email.thread_models import MailAlias
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.text import one_line
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people import audit, contact_values, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.services import Refused


@dataclass(slots=True)
class MailboxSettings:
    """What a person says about a mailbox. A password of None keeps the one there is."""

    name: str
    addresses: list[str]
    queue_id: int
    imap_host: str = ""
    imap_user: str = ""
    imap_password: str | None = field(default=None, repr=False)
    imap_port: int = 993
    imap_tls: str = Tls.IMPLICIT
    folder: str = "INBOX"
    move_to: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_tls: str = Tls.STARTTLS
    smtp_user: str = ""
    smtp_password: str | None = field(default=None, repr=False)
    per_minute: int = 0
    per_hour: int = 0
    link_above: int = LINK_ABOVE
    link_days: int = LINK_DAYS
    is_default: bool = False
    only_new: bool = False
    active: bool = True
    kind: str = Kind.IMAP
    sign_in: str = SignIn.PASSWORD
    copies: bool = False
    not_before: datetime | None = None
    speaks: str = Speaks.ALL
    trusts: str = ""
    staff_answers: bool = False
    silent_hours: int = 0
    plus: str = Plus.NONE


class ChangedMeanwhile(Refused):
    """Somebody else saved the mailbox since the form was opened."""

    def __init__(self) -> None:
        """Say so."""
        message = _l(
            "Somebody changed this mailbox meanwhile. What you typed is kept; saving again puts it"
            " over theirs."
        )
        super().__init__("changed-meanwhile", message)


LONGEST = {
    "name": 100,
    "trusts": 500,
    **dict.fromkeys(("imap_host", "smtp_host"), 253),
    **dict.fromkeys(("imap_user", "smtp_user"), 320),
    **dict.fromkeys(("folder", "move_to"), 255),
    **dict.fromkeys(("imap_password", "smtp_password"), 1000),
}
"""Characters there is room for."""
_PASSWORDS = {"imap_password": "imap_secret", "smtp_password": "smtp_secret"}
_NUMBERS = {
    "per_minute": (0, 100_000),
    "per_hour": (0, 1_000_000),
    "link_above": (0, 100 * 1024**3),
    "link_days": (1, 366),
}
_PLACE = ("imap_host", "imap_user", "folder")
"""Another of these is another place: what we know of UIDs means nothing there."""


def add(actor: Actor, settings: MailboxSettings) -> Mailbox:
    """Set up a mailbox. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_MAIL)
    checked(settings)
    mailbox = Mailbox(**_columns(settings))
    if default_is_free():
        mailbox.is_default = True
    db.session.add(mailbox)
    db.session.flush()
    _only_one_default(mailbox)
    shown = {key: [None, value] for key, value in _shown(settings).items()}
    audit.record(actor, "mailbox-added", mailbox, _plain(shown))
    return mailbox


def edit(
    actor: Actor,
    mailbox: Mailbox,
    settings: MailboxSettings,
    *,
    seen: int | None = None,
    drop_waiting: bool = False,
) -> None:
    """Change a mailbox. Raises Denied, Refused, ChangedMeanwhile.

    Another server, user or folder is read from its beginning, unless ``only_new`` is set.
    ``seen`` is the version that the person saw; None skips the check. What waited while the
    mailbox was muted leaves when more may, unless it is to be dropped.
    """
    actor.demand(Permission.SETUP_MAIL)
    if seen is not None and seen != mailbox.version:
        raise ChangedMeanwhile
    checked(settings, mailbox)
    columns = _columns(settings)
    # Mail comes in as it always did: another way is another mailbox.
    columns["kind"] = mailbox.kind
    old = {key: getattr(mailbox, key) for key in columns}
    changes = audit.difference(old, columns)
    if any(key in changes for key in _PLACE):
        mailbox.place += 1
        mailbox.uidvalidity, mailbox.last_uid, mailbox.begun_uid = None, 0, 0
        mailbox.counted_at, mailbox.server_count = None, None
        mailbox.missing_count, mailbox.missing_uids = 0, []
    else:
        # It was asked for the first look, which is over.
        columns["only_new"] = mailbox.only_new
    for key, value in columns.items():
        setattr(mailbox, key, value)
    mailbox.version += 1
    mailbox.failing_since, mailbox.last_error = None, ""
    mailbox.send_failing_since, mailbox.send_error = None, ""
    mailbox.send_failures, mailbox.send_again_at = 0, None
    db.session.flush()
    if "speaks" in changes:
        muting.let_go(mailbox, drop=drop_waiting)
    _only_one_default(mailbox)
    for secret in _PASSWORDS.values():
        if secret in changes:
            changes[secret] = ["…", "…"]
    if changes:
        audit.record(actor, "mailbox-changed", mailbox, _plain(changes))


def remove(actor: Actor, mailbox: Mailbox) -> bool:
    """Stop using a mailbox; True when nothing ever passed through it and it is gone altogether.

    Its messages stay readable, its passwords and keys do not.
    """
    actor.demand(Permission.SETUP_MAIL)
    used = db.session.scalar(
        select(MailMessage.id).where(MailMessage.mailbox_id == mailbox.id).limit(1)
    ) or db.session.scalar(
        select(OutboxMessage.id).where(OutboxMessage.mailbox_id == mailbox.id).limit(1)
    )
    audit.record(actor, "mailbox-removed", mailbox)
    for table in (MailGrant, MailIntake, MailKey, MailAlias):
        db.session.execute(delete(table).where(table.mailbox_id == mailbox.id))
    # What still waits is sent by the default mailbox.
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.mailbox_id == mailbox.id, OutboxMessage.state == Sending.QUEUED)
        .values(mailbox_id=None)
    )
    if used is None:
        db.session.execute(delete(MailPace).where(MailPace.mailbox_id == mailbox.id))
        db.session.delete(mailbox)
        return True
    mailbox.retired_at, mailbox.active, mailbox.is_default = now(), False, False
    mailbox.imap_secret = mailbox.smtp_secret = ""
    mailbox.version += 1
    return False


def checked(settings: MailboxSettings, own: Mailbox | None = None) -> None:
    """Straighten the settings and raise Refused for what can't be right."""
    settings.name = typed_text.line(one_line(settings.name), LONGEST["name"], "name")
    if not settings.name:
        raise Refused("name-missing", _l("Give the mailbox a name; recipients see it."), "name")
    settings.addresses = _addresses(settings.addresses, own)
    for key in (
        *("imap_host", "smtp_host", "imap_user", "smtp_user"),
        *("folder", "move_to", "trusts"),
    ):
        typed = one_line(getattr(settings, key))
        setattr(settings, key, typed_text.line(typed, LONGEST[key], key))
    for key in _PASSWORDS:
        typed_text.check(getattr(settings, key) or "", LONGEST[key], key)
    _check_ways(settings)
    settings.folder = settings.folder or "INBOX"
    if settings.move_to and settings.move_to == settings.folder:
        message = _l("Filed messages can't be moved to the folder they are read from.")
        raise Refused("folder-same", message, "move_to")
    _check_choices(settings)
    queue = db.session.get(Queue, settings.queue_id)
    if queue is None or queue.retired_at is not None:
        raise Refused("queue", _l("Choose the queue that new mail goes to."), "queue_id")


def _check_choices(settings: MailboxSettings) -> None:
    """Raise Refused for numbers and choices that can't be right."""
    for key in ("imap_port", "smtp_port"):
        if not 0 < getattr(settings, key) < 65536:
            raise Refused("port", _l("A port is a number from 1 to 65535."), key)
    for key, (least, most) in _NUMBERS.items():
        if not least <= getattr(settings, key) <= most:
            said = _l("Choose a number from %(least)d to %(most)d.", least=least, most=most)
            raise Refused("number", said, key)
    for key in ("imap_tls", "smtp_tls"):
        if getattr(settings, key) not in set(Tls):
            raise Refused("tls", _l("Choose how the connection is protected."), key)


def _check_ways(settings: MailboxSettings) -> None:
    """Raise Refused for a choice that is none, and for a mailbox that can't be read."""
    known = {"plus": Plus, "kind": Kind, "sign_in": SignIn, "speaks": Speaks}
    for key, offered in known.items():
        if getattr(settings, key) not in set(offered):
            raise Refused(key, _l("Choose one of what is offered."), key)
    if settings.not_before is not None and not 1990 <= settings.not_before.year <= 2200:
        raise Refused("day", _l("Choose a year between 1990 and 2200."), "not_before")
    if settings.kind != Kind.IMAP:
        # There is no folder in which anything could lie.
        settings.move_to, settings.copies, settings.only_new = "", False, False
        settings.not_before = None
        return
    if not settings.imap_host:
        raise Refused("host-missing", _l("Say which server to read from."), "imap_host")
    if not settings.imap_user:
        raise Refused("user-missing", _l("Say which user signs in."), "imap_user")


def _plain(changes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return changes as they can be kept: days and moments as text."""
    return {
        key: [one.isoformat() if isinstance(one, datetime) else one for one in pair]
        for key, pair in changes.items()
    }


def _addresses(texts: list[str], own: Mailbox | None) -> list[str]:
    found: list[str] = []
    for text in texts:
        try:
            address = contact_values.email(text)
        except ValueError:
            message = _l("%(text)s is not an e-mail address.", text=text)
            raise Refused("address", message, "addresses") from None
        if address not in found:
            found.append(address)
    if not found:
        message = _l("Say which addresses mail to this mailbox carries.")
        raise Refused("address-missing", message, "addresses")
    for other in db.session.scalars(select(Mailbox).where(Mailbox.retired_at.is_(None))):
        shared = set(other.addresses) & set(found)
        if shared and (own is None or other.id != own.id):
            message = _l(
                "%(address)s belongs to the mailbox %(name)s already.",
                address=min(shared),
                name=other.name,
            )
            raise Refused("address-taken", message, "addresses")
    return found


def _columns(settings: MailboxSettings) -> dict[str, Any]:
    """Return the settings as columns; a password that stays as it is has none."""
    columns = asdict(settings)
    for plain, secret in _PASSWORDS.items():
        password = columns.pop(plain)
        if password is not None:
            columns[secret] = seal(password)
    return columns


def _shown(settings: MailboxSettings) -> dict[str, Any]:
    return {key: value for key, value in asdict(settings).items() if key not in _PASSWORDS}


def default_is_free() -> bool:
    """Whether no mailbox sends what no other is responsible for."""
    found = db.session.scalar(
        select(Mailbox.id).where(Mailbox.is_default, Mailbox.retired_at.is_(None)).limit(1)
    )
    return found is None


def _only_one_default(mailbox: Mailbox) -> None:
    if mailbox.is_default:
        db.session.execute(update(Mailbox).where(Mailbox.id != mailbox.id).values(is_default=False))

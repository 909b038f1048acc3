"""Files that go as links: which, for how long, and the link itself.

A link names one file and the moment at which it ends, signed with the desk's key; nothing is
looked up but the file. It opens that file for whoever has the link, and nothing else. It ends
with its time, with the redaction of the file or of its message, with the withdrawal of the
message, and with a change of ``HEARTH_SECRET_KEY``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from config import Settings
from helpdesk.channels.email.models import Mailbox
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.tickets.models import Attachment, Entry

SALT = "hearth.shared-file"
PATH = "/shared/"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A file as it is weighed: its key, its bytes, and whether it stands in the text."""

    key: int
    size: int
    inline: bool = False


def heavy(files: Iterable[Weighed], above: int) -> list[int]:
    """Return which files go as links, so that the others together are no larger than ``above``.

    The largest go first, pictures in the text never. 0 lets all be attached.
    """
    files = list(files)
    left = sum(file.size for file in files)
    found: list[int] = []
    if above <= 0:
        return found
    for file in sorted(files, key=lambda one: (-one.size, one.key)):
        if left <= above:
            break
        if not file.inline:
            found.append(file.key)
            left -= file.size
    return found


def settled(entry: Entry, mailbox: Mailbox, inline: Iterable[Attachment]) -> dict[str, object]:
    """Return which files of an answer go as links and until when; kept with the message.

    It is settled once: tried again, moved to another mailbox or divided among recipients, the
    message stays what it was.
    """
    shown = {row.id for row in inline}
    files = [
        Weighed(row.id, row.size, row.id in shown)
        for row in entry.attachments
        if row.redacted_at is None
    ]
    keys = heavy(files, mailbox.link_above)
    until = (now() + timedelta(days=mailbox.link_days)).replace(microsecond=0)
    return {"files": keys, "until": until.isoformat()}


def linked(kept: Mapping[str, object]) -> tuple[frozenset[int], datetime]:
    """Read what ``settled`` wrote; nothing for a message that was never composed."""
    keys, until = kept.get("files"), kept.get("until")
    if not isinstance(keys, list) or not isinstance(until, str):
        return frozenset(), now()
    return frozenset(int(key) for key in keys), datetime.fromisoformat(until)


def url(attachment_id: int, until: datetime) -> str:
    """Return the link of a file."""
    settings: Settings = current_app.config["SETTINGS"]
    token = _signer().dumps([attachment_id, int(until.timestamp())])
    return f"{settings.base_url.rstrip('/')}{PATH}{token}"


def opened(token: str) -> Attachment | None:
    """Return the file that a link opens; None for none, or none any more."""
    try:
        found = _signer().loads(token)
        attachment_id, until = int(found[0]), datetime.fromtimestamp(int(found[1]), UTC)
    except (BadData, ValueError, TypeError, IndexError, OverflowError):
        return None
    if until <= now():
        return None
    row = db.session.get(Attachment, attachment_id)
    if row is None or row.redacted_at is not None or row.entry is None:
        return None
    gone = row.entry.redacted_at is not None or row.entry.withdrawn_at is not None
    return None if gone else row


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=SALT)

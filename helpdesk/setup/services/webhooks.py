"""Other programs that are called when a promise is in danger."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.notify import calls, posting, sealing
from helpdesk.notify.models import Webhook
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.setup.services import editing, keeping

FIELDS = ("name", "url", "private")
SHORTEST_SECRET, LONGEST_SECRET = 16, 200

_WRONG = {
    "not-https": _l("Only https:// addresses are called; http:// only within your own network."),
    "not-an-address": _l("Write a whole address: https://example.net/path."),
}


def in_use() -> list[Webhook]:
    """Return the programs that may be called, by name."""
    rows = db.session.scalars(select(Webhook).where(Webhook.retired_at.is_(None)))
    return sorted(rows, key=lambda row: (row.name.casefold(), row.id))


def name_of(key: int) -> str:
    """Return what a program is called."""
    row = db.session.get(Webhook, key)
    return row.name if row is not None else "?"


def add(actor: Actor, wanted: Mapping[str, Any]) -> Webhook:
    """Add a program. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_DESK)
    row = Webhook(**_checked(wanted), secret=_sealed(wanted["secret"]))
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "webhook-created", row, {"address": [None, row.url]})
    return row


def edit(
    actor: Actor, row: Webhook, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Change a program; without a new secret the old one stays. Raises Denied, Refused, Changed."""
    actor.demand(Permission.SETUP_DESK)
    changes = editing.merged(row, _checked(wanted, row), seen)
    secret = _sealed(wanted["secret"]) if wanted["secret"] else ""
    if not changes and not secret:
        return False
    editing.write(row, changes)
    told: dict[str, list[Any]] = {
        ("address" if name == "url" else name): pair for name, pair in changes.items()
    }
    if secret:
        row.secret = secret
        told["secret"] = [None, "•••"]
    audit.record(actor, "webhook-edited", row, told)
    return True


def test(actor: Actor, row: Webhook) -> bool:
    """Call the program once, to see whether it answers. Raises Denied."""
    actor.demand(Permission.SETUP_DESK)
    calls.call(row, calls.TEST, {"by": actor.name})
    return True


def retire(actor: Actor, row: Webhook) -> bool:
    """Call the program no more. Raises Denied."""
    actor.demand(Permission.SETUP_DESK)
    return keeping.retire(actor, row)


def restore(actor: Actor, row: Webhook) -> bool:
    """Call a retired program again. Raises Denied."""
    actor.demand(Permission.SETUP_DESK)
    return keeping.restore(actor, row)


def delete(actor: Actor, row: Webhook) -> None:
    """Remove a program that was never called. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_DESK)
    keeping.delete(actor, row)


def _checked(wanted: Mapping[str, Any], own: Webhook | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"])
    editing.check_free(Webhook, name, own)
    url, private = str(wanted["url"]).strip(), bool(wanted["private"])
    try:
        posting.check_url(url, private=private)
    except posting.Forbidden as error:
        raise Refused(error.reason, _WRONG[error.reason], "url") from None
    typed_text.check(url, 1000, "url")
    return {"name": name, "url": url, "private": private}


def _sealed(secret: str) -> str:
    if len(secret) < SHORTEST_SECRET:
        raise Refused("secret-short", _l("At least 16 characters."), "secret")
    typed_text.check(secret, LONGEST_SECRET, "secret")
    return sealing.seal(secret, calls.PURPOSE)

"""The audit log: who did what to access and to the set-up.

Entries are only ever added: triggers in the database refuse to change or remove one.
"""

from collections.abc import Mapping
from typing import Any

from helpdesk.db import db, transaction
from helpdesk.people.access import Actor
from helpdesk.people.models import AuditEntry

Change = list[Any]
"""The old and the new value of a field."""


def record(
    actor: Actor | None,
    action: str,
    subject: object | None = None,
    changes: Mapping[str, Change] | None = None,
    *,
    label: str | None = None,
    address: str = "",
) -> AuditEntry:
    """Add an entry, in the caller's transaction.

    ``subject`` is the row that was changed; its name is copied, because the row may be renamed
    later. ``label`` says it where there is no row (a login that does not exist). ``actor`` is
    None for somebody who is not signed in, ``address`` is where they came from.
    """
    entry = AuditEntry(
        actor_id=actor.person_id if actor is not None else None,
        action=action,
        subject_type=getattr(subject, "__tablename__", ""),
        subject_id=getattr(subject, "id", None),
        subject_label=(label if label is not None else label_of(subject))[:300],
        changes=dict(changes or {}),
        address=address[:45],
    )
    db.session.add(entry)
    return entry


def record_export(actor: Actor, what: str, narrowed: str, address: str) -> None:
    """Write down that somebody takes a list away as a file, before its first line is sent.

    ``what`` is the list ("people"), ``narrowed`` the query it was narrowed by. A request that
    reads keeps nothing, so this is a transaction of its own.
    """
    with transaction():
        record(actor, f"{what}-exported", label=narrowed, address=address)


def label_of(subject: object | None) -> str:
    """Return what people call the row: its name, or its login."""
    for attribute in ("name", "login", "path"):
        value = getattr(subject, attribute, None)
        if isinstance(value, str):
            return value
    return ""


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Change]:
    """Return the fields of ``new`` whose value is another than in ``old``, with both values."""
    return {key: [old.get(key), value] for key, value in new.items() if old.get(key) != value}

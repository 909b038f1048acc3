"""What the verbs of Set up share: checking names, and two people who edit one thing at once."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.people import typed_text
from helpdesk.people.errors import Refused
from helpdesk.people.models import AuditEntry, Person


class Changed(Exception):
    """Somebody changed the same fields of the same thing meanwhile.

    ``theirs`` maps those fields to what was saved; ``by`` is who saved it, where that is known.
    """

    def __init__(self, theirs: Mapping[str, Any], by: str | None) -> None:
        """Carry what the page shows beside what was typed."""
        super().__init__(", ".join(theirs))
        self.theirs = dict(theirs)
        self.by = by


def clean_name(name: str, length: int = 100) -> str:
    """Return a name without superfluous spaces. Raises Refused for none, and for a longer one."""
    return typed_text.name(name, length)


def clean_text(text: str, field: str = "description", length: int = 2000) -> str:
    """Return a text without spaces around it. Raises Refused for a longer one, with its field."""
    return typed_text.paragraphs(text, length, field)


def check_free(model: Any, name: str, own: Any | None = None, **within: Any) -> None:
    """Raise Refused when another row has the name in any case of its letters.

    ``within`` narrows it to rows with these values: the other children of one category.
    """
    query = select(model).where(func.lower(model.name) == name.lower())
    for column, value in within.items():
        query = query.where(getattr(model, column).is_not_distinct_from(value))
    for same in db.session.scalars(query):
        if own is not None and same.id == own.id:
            continue
        if same.retired_at is not None:
            raise Refused(
                "name-retired", _l("Something retired has this name. Restore it instead."), "name"
            )
        raise Refused("name-taken", _l("There is already one of this name."), "name")


def merged(
    row: Any, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None
) -> dict[str, list[Any]]:
    """Return the fields to write, each with its old and new value.

    ``wanted`` is what the form says and ``seen`` what it showed when it was opened. A field that
    the person left as it was keeps what somebody else saved meanwhile; a field that both changed
    to different values raises Changed. Without ``seen`` everything in ``wanted`` counts.
    """
    stands = {name: getattr(row, name) for name in wanted}
    meant = {
        name: value for name, value in wanted.items() if seen is None or value != seen.get(name)
    }
    if seen is not None:
        theirs = {
            name: stands[name]
            for name, value in meant.items()
            if name in seen and stands[name] != seen[name] and stands[name] != value
        }
        if theirs:
            raise Changed(theirs, last_editor(row))
    return {name: [stands[name], value] for name, value in meant.items() if value != stands[name]}


def write(row: Any, changes: Mapping[str, list[Any]]) -> None:
    """Put the new values of ``merged`` into the row."""
    for name, (_old, new) in changes.items():
        setattr(row, name, new)


def last_editor(row: Any) -> str | None:
    """Return who changed a thing last, as the audit log knows it."""
    return db.session.scalar(
        select(Person.name)
        .join(AuditEntry, AuditEntry.actor_id == Person.id)
        .where(AuditEntry.subject_type == row.__tablename__, AuditEntry.subject_id == row.id)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )


def next_position(model: Any) -> int:
    """Return the place behind the last row."""
    last = db.session.scalar(select(func.max(model.position)))
    return 0 if last is None else int(last) + 1

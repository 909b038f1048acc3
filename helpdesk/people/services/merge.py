"""Two records of one human being made one, and how to take that back.

Rows that belong to a person lie in tables of many rooms. Each room names its own columns with
``register``; the merge moves them all to the surviving record and remembers exactly which rows
it moved, so that undoing gives them back and leaves alone what happened since.

What is append-only (the journal, the audit log) is not registered: it goes on naming the record
that acted at the time, and that record leads to the survivor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Column, Table, and_, delete, insert, select, tuple_, update

from helpdesk.db import UTCDateTime, db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people import audit, search
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.events import PeopleMerged
from helpdesk.people.models import Person, PersonMerge
from helpdesk.people.queries import account_of
from helpdesk.people.services.persons import lock
from helpdesk.people.stamp import access_changed

BATCH = 500
"""Rows named in one statement."""

_FILLED = ("call_name", "title", "organisation_id", "site_id", "language", "time_zone", "notes")
"""Fields the survivor takes over from the other record where its own are empty."""


@dataclass(frozen=True, slots=True)
class _Moving:
    """A column that names a person. ``alone``: columns that are unique together with it."""

    table: str
    column: str
    alone: tuple[str, ...]


_registered: dict[tuple[str, str], _Moving] = {}


def register(table: str, column: str, *, alone: tuple[str, ...] = ()) -> None:
    """Say that a column names a person and moves along in a merge. Twice is once.

    ``alone`` names columns that are unique together with this one: a row that the survivor has
    already (both follow the same ticket) is taken out and put back when the merge is undone.
    """
    _registered[table, column] = _Moving(table, column, alone)


register("contact_point", "person_id")
register("account", "person_id")
register("team_member", "person_id", alone=("team_id",))
register("person_skill", "person_id", alone=("skill_id",))


def check(survivor: Person, other: Person) -> None:
    """Raise Refused unless the two records can become one."""
    if survivor.id == other.id:
        raise Refused("merge-self", _l("Choose another person: this is the same record."))
    for person in (survivor, other):
        if person.merged_into_id is not None:
            raise Refused("merge-gone", _l("This record was merged into another already."))
    if account_of(survivor.id) is not None and account_of(other.id) is not None:
        raise Refused(
            "merge-accounts",
            _l("Both can sign in. Take one account away first: an account is somebody's own."),
        )


def merge(actor: Actor, survivor: Person, other: Person) -> PersonMerge:
    """Make ``other`` part of ``survivor``: everything of theirs moves.

    The survivor keeps their own name and fields and takes over what they lack. Raises Denied,
    Refused.
    """
    actor.demand(Permission.PERSON_MERGE)
    for person in sorted((survivor, other), key=lambda one: one.id):
        lock(person)
    check(survivor, other)
    account = account_of(other.id)
    if account is not None:
        # The right to sign in moves to another record.
        actor.demand(Permission.ACCOUNT_EDIT)
    moved: dict[str, Any] = {"rows": {}, "dropped": {}, "fields": {}, "flags": {}}
    for moving in _registered.values():
        _move(moving, other.id, survivor.id, moved)
    moved["fields"] = _fill(survivor, other)
    moved["flags"] = {
        "survivor": _flags(survivor),
        "other": _flags(other),
    }
    survivor.vip = survivor.vip or other.vip
    survivor.is_technician = survivor.is_technician or other.is_technician
    survivor.provisional = survivor.provisional and other.provisional
    if other.retired_at is None:
        survivor.retired_at = None
    moved["flags"]["became"] = _flags(survivor)
    other.is_technician = False
    other.merged_into_id = survivor.id
    row = PersonMerge(
        survivor_id=survivor.id, merged_id=other.id, actor_id=actor.person_id, moved=moved
    )
    db.session.add(row)
    _finish(survivor, other, account is not None or bool(moved["flags"]["other"][1]))
    audit.record(actor, "people-merged", survivor, {"merged": [other.name, survivor.name]})
    publish(PeopleMerged(actor, row))
    return row


def undo(actor: Actor, row: PersonMerge) -> Person:
    """Take a merge back and return the record that is separate again.

    Rows that were moved and still belong to the survivor go back, and so do fields that nobody
    changed since. Merges are undone in the reverse of their order. Raises Denied, Refused.
    """
    actor.demand(Permission.PERSON_MERGE)
    survivor = db.session.get_one(Person, row.survivor_id)
    other = db.session.get_one(Person, row.merged_id)
    for person in sorted((survivor, other), key=lambda one: one.id):
        lock(person)
    db.session.refresh(row)
    if row.undone_at is not None:
        raise Refused("merge-undone", _l("This merge was undone already."))
    later = db.session.scalar(
        select(PersonMerge.id)
        .where(
            PersonMerge.undone_at.is_(None),
            PersonMerge.id > row.id,
            (PersonMerge.survivor_id == survivor.id) | (PersonMerge.merged_id == survivor.id),
        )
        .limit(1)
    )
    if later is not None:
        raise Refused("merge-later", _l("Undo the later merge first."))
    moved: dict[str, Any] = row.moved
    for name, keys in moved["rows"].items():
        table_name, column_name = name.split(".")
        if table_name == "account" and keys:
            actor.demand(Permission.ACCOUNT_EDIT)
        _move_back(table_name, column_name, keys, survivor.id, other.id)
    for table_name, rows in moved["dropped"].items():
        _put_back(table_name, rows)
    _unfill(survivor, moved["fields"])
    _unflag(survivor, moved["flags"]["survivor"], moved["flags"]["became"])
    other.is_technician = moved["flags"]["other"][1]
    other.merged_into_id = None
    row.undone_at = now()
    _finish(survivor, other, other.is_technician or bool(moved["rows"].get("account.person_id")))
    audit.record(actor, "people-separated", survivor, {"merged": [survivor.name, other.name]})
    publish(PeopleMerged(actor, row))
    return other


def _finish(survivor: Person, other: Person, access: bool) -> None:
    """What both directions end with: versions, words, and who may do what."""
    for person in (survivor, other):
        person.version += 1
    db.session.flush()
    # Rows moved behind the session's back: read them again.
    db.session.expire_all()
    search.refresh(survivor)
    search.refresh(other)
    db.session.flush()
    if access:
        access_changed()


# ---- Rows ----


def _table(name: str) -> Table:
    return db.metadata.tables[name]


def _key(table: Table) -> list[Column[Any]]:
    return list(table.primary_key.columns)


def _move(moving: _Moving, old: int, new: int, moved: dict[str, Any]) -> None:
    """Let the rows of person ``old`` name ``new``; write into ``moved`` which they were."""
    table = _table(moving.table)
    column = table.c[moving.column]
    key = _key(table)
    if moving.alone:
        beside = [table.c[name] for name in moving.alone]
        of_survivor = select(*beside).where(column == new)
        twice = and_(column == old, tuple_(*beside).in_(of_survivor))
        rows = db.session.execute(select(table).where(twice)).mappings().all()
        if rows:
            moved["dropped"].setdefault(moving.table, []).extend(
                {name: _plain(value) for name, value in row.items()} for row in rows
            )
            db.session.execute(delete(table).where(twice))
    keys = [tuple(row) for row in db.session.execute(select(*key).where(column == old))]
    if keys:
        db.session.execute(update(table).where(column == old).values({column.name: new}))
        # Where the column is part of the key, the row is known by its new key from now on.
        at = [position for position, part in enumerate(key) if part.name == column.name]
        moved["rows"][f"{moving.table}.{moving.column}"] = [
            [new if position in at else value for position, value in enumerate(one)] for one in keys
        ]


def _move_back(
    table_name: str, column_name: str, keys: Sequence[Sequence[Any]], old: int, new: int
) -> None:
    """Give rows back that a merge moved, as far as they still name the survivor."""
    table = _table(table_name)
    column = table.c[column_name]
    key = _key(table)
    for start in range(0, len(keys), BATCH):
        some = [tuple(one) for one in keys[start : start + BATCH]]
        chosen = key[0].in_([one[0] for one in some]) if len(key) == 1 else tuple_(*key).in_(some)
        db.session.execute(update(table).where(chosen, column == old).values({column_name: new}))


def _put_back(table_name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows again that a merge had to take out, unless they came back by themselves."""
    table = _table(table_name)
    key = _key(table)
    for start in range(0, len(rows), BATCH):
        wanted = {
            tuple(row[part.name] for part in key): {
                name: _typed(table.c[name], value) for name, value in row.items()
            }
            for row in rows[start : start + BATCH]
        }
        there = select(*key).where(tuple_(*key).in_(list(wanted)))
        for one in db.session.execute(there):
            del wanted[tuple(one)]
        if wanted:
            db.session.execute(insert(table), list(wanted.values()))


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(column: Column[Any], value: Any) -> Any:
    is_moment = isinstance(column.type, UTCDateTime) and isinstance(value, str)
    return datetime.fromisoformat(value) if is_moment else value


# ---- Fields ----


def _fill(survivor: Person, other: Person) -> dict[str, list[Any]]:
    """Fill the survivor's empty fields from the other record; return old and new values."""
    filled: dict[str, list[Any]] = {}
    for name in _FILLED:
        mine, theirs = getattr(survivor, name), getattr(other, name)
        if name == "notes" and mine and theirs and mine != theirs:
            theirs = f"{mine}\n\n{theirs}"
        elif mine or not theirs:
            continue
        if name == "site_id" and survivor.organisation_id != other.organisation_id:
            continue
        filled[name] = [mine, theirs]
        setattr(survivor, name, theirs)
    return filled


def _unfill(survivor: Person, filled: dict[str, list[Any]]) -> None:
    for name, (old, new) in filled.items():
        if getattr(survivor, name) == new:
            setattr(survivor, name, old)


def _flags(person: Person) -> list[Any]:
    retired = person.retired_at.isoformat() if person.retired_at is not None else None
    return [person.vip, person.is_technician, person.provisional, retired]


def _unflag(survivor: Person, before: list[Any], became: list[Any]) -> None:
    """Set the survivor's flags back where nobody changed them since the merge."""
    current = _flags(survivor)
    for position, name in enumerate(("vip", "is_technician", "provisional")):
        if current[position] == became[position]:
            setattr(survivor, name, before[position])
    if current[3] == became[3]:
        survivor.retired_at = datetime.fromisoformat(before[3]) if before[3] else None

"""The index of words that tickets are found by: what is put into it, and when.

A row for each journal entry: what was said, and whose ticket it is (customer, who asked for them,
organisation), so that "ho printer" finds the printer of Ho Mei-Ling. The index is derived:
``rebuild`` makes it anew from the journal.

SQLite uses FTS5, PostgreSQL a GIN index over ``tsvector``. Both get words that
``lib.bigrams.expand`` has cut already, so they find the same in every language.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ForeignKey, delete, or_, select, text
from sqlalchemy.orm import Mapped, aliased, mapped_column

from helpdesk.db import BigId, Model, ask_again, db, is_postgresql, once, transaction
from helpdesk.ending import at_end, write_waiting
from helpdesk.jobs import job
from helpdesk.lib.bigrams import expand
from helpdesk.people.events import OrganisationRenamed, PeopleMerged, PersonRenamed
from helpdesk.people.models import Organisation, Person
from helpdesk.tickets.events import EntryRedacted, SubjectRedacted, TicketEvent
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket

SQLITE_DDL = (
    (
        "CREATE VIRTUAL TABLE ticket_fts USING fts5("
        'body, ticket_id UNINDEXED, tokenize="unicode61 remove_diacritics 2")'
    ),
)
POSTGRESQL_DDL = (
    (
        "CREATE TABLE ticket_fts (rowid bigint PRIMARY KEY, ticket_id bigint NOT NULL,"
        " body tsvector NOT NULL)"
    ),
    "CREATE INDEX ix_ticket_fts_body ON ticket_fts USING gin (body) WITH (fastupdate = on)",
)
"""DDL of the index; it is derived data and no model, so Alembic leaves it alone."""

BLOCK_BITS = 13
"""A block is 8,192 journal entries."""

_NAMES = "organisation_names"

BATCH = 200
"""Tickets that are indexed anew in one transaction."""


class StaleName(Model):
    """Somebody, or an organisation, whose tickets are still found by another name."""

    __tablename__ = "ticket_stale_name"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    # The last ticket that has the new name already.
    done_to: Mapped[int] = mapped_column(BigId, default=0)


def index(entry: Entry, subject: str = "") -> None:
    """Put the words of one entry (and the subject, for a ticket's first one) into the index.

    They are written when the transaction ends.
    """
    body = expand(f"{subject}\n{entry.body}")
    if body:
        whose = expand("\n".join(_names_of(entry.ticket)))
        at_end(_insert, entry, (entry.id, entry.ticket_id, f"{body} {whose}"))


def _names_of(ticket: Ticket) -> list[str]:
    """Return whose ticket it is, in names."""
    people = [ticket.customer, ticket.requester]
    found = [name for one in people if one is not None for name in (one.name, one.call_name)]
    if ticket.organisation_id is not None:
        found.append(_organisation(ticket.organisation_id))
    return found


def _organisation(key: int) -> str:
    """Return an organisation's name; in a batch of mail it is asked for once."""
    known: dict[int, str] = once(_NAMES, dict)
    if key not in known:
        with db.session.no_autoflush:
            asked = select(Organisation.name).where(Organisation.id == key)
            known[key] = db.session.scalar(asked) or ""
    return known[key]


def _insert(rows: Iterable[tuple[int, int, str]]) -> None:
    if is_postgresql():
        statement = (
            "INSERT INTO ticket_fts (rowid, ticket_id, body)"
            " VALUES (:rowid, :ticket_id, array_to_tsvector(string_to_array(:body, ' ')))"
        )
        parameters: list[dict[str, Any]] = [
            # One text, which the server cuts: a list is put together word by word on the way.
            {"rowid": key, "ticket_id": ticket_id, "body": " ".join(in_block(key, body.split(" ")))}
            for key, ticket_id, body in rows
        ]
    else:
        statement = (
            "INSERT INTO ticket_fts (rowid, ticket_id, body) VALUES (:rowid, :ticket_id, :body)"
        )
        parameters = [{"rowid": a, "ticket_id": b, "body": c} for a, b, c in rows]
    if parameters:
        db.session.execute(text(statement), parameters)


def in_block(entry_id: int, found: Iterable[str]) -> list[str]:
    """Return the words as PostgreSQL's index keeps them: plain, and marked with their block."""
    block = entry_id >> BLOCK_BITS
    unique = dict.fromkeys(word for word in found if word)
    return [f"={word}" for word in unique] + [f"{block}z{word}" for word in unique]


def remove(entry_ids: Sequence[int]) -> None:
    """Take entries out of the index."""
    write_waiting()
    for entry_id in entry_ids:
        db.session.execute(text("DELETE FROM ticket_fts WHERE rowid = :id"), {"id": entry_id})


# ---- What happens to tickets ----


def on_ticket_event(event: TicketEvent) -> None:
    """Index what was said, in the transaction in which it was said."""
    if event.verb in {"log", "set-subject"}:
        index(event.entry, event.ticket.subject)
    elif event.entry.body and (event.entry.kind != EntryKind.EVENT or event.verb == "resolve"):
        index(event.entry)
    if event.verb == "set-customer" or "customer" in (event.entry.changes or {}):
        _index_again([event.ticket.id])


def on_redacted(event: EntryRedacted) -> None:
    """Forget what must not be found any more."""
    remove([event.entry.id])


def on_subject_redacted(event: SubjectRedacted) -> None:
    """Keep finding the ticket's first words, no longer under the subject it had then."""
    if event.opening is None or event.opening.redacted_at is not None:
        return
    remove([event.opening.id])
    index(event.opening, event.ticket.subject)


# ---- What happens to people ----


def on_person_renamed(event: PersonRenamed) -> None:
    """Let the tickets of somebody be found by their new name, soon."""
    db.session.add(StaleName(person_id=event.person.id))


def on_organisation_renamed(event: OrganisationRenamed) -> None:
    """Let the tickets of an organisation be found by its new name, soon."""
    ask_again(_NAMES)
    db.session.add(StaleName(organisation_id=event.organisation.id))


def on_people_merged(event: PeopleMerged) -> None:
    """Let the tickets of both be found by the names of those whose they are now, soon."""
    for person_id in (event.merge.survivor_id, event.merge.merged_id):
        db.session.add(StaleName(person_id=person_id))


@job(every=5)
def index_renamed() -> int:
    """Index the tickets of those anew who are called otherwise now; returns how many there were."""
    count = 0
    while True:
        with transaction():
            row = db.session.scalar(
                select(StaleName).order_by(StaleName.id).limit(1).with_for_update(skip_locked=True)
            )
            if row is None:
                return count
            theirs = (
                or_(Ticket.customer_id == row.person_id, Ticket.requester_id == row.person_id)
                if row.person_id is not None
                else Ticket.organisation_id == row.organisation_id
            )
            numbers = db.session.scalars(
                select(Ticket.id)
                .where(theirs, Ticket.id > row.done_to)
                .order_by(Ticket.id)
                .limit(BATCH)
            ).all()
            if numbers:
                _index_again(numbers)
                row.done_to = numbers[-1]
                count += len(numbers)
            else:
                db.session.delete(row)


# ---- Making it anew ----


def _index_again(numbers: Sequence[int]) -> None:
    """Put the entries of some tickets into the index once more."""
    rows = db.session.execute(_ENTRIES.where(Entry.ticket_id.in_(numbers))).all()
    remove([row.id for row in rows])
    _insert(_indexed(rows))


def rebuild(batch: int = 2000) -> int:
    """Empty the index and fill it from the journal; returns the number of entries read."""
    db.session.execute(text("DELETE FROM ticket_fts"))
    db.session.execute(delete(StaleName))
    last, count = 0, 0
    while True:
        rows = db.session.execute(
            _ENTRIES.where(Entry.id > last).order_by(Entry.id).limit(batch)
        ).all()
        if not rows:
            return count
        _insert(_indexed(rows))
        last, count = rows[-1].id, count + len(rows)


_REQUESTER = aliased(Person)
_ENTRIES = (
    select(
        Entry.id,
        Entry.ticket_id,
        Entry.verb,
        Entry.kind,
        Entry.body,
        Ticket.subject,
        Person.name,
        Person.call_name,
        _REQUESTER.name.label("requester_name"),
        _REQUESTER.call_name.label("requester_call_name"),
        Organisation.name.label("organisation_name"),
    )
    .join(Ticket, Ticket.id == Entry.ticket_id)
    .join(Person, Person.id == Ticket.customer_id)
    .join(_REQUESTER, _REQUESTER.id == Ticket.requester_id, isouter=True)
    .join(Organisation, Organisation.id == Ticket.organisation_id, isouter=True)
    .where(Entry.redacted_at.is_(None))
)


def _indexed(rows: Iterable[Any]) -> Iterable[tuple[int, int, str]]:
    for row in rows:
        spoken = row.verb in {"log", "set-subject"}
        if not spoken and row.verb != "resolve" and row.kind == EntryKind.EVENT:
            continue
        body = expand(f"{row.subject}\n{row.body}" if spoken else row.body)
        if body:
            names = (
                *(row.name, row.call_name, row.requester_name, row.requester_call_name),
                row.organisation_name,
            )
            whose = expand("\n".join(name for name in names if name))
            yield row.id, row.ticket_id, f"{body} {whose}"

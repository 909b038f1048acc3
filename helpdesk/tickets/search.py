"""Finding tickets by words: an index inside the database, written with the journal.

SQLite uses FTS5, PostgreSQL a GIN index over ``tsvector``. Both get text that
``lib.bigrams.expand`` has cut already, so they find the same in every language. The index is
derived: ``rebuild`` makes it anew from the journal.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, select, table, text

from helpdesk.db import db, is_postgresql
from helpdesk.lib.bigrams import expand, words
from helpdesk.people.access import Actor
from helpdesk.tickets.events import EntryRedacted, TicketEvent
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import visible

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
    "CREATE INDEX ix_ticket_fts_ticket ON ticket_fts (ticket_id)",
)
"""DDL of the index; it is derived data and no model, so Alembic leaves it alone."""

WORDS = table("ticket_fts", column("rowid"), column("ticket_id"), column("body"))

MAX_QUESTION = 12
"""Words of a question that are looked at."""


def index(entry: Entry, subject: str = "") -> None:
    """Put the words of one entry (and the subject, for a ticket's first one) into the index."""
    body = expand(f"{subject}\n{entry.body}")
    if not body:
        return
    _insert([(entry.id, entry.ticket_id, body)])


def _insert(rows: Iterable[tuple[int, int, str]]) -> None:
    statement = (
        "INSERT INTO ticket_fts (rowid, ticket_id, body)"
        " VALUES (:rowid, :ticket_id, to_tsvector('simple', :body))"
        if is_postgresql()
        else "INSERT INTO ticket_fts (rowid, ticket_id, body) VALUES (:rowid, :ticket_id, :body)"
    )
    parameters = [{"rowid": a, "ticket_id": b, "body": c} for a, b, c in rows]
    if parameters:
        db.session.execute(text(statement), parameters)


def remove(entry_ids: list[int]) -> None:
    """Take entries out of the index."""
    for entry_id in entry_ids:
        db.session.execute(text("DELETE FROM ticket_fts WHERE rowid = :id"), {"id": entry_id})


def on_ticket_event(event: TicketEvent) -> None:
    """Index what was said, in the transaction in which it was said."""
    if event.verb in {"log", "set-subject"}:
        index(event.entry, event.ticket.subject)
    elif event.entry.body and (event.entry.kind != EntryKind.EVENT or event.verb == "resolve"):
        index(event.entry)


def on_redacted(event: EntryRedacted) -> None:
    """Forget what must not be found any more."""
    remove([event.entry.id])


def matches(question: str) -> ColumnElement[bool] | None:
    """Return the condition on ``WORDS`` for a question, or None when it has no words.

    All words must be there; the last one may be the beginning of a word, so that results come
    while typing.
    """
    found = words(question)[:MAX_QUESTION]
    if not found:
        return None
    if is_postgresql():
        parts = [f"'{word}'" for word in found[:-1]] + [f"'{found[-1]}':*"]
        return WORDS.c.body.op("@@")(func.to_tsquery(text("'simple'"), " & ".join(parts)))
    parts = [f'"{word}"' for word in found[:-1]] + [f'"{found[-1]}"*']
    return text("ticket_fts MATCH :question").bindparams(question=" AND ".join(parts))  # type: ignore[return-value]


def statement(actor: Actor, question: str) -> Select[Ticket] | None:
    """Return the tickets that contain every word of the question in one entry, newest first."""
    condition = matches(question)
    if condition is None:
        return None
    hits: Any = select(WORDS.c.ticket_id).where(condition)
    return (
        select(Ticket)
        .where(Ticket.id.in_(hits), Ticket.hidden_at.is_(None), visible(actor))
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
    )


def find(actor: Actor, question: str, limit: int = 20) -> list[Ticket]:
    """Find tickets by number or by words, the actor's visible ones only, newest first."""
    bare = question.strip().lstrip("#")
    if bare.isdigit() and len(bare) < 12:
        exact = db.session.scalar(select(Ticket).where(Ticket.id == int(bare), visible(actor)))
        if exact is not None:
            return [exact]
    query = statement(actor, question)
    return [] if query is None else list(db.session.scalars(query.limit(limit)))


def rebuild(batch: int = 2000) -> int:
    """Empty the index and fill it from the journal; returns the number of entries read."""
    db.session.execute(text("DELETE FROM ticket_fts"))
    last, count = 0, 0
    while True:
        rows = db.session.execute(
            select(Entry.id, Entry.ticket_id, Entry.verb, Entry.kind, Entry.body, Ticket.subject)
            .join(Ticket, Ticket.id == Entry.ticket_id)
            .where(Entry.id > last, Entry.redacted_at.is_(None))
            .order_by(Entry.id)
            .limit(batch)
        ).all()
        if not rows:
            return count
        _insert(
            (row.id, row.ticket_id, expand(_text_of(row)))
            for row in rows
            if row.verb in {"log", "set-subject", "resolve"} or row.kind != EntryKind.EVENT
        )
        last, count = rows[-1].id, count + len(rows)


def _text_of(row: Any) -> str:
    return f"{row.subject}\n{row.body}" if row.verb in {"log", "set-subject"} else str(row.body)

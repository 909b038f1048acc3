"""Finding tickets by words: an index inside the database, written with the journal.

SQLite uses FTS5, PostgreSQL a GIN index over ``tsvector``. Both get words that
``lib.bigrams.expand`` has cut already, so they find the same in every language. The index is
derived: ``rebuild`` makes it anew from the journal.

Newest first without reading everything: FTS5 yields its hits in the order of the journal. GIN
does not, and the list of a common word grows with the desk's history. So on PostgreSQL every
word is kept twice, plain (``=printer``) and marked with the block of entries it stands in
(``12zprinter``). A question is asked of the newest blocks first, which suffices for words that
are common; what is not found often there is rare, and then the plain words are looked up, whose
lists are short.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Select, select, text

from helpdesk.db import db, is_postgresql
from helpdesk.ending import at_end, write_waiting
from helpdesk.lib.bigrams import expand, words
from helpdesk.people.access import Actor
from helpdesk.tickets.events import EntryRedacted, SubjectRedacted, TicketEvent
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
)
"""DDL of the index; it is derived data and no model, so Alembic leaves it alone."""

BLOCK_BITS = 13
"""A block is 8,192 journal entries."""

NEWEST_BLOCKS = 4
"""Blocks that are asked first."""

QUICK_BLOCKS = 12
"""Newest blocks in which a quick search looks for common words."""

ENOUGH = 20
"""Hits in the newest blocks that make a question a common one."""

MOST = 2000
"""Entries that a question yields at most."""

MOST_QUICK = 200
"""Entries that a quick search yields at most."""

MAX_QUESTION = 12
"""Words of a question that are looked at."""


def index(entry: Entry, subject: str = "") -> None:
    """Put the words of one entry (and the subject, for a ticket's first one) into the index.

    They are written when the transaction ends.
    """
    body = expand(f"{subject}\n{entry.body}")
    if body:
        at_end(_insert, entry, (entry.id, entry.ticket_id, body))


def _insert(rows: Iterable[tuple[int, int, str]]) -> None:
    if is_postgresql():
        statement = (
            "INSERT INTO ticket_fts (rowid, ticket_id, body)"
            " VALUES (:rowid, :ticket_id, array_to_tsvector(:body))"
        )
        parameters: list[dict[str, Any]] = [
            {"rowid": key, "ticket_id": ticket_id, "body": in_block(key, body.split(" "))}
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
    unique = dict.fromkeys(found)
    return [f"={word}" for word in unique] + [f"{block}z{word}" for word in unique]


def remove(entry_ids: list[int]) -> None:
    """Take entries out of the index."""
    write_waiting()
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


def on_subject_redacted(event: SubjectRedacted) -> None:
    """Keep finding the ticket's first words, no longer under the subject it had then."""
    if event.opening is None or event.opening.redacted_at is not None:
        return
    remove([event.opening.id])
    index(event.opening, event.ticket.subject)


def hits(question: str, *, quick: bool = False) -> Iterator[int]:
    """Yield the tickets with every word of the question in one entry, newest entry first.

    The last word may be the beginning of one, so that results come while typing. A ticket may
    come more than once. Nothing is checked: the caller filters by what its actor may see.

    ``quick`` bounds the effort, for what asks at every key: of common words that hardly ever meet
    only the newest hundred thousand entries are looked at. A rare word is found wherever it is.
    """
    write_waiting()
    found = words(question)[:MAX_QUESTION]
    if not found:
        return
    if is_postgresql():
        yield from _hits_by_block(found, quick)
        return
    parts = [f'"{word}"' for word in found[:-1]] + [f'"{found[-1]}"*']
    rows = db.session.execute(
        text("SELECT ticket_id FROM ticket_fts WHERE ticket_fts MATCH :q ORDER BY rowid DESC"),
        {"q": " AND ".join(parts)},
    )
    try:
        for row in rows:
            yield row.ticket_id
    finally:
        rows.close()


def _hits_by_block(found: list[str], quick: bool) -> Iterator[int]:
    newest = (db.session.scalar(text("SELECT max(rowid) FROM ticket_fts")) or 0) >> BLOCK_BITS
    oldest = max(0, newest - NEWEST_BLOCKS + 1)
    most = MOST_QUICK if quick else MOST
    first = _lookup(_in_blocks(found, newest, oldest), most=most)
    yield from first
    if len(first) >= ENOUGH or oldest == 0:
        return
    if quick and len(found) > 1 and _all_are_common(found, newest):
        yield from _lookup(_in_blocks(found, oldest - 1, max(0, newest - QUICK_BLOCKS)), most=most)
    else:
        yield from _lookup(_query(found, "="), oldest << BLOCK_BITS, most=most)


def _in_blocks(found: list[str], newest: int, oldest: int) -> str:
    return " | ".join(_query(found, f"{block}z") for block in range(newest, oldest - 1, -1))


def _all_are_common(found: list[str], newest: int) -> bool:
    """Whether each word stands in many entries of the newest whole block.

    The entries with a rare word are few in the whole history too, which makes asking it cheap.
    """
    block = max(0, newest - 1)
    for word in found:
        marked = f"'{block}z{word}'" + (":*" if word is found[-1] else "")
        if len(_lookup(marked, most=ENOUGH)) < ENOUGH:
            return False
    return True


_LOOKUP = """
WITH hit AS MATERIALIZED (
    SELECT rowid, ticket_id FROM ticket_fts WHERE body @@ CAST(:question AS tsquery)
)
SELECT ticket_id FROM hit WHERE rowid < :before ORDER BY rowid DESC LIMIT :most
"""
"""Materialised, or the planner walks the table backwards, which takes seconds for rare words."""


def _lookup(question: str, before: int = 2**62, *, most: int = MOST) -> list[int]:
    values = {"question": question, "before": before, "most": most}
    return list(db.session.scalars(text(_LOOKUP), values))


def _query(found: list[str], mark: str) -> str:
    marked = [f"'{mark}{word}'" for word in found]
    return "(" + " & ".join([*marked[:-1], marked[-1] + ":*"]) + ")"


def numbers(actor: Actor, question: str, limit: int = 500, *, quick: bool = False) -> list[int]:
    """Return the numbers of visible tickets that contain the question, newest hit first."""
    seen: dict[int, bool] = {}
    waiting: list[int] = []
    result: list[int] = []

    def check() -> None:
        fine = set(
            db.session.scalars(
                select(Ticket.id).where(
                    Ticket.id.in_(waiting), Ticket.hidden_at.is_(None), visible(actor)
                )
            )
        )
        result.extend(number for number in waiting if number in fine)
        waiting.clear()

    for number in hits(question, quick=quick):
        if number in seen:
            continue
        seen[number] = True
        waiting.append(number)
        if len(waiting) >= limit:
            check()
            if len(result) >= limit or len(seen) >= 20 * limit:
                break
    if waiting:
        check()
    return result[:limit]


def statement(actor: Actor, question: str, limit: int = 500) -> Select[Ticket] | None:
    """Return the select of the newest tickets that contain the question; None without words."""
    if not words(question):
        return None
    return (
        select(Ticket)
        .where(Ticket.id.in_(numbers(actor, question, limit)))
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
    )


def find(actor: Actor, question: str, limit: int = 20, *, quick: bool = False) -> list[Ticket]:
    """Find tickets by number or by words, the actor's visible ones only, newest first.

    ``quick`` as in ``hits``.
    """
    bare = question.strip().lstrip("#")
    if bare.isdigit() and len(bare) < 12:
        exact = db.session.scalar(select(Ticket).where(Ticket.id == int(bare), visible(actor)))
        if exact is not None:
            return [exact]
    ordered = numbers(actor, question, limit, quick=quick)
    found = {
        ticket.id: ticket
        for ticket in db.session.scalars(select(Ticket).where(Ticket.id.in_(ordered)))
    }
    return [found[number] for number in ordered]


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

"""Finding lines of the ledger by the words of their subjects, however many lines there are.

An index inside the database as that of tickets is (``tickets.search``): FTS5 on SQLite, on
PostgreSQL a GIN index in which each word is kept twice, marked with the block of lines it stands
in, small and large. It is derived from the ledger, ``rebuild`` makes it anew.

A page wants the newest lines that have the words *and* are of a mailbox, a fate and so on. Hits
are looked through from the newest on, in strides: on PostgreSQL of growing numbers of blocks, on
SQLite of hits. So a common word is answered at once and a rare one after a few looks. Common
words of which hardly any line has the rest end after ``MOST_LOOKED``, and the page says where to
go on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, column, func, literal, select, text, union_all

from helpdesk.channels.email.models import MailMessage
from helpdesk.db import db, is_postgresql
from helpdesk.ending import at_end, write_waiting
from helpdesk.lib.bigrams import expand, words

BLOCK_BITS = 13
"""A block is 8,192 lines of the ledger."""
LARGE_BITS = 17
"""A large block is 131,072. To look for the beginning of a word costs the same for each block."""
FIRST_BLOCKS = 4
"""Blocks of the first look; the next one takes a large block, each further one twice as many."""
MOST_BLOCKS = 8
STRIDE = 20_000
"""Hits of one look on SQLite, which has them in order."""
MOST_LOOKED = 100_000
"""Hits that are looked through for one page."""
MAX_QUESTION = 12
"""Words of a question that are looked at."""
_SUBJECT = 300
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Found:
    """The newest lines that fit; ``reached`` when there may be more below that line."""

    ids: list[int]
    reached: int | None = None


# ---- Writing ----


def index(row: MailMessage) -> None:
    """Put a line's subject into the index when the transaction ends; an empty one takes it out."""
    at_end(_write, row, (row, None))


def _write(rows: Iterable[tuple[MailMessage, None]]) -> None:
    _insert([(row.id, row.subject) for row, _none in rows])


def _insert(lines: Iterable[tuple[int, str]]) -> None:
    # The last of what was said of a line counts.
    cut = {key: expand(subject, _SUBJECT) for key, subject in lines}
    empty = [key for key, body in cut.items() if not body]
    if empty:
        remove(empty)
    parameters: list[dict[str, Any]]
    if is_postgresql():
        statement = (
            "INSERT INTO mail_fts (rowid, body) VALUES (:rowid, array_to_tsvector(:body))"
            " ON CONFLICT (rowid) DO UPDATE SET body = excluded.body"
        )
        parameters = [
            {"rowid": key, "body": _marked(key, body.split(" "))}
            for key, body in cut.items()
            if body
        ]
    else:
        statement = "INSERT OR REPLACE INTO mail_fts (rowid, body) VALUES (:rowid, :body)"
        parameters = [{"rowid": key, "body": body} for key, body in cut.items() if body]
    if parameters:
        db.session.execute(text(statement), parameters)


def _marked(key: int, found: Iterable[str]) -> list[str]:
    unique = dict.fromkeys(found)
    small, large = f"{key >> BLOCK_BITS}z", f"{key >> LARGE_BITS}y"
    return [f"{small}{word}" for word in unique] + [f"{large}{word}" for word in unique]


def remove(ids: Iterable[int]) -> None:
    """Take lines out of the index, for good: what they said must not be found any more."""
    write_waiting()
    parameters = [{"id": key} for key in ids]
    if parameters:
        db.session.execute(text("DELETE FROM mail_fts WHERE rowid = :id"), parameters)


def rebuild() -> int:
    """Make the index anew from the ledger; returns how many lines have words in it."""
    db.session.execute(text("DELETE FROM mail_fts"))
    last, count = 0, 0
    while True:
        rows = db.session.execute(
            select(MailMessage.id, MailMessage.subject)
            .where(MailMessage.id > last)
            .order_by(MailMessage.id)
            .limit(_BATCH)
        ).all()
        if not rows:
            return count
        lines = [(key, subject) for key, subject in rows if subject]
        _insert(lines)
        last, count = rows[-1].id, count + len(lines)


# ---- Asking ----


def find(
    question: str, conditions: Sequence[ColumnElement[bool]], *, before: int | None, limit: int
) -> Found:
    """Return the newest lines below ``before`` that have every word and fit the conditions.

    The last word may be the beginning of one. A question without a word finds nothing.
    """
    asked = words(question)[:MAX_QUESTION]
    if not asked:
        return Found([])
    newest = db.session.scalar(select(func.max(MailMessage.id))) or 0
    below = min(before, newest + 1) if before is not None else newest + 1
    look = _look_in_blocks if is_postgresql() else _look_at_hits
    return look(asked, conditions, below, limit)


def _look_at_hits(
    asked: Sequence[str], conditions: Sequence[ColumnElement[bool]], below: int, limit: int
) -> Found:
    question = " AND ".join([*(f'"{word}"' for word in asked[:-1]), f'"{asked[-1]}"*'])
    ids: list[int] = []
    for _look in range(MOST_LOOKED // STRIDE):
        hits = (
            text(
                "SELECT rowid FROM mail_fts WHERE mail_fts MATCH :question AND rowid < :below"
                " ORDER BY rowid DESC LIMIT :stride"
            )
            .bindparams(question=question, below=below, stride=STRIDE)
            .columns(column("rowid", BigInteger))
            .cte("hit")
            .prefix_with("MATERIALIZED")
        )
        number, lowest, some = _fitting(hits, conditions, limit - len(ids))
        ids += some
        if len(ids) >= limit or number < STRIDE:
            return Found(ids)
        below = lowest
    return Found(ids, below)


def _look_in_blocks(
    asked: Sequence[str], conditions: Sequence[ColumnElement[bool]], below: int, limit: int
) -> Found:
    ids: list[int] = []
    looked = 0
    for question, bottom in _questions(asked, below):
        # Without materialising it first, the planner walks the table from its end.
        hits = (
            text("SELECT rowid FROM mail_fts WHERE body @@ CAST(:question AS tsquery)")
            .bindparams(question=question)
            .columns(column("rowid", BigInteger))
            .cte("hit")
            .prefix_with("MATERIALIZED")
        )
        fresh = select(hits.c.rowid).where(hits.c.rowid < below).cte("fresh")
        number, _lowest, some = _fitting(fresh, conditions, limit - len(ids))
        ids += some
        looked, below = looked + number, bottom
        if len(ids) >= limit:
            return Found(ids)
        if looked >= MOST_LOOKED and bottom > 0:
            return Found(ids, bottom)
    return Found(ids)


def _questions(asked: Sequence[str], below: int) -> Iterator[tuple[str, int]]:
    """Yield what is asked of the index, newest blocks first, with the lowest line of each look."""
    top = (below - 1) >> BLOCK_BITS
    bottom = max(0, top - FIRST_BLOCKS + 1)
    yield _in_blocks(asked, "z", range(top, bottom - 1, -1)), bottom << BLOCK_BITS
    if bottom == 0:
        return
    top, wide = ((bottom << BLOCK_BITS) - 1) >> LARGE_BITS, 1
    while top >= 0:
        bottom = max(0, top - wide + 1)
        yield _in_blocks(asked, "y", range(top, bottom - 1, -1)), bottom << LARGE_BITS
        top, wide = bottom - 1, min(2 * wide, MOST_BLOCKS)


def _in_blocks(asked: Sequence[str], size: str, blocks: Iterable[int]) -> str:
    each = (" & ".join(f"'{block}{size}{word}'" for word in asked) for block in blocks)
    return " | ".join(f"({one}:*)" for one in each)


def _fitting(
    hits: Any, conditions: Sequence[ColumnElement[bool]], limit: int
) -> tuple[int, int, list[int]]:
    """Return how many hits there are, the lowest of them, and the newest that fit. One query."""
    fit = (
        select(MailMessage.id, literal(0))
        .join(hits, hits.c.rowid == MailMessage.id)
        .where(*conditions)
        .order_by(MailMessage.id.desc())
        .limit(limit)
        .subquery()
    )
    counted = select(func.coalesce(func.min(hits.c.rowid), 0), -1 - func.count(hits.c.rowid))
    rows = db.session.execute(union_all(counted, select(fit))).all()
    lowest, number = next((key, -1 - mark) for key, mark in rows if mark < 0)
    ids = sorted((key for key, mark in rows if mark == 0), reverse=True)
    return number, lowest, ids

"""Finding lines of the ledger by the words of their subjects, however many lines there are.

An index inside the database as that of tickets is (``tickets.search``): FTS5 on SQLite, on
PostgreSQL a GIN index in which each word is marked with the block of lines it stands in. It is
derived from the ledger, ``rebuild`` makes it anew.

A page wants the newest lines that have the words *and* are of a mailbox, a fate and so on. Hits
are looked through from the newest on, in strides: on PostgreSQL of growing numbers of blocks, on
SQLite of hits. So a common word is answered at once and a rare one after a few looks. Common
words of which hardly any line has the rest end after ``MOST_LOOKED``, and the page says where to
go on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, column, func, literal, select, text, union_all

from helpdesk.channels.email.models import MailMessage
from helpdesk.db import db, is_postgresql
from helpdesk.ending import at_end, write_waiting
from helpdesk.lib.bigrams import expand, words

BLOCK_BITS = 13
"""A block is 8,192 lines of the ledger."""
FIRST_BLOCKS = 4
"""Blocks of the first look; each further one takes twice as many."""
MOST_BLOCKS = 64
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
    block = key >> BLOCK_BITS
    return [f"{block}z{word}" for word in dict.fromkeys(found)]


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
    top, wide, looked = (below - 1) >> BLOCK_BITS, FIRST_BLOCKS, 0
    while top >= 0:
        bottom = max(0, top - wide + 1)
        one = " | ".join(_in_block(asked, block) for block in range(top, bottom - 1, -1))
        hits = (
            text(
                "SELECT rowid FROM mail_fts WHERE body @@ CAST(:question AS tsquery)"
                " AND rowid < :below"
            )
            .bindparams(question=one, below=below)
            .columns(column("rowid", BigInteger))
            .cte("hit")
            .prefix_with("MATERIALIZED")
        )
        number, _lowest, some = _fitting(hits, conditions, limit - len(ids))
        ids += some
        looked += number
        top, wide = bottom - 1, min(2 * wide, MOST_BLOCKS)
        if len(ids) >= limit:
            return Found(ids)
        if looked >= MOST_LOOKED and top >= 0:
            return Found(ids, bottom << BLOCK_BITS)
    return Found(ids)


def _in_block(asked: Sequence[str], block: int) -> str:
    marked = [f"'{block}z{word}'" for word in asked]
    return "(" + " & ".join(marked) + ":*)"


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

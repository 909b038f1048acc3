"""Which tickets the index of words names for a question, the newest first.

What the index holds is the business of ``indexing``. A ticket is found when all words of the
question stand in one entry of its journal, else when each stands in some entry.

Newest first without reading everything: FTS5 yields its hits in the order of the journal. GIN
does not, and the list of a common word grows with the desk's history. So on PostgreSQL every
word is kept twice, plain (``=printer``) and marked with the block of entries it stands in
(``12zprinter``). A question is asked of the newest blocks first, which suffices for words that
are common; what is not found often there is rare, and then the plain words are looked up, whose
lists are short.

The last word may be the beginning of one. Neither index is quick with the beginning of common
words: both read the lists of all words that begin so to their ends. Where there is much to read,
the beginning is therefore replaced by the words that begin so in the newest entries.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import text

from helpdesk.db import db, is_postgresql
from helpdesk.ending import write_waiting
from helpdesk.lib.bigrams import words
from helpdesk.tickets import indexing

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

SAMPLE = 500
"""Newest entries that are looked at for how a word may end."""

ENDINGS = 100
"""Words that the beginning of one may be, at most."""

SHORT_JOURNAL = 100_000
"""Entries up to which FTS5 is asked for beginnings as they are."""

MOST_APART = 300
"""Tickets in which the words of a question are looked for one by one."""

MAX_QUESTION = 12
"""Words of a question that are looked at."""


def hits(question: str, *, quick: bool = False, apart: bool = False) -> Iterator[int]:
    """Yield the tickets with every word of the question in one entry, newest entry first.

    ``apart`` yields after them those whose words stand in several entries. The last word may be
    the beginning of one, so that results come while typing. A ticket may come more than once.
    Nothing is checked: the caller filters by what its actor may see.

    ``quick`` bounds the effort, for what asks at every key: of common words that hardly ever meet
    only the newest hundred thousand entries are looked at. A rare word is found wherever it is.
    """
    write_waiting()
    found = words(question)[:MAX_QUESTION]
    if not found:
        return
    yield from _hits_by_block(found, quick) if is_postgresql() else _hits_in_order(found)
    pieces = [cut for piece in question.split() if (cut := words(piece))][:MAX_QUESTION]
    if apart and len(pieces) > 1:
        yield from _hits_apart(pieces)


def _hits_in_order(found: list[str]) -> Iterator[int]:
    rows = db.session.execute(text(_IN_ORDER), {"question": _in_order(found), "most": -1})
    try:
        for row in rows:
            yield row.ticket_id
    finally:
        rows.close()


_IN_ORDER = """
SELECT ticket_id FROM ticket_fts WHERE ticket_fts MATCH :question ORDER BY rowid DESC LIMIT :most
"""
_TOO_MANY = """
SELECT rowid FROM ticket_fts WHERE ticket_fts MATCH :question ORDER BY rowid DESC
LIMIT 1 OFFSET :most - 1
"""


def _in_order(found: Sequence[str], *, unfinished: bool = True) -> str:
    """Return a question for FTS5."""
    last = f'"{found[-1]}"'
    if unfinished:
        endings = _newest_endings(found[-1])
        last = "(" + " OR ".join(f'"{word}"' for word in endings) + ")" if endings else last + "*"
    return " AND ".join([*(f'"{word}"' for word in found[:-1]), last])


def _newest_endings(word: str) -> list[str]:
    """Return the words that begin so in the newest entries of a long journal, if they are many.

    Empty where looking for the beginning itself takes no time: in a short journal, and where
    hardly anything begins so.
    """
    newest = db.session.scalar(text("SELECT max(rowid) FROM ticket_fts")) or 0
    if newest < SHORT_JOURNAL:
        return []
    said = db.session.scalars(
        text("SELECT body FROM ticket_fts ORDER BY rowid DESC LIMIT :rows"), {"rows": SAMPLE}
    )
    begun = re.compile(rf"(?<!\S){re.escape(word)}\S*")
    counted = Counter(one for body in said for one in set(begun.findall(body)))
    if counted.total() < ENOUGH:
        return []
    return list(dict.fromkeys([word, *(one for one, _count in counted.most_common(ENDINGS))]))


def _hits_by_block(found: list[str], quick: bool) -> Iterator[int]:
    newest = _newest_block()
    most = MOST_QUICK if quick else MOST
    # The newest by itself: a word that nearly every entry has is not read in more of them.
    hits = _lookup(_in_blocks(found, newest, newest), most=most)
    yield from hits
    count, oldest = len(hits), max(0, newest - NEWEST_BLOCKS + 1)
    if count >= most or newest == 0:
        return
    if oldest < newest:
        hits = _lookup(_in_blocks(found, newest - 1, oldest), most=most)
        yield from hits
        count += len(hits)
    if count >= ENOUGH or oldest == 0:
        return
    whole = max(0, newest - 1)
    if len(found) > 1 and _all_are_common(found, newest):
        # Common words that seldom meet: reading all there is of each would take long.
        newest, oldest = oldest - 1, max(0, oldest - QUICK_BLOCKS)
        hits = _lookup(_in_blocks(found, newest, oldest), most=most)
        yield from hits
        if quick or count + len(hits) >= ENOUGH or oldest == 0:
            return
    plain = _query(found, "=")
    if len(found) > 1 and _is_common(found[-1], whole, unfinished=True):
        plain = _query(found, "=", endings=_endings(found[-1], whole))
    yield from _lookup(plain, oldest << indexing.BLOCK_BITS, most=most)


def _newest_block() -> int:
    newest = db.session.scalar(text("SELECT max(rowid) FROM ticket_fts")) or 0
    return int(newest) >> indexing.BLOCK_BITS


def _in_blocks(found: list[str], newest: int, oldest: int) -> str:
    return " | ".join(_query(found, f"{block}z") for block in range(newest, oldest - 1, -1))


def _all_are_common(found: list[str], newest: int, *, unfinished: bool = True) -> bool:
    """Whether each word stands in many entries of the newest whole block.

    The entries with a rare word are few in the whole history too, which makes asking it cheap.
    """
    block, last = max(0, newest - 1), len(found) - 1
    return all(
        _is_common(word, block, unfinished=unfinished and place == last)
        for place, word in enumerate(found)
    )


def _is_common(word: str, block: int, *, unfinished: bool) -> bool:
    marked = f"'{block}z{word}'" + (":*" if unfinished else "")
    return len(_lookup(marked, most=ENOUGH)) >= ENOUGH


def _endings(word: str, block: int) -> list[str]:
    """Return the words that begin so in a block, the word itself too, the most frequent first.

    To look for whole words in all of the history takes a twentieth of what it takes to look for
    every word that begins in some way: their lists needn't be read to the end. What hardly
    anybody says by now is found in the history when it is written out.
    """
    values = {"marked": f"'{block}z{word}':*", "begin": f"={word}", "rows": SAMPLE, "most": ENDINGS}
    found = db.session.scalars(text(_BEGINNING_SO), values)
    return list(dict.fromkeys([word, *(one[1:] for one in found)]))


_BEGINNING_SO = """
WITH hit AS MATERIALIZED (
    SELECT rowid, body FROM ticket_fts WHERE body @@ CAST(:marked AS tsquery)
), sample AS MATERIALIZED (SELECT body FROM hit ORDER BY rowid DESC LIMIT :rows)
SELECT word FROM sample, unnest(tsvector_to_array(body)) AS word
WHERE starts_with(word, :begin) GROUP BY word ORDER BY count(*) DESC, word LIMIT :most
"""

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


def _query(
    found: list[str], mark: str, *, unfinished: bool = True, endings: Sequence[str] = ()
) -> str:
    """Return the question for the index; ``endings`` are what the last word may be."""
    marked = [f"'{mark}{word}'" for word in found]
    last = marked[-1] + (":*" if unfinished else "")
    if endings:
        last = "(" + " | ".join(f"'{mark}{word}'" for word in endings) + ")"
    return "(" + " & ".join([*marked[:-1], last]) + ")"


# ---- Words that stand apart ----


def _hits_apart(pieces: Sequence[Sequence[str]]) -> Iterator[int]:
    """Yield the tickets whose journal has every piece of a question, wherever, the newest first.

    A piece is what stands between spaces; in Chinese it is several words that belong together.
    At least one has to be rare: its tickets are read, and the others looked for in them.
    """
    last = len(pieces) - 1
    rare: list[list[int]] = []
    others: list[int] = []
    for place, piece in enumerate(pieces):
        found = _tickets_with(piece, unfinished=place == last)
        if found is None:
            others.append(place)
        elif not found:
            return
        else:
            rare.append(found)
    if not rare:
        return
    rare.sort(key=len)
    common = set.intersection(*map(set, rare[1:])) if len(rare) > 1 else None
    numbers = list(dict.fromkeys(rare[0]))
    candidates = [number for number in numbers if common is None or number in common]
    candidates = candidates[:MOST_APART]
    if others and candidates:
        asked = [(pieces[place], place == last) for place in others]
        having = _with_all_in_index if is_postgresql() else _with_all
        candidates = having(candidates, asked)
    yield from candidates


def _tickets_with(piece: Sequence[str], *, unfinished: bool) -> list[int] | None:
    """Return the tickets with a piece in one entry, newest first; None when they are too many."""
    if is_postgresql():
        found = list(piece)
        newest = _newest_block()
        if _all_are_common(found, newest, unfinished=unfinished):
            return None
        hits = _lookup(_query(found, "=", unfinished=unfinished), most=MOST)
    else:
        asked = {"question": _in_order(piece, unfinished=unfinished), "most": MOST}
        # Counting them reads the index alone; their tickets lie in another table.
        if db.session.scalar(text(_TOO_MANY), asked) is not None:
            return None
        hits = list(db.session.scalars(text(_IN_ORDER), asked))
    return None if len(hits) >= MOST else hits


_AMONG = """
WITH said AS MATERIALIZED (
    SELECT f.ticket_id, f.body FROM entry e JOIN ticket_fts f ON f.rowid = e.id
    WHERE e.ticket_id = ANY(:numbers)
)
SELECT ticket_id FROM said GROUP BY ticket_id HAVING """
"""Materialised, or the planner reads the long lists of common words."""


def _with_all_in_index(
    numbers: list[int], asked: Sequence[tuple[Sequence[str], bool]]
) -> list[int]:
    """Return those of the tickets that have every piece in some entry."""
    having: list[str] = []
    values: dict[str, Any] = {"numbers": numbers}
    for place, (piece, unfinished) in enumerate(asked):
        having.append(f"bool_or(body @@ CAST(:piece{place} AS tsquery))")
        values[f"piece{place}"] = _query(list(piece), "=", unfinished=unfinished)
    found = set(db.session.scalars(text(_AMONG + " AND ".join(having)), values))
    return [number for number in numbers if number in found]


def _with_all(numbers: list[int], asked: Sequence[tuple[Sequence[str], bool]]) -> list[int]:
    """Return those of the tickets whose journal has every piece."""
    spoken = _words_in(numbers)
    return [
        number
        for number in numbers
        if all(_has(spoken[number], piece, unfinished) for piece, unfinished in asked)
    ]


def _words_in(numbers: Sequence[int]) -> dict[int, set[str]]:
    """Return the words of tickets as they are indexed, all entries of each together."""
    found: dict[int, set[str]] = {number: set() for number in numbers}
    # CROSS JOIN keeps the order: a line of the index is fetched by its number.
    asked = text(
        "SELECT f.ticket_id, f.body FROM json_each(:numbers) n"
        " CROSS JOIN entry e ON e.ticket_id = n.value"
        " CROSS JOIN ticket_fts f ON f.rowid = e.id"
    )
    for row in db.session.execute(asked, {"numbers": json.dumps(list(numbers))}):
        found[row.ticket_id].update(row.body.split(" "))
    return found


def _has(spoken: set[str], piece: Sequence[str], unfinished: bool) -> bool:
    if not all(word in spoken for word in piece[:-1]):
        return False
    word = piece[-1]
    return word in spoken or (unfinished and any(one.startswith(word) for one in spoken))

"""Finding people by any words: name, number, address, organisation, title, notes.

``person.search_text`` holds the words of a person, cut by ``lib.bigrams`` and without accents;
the index over it lies in the database (FTS5 kept by triggers on SQLite, a GIN index on
PostgreSQL), so whatever writes the column is found at once. Telephone numbers are written with
all their endings, so that the beginning of a word finds any part of a number.

PostgreSQL's own text parser is left out on both sides: what it takes for a letter depends on the
server's locale, and under "C" it drops Chinese.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    TextClause,
    column,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.orm import selectinload, undefer

from helpdesk.db import db, is_postgresql
from helpdesk.lib.bigrams import expand, words
from helpdesk.people import contact_values
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import ContactKind, ContactPoint, Desk, Organisation, Person, Site

SQLITE_DDL = (
    """CREATE VIRTUAL TABLE person_fts USING fts5(
           search_text, content='person', content_rowid='id',
           tokenize="unicode61 remove_diacritics 0", prefix='2 3')""",
    """CREATE TRIGGER person_fts_insert AFTER INSERT ON person BEGIN
           INSERT INTO person_fts (rowid, search_text) VALUES (NEW.id, NEW.search_text);
       END""",
    """CREATE TRIGGER person_fts_update AFTER UPDATE OF search_text ON person
       WHEN OLD.search_text <> NEW.search_text BEGIN
           INSERT INTO person_fts (person_fts, rowid, search_text)
               VALUES ('delete', OLD.id, OLD.search_text);
           INSERT INTO person_fts (rowid, search_text) VALUES (NEW.id, NEW.search_text);
       END""",
    """CREATE TRIGGER person_fts_delete AFTER DELETE ON person BEGIN
           INSERT INTO person_fts (person_fts, rowid, search_text)
               VALUES ('delete', OLD.id, OLD.search_text);
       END""",
)
"""An index without a copy of the text. A migration that rebuilds the table ``person`` on SQLite
loses the triggers and must create them again."""

POSTGRESQL_DDL = (
    """CREATE INDEX ix_person_fts ON person
       USING gin (array_to_tsvector(string_to_array(search_text, ' '))) WITH (fastupdate = on)""",
)

MAX_WORDS = 8
"""Words of a question that are looked at."""

CANDIDATES = 300
"""Matches that are ranked; a question that has more needs another word."""

SHORTEST_ENDING = 3
"""Digits of a telephone number's shortest ending that is found."""

NOTES_LENGTH = 1000
"""Characters of the notes that are found."""

_ONLY_NUMBER = re.compile(r"[\d\s()+./-]+")
_UNACCENTED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})


# ---- Words ----


def fold(said: str) -> str:
    """Return text without accents in lower case: ``Zieliński`` is found as ``zielinski``."""
    decomposed = unicodedata.normalize("NFKD", said.casefold())
    bare = "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFKC", bare).translate(_UNACCENTED)


def endings(digits: str) -> list[str]:
    """Return a number and all its endings that are long enough to be looked for."""
    return [digits[at:] for at in range(max(1, len(digits) - SHORTEST_ENDING + 1))]


def text_of(person: Person) -> str:
    """Return the words of a person as the index wants them."""
    said = [person.name, person.call_name, person.title, (person.notes or "")[:NOTES_LENGTH]]
    # Read by key: a person that was just changed may not have their new organisation loaded.
    if person.organisation_id is not None:
        organisation = db.session.get(Organisation, person.organisation_id)
        said.append(organisation.name if organisation else "")
    if person.site_id is not None:
        site = db.session.get(Site, person.site_id)
        said.append(site.name if site else "")
    numbers: list[str] = []
    for point in person.contact_points:
        if point.retired_at is not None:
            continue
        if point.kind in (ContactKind.PHONE, ContactKind.FAX):
            numbers.extend(endings(point.value.lstrip("+")) if point.value else [])
            numbers.extend([point.extension] if point.extension else [])
        else:
            said.append(contact_values.show(point.kind, point.value, "", ""))
            said.append(point.value)
    return " ".join(dict.fromkeys([*expand(fold("\n".join(filter(None, said)))).split(), *numbers]))


def refresh(person: Person) -> None:
    """Bring a person's words up to date. Every verb that changes what they are found by calls it.

    Records that were merged away are found by nothing.
    """
    new = text_of(person) if person.merged_into_id is None else ""
    if person.search_text != new:
        person.search_text = new


def refresh_members(organisation_id: int) -> int:
    """Bring the people of an organisation up to date after it was renamed; return how many."""
    return _refresh_all([Person.organisation_id == organisation_id])


def rebuild() -> int:
    """Make every person's words anew; return how many people there are. For the command line."""
    count = _refresh_all([], forget=True)
    if not is_postgresql():
        db.session.execute(text("INSERT INTO person_fts (person_fts) VALUES ('rebuild')"))
    return count


def _refresh_all(
    where: Sequence[ColumnElement[bool]], *, forget: bool = False, batch: int = 500
) -> int:
    """Refresh people in batches by key. ``forget`` drops each batch from the session's memory."""
    last, count = 0, 0
    while True:
        rows = db.session.scalars(
            select(Person)
            .options(
                undefer(Person.search_text),
                selectinload(Person.contact_points),
                selectinload(Person.organisation),
                selectinload(Person.site),
            )
            .where(*where, Person.id > last)
            .order_by(Person.id)
            .limit(batch)
        ).all()
        if not rows:
            return count
        for person in rows:
            refresh(person)
        db.session.flush()
        last, count = rows[-1].id, count + len(rows)
        if forget:
            db.session.expunge_all()


# ---- Questions ----


def question_words(question: str, region: str) -> list[str]:
    """Cut a question into words; what looks like a telephone number becomes one of digits.

    A whole number in any national style is found by its E.164 digits, a part of one by itself.
    """
    question = unicodedata.normalize("NFKC", question).strip()
    if not _ONLY_NUMBER.fullmatch(question):
        return words(fold(question))[:MAX_WORDS]
    digits = re.sub(r"\D", "", question)
    if len(digits) >= 7:
        try:
            known = contact_values.phone(question, region).value.lstrip("+")
        except ValueError:
            known = ""
        # Only what has the country's digits before it is a whole number; else it is a part.
        if known.endswith(digits.lstrip("0")):
            return [digits.lstrip("0")]
        if known:
            return [known]
    return [digits.lstrip("0") or digits] if digits else []


def matching(
    statement: Select[*tuple[Any, ...]], found: Sequence[str], *, whole: bool
) -> Select[*tuple[Any, ...]]:
    """Narrow a query over ``Person`` to those in whom all words are.

    Words match as beginnings of words unless ``whole``; pairs of Chinese characters always match
    as they are, which is what makes them find the inside of a name. On SQLite the index is joined
    and not asked by IN, which would first collect every match of a short word.
    """

    def is_prefix(word: str) -> bool:
        return not whole and word.isascii()

    if is_postgresql():
        asked = " & ".join(f"'{word}':*" if is_prefix(word) else f"'{word}'" for word in found)
        vector: ColumnElement[Any] = literal_column(
            "array_to_tsvector(string_to_array(person.search_text, ' '))"
        )
        tsquery = text("CAST(:asked AS tsquery)").bindparams(asked=asked)
        # Materialised: a plan that is made before the words are known would rather read everybody
        # and stop at the limit, which those who match nothing never reach.
        match = select(Person.id).where(vector.op("@@")(tsquery))
        hit = match.cte("hit").prefix_with("MATERIALIZED")
        return statement.join(hit, hit.c.id == Person.id)
    asked = " AND ".join(f'"{word}"*' if is_prefix(word) else f'"{word}"' for word in found)
    index = table("person_fts", column("rowid", Integer))
    return statement.join(index, index.c.rowid == Person.id).where(
        text("person_fts MATCH :asked").bindparams(asked=asked)
    )


def find(
    actor: Actor,
    question: str,
    *,
    limit: int = 20,
    where: Sequence[ColumnElement[bool] | TextClause] = (),
    retired: bool = False,
) -> list[Person]:
    """Return the people who match all words, the likeliest first. Raises Denied.

    Whole words come before beginnings of words, names before anything else that matched; among
    equals it is by name. ``where`` narrows (technicians only, one organisation); ``retired`` looks
    among those who left.
    """
    actor.demand(Permission.PERSON_READ)
    found = question_words(question, desk_region())
    if not found:
        return []
    asked = fold(question.strip())
    narrowed: list[ColumnElement[bool] | TextClause] = list(where)
    if "@" in asked:
        # The words of an address may all be there without the address being there.
        narrowed.append(
            Person.contact_points.any(
                ContactPoint.value.contains(asked, autoescape=True)
                & ContactPoint.retired_at.is_(None)
            )
        )
    narrowed += [
        Person.merged_into_id.is_(None),
        Person.retired_at.is_not(None) if retired else Person.retired_at.is_(None),
    ]
    # Only what ranking needs: whole people are read for the few that are shown.
    light = select(Person.id, Person.name, Person.provisional)
    candidates: dict[int, Row[*tuple[Any, ...]]] = {}
    for whole in (True, False):
        rows = db.session.execute(
            matching(light, found, whole=whole).where(*narrowed).limit(CANDIDATES)
        )
        candidates.update((row.id, row) for row in rows)
        if len(candidates) >= limit and whole:
            break
    ranked = sorted(candidates.values(), key=lambda row: _rank(row, asked, found))
    chosen = [row.id for row in ranked[:limit]]
    people = db.session.scalars(
        select(Person)
        .options(selectinload(Person.contact_points), selectinload(Person.organisation))
        .where(Person.id.in_(chosen))
    )
    by_id = {person.id: person for person in people}
    return [by_id[person_id] for person_id in chosen]


def _rank(
    row: Row[*tuple[Any, ...]], asked: str, found: Sequence[str]
) -> tuple[int, bool, str, int]:
    name = fold(row.name)
    own = set(expand(name).split())
    if name == asked:
        place = 0
    elif name.startswith(f"{asked} "):
        place = 1
    elif all(word in own for word in found):
        place = 2
    elif name.startswith(asked):
        place = 3
    elif all(any(mine.startswith(word) for mine in own) for word in found):
        place = 4
    else:
        place = 5
    return place, row.provisional, name, row.id


def desk_region() -> str:
    """Return the country whose telephone numbers are typed without a country code."""
    return db.session.scalar(select(Desk.phone_region).limit(1)) or "GB"

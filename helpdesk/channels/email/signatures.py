"""What stands below answers: the technician's own words, else their queue's, else the desk's.

A signature is Markdown with placeholders in braces, as in answer templates; a line for which
there is nothing to say is left out. Each may exist in every language of the product. The
customer's language comes first: a queue's text that they can read is better than a technician's
that they can't.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, delete, or_, select

from helpdesk.answers.filling import as_text
from helpdesk.channels.email.mailboxes import desk_language
from helpdesk.channels.email.models import Signature
from helpdesk.db import db
from helpdesk.lib.text import clean_text
from helpdesk.notify import texts
from helpdesk.notify.filled import the_desk
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import ContactKind, Person
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused
from helpdesk.web.i18n import LANGUAGES, language_of

PLACEHOLDERS = ("me", "title", "phone", "queue", "number", "desk")
"""What may stand in braces: who writes, their position and telephone, and where."""
LONGEST = 5000
_SPACES = re.compile(r"\s+")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>~|&#+\-=.)])")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose signature it is: a queue's, a technician's, or, with neither, the desk's."""

    queue_id: int | None = None
    person_id: int | None = None


DESK = Owner()


# ---- Choosing and filling in ----


def reads(person: Person | None) -> str:
    """Return the language in which a person is written to; somebody unknown, as the desk does."""
    known = language_of(person.language) if person is not None else None
    return known or language_of(desk_language()) or "en"


def for_answer(ticket: Ticket, author: Person, reader: Person | None) -> str:
    """Return what stands below an answer, as Markdown; empty for nothing. Two queries."""
    rows = db.session.scalars(
        select(Signature).where(
            or_(_is(DESK), _is(Owner(queue_id=ticket.queue_id)), _is(Owner(person_id=author.id)))
        )
    ).all()
    said = _chosen(rows, reads(reader))
    return filled(said.body, _values(ticket, author)) if said is not None else ""


def _chosen(rows: Iterable[Signature], language: str) -> Signature | None:
    """Return the text in the reader's language that is nearest to who writes, else the nearest."""
    found: list[Signature] = sorted(
        (row for row in rows if row.body.strip()),
        key=lambda row: (row.person_id is None, row.queue_id is None, row.language),
    )
    for wanted in (language, desk_language(), "en"):
        for row in found:
            if row.language == wanted:
                return row
    return found[0] if found else None


def _values(ticket: Ticket, author: Person) -> dict[str, str]:
    phones = (
        point.value
        for point in author.contact_points
        if point.kind == ContactKind.PHONE and point.retired_at is None
    )
    return {
        "me": author.name,
        "title": author.title,
        "phone": next(phones, ""),
        "queue": ticket.queue.name,
        "number": str(ticket.number),
        "desk": the_desk().name,
    }


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a signature with its placeholders filled in, as Markdown."""
    escaped = {name: as_text(value) for name, value in values.items()}
    return texts.fill_lines(text, escaped).strip()


def example(text: str, person: Person) -> str:
    """Return a signature filled in with an example, for the page where it is written."""
    desk = the_desk().name
    phone = "+852 2345 6789"
    known = {"me": person.name, "title": person.title or "Service desk", "phone": phone}
    return filled(text, {**known, "queue": "Service desk", "number": "48213", "desk": desk})


def as_plain(markdown: str) -> str:
    """Return Markdown as the text part of a mail has it: without the escapes of filled-in text."""
    return _ESCAPED.sub(r"\1", markdown)


def unless_there(body: str, signature: str) -> str:
    """Return the signature, or nothing when the text ends with it already."""
    ours = _SPACES.sub(" ", as_plain(signature)).strip()
    theirs = _SPACES.sub(" ", as_plain(body)).strip()
    return "" if not ours or theirs.endswith(ours) else signature


# ---- Setting up ----


def _is(owner: Owner) -> ColumnElement[bool]:
    return and_(
        Signature.queue_id.is_(None)
        if owner.queue_id is None
        else Signature.queue_id == owner.queue_id,
        Signature.person_id.is_(None)
        if owner.person_id is None
        else Signature.person_id == owner.person_id,
    )


def check(actor: Actor, owner: Owner) -> str:
    """Return what the owner is called. Raises Denied, NotFound.

    Everybody who answers has a signature of their own; the desk's and those of queues are for
    who sets up mail.
    """
    if owner.person_id is not None:
        actor.demand(Permission.TICKET_WORK)
        if owner.person_id != actor.person_id:
            raise NotFound
        return actor.name
    actor.demand(Permission.SETUP_MAIL)
    if owner.queue_id is None:
        return the_desk().name
    queue = db.session.get(Queue, owner.queue_id)
    if queue is None or queue.retired_at is not None:
        raise NotFound
    return queue.name


def kept(actor: Actor, owner: Owner) -> dict[str, str]:
    """Return the texts of an owner by language; every language is there. Raises as ``check``."""
    check(actor, owner)
    rows = db.session.scalars(select(Signature).where(_is(owner)))
    return {**dict.fromkeys(LANGUAGES, ""), **{row.language: row.body for row in rows}}


def save(actor: Actor, owner: Owner, bodies: Mapping[str, str]) -> None:
    """Keep the texts of an owner; an empty one is none. Raises Refused, and as ``check``."""
    name = check(actor, owner)
    before = kept(actor, owner)
    after = {language: clean_text(bodies.get(language, "")).strip() for language in LANGUAGES}
    for language, body in after.items():
        if len(body) > LONGEST:
            said = _l("That is too long for a signature: %(n)d characters at most.", n=LONGEST)
            raise Refused("too-long", said, f"text_{language}")
    if after == before:
        return
    db.session.execute(delete(Signature).where(_is(owner)))
    db.session.add_all(
        Signature(queue_id=owner.queue_id, person_id=owner.person_id, language=language, body=body)
        for language, body in after.items()
        if body
    )
    db.session.flush()
    if owner.person_id is None:
        changes = {
            LANGUAGES[key]: [before[key], after[key]] for key in after if before[key] != after[key]
        }
        audit.record(actor, "signature-changed", None, changes, label=name)


def with_some() -> set[Owner]:
    """Return who has a signature."""
    rows = db.session.execute(select(Signature.queue_id, Signature.person_id).distinct())
    return {Owner(queue_id, person_id) for queue_id, person_id in rows}

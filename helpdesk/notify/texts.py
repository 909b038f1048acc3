"""Texts for customers: those that come with the product, those edited here, and filling them in.

The texts that come along are files (``shipped/<kind>.<language>.txt``: the subject, an empty
line, the text). An edited one is a version in the database and wins; so new releases bring better
texts to who never touched them, and nobody loses a word of their own.

A text has placeholders in braces, ``{number}``, and nothing else: it is no program. A line with a
placeholder for which there is nothing to say is left out.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.lib.text import clean_text, one_line
from helpdesk.notify.models import MessageText
from helpdesk.notify.telling import PLACEHOLDERS, Tell
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Desk
from helpdesk.web.i18n import LANGUAGES

LONGEST_SUBJECT = 200
LONGEST_BODY = 5000
VERSIONS = 20
"""Earlier versions that the editor shows."""

_PLACEHOLDER = re.compile(r"\{([^{}\n]{0,40})\}")
_BLANK = re.compile(r"\n{3,}")


class ChangedMeanwhile(Exception):
    """Somebody saved another version since the text was opened."""

    def __init__(self, number: int, by: str | None) -> None:
        """Carry the number of that version, and who saved it where that is known."""
        super().__init__(f"version {number} was saved meanwhile")
        self.number = number
        self.by = by


@dataclass(frozen=True, slots=True)
class Wording:
    """A subject and a text, with their placeholders or with them filled in."""

    subject: str
    body: str


@lru_cache
def shipped(kind: Tell, language: str) -> Wording:
    """Return the text that comes with the product."""
    path = Path(__file__).parent / "shipped" / f"{kind.value}.{language}.txt"
    subject, _empty, body = path.read_text("utf-8").partition("\n\n")
    return Wording(subject.strip(), body.strip())


def newest(kind: Tell, language: str) -> MessageText | None:
    """Return the newest version edited here; an empty one stands for ours."""
    return db.session.scalar(
        select(MessageText)
        .where(MessageText.kind == kind, MessageText.language == language)
        .order_by(MessageText.number.desc())
        .limit(1)
    )


def wording(kind: Tell, language: str) -> Wording:
    """Return the text that counts."""
    row = newest(kind, language)
    return (
        Wording(row.subject, row.body) if row is not None and row.body else shipped(kind, language)
    )


def versions(kind: Tell, language: str) -> list[MessageText]:
    """Return the versions edited here, the newest first."""
    return list(
        db.session.scalars(
            select(MessageText)
            .where(MessageText.kind == kind, MessageText.language == language)
            .order_by(MessageText.number.desc())
            .limit(VERSIONS)
        )
    )


def edited() -> set[tuple[str, str]]:
    """Return the kinds and languages whose text is not the one that comes along."""
    last = (
        select(MessageText.kind, MessageText.language, func.max(MessageText.number).label("number"))
        .group_by(MessageText.kind, MessageText.language)
        .subquery()
    )
    rows = db.session.execute(
        select(MessageText.kind, MessageText.language)
        .join(
            last,
            (MessageText.kind == last.c.kind)
            & (MessageText.language == last.c.language)
            & (MessageText.number == last.c.number),
        )
        .where(MessageText.body != "")
    )
    return {(kind, language) for kind, language in rows}


# ---- Saving ----


def check(kind: Tell, subject: str, body: str) -> Wording:
    """Return a text as it is kept. Raises Refused with a sentence and the field it is about."""
    said = Wording(one_line(subject), clean_text(body).strip())
    if not said.subject:
        raise Refused("subject-missing", _l("Say in one line what it is about."), "subject")
    if not said.body:
        raise Refused("body-missing", _l("There is no text yet."), "body")
    if len(said.subject) > LONGEST_SUBJECT:
        raise Refused("subject-long", _l("At most 200 characters."), "subject")
    if len(said.body) > LONGEST_BODY:
        raise Refused("body-long", _l("At most 5,000 characters."), "body")
    for field, text in (("subject", said.subject), ("body", said.body)):
        check_names(text, PLACEHOLDERS[kind], field)
    return said


def check_names(text: str, known: Collection[str], field: str) -> None:
    """Raise Refused, about ``field``, when something in braces is none of the known names."""
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            raise Refused(
                "unknown-placeholder",
                _l(
                    "{%(name)s} can't be filled in here. There are: %(known)s.",
                    name=name,
                    known=", ".join(f"{{{one}}}" for one in known),
                ),
                field,
            )


def save(
    actor: Actor, kind: Tell, language: str, subject: str, body: str, *, seen: int | None = None
) -> bool:
    """Keep a text as the newest version; False when it is the same as before.

    ``seen`` is the number of the version that was edited. Raises Denied, Refused,
    ChangedMeanwhile.
    """
    actor.demand(Permission.SETUP_MAIL)
    said = check(kind, subject, body)
    if said == wording(kind, language):
        return False
    _add(actor, kind, language, said, seen)
    return True


def back_to_ours(actor: Actor, kind: Tell, language: str) -> bool:
    """Use the text that comes with the product again; False when it is in use. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    row = newest(kind, language)
    if row is None or not row.body:
        return False
    _add(actor, kind, language, None, None)
    return True


def _add(
    actor: Actor, kind: Tell, language: str, said: Wording | None, seen: int | None
) -> MessageText:
    if language not in LANGUAGES:
        raise Refused("language-unknown", _l("Choose a language."))
    # Two who save at once come one after the other.
    db.session.execute(select(Desk.id).with_for_update())
    last = newest(kind, language)
    number = last.number if last is not None else 0
    if seen is not None and seen != number:
        by = last.made_by.name if last is not None and last.made_by is not None else None
        raise ChangedMeanwhile(number, by)
    before = wording(kind, language)
    after = said or shipped(kind, language)
    row = MessageText(
        kind=kind,
        language=language,
        number=number + 1,
        subject=said.subject if said else "",
        body=said.body if said else "",
        made_by_id=actor.person_id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(
        actor,
        "message-edited",
        row,
        {
            "kind": [None, kind.value],
            "language": [None, language],
            "subject": [before.subject, after.subject],
            "text": [before.body, after.body],
        },
        label=f"{kind.value}, {LANGUAGES[language]}",
    )
    return row


# ---- Filling in ----


def fill(said: Wording, values: Mapping[str, str]) -> Wording:
    """Return a text with its placeholders filled in.

    A line with a placeholder for which ``values`` has nothing is left out. A subject that does
    not carry the number gets it: answers find their ticket by it.
    """
    subject = one_line(_filled(said.subject, values))
    sign = f"[#{values['number']}]"
    if sign not in subject:
        subject = f"{subject} {sign}".strip()
    return Wording(subject, fill_lines(said.body, values))


def fill_lines(text: str, values: Mapping[str, str]) -> str:
    """Return a text of lines filled in, without those for which there is nothing to say."""
    lines = [
        _filled(line, values)
        for line in text.split("\n")
        if all(values.get(name, name not in values) for name in _PLACEHOLDER.findall(line))
    ]
    return _BLANK.sub("\n\n", "\n".join(lines)).strip() + "\n"


def _filled(line: str, values: Mapping[str, str]) -> str:
    # What is filled in is not looked at again: a subject may contain braces.
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), line)

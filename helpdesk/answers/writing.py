"""Verbs of answer templates: writing and retiring them, and counting their use."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from helpdesk.answers.filling import PLACEHOLDERS
from helpdesk.answers.models import TEXTS, AnswerTemplate
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.text import clean_text
from helpdesk.notify import texts
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.models import Team

LONGEST = 5000
OFFERED = 12
"""Templates that the list in the composer shows at once."""


def checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return texts, folder and teams as they are kept. Raises Refused with the field."""
    said = {column: clean_text(str(wanted[column] or "")).strip() for column in TEXTS.values()}
    for column, text in said.items():
        if len(text) > LONGEST:
            raise Refused("text-long", _l("At most 5,000 characters."), column)
        texts.check_names(text, PLACEHOLDERS, column)
    if not any(said.values()):
        raise Refused("text-missing", _l("There is no text yet."), next(iter(said)))
    keys = {int(key) for key in wanted["team_ids"] or []}
    found = set(db.session.scalars(select(Team.id).where(Team.id.in_(keys))))
    if found != keys:
        raise Refused("team-unknown", _l("Choose one that is in use."), "team_ids")
    folder = " ".join(str(wanted["folder"] or "").split())[:60].rstrip()
    return {**said, "folder": folder, "team_ids": sorted(keys)}


def in_use() -> list[AnswerTemplate]:
    """Return the templates in use, by folder and name."""
    rows = db.session.scalars(select(AnswerTemplate).where(AnswerTemplate.retired_at.is_(None)))
    return sorted(rows, key=lambda row: (row.folder.casefold(), row.name.casefold(), row.id))


def offered(actor: Actor, question: str) -> list[AnswerTemplate]:
    """Return the templates of the actor's teams in which every typed word occurs.

    Those whose name says it come first, then those used most. A desk has some dozens of them.
    Raises Denied.
    """
    actor.demand(Permission.TICKET_WORK)
    words = question.casefold().split()
    found = [
        (sum(word in row.name.casefold() for word in words), row.used, row)
        for row in in_use()
        if _sees(actor, row) and all(word in _said(row) for word in words)
    ]
    found.sort(key=lambda one: (-one[0], -one[1]))
    return [row for _named, _used, row in found[:OFFERED]]


def _sees(actor: Actor, row: AnswerTemplate) -> bool:
    return not row.teams or any(key in actor.team_ids for key in row.team_ids)


def _said(row: AnswerTemplate) -> str:
    return "\n".join((row.name, row.folder, *(getattr(row, one) for one in TEXTS.values()))).lower()


def use(actor: Actor, key: int) -> AnswerTemplate:
    """Return a template that the actor puts into an answer, and count it.

    Raises Denied; Missing when there is none, it is retired, or is for other teams.
    """
    actor.demand(Permission.TICKET_WORK)
    row = db.session.get(AnswerTemplate, key) if 0 < key < 2**31 else None
    if row is None or row.retired_at is not None or not _sees(actor, row):
        raise Missing
    # Counted by the database: two technicians may use it at the same moment.
    db.session.execute(
        update(AnswerTemplate)
        .where(AnswerTemplate.id == row.id)
        .values(used=AnswerTemplate.used + 1, used_at=now())
    )
    return row

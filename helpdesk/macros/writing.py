"""Verbs of macros: writing, retiring and deleting them. All of it stands in the audit log."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk.answers.filling import PLACEHOLDERS
from helpdesk.answers.models import TEXTS, AnswerTemplate
from helpdesk.answers.writing import LONGEST
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.text import clean_text
from helpdesk.macros.finding import may_share, may_write
from helpdesk.macros.models import Macro, MacroRun, Says
from helpdesk.notify import texts
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Denied, Permission
from helpdesk.people.errors import Clash, Refused
from helpdesk.people.models import AuditEntry, Person, Team
from helpdesk.rules.actions import action_of
from helpdesk.rules.content import Step, steps_to_json
from helpdesk.tickets.queries.access import visible_queues


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a macro is to be. ``texts`` are by column (``answers.models.TEXTS``)."""

    name: str
    mine: bool
    team_ids: tuple[int, ...]
    steps: tuple[Step, ...]
    says: Says
    at_once: bool
    template_id: int | None
    texts: dict[str, str]


def add(actor: Actor, wanted: Wanted) -> Macro:
    """Keep a new macro. Raises Denied, Refused."""
    row = Macro(**_checked(actor, wanted, None))
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "macro-created", row)
    return row


def edit(actor: Actor, row: Macro, wanted: Wanted, *, seen: int) -> bool:
    """Change a macro; False when it is so already.

    ``seen`` is the version that was changed. What it did before stays as it is. Raises Denied,
    Refused; Clash when somebody saved it meanwhile.
    """
    _demand(actor, row)
    values = _checked(actor, wanted, row)
    changes = audit.difference({name: getattr(row, name) for name in values}, values)
    if not changes:
        return False
    if seen != row.version:
        raise Clash(row.version, {}, _last_editor(row))
    for name, (_old, new) in changes.items():
        setattr(row, name, new)
    row.version += 1
    if "actions" in changes:
        changes["actions"] = [[step["do"] for step in side] for side in changes["actions"]]
    db.session.flush()
    audit.record(actor, "macro-edited", row, changes)
    return True


def retire(actor: Actor, row: Macro) -> None:
    """Stop offering a macro. Raises Denied."""
    _demand(actor, row)
    if row.retired_at is None:
        row.retired_at = now()
        audit.record(actor, "macro-retired", row)


def restore(actor: Actor, row: Macro) -> None:
    """Offer a retired macro again. Raises Denied."""
    _demand(actor, row)
    if row.retired_at is not None:
        row.retired_at = None
        audit.record(actor, "macro-back", row)


def delete(actor: Actor, row: Macro) -> None:
    """Remove a macro that was never run. Raises Denied, Refused."""
    _demand(actor, row)
    if row.used or db.session.scalar(select(MacroRun.id).where(MacroRun.macro_id == row.id)):
        raise Refused("in-use", _l("It was used, so it stays in the records: retire it instead."))
    audit.record(actor, "macro-deleted", row)
    db.session.delete(row)
    db.session.flush()


# ---- What is kept ----


def _demand(actor: Actor, row: Macro) -> None:
    if not may_write(actor, row):
        raise Denied(Permission.SETUP_TICKETS)


def _checked(actor: Actor, wanted: Wanted, own: Macro | None) -> dict[str, Any]:
    """Return the columns of a macro. Raises Denied, Refused with the field."""
    actor.demand(Permission.TICKET_WORK if wanted.mine else Permission.SETUP_TICKETS)
    owner_id = actor.person_id if wanted.mine else None
    name = typed_text.name(wanted.name, 100)
    _check_free(name, owner_id, own)
    _check_actions(actor, wanted)
    template_id, said = _text(wanted)
    if not wanted.steps and wanted.says is Says.NOTHING:
        raise Refused("macro-empty", _l("Say what the macro does, or what it says."), "then")
    teams = () if wanted.mine else wanted.team_ids
    if set(db.session.scalars(select(Team.id).where(Team.id.in_(teams)))) != set(teams):
        raise Refused("team-unknown", _l("Choose one that is in use."), "team_ids")
    return {
        "name": name,
        "owner_id": owner_id,
        "actions": steps_to_json(wanted.steps),
        "says": wanted.says.value,
        "at_once": wanted.at_once,
        "template_id": template_id,
        "team_ids": sorted(set(teams)),
        **said,
    }


def _check_free(name: str, owner_id: int | None, own: Macro | None) -> None:
    """Raise Refused when the same people have another macro of this name."""
    same = select(Macro.id).where(
        func.lower(Macro.name) == name.lower(), Macro.owner_id.is_not_distinct_from(owner_id)
    )
    if set(db.session.scalars(same)) - {own.id if own is not None else 0}:
        raise Refused("name-taken", _l("There is already one of this name."), "name")


def _check_actions(actor: Actor, wanted: Wanted) -> None:
    known = {queue.id for queue in visible_queues(actor)}
    for number, step in enumerate(wanted.steps):
        action = action_of(step.do)
        if not action.by_hand:
            raise Refused("rules-only", _l("Only rules can do this."), f"then-{number}")
        if action.sends and not may_share(actor):
            said = _l("What is sent besides the text is for macros that Set up keeps.")
            raise Refused("sends", said, f"then-{number}")
        if "queue" in step.given and step.given["queue"] not in known:
            raise Refused("queue-unknown", _l("Choose one that is in use."), f"then-{number}")


def _text(wanted: Wanted) -> tuple[int | None, dict[str, str]]:
    """Return the template or the texts that are kept; nothing is kept of what is not said."""
    if wanted.says is Says.NOTHING:
        return None, dict.fromkeys(TEXTS.values(), "")
    if wanted.template_id is not None:
        template = db.session.get(AnswerTemplate, wanted.template_id)
        if template is None:
            raise Refused("template-unknown", _l("Choose one that is in use."), "template_id")
        return template.id, dict.fromkeys(TEXTS.values(), "")
    said = {name: clean_text(wanted.texts.get(name, "")).strip() for name in TEXTS.values()}
    for name, text in said.items():
        if len(text) > LONGEST:
            raise Refused("text-long", _l("At most 5,000 characters."), name)
        texts.check_names(text, PLACEHOLDERS, name)
    if not any(said.values()):
        raise Refused("text-missing", _l("There is no text yet."), next(iter(said)))
    return None, said


def _last_editor(row: Macro) -> str | None:
    return db.session.scalar(
        select(Person.name)
        .join(AuditEntry, AuditEntry.actor_id == Person.id)
        .where(AuditEntry.subject_type == row.__tablename__, AuditEntry.subject_id == row.id)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )

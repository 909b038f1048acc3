"""Macros in words: what one does in general, and what it would do to a ticket."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _
from markupsafe import Markup, escape

from helpdesk.db import db
from helpdesk.macros.models import Macro, Says
from helpdesk.macros.running import Done
from helpdesk.people.access import Actor
from helpdesk.people.models import Team
from helpdesk.rules.actions import all_actions
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.content import Step
from helpdesk.rules.sentence import step_of
from helpdesk.rules.setting import NO_CHANGE
from helpdesk.rules.views.words import step as said_of
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.sentences import extras, sentence


@dataclass(slots=True)
class Sent:
    """A message that goes out: to whom, and what it says where that is not typed below."""

    to: str
    copies: str = ""
    body: str = ""


@dataclass(slots=True)
class Seen:
    """What a macro would do to one ticket. ``changes`` say what was and what will be."""

    ticket: int
    subject: str
    changes: list[Markup] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    besides: list[Markup] = field(default_factory=list)
    """What is sent that is no message of the ticket: notices, mail to an address, calls."""
    same: list[str] = field(default_factory=list)
    """Actions that come to nothing, with the reason."""
    why_not: str = ""


def sentence_of(macro: Macro) -> Markup:
    """Return what a macro does, as one line."""
    parts = []
    if macro.says == Says.REPLY:
        sends = (
            _("write to the customer") if macro.at_once else _("put an answer into the composer")
        )
        parts.append(escape(sends))
    elif macro.says == Says.NOTE:
        parts.append(escape(_("write a note") if macro.at_once else _("begin a note")))
    try:
        parts += [step_of(step) for step in macro.steps]
    except WrongRule:
        parts.append(escape(_("something that is not known any more")))
    return Markup(", ").join(parts)


def whose(macro: Macro, teams: dict[int, str]) -> str:
    """Return for whom a macro is: "Yours", the names of teams, or "Everybody"."""
    if macro.owner_id is not None:
        return str(_("Yours"))
    if macro.teams:
        return ", ".join(teams.get(key, "?") for key in macro.team_ids)
    return str(_("Everybody"))


def teams() -> dict[int, str]:
    """Return the names of all teams. A desk has some dozens of them."""
    return {row.id: row.name for row in db.session.query(Team)}


def sends_besides(macro: Macro) -> bool:
    """Whether something is sent that no undo takes back."""
    known = all_actions()
    return any(
        action.sends and action.key != "send"
        for step in macro.actions
        if (action := known.get(str(step.get("do")))) is not None
    )


def seen(ticket: Ticket, macro: Macro, actor: Actor, done: Done) -> Seen:
    """Return what a trial did, while it stands."""
    found = Seen(ticket.id, ticket.subject)
    for entry in done.entries:
        if entry.kind == EntryKind.MESSAGE and entry.public:
            found.sent.append(_sent(entry, own=entry.author_id == actor.person_id))
        if entry.kind == EntryKind.EVENT:
            found.changes.append(sentence(entry, actor))
        else:
            # What is said stands elsewhere; what changes with it is told here.
            found.changes += extras(entry.changes)
    if macro.says == Says.NOTE and macro.at_once:
        found.changes.insert(0, escape(_("A note is written")))
    for step, word in done.said:
        if word:
            found.same.append(_nothing(step, word))
        elif all_actions()[step.do].sends and step.do != "send":
            found.besides.append(step_of(step))
    return found


def _sent(entry: Entry, *, own: bool) -> Sent:
    envelope = entry.envelope or {}
    return Sent(_names(envelope.get("to")), _names(envelope.get("cc")), "" if own else entry.body)


def _names(people: object) -> str:
    if not isinstance(people, Sequence):
        return ""
    return ", ".join(str(person["name"]) for person in people)


def _nothing(step: Step, word: str) -> str:
    label, said = said_of({"do": step.do, "said": word})
    if word == NO_CHANGE:
        return str(_("%(action)s: is so already", action=label))
    return f"{label}: {said}"

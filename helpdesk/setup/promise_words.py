"""Policies in sentences: "Fix within 4h (P1), 8h (P2). Open time of …, for VIP customers."."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Organisation
from helpdesk.setup.services.promises import OFFERED, asked_for
from helpdesk.setup.step_fields import in_words
from helpdesk.setup.written import write_length
from helpdesk.sla.models import BusinessCalendar
from helpdesk.sla.policy import PRIORITIES, Terms
from helpdesk.sla.views import words
from helpdesk.tickets.desk import Category, Queue
from helpdesk.tickets.wording import KINDS, word

NAMED = 3
"""Things of one condition that a sentence names; of more it says how many."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the keys in policies are called."""

    calendars: dict[int, str]
    organisations: dict[int, str]
    categories: dict[int, str]
    queues: dict[int, str]


def names_for(among: Sequence[Terms], actor: Actor) -> Names:
    """Return the names of what policies ask for, those the actor may not know left out."""
    asked = [terms.conditions for terms in among]
    organisations = {key for one in asked for key in one.organisations}
    categories = {key for one in asked for key in one.categories}
    queues = {key for one in asked for key in one.queues}
    queues |= {step.queue_id for terms in among for step in terms.steps if step.queue_id}
    return Names(
        calendars=_names(BusinessCalendar, BusinessCalendar.name, None),
        organisations=_names(Organisation, Organisation.name, organisations),
        categories=_names(Category, Category.path, categories),
        queues=_queue_names(queues, actor),
    )


def _names(model: Any, column: Any, keys: set[int] | None) -> dict[int, str]:
    if keys is not None and not keys:
        return {}
    statement = select(model.id, column)
    if keys is not None:
        statement = statement.where(model.id.in_(keys))
    return {row[0]: row[1] for row in db.session.execute(statement)}


def _queue_names(keys: set[int], actor: Actor) -> dict[int, str]:
    """Return the names of queues; of restricted ones only to their team and who sets them up."""
    if not keys:
        return {}
    may_all = actor.can(Permission.SETUP_TEAMS)
    rows = db.session.scalars(select(Queue).where(Queue.id.in_(keys)))
    return {
        row.id: row.name
        for row in rows
        if may_all or not row.restricted or row.id in actor.queue_ids
    }


def sentence(terms: Terms, names: Names) -> str:
    """Return what a policy says, as a sentence."""
    promised = "; ".join(
        _("%(promise)s within %(lengths)s", promise=words.PROMISES[promise], lengths=lengths)
        for promise in OFFERED
        if (lengths := _by_length(terms, promise))
    )
    calendar = names.calendars.get(terms.calendar_id, "?")
    whom = conditions(terms, names)
    if whom:
        said = _(
            "%(promised)s. Open time of %(calendar)s, for %(whom)s.",
            promised=promised,
            calendar=calendar,
            whom=whom,
        )
    else:
        said = _(
            "%(promised)s. Open time of %(calendar)s, for all tickets.",
            promised=promised,
            calendar=calendar,
        )
    if terms.steps:
        steps = in_words(terms.to_json()["steps"], names.queues)
        said += " " + _("Escalates: %(steps)s.", steps=steps)
    return str(said)


def _by_length(terms: Terms, promise: Any) -> str:
    """Return the lengths of a promise, equal ones together: "4h (P1), 8h (P2, P3)"."""
    found: dict[str, list[str]] = {}
    for priority in PRIORITIES:
        length = terms.length(promise, priority)
        if length is not None:
            found.setdefault(write_length(length), []).append(f"P{priority}")
    if len(found) == 1 and len(next(iter(found.values()))) == len(PRIORITIES):
        return next(iter(found))
    return ", ".join(f"{length} ({', '.join(priorities)})" for length, priorities in found.items())


def promised_at(terms: Terms, priority: int, names: Names) -> str:
    """Return what is promised at one priority: "First reply 1h, Fix 8h of Office hours"."""
    found = [
        f"{words.PROMISES[promise]} {write_length(length)}"
        for promise in OFFERED
        if (length := terms.length(promise, priority)) is not None
    ]
    if not found:
        return str(_("At this priority it promises nothing."))
    return str(
        _(
            "It promises: %(promised)s of %(calendar)s.",
            promised=", ".join(found),
            calendar=names.calendars.get(terms.calendar_id, "?"),
        )
    )


def conditions(terms: Terms, names: Names) -> str:
    """Return for whom and what a policy is: "VIP customers, Incident"; empty for everything."""
    asked = terms.conditions
    said = {
        "organisations": _some(asked.organisations, names.organisations),
        "support_levels": _("support %(levels)s", levels=", ".join(sorted(asked.support_levels))),
        "vip": _("VIP customers"),
        "categories": _some(asked.categories, names.categories),
        "queues": _some(asked.queues, names.queues),
        "kinds": ", ".join(word(KINDS, kind) for kind in sorted(asked.kinds)),
    }
    return "; ".join(said[name] for name in asked_for(terms) if name in said)


def _some(keys: frozenset[int], names: dict[int, str]) -> str:
    known = sorted(names[key] for key in keys if key in names)
    if len(known) < len(keys) and not known:
        return str(_("something you may not see"))
    shown = ", ".join(known[:NAMED])
    more = len(keys) - min(len(known), NAMED)
    return str(_("%(names)s and %(num)d more", names=shown, num=more)) if more else shown


def heading(terms: Terms) -> str:
    """Return how specific a policy is, as the heading of those that are equally so."""
    asked = asked_for(terms)
    if not asked:
        return str(_("Everything else"))
    return str(_("By %(conditions)s", conditions=words.conditions(asked)))

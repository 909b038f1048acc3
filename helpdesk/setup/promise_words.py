"""Policies in sentences: "Fix within 4h (P1), 8h (P2). Open time of …, for VIP customers."."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Organisation
from helpdesk.setup.services.promises import asked_for
from helpdesk.setup.step_fields import in_words
from helpdesk.setup.written import write_length
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import BusinessCalendar
from helpdesk.sla.policy import PRIORITIES, Scope, Terms
from helpdesk.sla.views import words
from helpdesk.tickets.desk import Category, Queue, Supplier
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
    suppliers: dict[int, str]


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
        suppliers=_names(Supplier, Supplier.name, {key for one in asked for key in one.suppliers}),
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


FOR_ALL = {
    Scope.TICKET: lambda: _("all tickets"),
    Scope.TEAM: lambda: _("every assignment"),
    Scope.SUPPLIER: lambda: _("all suppliers"),
}
"""For whom a policy is that asks for nothing."""


def sentence(terms: Terms, names: Names, scope: Scope = Scope.TICKET) -> str:
    """Return what a policy says, as a sentence."""
    promised = "; ".join(
        _("%(promise)s within %(lengths)s", promise=words.PROMISES[promise], lengths=lengths)
        for promise in Promise
        if (lengths := _by_length(terms, promise))
    )
    # A supplier's policy may leave the time to what they promise each time.
    promised = promised or _("Whatever they promise each time")
    calendar = names.calendars.get(terms.calendar_id, "?")
    said = _(
        "%(promised)s. Open time of %(calendar)s, for %(whom)s.",
        promised=promised,
        calendar=calendar,
        whom=conditions(terms, names) or FOR_ALL[scope](),
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
        for promise in Promise
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
        "suppliers": _some(asked.suppliers, names.suppliers),
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


def heading(terms: Terms, scope: Scope = Scope.TICKET) -> str:
    """Return how specific a policy is, as the heading of those that are equally so."""
    asked = asked_for(terms)
    said = _("Everything else")
    if asked:
        said = _("By %(conditions)s", conditions=words.conditions(asked))
    if scope is Scope.TICKET:
        return str(said)
    return str(_("%(scope)s: %(what)s", scope=SCOPES[scope], what=said))


SCOPES = {
    Scope.TICKET: _l("To customers"),
    Scope.TEAM: _l("Between teams"),
    Scope.SUPPLIER: _l("By suppliers"),
}
"""To whom something is promised."""

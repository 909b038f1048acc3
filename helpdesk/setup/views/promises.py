"""Policies: the list in the order in which they win, the form, and which one would hold."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.models import Organisation
from helpdesk.setup import promise_words, queries
from helpdesk.setup.promise_form import PolicyFields, length_key
from helpdesk.setup.services import calendars, categories, desk_settings, promises
from helpdesk.setup.views.shelf import Listing, Shelf, put_up
from helpdesk.sla import replay_batches
from helpdesk.sla.models import BusinessCalendar, Policy
from helpdesk.sla.policy import (
    MOST_STEPS,
    PRIORITIES,
    Choice,
    Matter,
    Offer,
    Scope,
    Terms,
    choose,
)
from helpdesk.sla.policy import (
    PROMISES as OFFERED,
)
from helpdesk.sla.views import words
from helpdesk.tickets.desk import Category
from helpdesk.tickets.lifecycle import Kind
from helpdesk.tickets.queries.suppliers import offered as offered_suppliers
from helpdesk.tickets.wording import KINDS
from helpdesk.tickets.wording import PRIORITIES as PRIORITY_NAMES


@dataclass(frozen=True, slots=True)
class Question:
    """A made-up ticket, to ask which policy would hold for it."""

    kind: str
    priority: int
    queue_id: int | None
    category_id: int | None
    organisation: Organisation | None
    vip: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which policy would hold, what it promises then, and which others would, but come after."""

    policy: Policy | None
    because: str
    promised: str
    others: list[str]


# ---- The form ----


def _form(row: Policy | None, sent: bool) -> PolicyFields:
    form = PolicyFields() if sent else PolicyFields(formdata=None)
    kept = promises.shown(row) if row is not None else None
    if kept is not None:
        form.scope.data = kept.scope
    elif not sent:
        form.scope.data = request.args.get("scope", Scope.TICKET.value)
    actor = guard.current_actor()
    offered = calendars.in_order()
    if kept is not None and kept.calendar_id not in {one.id for one in offered}:
        offered.append(db.session.get_one(BusinessCalendar, kept.calendar_id))
    subjects = [
        one
        for one in categories.everything()
        if one.retired_at is None or (kept is not None and one.id in kept.categories)
    ]
    queues = queries.offered_queues(actor)
    shown = {queue.id for queue in queues}
    for key in kept.queues if kept is not None else []:
        if key not in shown:
            queues += [one for one in queries.offered_queues(actor, key) if one.id == key]
    levels = sorted({*support_levels(), *(kept.support_levels if kept is not None else [])})
    firms = offered_suppliers(kept.suppliers if kept is not None else [])
    form.offer(offered, subjects, queues, levels, firms)
    if row is None and not sent:
        default = next((one for one in offered if one.is_default), None)
        form.begin(default.id if default is not None else None)
        if "example" in request.args and form.about is Scope.TEAM:
            form.begin_with_example()
    return form


def support_levels() -> list[str]:
    """Return the words that organisations have for what support they bought."""
    return list(
        db.session.scalars(
            select(Organisation.support_level)
            .where(Organisation.support_level != "", Organisation.retired_at.is_(None))
            .distinct()
        )
    )


def organisation_names(keys: list[int]) -> dict[int, str]:
    """Return the names of organisations by their keys."""
    if not keys:
        return {}
    rows = db.session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id.in_(keys))
    )
    return {row.id: row.name for row in rows}


def _beside(form: PolicyFields) -> dict[str, Any]:
    form.add_empty_step()
    return {
        "scope": form.about.value,
        "scopes": promise_words.SCOPES,
        "most_steps": MOST_STEPS,
        "promises": [(promise, words.PROMISES[promise]) for promise in OFFERED[form.about]],
        "priorities": [(priority, PRIORITY_NAMES[priority]) for priority in PRIORITIES],
        "length_key": length_key,
        "organisation_names": organisation_names(form.organisations.data or []),
    }


# ---- The list ----


def _listing() -> Listing:
    ordered = promises.in_order()
    names = promise_words.names_for([terms for _row, terms in ordered], guard.current_actor())
    groups: list[tuple[Any, list[Policy]]] = []
    for row, terms in ordered:
        heading = promise_words.heading(terms, Scope(row.scope))
        if not groups or groups[-1][0] != heading:
            groups.append((heading, []))
        groups[-1][1].append(row)
    # Without any group the page would say nothing; an empty one shows what to do.
    return Listing(
        groups or [(None, [])],
        queries.retired(Policy),
        {
            "sentences": {
                row.id: promise_words.sentence(terms, names, Scope(row.scope))
                for row, terms in ordered
            },
            "outdated": replay_batches.outdated(),
            "counted_up_to": replay_batches.COUNTED,
            "has_calendar": bool(names.calendars),
            **_which([one for one in ordered if one[0].scope == Scope.TICKET], names),
        },
    )


def _which(ordered: list[tuple[Policy, Terms]], names: promise_words.Names) -> dict[str, Any]:
    """Return what "Which policy would hold?" shows: its choices, and the answer if it was asked."""
    asked = _question() if "which" in request.args else None
    return {
        "asked": asked,
        "verdict": _verdict(asked, ordered, names) if asked is not None else None,
        "kinds": KINDS,
        "priority_names": PRIORITY_NAMES,
        "all_queues": queries.offered_queues(guard.current_actor()),
        "all_categories": [row for row in categories.everything() if row.retired_at is None],
    }


def _question() -> Question:
    kind = request.args.get("kind", "")
    priority = request.args.get("priority", type=int)
    organisation_id = request.args.get("organisation", type=int)
    known = organisation_id is not None and 0 < organisation_id < 2**31
    return Question(
        kind=kind if kind in set(Kind) else Kind.INCIDENT.value,
        priority=priority if priority in PRIORITIES else 3,
        queue_id=request.args.get("queue", type=int),
        category_id=request.args.get("category", type=int),
        organisation=db.session.get(Organisation, organisation_id) if known else None,
        vip="vip" in request.args,
    )


def _verdict(
    asked: Question, ordered: list[tuple[Policy, Terms]], names: promise_words.Names
) -> Verdict:
    matter = _matter(asked)
    offers = [Offer(row.id, 0, row.position, terms) for row, terms in ordered]
    choice = choose(offers, matter)
    if choice is None:
        return Verdict(None, "", "", [])
    by_key = {row.id: row for row, _terms in ordered}
    others = [
        by_key[offer.policy_id].name
        for offer in offers
        if offer.policy_id != choice.offer.policy_id
        and offer.terms.conditions.met_by(matter) is not None
    ]
    promised = promise_words.promised_at(choice.offer.terms, asked.priority, names)
    return Verdict(by_key[choice.offer.policy_id], _because(choice), promised, others)


def _because(choice: Choice) -> str:
    if not choice.because:
        return str(_("It asks for nothing, so it holds for everything nothing else holds for."))
    return str(
        _("It holds because of: %(conditions)s.", conditions=words.conditions([*choice.because]))
    )


def _matter(asked: Question) -> Matter:
    above: set[int] = set()
    paths = {row.id: row for row in db.session.scalars(select(Category))}
    row = paths.get(asked.category_id or 0)
    while row is not None and row.id not in above:
        above.add(row.id)
        row = paths.get(row.parent_id or 0)
    level = ""
    if asked.organisation is not None:
        today = now().astimezone(ZoneInfo(desk_settings.the_desk().time_zone)).date()
        until = asked.organisation.support_until
        level = asked.organisation.support_level if until is None or today <= until else ""
    return Matter(
        kind=asked.kind,
        priority=asked.priority,
        queue_id=asked.queue_id or 0,
        categories=frozenset(above),
        vip=asked.vip,
        organisation_id=asked.organisation.id if asked.organisation is not None else None,
        support_level=level,
    )


def _move(step: int) -> Any:
    return lambda actor, row: promises.move(actor, row, step)


PROMISES = Shelf(
    key="promises",
    permission=Permission.SETUP_SLA,
    model=Policy,
    form=_form,
    listing=_listing,
    add=promises.add,
    edit=promises.edit,
    acts={
        "retire": promises.retire,
        "restore": promises.restore,
        "delete": promises.delete,
        "up": _move(-1),
        "down": _move(+1),
    },
    sheet="setup/promise.html",
    beside=_beside,
)
put_up(PROMISES)

"""How everything stands that was promised about a ticket: worked out here, written down elsewhere.

A ticket has promises of three kinds: to its customer, about the whole; between teams, about each
part that a queue has in it; by suppliers, while it waits for them. What no policy promises is not
even looked at.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.models import Desk, Organisation, Person
from helpdesk.sla import clocks, journal, stored
from helpdesk.sla.business_time import NeverOpens
from helpdesk.sla.calendar import Calendar
from helpdesk.sla.clocks import Life, Promise
from helpdesk.sla.journal import Line, NamedStatus
from helpdesk.sla.models import Clock
from helpdesk.sla.parts import Part, Stretch, life_of, parts_of, waits_in
from helpdesk.sla.policy import PROMISES, Choice, Matter, Offer, Scope, Terms, choose
from helpdesk.sla.with_suppliers import SupplierPart, supplier_parts
from helpdesk.tickets.desk import Category
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.models import Ticket

log = logging.getLogger(__name__)

WHOLE = 0
"""``Clock.piece`` of what is about the whole ticket."""

SHORTEST = timedelta(seconds=1)
"""No promise is shorter: shares of its time could not be told."""

Key = tuple[int, Promise]
"""Which clock of a ticket: what it is about (``Clock.piece``), and what was promised."""


def piece_of(supplier_id: int) -> int:
    """Return ``Clock.piece`` of what a supplier promised; those of assignments are positive."""
    return -supplier_id


@dataclass(frozen=True, slots=True)
class Standing:
    """How one promise stands, with the versions by which it was worked out."""

    piece: int
    promise: Promise
    policy_version_id: int
    calendar_version_id: int
    because: tuple[str, ...]
    length: timedelta
    clock: clocks.Clock

    @property
    def key(self) -> Key:
        """Which clock of the ticket it is."""
        return (self.piece, self.promise)

    @property
    def state(self) -> str:
        """``running``, ``halted``, ``met`` or ``none`` (nothing is owed, nothing was kept)."""
        if self.clock.due is not None:
            return "running"
        if self.clock.halted is not None:
            return "halted"
        return "met" if self.clock.met_at is not None else "none"


@dataclass(slots=True)
class Told:
    """A ticket's journal, and the lives in it by the reasons of waiting that halt clocks."""

    lines: Sequence[Line]
    statuses: Mapping[int, NamedStatus] = field(default_factory=journal.statuses)
    lives: dict[frozenset[str], Life] = field(default_factory=dict)
    waited: dict[int, list[Stretch]] | None = None

    def life(self, waits: frozenset[str]) -> Life:
        """Return the life of the whole ticket."""
        if waits not in self.lives:
            self.lives[waits] = journal.life_of(self.lines, self.statuses, waits=waits)
        return self.lives[waits]

    def life_of_part(self, part: Part, waits: frozenset[str]) -> Life:
        """Return the life of a part, which may have waited for a supplier while others worked."""
        if self.waited is None:
            self.waited = waits_in(self.lines)
        waited = self.waited if HoldReason.SUPPLIER in waits else {}
        return life_of(part, self.life(waits), waited)


def stand(
    ticket: Ticket, lines: Sequence[Line], known: Mapping[Key, Clock] | None = None
) -> list[Standing]:
    """Work out how everything stands that is promised about a ticket.

    Promises that were given, which are those of the ``known`` clocks, stay in the versions in
    which they were given as long as their policy holds. Without any, all count by what policies
    and calendars say now.
    """
    offers = stored.all_offers()
    if not lines or not any(offers.values()):
        return []
    matter = matter_of(ticket, [offer for among in offers.values() for offer in among])
    told, given = Told(lines), _versions(known or {})
    found = list(_of_ticket(ticket, told, _chosen(offers[Scope.TICKET], matter, given.get(WHOLE))))
    if offers[Scope.TEAM]:
        for part in parts_of(ticket.assignments).values():
            asked = replace(matter, queue_id=part.queue_id)
            chosen = _chosen(offers[Scope.TEAM], asked, given.get(part.piece))
            found += _of_part(ticket, told, part, chosen)
    if offers[Scope.SUPPLIER]:
        for supplier in supplier_parts(lines, told.statuses).values():
            piece = piece_of(supplier.supplier_id)
            asked = replace(matter, supplier_id=supplier.supplier_id)
            chosen = _chosen(offers[Scope.SUPPLIER], asked, given.get(piece))
            found += _of_supplier(ticket, supplier, chosen)
    return found


def matter_of(ticket: Ticket, among: Sequence[Offer]) -> Matter:
    """Return what policies look at in a ticket. What none of them asks for is not looked up."""
    asked = [offer.terms.conditions for offer in among]
    categories: set[int] = set()
    if any(conditions.categories for conditions in asked):
        category = ticket.category_id
        while category is not None:
            categories.add(category)
            category = db.session.get_one(Category, category).parent_id
    level = ""
    # Found by their keys: a ticket that is only being made doesn't know them yet.
    if any(one.support_levels for one in asked) and ticket.organisation_id is not None:
        organisation = db.session.get_one(Organisation, ticket.organisation_id)
        desk = db.session.get_one(Desk, 1)
        opened_on = ticket.opened_at.astimezone(ZoneInfo(desk.time_zone)).date()
        if organisation.support_until is None or opened_on <= organisation.support_until:
            level = organisation.support_level
    return Matter(
        kind=ticket.kind,
        priority=ticket.priority,
        queue_id=ticket.queue_id,
        categories=frozenset(categories),
        vip=any(one.vip for one in asked) and db.session.get_one(Person, ticket.customer_id).vip,
        organisation_id=ticket.organisation_id,
        support_level=level,
    )


# ---- Which policy holds ----


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The policy that holds, and the calendar by which it counts."""

    choice: Choice
    calendar_version_id: int

    @property
    def terms(self) -> Terms:
        return self.choice.offer.terms

    @property
    def calendar(self) -> Calendar:
        return stored.calendar_of(self.calendar_version_id)

    def standing(
        self, piece: int, promise: Promise, length: timedelta, clock: clocks.Clock
    ) -> Standing:
        return Standing(
            piece=piece,
            promise=promise,
            policy_version_id=self.choice.offer.version_id,
            calendar_version_id=self.calendar_version_id,
            because=self.choice.because,
            length=length,
            clock=clock,
        )


def _versions(known: Mapping[Key, Clock]) -> dict[int, tuple[int, int]]:
    """Return by which versions of policy and calendar promises were given, by what about."""
    return {
        piece: (clock.policy_version_id, clock.calendar_version_id)
        for (piece, _promise), clock in known.items()
    }


def _chosen(
    among: Sequence[Offer], matter: Matter, given: tuple[int, int] | None
) -> _Chosen | None:
    """Return which policy holds: the most specific one, in the version in which it was given."""
    choice = choose(among, matter)
    if choice is None:
        return None
    if given is not None:
        version_id, calendar_version_id = given
        if stored.policy_of(version_id) == choice.offer.policy_id:
            offer = replace(choice.offer, version_id=version_id, terms=stored.terms_of(version_id))
            return _Chosen(Choice(offer, choice.because), calendar_version_id)
    return _Chosen(choice, stored.newest_calendar_version(choice.offer.terms.calendar_id))


# ---- How it stands ----


def _of_ticket(ticket: Ticket, told: Told, chosen: _Chosen | None) -> Iterator[Standing]:
    if chosen is None:
        return
    terms, calendar, moment = chosen.terms, chosen.calendar, now()
    life = told.life(terms.waits)
    for promise in PROMISES[Scope.TICKET]:
        length = terms.length(promise, ticket.priority)
        if length is None:
            continue
        clock = _run(ticket, calendar, promise, length, life, until=moment)
        if clock is None:
            continue
        if promise is Promise.NEXT_REPLY and clock.round == 1 and _first_is_promised(terms, ticket):
            # The first question is answered by the first reply, which has a promise of its own.
            continue
        yield chosen.standing(WHOLE, promise, length, clock)


def _first_is_promised(terms: Terms, ticket: Ticket) -> bool:
    return terms.length(Promise.FIRST_REPLY, ticket.priority) is not None


def _of_part(ticket: Ticket, told: Told, part: Part, chosen: _Chosen | None) -> Iterator[Standing]:
    if chosen is None:
        return
    life = told.life_of_part(part, chosen.terms.waits)
    for promise in PROMISES[Scope.TEAM]:
        length = chosen.terms.length(promise, ticket.priority)
        if length is not None:
            clock = _run(ticket, chosen.calendar, promise, length, life, until=now())
            if clock is not None:
                yield chosen.standing(part.piece, promise, length, clock)


def _run(
    ticket: Ticket,
    calendar: Calendar,
    promise: Promise,
    length: timedelta,
    life: Life,
    *,
    until: datetime,
) -> clocks.Clock | None:
    """Run a clock; None for a promise that its calendar has no hours for.

    Somebody may set up such a calendar. Nobody's mail must be refused for it.
    """
    try:
        return clocks.run(calendar, promise, length, life, until=until, explain=False)
    except NeverOpens:
        log.warning(
            "Ticket %s: %s has no due moment, its calendar does not open for so long",
            ticket.id,
            promise.value,
        )
        return None


def _of_supplier(ticket: Ticket, part: SupplierPart, chosen: _Chosen | None) -> Iterator[Standing]:
    if chosen is None:
        return
    length = chosen.terms.length(Promise.FIX, ticket.priority)
    try:
        found = run_supplier(chosen.calendar, length, part, until=now(), explain=False)
    except NeverOpens:
        log.warning("Ticket %s: a supplier's calendar does not open for so long", ticket.id)
        return
    if found is not None:
        piece = piece_of(part.supplier_id)
        yield chosen.standing(piece, Promise.FIX, *found)


def run_supplier(
    calendar: Calendar,
    length: timedelta | None,
    part: SupplierPart,
    *,
    until: datetime,
    explain: bool,
) -> tuple[timedelta, clocks.Clock] | None:
    """Return how long a supplier has, in open time, and how that stands.

    ``length`` is what the policy says; what they promised themselves decides when it is sooner,
    or all there is. None when there is neither.
    """
    own = _until_promised(calendar, part)
    if own is None or part.promised_at is None:
        if length is None:
            return None
        clock = clocks.run(calendar, Promise.FIX, length, part.life, until=until, explain=explain)
        return length, replace(clock, round=max(1, part.told))
    if length is not None and length <= own:
        clock = clocks.run(calendar, Promise.FIX, length, part.life, until=until, explain=explain)
        return length, replace(clock, round=max(1, part.told))
    clock = clocks.run(calendar, Promise.FIX, own, part.life, until=until, explain=explain)
    # They named a moment, perhaps one at which nobody works here: it is that moment.
    late = (clock.met_at or until) >= part.promised_at
    return own, replace(
        clock,
        round=max(1, part.told),
        due=part.promised_at if clock.due is not None else None,
        reached=part.promised_at if late else None,
    )


def _until_promised(calendar: Calendar, part: SupplierPart) -> timedelta | None:
    """Return the open time that a supplier has used when what they promised comes due."""
    if part.promised_at is None:
        return None
    before = tuple(one for one in part.life.happenings if one.at < part.promised_at)
    life = Life(part.life.begins, before)
    if part.promised_at <= life.begins:
        return SHORTEST
    clock = clocks.run(calendar, Promise.FIX, SHORTEST, life, until=part.promised_at, explain=False)
    return max(clock.used, SHORTEST)

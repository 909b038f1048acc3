"""Clocks of tickets: made, brought into step with the journal, and compared with what they were.

``refresh`` is called for every event that could matter. It runs each clock from the beginning of
the journal and writes down how it stands; nothing is counted up step by step, so an event that is
told late, undone or declared a mistake needs no special care.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.models import Desk
from helpdesk.sla import clocks, journal, missed, stored
from helpdesk.sla.clocks import Promise
from helpdesk.sla.coming import coming, key_of, steps_done
from helpdesk.sla.journal import Line, NamedStatus
from helpdesk.sla.models import Clock
from helpdesk.sla.policy import PROMISES, Choice, Matter, Offer, Scope, Terms, choose
from helpdesk.tickets.desk import Category
from helpdesk.tickets.events import JournalWritten
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.due import Due, place_again, set_due

WHOLE = 0
"""``Clock.piece`` of what is about the whole ticket."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one promise stands, with the versions by which it was worked out."""

    promise: Promise
    policy_version_id: int
    calendar_version_id: int
    because: tuple[str, ...]
    length: timedelta
    clock: clocks.Clock

    @property
    def state(self) -> str:
        """``running``, ``halted``, ``met`` or ``none`` (nothing is owed, nothing was kept)."""
        if self.clock.due is not None:
            return "running"
        if self.clock.halted is not None:
            return "halted"
        return "met" if self.clock.met_at is not None else "none"


def on_journal_written(event: JournalWritten) -> None:
    """Bring a ticket's clocks into step with what just happened."""
    if event.entry.verb == "log":
        _keep(event.ticket, [journal.line_of(event.entry)], known={})
    elif event.entry.verb not in journal.IRRELEVANT:
        _keep(event.ticket, journal.lines_of(event.ticket.id), known=clocks_of(event.ticket.id))


def refresh(ticket: Ticket) -> None:
    """Work out all clocks of a ticket from its journal and write them down.

    Promises that were given stay: a policy or calendar that was edited since changes nothing
    here. Only when another policy has become the most specific (priority, category, customer …
    changed) does its newest version take over.
    """
    _keep(ticket, journal.lines_of(ticket.id), known=clocks_of(ticket.id))
    place_again(ticket)


def clocks_of(ticket_id: int, piece: int = WHOLE) -> dict[Promise, Clock]:
    """Return the clocks of a ticket by promise."""
    rows = db.session.scalars(
        select(Clock).where(Clock.ticket_id == ticket_id, Clock.piece == piece)
    )
    return {Promise(row.promise): row for row in rows}


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
    if any(conditions.support_levels for conditions in asked) and ticket.organisation is not None:
        organisation = ticket.organisation
        desk = db.session.get_one(Desk, 1)
        opened_on = ticket.opened_at.astimezone(ZoneInfo(desk.time_zone)).date()
        if organisation.support_until is None or opened_on <= organisation.support_until:
            level = organisation.support_level
    return Matter(
        kind=ticket.kind,
        priority=ticket.priority,
        queue_id=ticket.queue_id,
        categories=frozenset(categories),
        vip=any(conditions.vip for conditions in asked) and ticket.customer.vip,
        organisation_id=ticket.organisation_id,
        support_level=level,
    )


def _first_is_promised(terms: Terms, ticket: Ticket) -> bool:
    return terms.length(Promise.FIRST_REPLY, ticket.priority) is not None


def stand(
    ticket: Ticket,
    choice: Choice,
    lines: Sequence[Line],
    known: dict[int, NamedStatus],
    *,
    calendar_version_id: int,
) -> list[Standing]:
    """Work out how everything stands that a policy promises for a ticket."""
    terms = choice.offer.terms
    calendar = stored.calendar_of(calendar_version_id)
    life = journal.life_of(lines, known, waits=terms.waits)
    moment = now()
    found = []
    for promise in PROMISES[Scope.TICKET]:
        length = terms.length(promise, ticket.priority)
        if length is None:
            continue
        clock = clocks.run(calendar, promise, length, life, until=moment, explain=False)
        if promise is Promise.NEXT_REPLY and clock.round == 1 and _first_is_promised(terms, ticket):
            # The first question is answered by the first reply, which has a promise of its own.
            continue
        found.append(
            Standing(
                promise=promise,
                policy_version_id=choice.offer.version_id,
                calendar_version_id=calendar_version_id,
                because=choice.because,
                length=length,
                clock=clock,
            )
        )
    return found


def chosen_for(ticket: Ticket, known: dict[Promise, Clock]) -> tuple[Choice, int] | None:
    """Return which policy holds for a ticket, and the version of the calendar it counts by.

    The policy is that which is the most specific now. If it is the one whose promises the ticket
    was given, they stay in the version in which they were given.
    """
    among = stored.offers(Scope.TICKET)
    choice = choose(among, matter_of(ticket, among))
    if choice is None:
        return None
    given = next(iter(known.values()), None)
    if given is not None:
        version_id = given.policy_version_id
        if stored.policy_of(version_id) == choice.offer.policy_id:
            offer = replace(choice.offer, version_id=version_id, terms=stored.terms_of(version_id))
            return Choice(offer, choice.because), given.calendar_version_id
    return choice, stored.newest_calendar_version(choice.offer.terms.calendar_id)


def _keep(ticket: Ticket, lines: Sequence[Line], *, known: dict[Promise, Clock]) -> None:
    chosen = chosen_for(ticket, known)
    standings: list[Standing] = []
    if chosen is not None and lines:
        choice, calendar_version_id = chosen
        standings = stand(
            ticket,
            choice,
            lines,
            journal.statuses(),
            calendar_version_id=calendar_version_id,
        )
    write_down(ticket, standings, known)


def write_down(ticket: Ticket, standings: Sequence[Standing], known: dict[Promise, Clock]) -> None:
    """Store how everything stands; a clock of what is no longer promised goes."""
    promised = set()
    # Only where a policy says so can a step have been done before.
    escalates = bool(standings) and bool(stored.terms_of(standings[0].policy_version_id).steps)
    done = steps_done(list(known.values())) if known and escalates else {}
    for standing in standings:
        promised.add(standing.promise)
        row = known.get(standing.promise)
        if row is None:
            row = Clock(ticket_id=ticket.id, piece=WHOLE, promise=standing.promise.value)
            db.session.add(row)
        before = (row.missed_at, row.round or 0)
        _set(row, standing)
        missed.keep(ticket, row, before)
        row.next_at = next((one.at for one in coming(row, done.get(key_of(row), ()))), None)
    for promise, row in known.items():
        if promise not in promised:
            db.session.delete(row)
    set_due(ticket, soonest(standings))


def soonest(standings: Sequence[Standing]) -> Due | None:
    """Return what is due first among the clocks that run; None when none does."""
    running = [
        (standing.clock.due, standing.promise.value, standing.clock.owed_since)
        for standing in standings
        if standing.clock.due is not None and standing.clock.owed_since is not None
    ]
    return Due(*min(running)) if running else None


def _set(row: Clock, standing: Standing) -> None:
    clock = standing.clock
    length = round(standing.length.total_seconds())
    # A clock that simply went on shows the same whenever it was last counted: most events change
    # none of a ticket's clocks, and then nothing is written.
    went_on = (
        row.state == standing.state
        and row.due_at == clock.due
        and row.missed_at == clock.reached
        and row.round == clock.round
        and row.length == length
        and row.calendar_version_id == standing.calendar_version_id
        and (row.state == "running" or row.used == round(clock.used.total_seconds()))
    )
    if not went_on:
        row.used = round(clock.used.total_seconds())
        row.counted_at = clock.until
    row.policy_version_id = standing.policy_version_id
    row.calendar_version_id = standing.calendar_version_id
    if row.because != list(standing.because):
        row.because = list(standing.because)
    row.length = length
    row.state = standing.state
    row.owed_since = clock.owed_since
    row.round = clock.round
    row.due_at = clock.due
    row.met_at = clock.met_at
    row.missed_at = clock.reached

"""Giving work out: in turn, to who has least to do, or to who knows most about it.

Only those are chosen who can begin: in the queue's team, with an account, available, and not
away. When there is nobody the ticket stays with the queue, and its history says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.people.absent import away_now
from helpdesk.people.models import Account, Person, PersonSkill, TeamMember
from helpdesk.rules import choices
from helpdesk.rules.actions import NOTHING, Action, Ask, Change, Given, Param, Running, register
from helpdesk.rules.facts import Facts
from helpdesk.rules.models import RuleTurn
from helpdesk.rules.setting import DONE, GONE, NO_CHANGE
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.models import Assignment, Ticket

NOBODY = "nobody-free"


class Way(StrEnum):
    """How somebody is chosen."""

    TURN = "in-turn"
    LEAST_BUSY = "least-busy"
    SKILL = "skill"


WAYS = {
    Way.TURN: _l("in turn, available"),
    Way.LEAST_BUSY: _l("least busy, available"),
    Way.SKILL: _l("knows most about it, available"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could begin now."""

    person_id: int
    load: int
    """Open assignments they hold, in all queues."""
    level: int
    """How well they know what is asked for; 0 when nothing is."""


def choose(way: Way, candidates: Sequence[Candidate], last: int | None) -> Candidate | None:
    """Return who gets the work; ``last`` is who got some last. None when nobody could."""
    if not candidates:
        return None
    in_turn = sorted(candidates, key=lambda one: (one.person_id <= (last or 0), one.person_id))
    place = {one.person_id: number for number, one in enumerate(in_turn)}
    match way:
        case Way.TURN:
            return in_turn[0]
        case Way.LEAST_BUSY:
            return min(candidates, key=lambda one: (one.load, place[one.person_id]))
        case Way.SKILL:
            known = [one for one in candidates if one.level]
            return min(
                known, key=lambda one: (-one.level, one.load, place[one.person_id]), default=None
            )


def candidates(queue: Queue, skill_id: int | None) -> list[Candidate]:
    """Return who of a queue's team could begin now."""
    level = (
        select(PersonSkill.level)
        .where(PersonSkill.person_id == Person.id, PersonSkill.skill_id == skill_id)
        .scalar_subquery()
    )
    load = (
        select(func.count())
        .where(
            Assignment.technician_id == Person.id,
            Assignment.state.in_(sorted(OPEN_ASSIGNMENT)),
        )
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Person.id, load, func.coalesce(level, 0))
        .join(TeamMember, TeamMember.person_id == Person.id)
        .join(Account, Account.person_id == Person.id)
        .where(
            TeamMember.team_id == queue.team_id,
            Person.is_technician,
            Person.retired_at.is_(None),
            Account.deactivated_at.is_(None),
            Account.availability == "available",
        )
        .order_by(Person.id)
    )
    away = away_now()
    return [Candidate(*row) for row in rows if row[0] not in away]


def _find(ticket: Ticket, given: Given, *, lock: bool = False) -> tuple[Queue | None, int | None]:
    """Return the queue that is meant, and who of it would get the ticket."""
    queue = db.session.get(Queue, given.get("queue") or ticket.queue_id)
    if queue is None or queue.retired_at is not None:
        return None, None
    turn = db.session.get(RuleTurn, queue.id, with_for_update=lock or None)
    found = choose(
        Way(given["way"]),
        candidates(queue, given.get("skill")),
        turn.person_id if turn is not None else None,
    )
    return queue, found.person_id if found is not None else None


def _assign(running: Running, given: Given) -> str:
    ticket = running.ticket
    if ticket.status_class not in UNFINISHED:
        return NO_CHANGE
    held = [row for row in ticket.assignments if row.state in OPEN_ASSIGNMENT]
    if any(row.technician_id is not None for row in held):
        # Somebody has it. Taking it from them is for a person to decide.
        return NO_CHANGE
    queue, person_id = _find(ticket, given, lock=True)
    if queue is None:
        return GONE
    if person_id is None:
        return NOBODY
    person = db.session.get_one(Person, person_id)
    services.hand_over(
        running.actor,
        ticket,
        services.Target(queue, person),
        reason=running.rule_name,
        sorting=True,
    )
    turn = db.session.get(RuleTurn, queue.id)
    if turn is None:
        db.session.add(RuleTurn(queue_id=queue.id, person_id=person_id))
    else:
        turn.person_id = person_id
    return DONE


def _foresee(facts: Facts, given: Given) -> Sequence[Change]:
    ticket = facts.ticket
    if ticket.status_class not in UNFINISHED or ticket.owner_id is not None:
        return NOTHING
    # Who is free now says nothing about then.
    return (Change("owner", "", str(WAYS[Way(given["way"])])),)


def _assign_to(running: Running, given: Given) -> str:
    ticket = running.ticket
    person = db.session.get(Person, given["technician"])
    if person is None or person.retired_at is not None or not person.is_technician:
        return GONE
    holds = any(
        row.technician_id == person.id for row in ticket.assignments if row.state in OPEN_ASSIGNMENT
    )
    if holds or ticket.status_class not in UNFINISHED:
        return NO_CHANGE
    target = services.Target(ticket.queue, person)
    services.hand_over(running.actor, ticket, target, reason=running.rule_name, sorting=True)
    return DONE


def _foresee_to(facts: Facts, given: Given) -> Sequence[Change]:
    ticket, person = facts.ticket, db.session.get(Person, given["technician"])
    if person is None or ticket.owner_id == person.id or ticket.status_class not in UNFINISHED:
        return NOTHING
    return (Change("owner", ticket.owner.name if ticket.owner else "", person.name),)


_ACTIONS = [
    Action(
        "assign",
        _l("Assign to"),
        _assign,
        (
            Param("way", _l("Who"), Ask.CHOICE, choices.of_words(WAYS), words=frozenset(Way)),
            Param("queue", _l("Queue"), Ask.CHOICE, choices.queues, needed=False),
            Param(
                "skill",
                _l("Skill"),
                Ask.CHOICE,
                choices.skills,
                needed=False,
                only_with=("way", frozenset({Way.SKILL.value})),
            ),
        ),
        _foresee,
        "owner",
        icon="user-plus",
        says=_l("assign it to who is %(way)s"),
    ),
    Action(
        "assign-to",
        _l("Assign to technician"),
        _assign_to,
        (Param("technician", _l("Technician"), Ask.CHOICE, choices.technicians),),
        _foresee_to,
        "owner",
        icon="user-plus",
        says=_l("assign it to %(technician)s"),
    ),
]


def register_shipped() -> None:
    """Register all of them; ``app.create_app`` does."""
    for action in _ACTIONS:
        register(action)

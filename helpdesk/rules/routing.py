"""Giving work out: in turn, to who has least to do, or to who knows most about it.

Only those are chosen of the queue's team who may be given work now, as ``queries.ready`` says:
within their working hours, available, there, with room for more. When there is nobody the ticket
stays with the queue, and its history says why. By hand anybody can be given anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import Person, TeamMember
from helpdesk.rules import choices
from helpdesk.rules.actions import NOTHING, Action, Ask, Change, Given, Param, Running, register
from helpdesk.rules.facts import Facts
from helpdesk.rules.models import RuleTurn
from helpdesk.rules.setting import DONE, GONE, NO_CHANGE
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import ready
from helpdesk.tickets.queries.needs import Known, Needs, known_by, needs_of

NOBODY = "nobody-free"
FULL = "all-at-limit"
UNSKILLED = "nobody-with-skill"
"""What a run says came of it: nobody could begin; those who could are at their limit; nobody who
knows what is asked for could."""


class Way(StrEnum):
    """How somebody is chosen."""

    TURN = "in-turn"
    LEAST_BUSY = "least-busy"
    SKILL = "skill"


WAYS = {
    Way.TURN: _l("whose turn it is"),
    Way.LEAST_BUSY: _l("the least busy who is there"),
    Way.SKILL: _l("who knows most about it"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who is there and could begin now, if they have room for it."""

    person_id: int
    load: int
    """Open work they have in hand, in all queues; see ``load.in_hand``."""
    most: int | None
    """How much of it rules give them at once; None sets no limit."""
    level: int
    """How well they know what is asked for, 0 not at all; counts for ``Way.SKILL`` alone."""

    @property
    def has_room(self) -> bool:
        """Whether rules may give them more."""
        return self.most is None or self.load < self.most


def choose(way: Way, candidates: Sequence[Candidate], last: int | None) -> Candidate | str:
    """Return who gets the work, or why nobody does: NOBODY, FULL or UNSKILLED.

    ``last`` is who got some last. Whoever comes after them in the order of their keys is next,
    and between people who are equal in everything else that decides.
    """
    fit = [one for one in candidates if one.level or way is not Way.SKILL]
    free = [one for one in fit if one.has_room]
    if not free:
        nobody = UNSKILLED if way is Way.SKILL else NOBODY
        return FULL if fit else nobody

    def rank(one: Candidate) -> tuple[int, int, bool, int]:
        turn = (one.person_id <= (last or 0), one.person_id)
        match way:
            case Way.TURN:
                return (0, 0, *turn)
            case Way.LEAST_BUSY:
                return (0, one.load, *turn)
            case Way.SKILL:
                return (-one.level, one.load, *turn)

    return min(free, key=rank)


def candidates(queue: Queue, needs: Needs | None) -> list[Candidate]:
    """Return who of a queue's team could begin now, whether or not they have room.

    ``needs`` is what has to be known and spoken; None when that makes no difference.
    """
    members = select(TeamMember.person_id).where(TeamMember.team_id == queue.team_id)
    there = {
        key: standing.load
        for key, standing in ready.standings(db.session.scalars(members).all()).items()
        if standing.hindrance in (None, ready.Hindrance.FULL)
    }
    known = known_by(there) if needs is not None else {}
    return [
        Candidate(key, load.in_hand, load.most, _level(known[key], needs) if needs else 0)
        for key, load in sorted(there.items())
    ]


def _level(known: Known, needs: Needs) -> int:
    """Return how well somebody fits: 0 not at all; 1 where nothing is asked of anybody."""
    if needs.language and not known.speaks(needs.language):
        return 0
    return known.levels.get(needs.skill_id, 0) if needs.skill_id is not None else 1


def _asked_for(ticket: Ticket, given: Given) -> Needs | None:
    """Return what an assignment by skill asks for: what the rule names, else what the ticket does.

    What a rule names is asked for alone: who wrote it has said what counts.
    """
    if Way(given["way"]) is not Way.SKILL:
        return None
    skill_id = given.get("skill")
    if skill_id is not None:
        return Needs(skill_id)
    return needs_of(ticket.category_id, ticket.language)


def _assign(running: Running, given: Given) -> str:
    ticket = running.ticket
    if ticket.status_class not in UNFINISHED:
        return NO_CHANGE
    held = [row for row in ticket.assignments if row.state in OPEN_ASSIGNMENT]
    if any(row.technician_id is not None for row in held):
        # Somebody has it. Taking it from them is for a person to decide.
        return NO_CHANGE
    queue = db.session.get(Queue, given.get("queue") or ticket.queue_id)
    if queue is None or queue.retired_at is not None:
        return GONE
    turn = db.session.get(RuleTurn, queue.id, with_for_update=True)
    found = choose(
        Way(given["way"]),
        candidates(queue, _asked_for(ticket, given)),
        turn.person_id if turn is not None else None,
    )
    if isinstance(found, str):
        return found
    person = db.session.get_one(Person, found.person_id)
    services.hand_over(
        running.actor,
        ticket,
        services.Target(queue, person),
        reason=running.rule_name,
        sorting=True,
    )
    if turn is None:
        db.session.add(RuleTurn(queue_id=queue.id, person_id=person.id))
    else:
        turn.person_id = person.id
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
        says=_l("assign it to %(way)s"),
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

"""Giving work out: in turn, to who has least to do, or to who knows most about it.

Only those are chosen who can begin: in the queue's team, with an account, available, not away,
there (where the desk asks for that) and with room for more. When there is nobody the ticket stays
with the queue, and its history says why. By hand anybody can be given anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select, true

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.absent import away_now
from helpdesk.people.models import Account, Desk, Person, PersonSkill, SignInSession, TeamMember
from helpdesk.rules import choices
from helpdesk.rules.actions import NOTHING, Action, Ask, Change, Given, Param, Running, register
from helpdesk.rules.facts import Facts
from helpdesk.rules.models import RuleTurn
from helpdesk.rules.setting import DONE, GONE, NO_CHANGE
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.queries.load import in_hand, most_at_once

NOBODY = "nobody-free"
FULL = "all-at-limit"
"""What a run says came of it: nobody could begin; those who could are at their limit."""


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
    """Somebody who is there and could begin now, if they have room for it."""

    person_id: int
    load: int
    """Open work they have in hand, in all queues; see ``load.in_hand``."""
    most: int | None
    """How much of it rules give them at once; None sets no limit."""
    level: int
    """How well they know what is asked for; 0 when nothing is."""

    @property
    def has_room(self) -> bool:
        """Whether rules may give them more."""
        return self.most is None or self.load < self.most


def choose(way: Way, candidates: Sequence[Candidate], last: int | None) -> Candidate | str:
    """Return who gets the work, or why nobody does: NOBODY or FULL.

    ``last`` is who got some last. Whoever comes after them in the order of their keys is next,
    and between people who are equal in everything else that decides.
    """
    fit = [one for one in candidates if one.level or way is not Way.SKILL]
    free = [one for one in fit if one.has_room]
    if not free:
        return FULL if fit else NOBODY

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


def candidates(queue: Queue, skill_id: int | None) -> list[Candidate]:
    """Return who of a queue's team is there now, whether or not they have room."""
    level = (
        select(PersonSkill.level)
        .where(PersonSkill.person_id == Person.id, PersonSkill.skill_id == skill_id)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Person.id, in_hand(), most_at_once(), func.coalesce(level, 0))
        .join(TeamMember, TeamMember.person_id == Person.id)
        .join(Account, Account.person_id == Person.id)
        .where(
            TeamMember.team_id == queue.team_id,
            Person.is_technician,
            Person.retired_at.is_(None),
            Account.deactivated_at.is_(None),
            Account.availability == "available",
            _is_there(),
        )
        .order_by(Person.id)
    )
    away = away_now()
    return [Candidate(*row) for row in rows if row[0] not in away]


def _is_there() -> ColumnElement[bool]:
    """Return whether an account has a page open, as far as the desk asks for it.

    A session that was signed out of says nothing, however lately it was used.
    """
    minutes = db.session.scalar(select(Desk.silent_minutes).limit(1))
    if minutes is None:
        return true()
    moment = now()
    return (
        select(SignInSession.id)
        .where(
            SignInSession.account_id == Account.id,
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > moment,
            SignInSession.seen_at > moment - timedelta(minutes=minutes),
        )
        .correlate(Account)
        .exists()
    )


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
        candidates(queue, given.get("skill")),
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

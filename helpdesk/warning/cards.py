"""The cards "many people have this": what runs, what one does about it.

What runs is the same for everybody, because restricted tickets count nowhere: one query serves
all readers, remembered by each process for two seconds like the counts beside the lists.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, case, or_, select, update
from sqlalchemy.orm import aliased

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Channel, Organisation, Person, Site
from helpdesk.tickets import services
from helpdesk.tickets.companions import Link
from helpdesk.tickets.desk import Category, Queue
from helpdesk.tickets.lifecycle import FINISHED, Kind, LinkType
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import NotFound, get_for, many_for
from helpdesk.tickets.queries.counts import memory
from helpdesk.tickets.services import NewTicket, Refused
from helpdesk.warning.models import Matter, Spike, SpikeTicket
from helpdesk.warning.spikes import KIND, TOPIC
from helpdesk.web.live import announce

MOST_TICKETS = 400
"""Tickets of all cards together that a page shows."""


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket of a burst, as its card shows it."""

    number: int
    subject: str
    customer_id: int
    customer: str
    opened_at: datetime
    gathered: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A burst that runs and that nobody has dismissed."""

    id: int
    matter: Matter
    subject: str
    """The category, site or organisation by its name."""
    raised_at: datetime
    usual: float
    hours: int
    problem: int | None
    lines: tuple[Line, ...]

    @property
    def people(self) -> int:
        """How many people they are."""
        return len({line.customer_id for line in self.lines})

    @property
    def numbers(self) -> list[int]:
        """The numbers of its tickets."""
        return [line.number for line in self.lines]

    @property
    def loose(self) -> int:
        """How many of its tickets are not under its problem ticket."""
        return sum(not line.gathered for line in self.lines)

    @property
    def headline(self) -> str:
        """What the notice and the problem ticket are about, in one line."""
        return str(_("Many people report: %(subject)s", subject=self.subject))


def running(actor: Actor, *, afresh: bool = False) -> list[Card]:
    """Return the cards an actor may see, newest first.

    ``afresh`` asks the database whatever is remembered.
    """
    if not actor.can(Permission.TICKET_READ):
        return []
    asked_by = None if afresh else actor.person_id
    return memory().recall(asked_by, "spikes", _running, shared=True)


def _running() -> list[Card]:
    problem = aliased(Ticket)
    rows = db.session.execute(
        select(
            Spike,
            SpikeTicket.gathered,
            Ticket.id.label("number"),
            Ticket.subject,
            Ticket.customer_id,
            Ticket.opened_at,
            Person.name.label("customer"),
            case(
                (Spike.matter == Matter.CATEGORY, Category.path),
                (Spike.matter == Matter.SITE, Site.name),
                else_=Organisation.name,
            ).label("about"),
        )
        .join(SpikeTicket, SpikeTicket.spike_id == Spike.id)
        .join(Ticket, Ticket.id == SpikeTicket.ticket_id)
        .join(Person, Person.id == Ticket.customer_id)
        .outerjoin(Category, and_(Spike.matter == Matter.CATEGORY, Category.id == Spike.subject_id))
        .outerjoin(Site, and_(Spike.matter == Matter.SITE, Site.id == Spike.subject_id))
        .outerjoin(
            Organisation,
            and_(Spike.matter == Matter.ORGANISATION, Organisation.id == Spike.subject_id),
        )
        .outerjoin(problem, problem.id == Spike.problem_id)
        .where(
            Spike.ended_at.is_(None),
            Spike.dismissed_at.is_(None),
            # Tickets may have become restricted, binned or merged meanwhile.
            Ticket.restricted.is_(False),
            Ticket.hidden_at.is_(None),
            # Once the problem is solved, or with people who work on it behind closed doors, there
            # is nothing left to do here.
            or_(
                problem.id.is_(None),
                and_(
                    problem.status_class.not_in(FINISHED),
                    problem.restricted.is_(False),
                    problem.hidden_at.is_(None),
                ),
            ),
        )
        .order_by(Spike.id.desc(), Ticket.id)
        .limit(MOST_TICKETS)
    ).all()
    cards: dict[int, tuple[Spike, str, list[Line]]] = {}
    for row in rows:
        spike: Spike = row.Spike
        about = row.about or ""
        _spike, _about, lines = cards.setdefault(spike.id, (spike, about, []))
        lines.append(
            Line(
                row.number,
                row.subject,
                row.customer_id,
                row.customer,
                row.opened_at,
                row.gathered,
            )
        )
    return [
        Card(
            id=spike.id,
            matter=Matter(spike.matter),
            subject=about,
            raised_at=spike.raised_at,
            usual=spike.usual,
            hours=spike.hours,
            problem=spike.problem_id,
            lines=tuple(lines),
        )
        for spike, about, lines in cards.values()
        if len(lines) > 1
    ]


def card_for(actor: Actor, spike_id: int) -> tuple[Spike, Card]:
    """Return a running burst, locked, with its card. Raises Denied, NotFound."""
    actor.demand(Permission.TICKET_WORK)
    spike = db.session.get(Spike, spike_id, with_for_update=True, populate_existing=True)
    card = next((card for card in _running() if card.id == spike_id), None)
    if spike is None or card is None:
        raise NotFound
    return spike, card


def dismiss(actor: Actor, spike: Spike) -> None:
    """Say that it is not the same matter: the card goes, and stays away for this burst."""
    actor.demand(Permission.TICKET_WORK)
    spike.dismissed_at, spike.dismissed_by_id = now(), actor.person_id
    _forget(actor)


def gather(actor: Actor, spike: Spike, card: Card) -> tuple[Ticket, int]:
    """Make the problem ticket of a burst unless there is one, and put its tickets under it.

    Returns it with how many tickets it gathered now; one that is under another ticket already
    stays there. Raises Denied, NotFound, Refused.
    """
    actor.demand(Permission.TICKET_WORK)
    tickets = many_for(actor, card.numbers, permission=Permission.TICKET_WORK)
    problem = _problem_of(actor, spike, card, tickets)
    elsewhere = set(
        db.session.scalars(
            select(Link.to_id).where(Link.to_id.in_(card.numbers), Link.type == LinkType.PARENT)
        )
    )
    linked = 0
    for ticket in tickets:
        if ticket.id in elsewhere:
            continue
        try:
            services.link(actor, problem, ticket, LinkType.PARENT)
        except Refused:
            # It was closed or put elsewhere meanwhile, which hinders no other.
            continue
        linked += 1
    db.session.execute(
        update(SpikeTicket)
        .where(SpikeTicket.spike_id == spike.id, SpikeTicket.ticket_id.in_(card.numbers))
        .values(gathered=True)
    )
    _forget(actor)
    return problem, linked


def _problem_of(actor: Actor, spike: Spike, card: Card, tickets: list[Ticket]) -> Ticket:
    if spike.problem_id is not None:
        return get_for(actor, spike.problem_id, permission=Permission.TICKET_WORK, lock=True)
    if not tickets or actor.person_id is None:
        raise Refused("spike-empty", _l("None of these tickets is there any more."))
    queue_id, _often = Counter(ticket.queue_id for ticket in tickets).most_common(1)[0]
    category_id, _often = Counter(ticket.category_id for ticket in tickets).most_common(1)[0]
    new = NewTicket(
        # The desk itself looks for the cause; whoever gathers them speaks for all.
        customer=db.session.get_one(Person, actor.person_id),
        subject=card.headline,
        body=_words(card),
        channel=Channel.STAFF,
        kind=Kind.PROBLEM,
        queue=db.session.get_one(Queue, queue_id),
        category=db.session.get(Category, category_id) if category_id is not None else None,
        impact=min(ticket.impact for ticket in tickets),
        urgency=min(ticket.urgency for ticket in tickets),
        public=False,
        inbound=False,
    )
    problem = services.log(actor, new)
    spike.problem_id = problem.id
    return problem


def _words(card: Card) -> str:
    lines = (f"{line.number} {line.subject} ({line.customer})" for line in card.lines)
    return "\n".join([card.headline, "", *lines])


def _forget(actor: Actor) -> None:
    announce(TOPIC, KIND)
    if actor.person_id is not None:
        memory().forget(actor.person_id)

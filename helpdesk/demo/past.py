"""The finished tickets of the last ninety days, lived one after the other."""

from dataclasses import replace
from datetime import datetime, timedelta

from helpdesk.demo import matters
from helpdesk.demo.matters import Matter
from helpdesk.demo.story import DAYS, Demo
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.people.models import Person
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import NewTicket, Said, Target


def log_at(demo: Demo, matter: Matter, customer: Person, at: datetime, by: str = "") -> Ticket:
    """Log a ticket at a moment; by a technician when somebody called."""
    spoken = matter.channel in {"phone", "walk-in"}
    with clock.at(at):
        return services.log(
            demo.actors[by or "mina"] if spoken or matter.channel == "staff" else SYSTEM,
            NewTicket(
                customer=customer,
                subject=matter.subject,
                body=matter.body,
                channel=matter.channel,
                kind=matter.kind,
                queue=demo.queues[matter.queue],
                category=demo.categories[matter.category],
                impact=matter.impact,
                urgency=matter.urgency,
                duration=demo.chance.randrange(60, 420) if spoken else None,
                language=matter.language,
            ),
        )


def in_other_words(matter: Matter, which: int) -> Matter:
    """Return a matter under one of the subjects that people choose for it."""
    subjects = (matter.subject, *matter.others)
    return replace(matter, subject=subjects[which % len(subjects)])


def live_past(demo: Demo, finished: int) -> None:
    """Live the finished tickets of the last ninety days, oldest first."""
    chance = demo.chance
    moments = sorted(
        demo.moment - timedelta(minutes=chance.randrange(2 * 1440, DAYS * 1440))
        for _number in range(finished)
    )
    for number, at in enumerate(moments):
        matter = in_other_words(chance.choice(matters.COMMON), chance.randrange(3))
        fitting = [person for person in demo.customers if person.language == matter.language]
        customer = chance.choice(fitting if matter.language != "en" else demo.customers)
        technician = demo.on_queue(matter.queue)
        ticket = log_at(demo, matter, customer, at, technician)
        actor = demo.actors[technician]
        later = at + timedelta(minutes=chance.randrange(3, 90))
        with clock.at(later):
            services.take(actor, ticket)
            if number % 9 == 4 and technician != "aisha":
                services.hand_over(
                    actor,
                    ticket,
                    Target(demo.queues[0], demo.technicians["aisha"]),
                    reason="Better placed with first line",
                )
                actor = demo.actors["aisha"]
        later += timedelta(minutes=chance.randrange(2, 150))
        with clock.at(later):
            if matter.note:
                services.note(actor, ticket, Said(body=matter.note))
            said = Said(body=matter.reply, duration=chance.randrange(120, 1500))
            services.reply(actor, ticket, said)
        later += timedelta(minutes=chance.randrange(5, 1200))
        _finish(demo, matter, ticket, actor, later, number)


def _finish(
    demo: Demo, matter: Matter, ticket: Ticket, actor: Actor, at: datetime, number: int
) -> None:
    def resolve(moment: datetime) -> None:
        with clock.at(moment):
            services.resolve(
                actor,
                ticket,
                outcome=Outcome.WORKAROUND if number % 13 == 0 else Outcome.SOLVED,
                solution=matter.solution,
                cause=demo.causes[matter.cause],
            )

    resolve(at)
    if number % 17 == 3:
        again = at + timedelta(hours=5)
        with clock.at(again):
            services.hear(
                ticket,
                services.Heard(ticket.customer, "It happens again, unfortunately."),
                reopen_days=5,
            )
        at = again + timedelta(hours=3)
        resolve(at)
    elif number % 5 == 0 and matter.language == "en":
        with clock.at(at + timedelta(hours=1)):
            services.hear(
                ticket, services.Heard(ticket.customer, "Thank you very much!"), reopen_days=5
            )
    closing = at + timedelta(days=5)
    if closing < demo.moment:
        with clock.at(closing):
            services.close(SYSTEM, ticket, quiet=True)

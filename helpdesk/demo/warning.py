"""What the demo desk warns of: tickets that are at risk for different reasons, and a burst."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.demo import matters
from helpdesk.demo.matters import Matter
from helpdesk.demo.past import log_at
from helpdesk.demo.promises import promised
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.people.access import Actor
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.services import Said, Target
from helpdesk.warning import cards, risk, spikes
from helpdesk.warning.models import Matter as SpikeMatter
from helpdesk.warning.models import Spike

ROAMING = [
    # Who says it in which words, minutes ago.
    ("Nadia Haddad", "Wi-Fi is gone on the second floor", 52),
    ("Emma Larsen", "No Wi-Fi since a few minutes ago", 47),
    ("Rachel Adler", "Laptop finds no wireless network", 41),
    ("Ben Carter", "Wi-Fi asks for a certificate it never asked for", 33),
    ("Kenji Mori", "Can’t get onto the Wi-Fi", 24),
    ("Joe Mensah", "Handhelds lost the Wi-Fi", 15),
]

WIFI = Matter(
    "",
    "It worked this morning. Colleagues beside me have the same.",
    "",
    "",
    "Network/Wi-Fi",
    "",
    1,
    impact=2,
)


def live_warnings(demo: Demo) -> None:
    """Log what the desk has to warn of."""
    for name, subject, minutes in ROAMING:
        at = demo.moment - timedelta(minutes=minutes)
        log_at(demo, replace(WIFI, subject=subject), demo.people[name], at)
    _asked_again(demo)
    _passed_around(demo)


def _asked_again(demo: Demo) -> None:
    """Leave somebody without an answer who wrote again."""
    matter = replace(
        matters.COMMON[1],
        subject="Calendar invitations arrive an hour late",
        body="Since Monday my invitations show the wrong time to others.",
    )
    customer = demo.people["Omar Aziz"]
    given = promised(demo, matter, customer)
    at = given.ago(demo.moment, timedelta(minutes=100))
    ticket = log_at(demo, matter, customer, at)
    with clock.at(given.later(at, timedelta(minutes=12))):
        services.take(demo.actors["mina"], ticket)
    with clock.at(given.later(at, timedelta(minutes=75))):
        said = services.Heard(ticket.customer, "Did you get this? The next meeting is at four.")
        services.hear(ticket, said, reopen_days=5)


def _passed_around(demo: Demo) -> None:
    """Let a ticket go from hand to hand, be solved too early and come back."""
    matter = replace(
        matters.COMMON[1],
        subject="Shared printer drops jobs from the ERP",
        body="Every third delivery note never comes out of the printer.",
        category="Hardware/Printer",
        queue=0,
    )
    customer = demo.people["Ana Duarte"]
    given = promised(demo, matter, customer)
    at = given.ago(demo.moment, timedelta(minutes=150))
    ticket = log_at(demo, matter, customer, at)
    holder = "mina"
    with clock.at(given.later(at, timedelta(minutes=5))):
        services.take(demo.actors[holder], ticket)
    for minutes, (queue, name, reason) in enumerate(
        [
            (4, "ting", "The queue is fine, the ERP sends nothing"),
            (1, "marcus", "The job leaves the ERP, look at the network"),
            (0, "aisha", "The network is clean, it needs somebody on site"),
        ],
        start=1,
    ):
        target = Target(demo.queues[queue], demo.technicians[name])
        with clock.at(given.later(at, timedelta(minutes=minutes * 20))):
            services.hand_over(demo.actors[holder], ticket, target, reason=reason)
        holder = name
    actor = demo.actors[holder]
    with clock.at(given.later(at, timedelta(minutes=80))):
        services.acknowledge(actor, ticket)
        services.reply(actor, ticket, Said(body="I restarted the print server; please try again."))
    with clock.at(given.later(at, timedelta(minutes=90))):
        services.resolve(
            actor,
            ticket,
            outcome=Outcome.WORKAROUND,
            cause=demo.causes["Hardware fault"],
            solution="Restarted the print server.",
        )
    with clock.at(given.later(at, timedelta(minutes=130))):
        said = services.Heard(ticket.customer, "It happens again, every third note is missing.")
        services.hear(ticket, said, reopen_days=5)


def warn(karen: Actor) -> None:
    """Let the desk look at what time has brought, as the worker would."""
    risk.judge_risks()
    spikes.watch_for_spikes()
    with transaction():
        # A desk whose whole past was lived in seconds has busy sites; its lead has looked at them.
        for spike in db.session.scalars(select(Spike).where(Spike.matter != SpikeMatter.CATEGORY)):
            cards.dismiss(karen, spike)

"""One ticket of the demo from its mail to a broken promise, with all that happens by itself.

It is lived before any other open ticket, so that the sweeps of its day find nothing but its clocks.
"""

from collections.abc import Callable
from datetime import timedelta

from helpdesk.demo import telling
from helpdesk.demo.matters import Matter
from helpdesk.demo.past import log_at
from helpdesk.demo.promises import promised
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.sla import escalation, missed
from helpdesk.sla.clocks import Promise
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import MissReason
from helpdesk.tickets.services import Heard, Said
from helpdesk.tickets.services.expect import note_times_passed

STORY = Matter(
    "Month-end report prints without its totals",
    "The report FIN-12 has all lines but no totals since the update last night."
    " The auditors want it on paper.",
    "I see it too. The totals come from a query that the update replaced; I am putting it back.",
    "",
    "Software/ERP",
    "",
    4,
    urgency=1,
)
LATE = 1.25
"""How much of the time promised is gone when the demo begins."""


def live_breach(demo: Demo) -> None:
    """Live the ticket: each step at a share of the time in which it was to be fixed."""
    ting, clara = demo.actors["ting"], demo.actors["clara"]
    customer = demo.people["Sofia Reyes"]
    given = promised(demo, STORY, customer)
    fix = given.length(Promise.FIX)
    opened = given.ago(demo.moment, fix * LATE)
    ticket = log_at(demo, STORY, customer, opened)
    told = given.later(opened, fix * 0.9)
    soon = demo.moment + timedelta(hours=2)
    asked = Heard(customer, "The auditors are here at nine. Any news?")
    steps: list[tuple[float, Callable[[], object]]] = [
        (0.04, lambda: services.take(ting, ticket)),
        (0.06, lambda: services.expect(ting, ticket, told)),
        (0.07, lambda: services.reply(ting, ticket, Said(STORY.reply))),
        (0.751, escalation.deal_with_due),
        (0.901, note_times_passed),
        (0.95, lambda: services.hear(ticket, asked, reopen_days=5)),
        (1.001, escalation.deal_with_due),
        (1.04, lambda: services.note(clara, ticket, Said("I have told the auditors’ host."))),
        (1.1, lambda: missed.explain(ting, ticket, MissReason.HARD)),
        (1.11, lambda: services.expect(ting, ticket, soon.replace(second=0, microsecond=0))),
        (
            1.12,
            lambda: services.reply(
                ting,
                ticket,
                Said("This takes longer than I said: the old query no longer fits. I am sorry."),
            ),
        ),
    ]

    for share, step in steps:
        at = given.later(opened, fix * share)
        telling.tell(at)
        with clock.at(at):
            step()

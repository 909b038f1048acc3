"""The alert board of the demo desk: an outage that runs, work to come, trouble that is over."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from helpdesk.board import fixing, linking, writing
from helpdesk.board.models import Audience, Severity
from helpdesk.board.writing import Wording
from helpdesk.db import db
from helpdesk.demo import matters
from helpdesk.demo.past import log_at
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.tickets import services
from helpdesk.tickets.companions import Link
from helpdesk.tickets.lifecycle import LinkType, Outcome
from helpdesk.tickets.models import Ticket

HERE = ZoneInfo("Asia/Hong_Kong")


def live_board(demo: Demo, today: dict[str, Ticket]) -> None:
    """Write on the board what the desk knows of."""
    _over(demo)
    _running(demo, today)
    _to_come(demo)


def _running(demo: Demo, today: dict[str, Ticket]) -> None:
    karen = demo.actors["karen"]
    problem = today["VPN gateway HK-GW1 drops sessions at rekey"]
    with clock.at(demo.moment - timedelta(minutes=75)):
        alert = writing.write(
            karen,
            Wording(
                "HK VPN gateway drops everybody twice an hour",
                "HK-GW1 loses its tunnels at every rekey. Move people who can’t wait to the"
                " Singapore gateway: FortiClient, Settings, Gateway “SGP-GW1”.",
                Severity.OUTAGE,
                Audience.PUBLIC,
                demo.moment - timedelta(minutes=200),
                demo.moment + timedelta(hours=7),
            ),
        )
        children = select(Link.to_id).where(
            Link.from_id == problem.id, Link.type == LinkType.PARENT
        )
        reported = select(Ticket).where(Ticket.id.in_(children)).order_by(Ticket.id)
        linked = db.session.scalars(reported).all()
    for ticket in [problem, *linked]:
        # A journal runs forward: after all that happened to the ticket.
        at = ticket.updated_at + timedelta(seconds=40)
        with clock.at(min(max(at, demo.moment - timedelta(minutes=74)), demo.moment)):
            linking.link(karen, alert, ticket)
    with clock.at(demo.moment - timedelta(minutes=28)):
        writing.say(
            karen,
            alert,
            "We found the cause: the rekey interval. The carrier changes it on their side.",
        )
        linking.tell_me(demo.actors["priya"], alert, True)


def _to_come(demo: Demo) -> None:
    """Announce the work of the coming Saturday night."""
    karen = demo.actors["karen"]
    here = demo.moment.astimezone(HERE)
    saturday = here.date() + timedelta(days=(5 - here.weekday()) % 7 or 7)
    begins = datetime.combine(saturday, time(22), HERE).astimezone(demo.moment.tzinfo)
    with clock.at(demo.moment - timedelta(hours=20)):
        writing.write(
            karen,
            Wording(
                "File servers in Singapore are down for new disks",
                "SGP-FS01 and SGP-FS02 can’t be reached. Synchronised folders go on working.",
                Severity.INFORMATION,
                Audience.PUBLIC,
                begins,
                begins + timedelta(hours=5),
            ),
        )


def _over(demo: Demo) -> None:
    """Live a morning on which mail was late, until everybody was told that it was not any more."""
    clara = demo.actors["clara"]
    begun = demo.moment - timedelta(days=6, hours=4)
    matter = replace(
        matters.COMMON[1],
        subject="Mail from outside comes hours late",
        body="Customers call and ask why I don’t answer. Their mail is not here yet.",
        category="Software/E-mail",
        queue=0,
    )
    english = [person for person in demo.customers if person.language == "en"]
    tickets = [
        log_at(demo, matter, customer, begun + timedelta(minutes=9 * position))
        for position, customer in enumerate(english[9:30:7], start=1)
    ]
    with clock.at(begun + timedelta(minutes=40)):
        alert = writing.write(
            clara,
            Wording(
                "Mail from outside is hours late",
                "The provider’s filter is slow. Nothing is lost.",
                Severity.DEGRADED,
                Audience.STAFF,
                begun,
                begun + timedelta(hours=10),
            ),
        )
        for ticket in tickets:
            linking.link(clara, alert, ticket)
    with clock.at(begun + timedelta(hours=3)):
        fixing.fix(
            clara,
            alert,
            "Mail from outside comes at once again. What was late has arrived by now.",
            expected=len(tickets),
        )
        for ticket in tickets:
            services.resolve(
                clara,
                ticket,
                outcome=Outcome.SOLVED,
                solution="The provider added capacity to its filter.",
                cause=demo.causes[matter.cause],
            )

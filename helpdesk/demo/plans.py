"""The work plans of the demo desk: what is done each time that somebody starts or leaves."""

from datetime import timedelta

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.demo.story import Demo
from helpdesk.plans.content import Line, What, Who
from helpdesk.plans.models import WorkPlan
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import Kind

HOUR = 3600
NEW_STARTER = "New starter"


def make_plans(demo: Demo) -> None:
    """Write down what belongs to a new starter, and to somebody who leaves."""
    queues = {name: key for name, key in db.session.execute(select(Queue.name, Queue.id))}  # noqa: C416 (rows are no pairs to a checker)

    def ticket(title: str, queue: str, path: str, text: str) -> Line:
        return Line(
            What.TICKET,
            title,
            queue=queues.get(queue),
            kind=Kind.REQUEST.value,
            category=demo.categories[path].id,
            text=text,
        )

    starter = (
        ticket(
            "Laptop for a new starter (#{number})",
            "Desktop",
            "Hardware/Laptop",
            "{subject}\nImage a laptop, put it on the desk, note its number on this ticket.",
        ),
        ticket(
            "Badge for a new starter (#{number})",
            "Service desk",
            "Workplace",
            "{subject}\nPhoto from HR; floors as the team's others have them.",
        ),
        ticket(
            "Account and mailbox for a new starter (#{number})",
            "Accounts & access",
            "Access/Account",
            "{subject}\nGroups as the team's others have them; password to the manager.",
        ),
        Line(What.TASK, "Ask the manager for the first day and the desk", Who.OWNER, due=4 * HOUR),
        Line(What.TASK, "Order lunch card", queue=queues.get("Service desk"), due=16 * HOUR),
        Line(What.TASK, "Call on the first day: does everything work?", Who.OWNER, due=40 * HOUR),
    )
    leaver = (
        Line(What.TASK, "Lock the account at the end of the last day", Who.OWNER, due=8 * HOUR),
        Line(What.TASK, "Take back laptop, telephone and badge", Who.OWNER, due=8 * HOUR),
        Line(What.TASK, "Give the mailbox to the manager", Who.STARTER, due=16 * HOUR),
    )
    for name, lines, used, days in ((NEW_STARTER, starter, 9, 4), ("Leaver", leaver, 6, 11)):
        db.session.add(
            WorkPlan(
                name=name,
                lines=[line.to_json() for line in lines],
                used=used,
                used_at=demo.moment - timedelta(days=days, hours=3),
            )
        )
    db.session.flush()

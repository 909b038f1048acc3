"""Lines of work plans in words."""

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import Person
from helpdesk.plans.applying import Made
from helpdesk.plans.content import Line, What, Who
from helpdesk.tickets import wording
from helpdesk.tickets.desk import Queue
from helpdesk.web.i18n import exact_duration


def counted(lines: tuple[Line, ...]) -> str:
    """Return how much a plan makes: "2 tasks and 3 child tickets"."""
    tasks = sum(line.what is What.TASK for line in lines)
    return _both(tasks, len(lines) - tasks)


def done(made: Made) -> str:
    """Return what became of a plan."""
    return str(_("Added: %(what)s", what=_both(made.tasks, len(made.tickets))))


def _both(tasks: int, tickets: int) -> str:
    parts = []
    if tasks:
        parts.append(ngettext("%(num)d task", "%(num)d tasks", tasks))
    if tickets:
        parts.append(ngettext("%(num)d child ticket", "%(num)d child tickets", tickets))
    if len(parts) == 2:
        return str(_("%(one)s and %(other)s", one=parts[0], other=parts[1]))
    return str(parts[0]) if parts else str(_("nothing"))


def details(line: Line) -> str:
    """Return for whom and until when a line is: "Hardware · P2 · within 8 h of working time"."""
    found = [_whom(line)]
    if line.priority:
        found.append(str(wording.PRIORITIES[line.priority]))
    if line.kind:
        found.append(wording.word(wording.KINDS, line.kind))
    if line.due:
        found.append(str(_("within %(time)s of working time", time=exact_duration(line.due))))
    return " · ".join(part for part in found if part)


def _whom(line: Line) -> str:
    if line.who is Who.OWNER:
        return str(_("the owner"))
    if line.who is Who.STARTER:
        return str(_("who uses the plan"))
    for model, key in ((Person, line.person), (Queue, line.queue)):
        if key is not None:
            return db.session.scalar(select(model.name).where(model.id == key)) or "?"
    return ""

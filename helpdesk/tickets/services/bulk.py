"""The same change to many tickets, with a result for each.

Every ticket is changed in a savepoint of its own: one that refuses keeps its state and says why,
the others go through ("38 of 40 changed; 2 need a cause").
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.db import db
from helpdesk.people.access import Actor, Denied, Permission
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.act import Manner, done_together
from helpdesk.tickets.services.errors import Clash, Refused

MAX_BULK = 500


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one ticket of a bulk change."""

    number: int
    ok: bool
    message: str = ""
    code: str = ""


def change_many(
    actor: Actor,
    tickets: list[Ticket],
    change: Callable[[Ticket], object],
    *,
    undo_group: str | None = None,
    quiet: bool = False,
) -> list[Result]:
    """Apply ``change`` to each ticket. Raises Denied, Refused for more than 500 at once.

    Acts that can be undone are taken back together under ``undo_group``; with ``quiet`` nobody
    outside is told of them.
    """
    actor.demand(Permission.TICKET_BULK)
    if len(tickets) > MAX_BULK:
        raise Refused("bulk-many", _l("Change at most %(n)d tickets at once.", n=MAX_BULK))
    results = []
    for ticket in tickets:
        try:
            with db.session.begin_nested(), done_together(Manner(undo_group, quiet)):
                changed = change(ticket)
        except Refused as refusal:
            results.append(Result(ticket.id, False, str(refusal), refusal.code))
        except Denied as denied:
            results.append(Result(ticket.id, False, _("Not allowed"), denied.permission))
        except Clash:
            results.append(Result(ticket.id, False, _("Changed meanwhile"), "clash"))
        else:
            unchanged = "" if changed is not None else _("Nothing to change")
            results.append(Result(ticket.id, True, unchanged))
    return results


def new_group() -> str:
    """Return a name for acts that are taken back together."""
    return uuid4().hex

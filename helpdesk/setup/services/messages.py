"""What customers are told by itself: which kinds, in which hours, how often."""

from dataclasses import fields

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.notify.telling import SETTING, Telling, forget_telling
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Desk
from helpdesk.setup.services import editing
from helpdesk.tickets.desk import Queue


def choose(actor: Actor, wanted: Telling, seen: Telling | None = None) -> bool:
    """Keep what was chosen; False when nothing changes. Raises Denied, Changed.

    ``seen`` is what the form showed: what the person left as it was stays as somebody else saved
    it meanwhile.
    """
    actor.demand(Permission.SETUP_MAIL)
    desk = db.session.scalars(select(Desk).limit(1).with_for_update()).one()
    stands = Telling.read(desk.settings.get(SETTING))
    names = [field.name for field in fields(Telling)]
    changes = editing.merged(
        stands,
        {name: getattr(wanted, name) for name in names},
        {name: getattr(seen, name) for name in names} if seen is not None else None,
    )
    if not changes:
        return False
    new = Telling(**{name: getattr(stands, name) for name in names} | _news(changes))
    desk.settings = {**desk.settings, SETTING: new.stored()}
    forget_telling()
    audit.record(actor, "messages-edited", desk, _told(stands, new))
    return True


def _news(changes: dict[str, list[object]]) -> dict[str, object]:
    return {name: new for name, (_old, new) in changes.items()}


def _told(before: Telling, after: Telling) -> dict[str, list[object]]:
    """Return the changes as the audit log keeps them: names of queues, hours as texts."""
    old, new = before.stored(), after.stored()
    for kept, chosen in ((old, before), (new, after)):
        kept["without_receipt"] = sorted(
            db.session.scalars(select(Queue.name).where(Queue.id.in_(chosen.without_receipt)))
        )
    return {name: [old[name], new[name]] for name in new if old[name] != new[name]}

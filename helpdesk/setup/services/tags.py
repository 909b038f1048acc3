"""Tags: free words on tickets, tidied up here."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, update

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.setup.services import editing, keeping
from helpdesk.tickets.companions import View
from helpdesk.tickets.desk import Tag, TicketTag

FIELDS = ("name",)


class SameName(Refused):
    """Another tag has this name already; ``other`` is the one to merge into."""

    def __init__(self, other: Tag) -> None:
        """Carry the other tag to the page, which offers to merge."""
        super().__init__(
            "tag-same", _l("There is a tag of this name. The two can be made one."), "name"
        )
        self.other = other


def add(actor: Actor, wanted: Mapping[str, Any]) -> Tag:
    """Add a tag before any ticket has it. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    name = editing.clean_name(wanted["name"], 60)
    editing.check_free(Tag, name)
    tag = Tag(name=name)
    db.session.add(tag)
    db.session.flush()
    audit.record(actor, "tag-created", tag)
    return tag


def edit(
    actor: Actor, tag: Tag, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Rename a tag on all its tickets; False when nothing changes.

    Raises Denied, Refused, Changed; SameName when another tag is called so.
    """
    actor.demand(Permission.SETUP_TICKETS)
    name = editing.clean_name(wanted["name"], 60)
    same = db.session.scalar(
        select(Tag).where(func.lower(Tag.name) == name.lower(), Tag.id != tag.id).limit(1)
    )
    if same is not None:
        raise SameName(same)
    changes = editing.merged(tag, {"name": name}, seen)
    if not changes:
        return False
    editing.write(tag, changes)
    audit.record(actor, "tag-edited", tag, changes)
    return True


def merge(actor: Actor, tag: Tag, into: Tag) -> None:
    """Make two tags one: tickets and saved views with the first get the second.

    The first is gone afterwards; the audit log remembers its name. Raises Denied, Refused.
    """
    actor.demand(Permission.SETUP_TICKETS)
    if tag.id == into.id:
        raise Refused("tag-same", _l("Choose another tag."), "name")
    has_both = select(TicketTag.ticket_id).where(TicketTag.tag_id == into.id)
    db.session.execute(
        delete_rows(TicketTag)
        .where(TicketTag.tag_id == tag.id, TicketTag.ticket_id.in_(has_both))
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(TicketTag)
        .where(TicketTag.tag_id == tag.id)
        .values(tag_id=into.id)
        .execution_options(synchronize_session=False)
    )
    for view in db.session.scalars(select(View)):
        words = view.filters.get("tag", [])
        if str(tag.id) in words:
            kept = dict.fromkeys(str(into.id) if word == str(tag.id) else word for word in words)
            view.filters = {**view.filters, "tag": list(kept)}
    if into.retired_at is not None:
        keeping.restore(actor, into)
    audit.record(actor, "tag-merged", into, {"merged": [tag.name, into.name]})
    db.session.delete(tag)
    db.session.flush()
    db.session.expire_all()


def retire(actor: Actor, tag: Tag) -> bool:
    """Stop suggesting a tag; tickets keep it. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.retire(actor, tag)


def restore(actor: Actor, tag: Tag) -> bool:
    """Suggest a retired tag again. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.restore(actor, tag)


def delete(actor: Actor, tag: Tag) -> None:
    """Remove a tag that is on no ticket. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    keeping.delete(actor, tag)

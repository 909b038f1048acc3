"""Changing one field of a ticket where it stands, and taking and acknowledging with one key.

Every form says what value it showed (``old``). When somebody changed the field meanwhile, nothing
is overwritten: the page shows theirs and ours and asks.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import Person
from helpdesk.people.queries import person_for
from helpdesk.people.search import fold
from helpdesk.tickets import services, wording
from helpdesk.tickets.desk import Category, Cause, PriorityCell, Status, Tag
from helpdesk.tickets.forms import whole
from helpdesk.tickets.lifecycle import DEFAULT_MATRIX, LEVELS, Kind
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import NotFound, get_for
from helpdesk.tickets.queries.page import (
    around,
    categories,
    causes,
    ticket_for_page,
)
from helpdesk.tickets.services import Refused
from helpdesk.tickets.views.answers import changed, moved_meanwhile, undo_seconds, undoable
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.page import WORDS


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is changed in place: what it is called, what it holds, how it is set."""

    name: object
    # The journal's name of it, by which we find who changed it meanwhile.
    journal: str
    value: Callable[[Ticket], str]
    shown: Callable[[Ticket], str]
    set: Callable[[Actor, Ticket, str], object]


def _row_of(model: type[Category] | type[Cause] | type[Status], text: str) -> object:
    key = whole(text)
    row = db.session.get(model, key) if key is not None else None
    if row is None:
        raise Refused("value-unknown", _("Choose one from the list."))
    return row


def _set_status(actor: Actor, ticket: Ticket, text: str) -> object:
    status = _row_of(Status, text)
    assert isinstance(status, Status)
    return services.change_status(actor, ticket, status, undo_for=undo_seconds())


def _set_priority(actor: Actor, ticket: Ticket, text: str) -> object:
    """Take ``impact-urgency`` as the matrix posts it, or a priority set outright (``p2``)."""
    if text.startswith("p"):
        return services.set_priority(actor, ticket, whole(text[1:]) or 0, undo_for=undo_seconds())
    impact, _dash, urgency = text.partition("-")
    return services.set_impact(
        actor, ticket, whole(impact) or 0, whole(urgency) or 0, undo_for=undo_seconds()
    )


def _set_kind(actor: Actor, ticket: Ticket, text: str) -> object:
    if text not in set(Kind):
        raise Refused("value-unknown", _("Choose one from the list."))
    return services.set_kind(actor, ticket, Kind(text), undo_for=undo_seconds())


def _set_category(actor: Actor, ticket: Ticket, text: str) -> object:
    row = _row_of(Category, text) if text else None
    assert row is None or isinstance(row, Category)
    return services.set_category(actor, ticket, row, undo_for=undo_seconds())


def _set_cause(actor: Actor, ticket: Ticket, text: str) -> object:
    row = _row_of(Cause, text) if text else None
    assert row is None or isinstance(row, Cause)
    return services.set_cause(actor, ticket, row, undo_for=undo_seconds())


def _set_owner(actor: Actor, ticket: Ticket, text: str) -> object:
    key = whole(text)
    owner = person_for(actor, key) if key is not None else None
    return services.set_owner(actor, ticket, owner, undo_for=undo_seconds())


def _set_subject(actor: Actor, ticket: Ticket, text: str) -> object:
    return services.set_subject(actor, ticket, text, undo_for=undo_seconds())


def _set_tags(actor: Actor, ticket: Ticket, text: str) -> object:
    names = [name for name in text.split("\n") if name.strip()]
    return services.set_tags(actor, ticket, names, undo_for=undo_seconds())


def _tags_of(ticket: Ticket) -> str:
    return "\n".join(row.name for row in around(ticket).tags)


FIELDS: dict[str, Field] = {
    "status": Field(
        _l("Status"),
        "status",
        lambda ticket: str(ticket.status_id),
        lambda ticket: wording.status_label(ticket.status),
        _set_status,
    ),
    "priority": Field(
        _l("Priority"),
        "priority",
        lambda ticket: f"{ticket.impact}-{ticket.urgency}-{ticket.priority}",
        lambda ticket: wording.word(wording.PRIORITIES, ticket.priority),
        _set_priority,
    ),
    "kind": Field(
        _l("Kind"),
        "kind",
        lambda ticket: ticket.kind,
        lambda ticket: wording.word(wording.KINDS, ticket.kind),
        _set_kind,
    ),
    "category": Field(
        _l("Category"),
        "category",
        lambda ticket: str(ticket.category_id or ""),
        lambda ticket: ticket.category.path if ticket.category else "–",
        _set_category,
    ),
    "cause": Field(
        _l("Cause"),
        "cause",
        lambda ticket: str(ticket.cause_id or ""),
        lambda ticket: ticket.cause.name if ticket.cause else "–",
        _set_cause,
    ),
    "owner": Field(
        _l("Owner"),
        "owner",
        lambda ticket: str(ticket.owner_id or ""),
        lambda ticket: ticket.owner.name if ticket.owner else _("Nobody"),
        _set_owner,
    ),
    "subject": Field(
        _l("Subject"),
        "subject",
        lambda ticket: ticket.subject,
        lambda ticket: ticket.subject,
        _set_subject,
    ),
    "tags": Field(
        _l("Tags"),
        "tags",
        _tags_of,
        lambda ticket: ", ".join(_tags_of(ticket).splitlines()) or "–",
        _set_tags,
    ),
}


@bp.get("/tickets/<int:number>/edit/<name>")
@require(Permission.TICKET_WORK)
def edit_field(number: int, name: str) -> str:
    """Offer the values of a field."""
    actor = current_actor()
    # Status and kind have menus of their own on the page.
    if name not in FIELDS or name in {"status", "kind"}:
        raise NotFound
    ticket = ticket_for_page(actor, number)
    field = FIELDS[name]
    return render_template(
        f"tickets/dialogs/{'priority' if name == 'priority' else 'field'}.html",
        ticket=ticket,
        actor=actor,
        name=name,
        field=field,
        old=field.value(ticket),
        matrix=_matrix() if name == "priority" else {},
        levels=LEVELS,
        tags=around(ticket).tags if name == "tags" else [],
        words=WORDS,
    )


def _matrix() -> dict[tuple[int, int], int]:
    cells = {
        (cell.impact, cell.urgency): cell.priority
        for cell in db.session.scalars(select(PriorityCell))
    }
    return {**DEFAULT_MATRIX, **cells}


@bp.post("/tickets/<int:number>/set/<name>")
@require(Permission.TICKET_WORK)
def set_field(number: int, name: str) -> Response:
    """Change one field, unless somebody else changed it since the page showed it."""
    actor = current_actor()
    field = FIELDS.get(name)
    if field is None:
        raise NotFound
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    value = "\n".join(request.form.getlist("value"))
    old = request.form.get("old")
    present = field.value(ticket)
    if old is not None and old.replace("\r", "") != present:
        return moved_meanwhile(
            ticket,
            name=name,
            field=field,
            value=value,
            present=present,
            theirs=field.shown(ticket),
            by=_last_changed_by(ticket, field.journal),
        )
    with undoable() as group:
        entry = field.set(actor, ticket, value)
    if entry is None:
        return changed(actor, ticket, "")
    db.session.expire(ticket)
    text = _(
        "%(number)d: %(field)s is now %(value)s",
        number=ticket.id,
        field=field.name,
        value=field.shown(ticket),
    )
    return changed(actor, ticket, text, group=group)


def _last_changed_by(ticket: Ticket, name: str) -> str:
    """Return who changed a field last, from the newest entries."""
    rows = db.session.execute(
        select(Entry.changes, Person.name)
        .join(Person, Person.id == Entry.author_id, isouter=True)
        .where(Entry.ticket_id == ticket.id)
        .order_by(Entry.id.desc())
        .limit(20)
    )
    for changes, author in rows:
        if changes and name in changes:
            return author or "Hearth"
    return str(_("Somebody"))


# ---- What the fields' comboboxes offer ----


@bp.get("/tickets/choices/category")
@require(Permission.TICKET_READ)
def category_choices() -> str:
    """Return the categories whose path has every word, as a tree."""
    asked = [fold(word) for word in request.args.get("q", "").split()]
    rows = [row for row in categories() if all(word in fold(row.path) for word in asked)]
    return render_template("tickets/_categories.html", rows=rows[:80], flat=bool(asked))


@bp.get("/tickets/choices/cause")
@require(Permission.TICKET_READ)
def cause_choices() -> Response:
    """Return the causes whose name has every word."""
    asked = [fold(word) for word in request.args.get("q", "").split()]
    rows = [row for row in causes() if all(word in fold(row.name) for word in asked)]
    return jsonify([{"value": row.id, "label": row.name} for row in rows[:60]])


@bp.get("/tickets/choices/tag")
@require(Permission.TICKET_READ)
def tag_choices() -> Response:
    """Return tags that begin so; new words become tags too."""
    begin = request.args.get("q", "").strip()
    rows = db.session.scalars(
        select(Tag)
        .where(Tag.retired_at.is_(None), Tag.name.istartswith(begin, autoescape=True))
        .order_by(Tag.name)
        .limit(12)
    )
    return jsonify([{"value": row.name, "label": row.name} for row in rows])


# ---- One key ----


@bp.post("/tickets/<int:number>/take")
@require(Permission.TICKET_WORK)
def take(number: int) -> Response:
    """Make the ticket one's own."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    seen_owner = request.form.get("old")
    if seen_owner is not None and seen_owner != str(ticket.owner_id or ""):
        # Two people pressed Take: the second is told before anything is taken from the first.
        return moved_meanwhile(
            ticket,
            name="owner",
            field=FIELDS["owner"],
            value=str(actor.person_id),
            present=str(ticket.owner_id or ""),
            theirs=FIELDS["owner"].shown(ticket),
            by=_last_changed_by(ticket, "owner"),
        )
    with undoable() as group:
        services.take(actor, ticket, undo_for=undo_seconds())
    return changed(actor, ticket, _("%(number)d is yours", number=ticket.id), group=group)


@bp.post("/tickets/<int:number>/acknowledge")
@require(Permission.TICKET_WORK)
def acknowledge(number: int) -> Response:
    """Say "I have it", for one assignment or for all that are the actor's."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    with undoable() as group:
        entry = services.acknowledge(
            actor, ticket, whole(request.form.get("assignment")), undo_for=undo_seconds()
        )
    if entry is None:
        return changed(actor, ticket, _("There is nothing for you to acknowledge"))
    return changed(actor, ticket, _("%(number)d acknowledged", number=ticket.id), group=group)

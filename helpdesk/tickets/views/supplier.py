"""For whom a ticket or a part of it waits: asked as the wait begins, changed while it goes on."""

from flask import make_response, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.forms import PartSupplierForm, SupplierForm, choices
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.queries import suppliers
from helpdesk.tickets.queries.access import NotFound, get_for
from helpdesk.tickets.queries.page import ticket_for_page
from helpdesk.tickets.services import Refused, SupplierWait
from helpdesk.tickets.views.answers import changed, undo_seconds, undoable
from helpdesk.tickets.views.blueprint import bp
from helpdesk.web.i18n import local


def offer(form: SupplierForm, of: Ticket | Assignment) -> None:
    """Fill in whom a ticket or a part of it can wait for; a part waits for somebody by name."""
    kept = [of.supplier_id] if of.supplier_id is not None else []
    offered = [(row.id, row.name) for row in suppliers.offered(kept)]
    none = _("Nobody in particular") if isinstance(of, Ticket) else _("Choose")
    form.supplier.choices = choices([("", none), *offered])


def begin(form: SupplierForm, of: Ticket | Assignment) -> None:
    """Fill the form with whom the ticket or the part waits for, or waited for last."""
    form.supplier.data = of.supplier_id
    form.reference.data = of.supplier_reference
    promised = of.supplier_promised_at
    form.promised_at.data = local(promised).replace(tzinfo=None) if promised is not None else None


def wait_of(form: SupplierForm) -> SupplierWait:
    """Return what was chosen and typed. Raises Refused for what can't be read."""
    if form.promised_at.moment is None and any(form.promised_at.raw_data or ()):
        raise Refused("promise-unreadable", _("Choose date and time."), "promised_at")
    key = form.supplier.data
    supplier = db.session.get(Supplier, key) if key else None
    if key and supplier is None:
        raise Refused("supplier-missing", _("Choose whom it waits for."), "supplier")
    return SupplierWait(supplier, form.reference.data or "", form.promised_at.moment)


def _show(ticket: Ticket, form: SupplierForm) -> str:
    offer(form, ticket)
    return render_template("tickets/dialogs/supplier.html", ticket=ticket, form=form)


@bp.get("/tickets/<int:number>/supplier")
@require(Permission.TICKET_WORK)
def supplier_dialog(number: int) -> str:
    """Ask for whom it waits, and what they promise now."""
    ticket = ticket_for_page(current_actor(), number)
    form = SupplierForm(formdata=None)
    begin(form, ticket)
    return _show(ticket, form)


@bp.post("/tickets/<int:number>/supplier")
@require(Permission.TICKET_WORK)
def supplier(number: int) -> Response:
    """Say for whom it waits, and what they promise now."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = SupplierForm()
    try:
        with undoable() as group:
            services.set_supplier(actor, ticket, wait_of(form), undo_for=undo_seconds())
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        return make_response(_show(ticket_for_page(actor, number), form), 422)
    return changed(actor, ticket, _("Noted what the supplier said"), group=group)


# ---- A part of a ticket ----


def _part_of(ticket: Ticket, assignment_id: int) -> Assignment:
    for row in ticket.assignments:
        if row.id == assignment_id:
            return row
    raise NotFound


def _held_part(number: int, assignment_id: int) -> tuple[Actor, Ticket, Assignment]:
    """Return who asks, the ticket, locked, and its part. Raises Denied, NotFound."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    return actor, ticket, _part_of(ticket, assignment_id)


def _show_part(ticket: Ticket, row: Assignment, form: PartSupplierForm) -> str:
    offer(form, row)
    return render_template("tickets/dialogs/part_supplier.html", ticket=ticket, row=row, form=form)


@bp.get("/tickets/<int:number>/assignments/<int:assignment_id>/supplier")
@require(Permission.TICKET_WORK)
def part_supplier_dialog(number: int, assignment_id: int) -> str:
    """Ask for whom a part waits, and what they promise."""
    ticket = ticket_for_page(current_actor(), number)
    row = _part_of(ticket, assignment_id)
    form = PartSupplierForm(formdata=None)
    begin(form, row)
    form.note.data = row.wait_note
    form.changing.data = int(row.waits_since is not None)
    return _show_part(ticket, row, form)


@bp.post("/tickets/<int:number>/assignments/<int:assignment_id>/supplier")
@require(Permission.TICKET_WORK)
def part_supplier(number: int, assignment_id: int) -> Response:
    """Let a part wait for a supplier, or note what they say now."""
    actor, ticket, row = _held_part(number, assignment_id)
    form = PartSupplierForm()
    changing = None if form.changing.data is None else bool(form.changing.data)
    try:
        with undoable() as group:
            services.set_part_waits(
                actor,
                ticket,
                row.id,
                wait_of(form),
                note=form.note.data or "",
                changing=changing,
                undo_for=undo_seconds(),
            )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        ticket = ticket_for_page(actor, number)
        return make_response(_show_part(ticket, _part_of(ticket, assignment_id), form), 422)
    said = _("Noted what the supplier said") if changing else _("This part waits for a supplier")
    return changed(actor, ticket, said, group=group)


@bp.post("/tickets/<int:number>/assignments/<int:assignment_id>/supplier/done")
@require(Permission.TICKET_WORK)
def end_part_wait(number: int, assignment_id: int) -> Response:
    """Take a part up again that waited for a supplier."""
    actor, ticket, row = _held_part(number, assignment_id)
    with undoable() as group:
        services.end_part_wait(actor, ticket, row.id, undo_for=undo_seconds())
    return changed(actor, ticket, _("This part waits no more"), group=group)

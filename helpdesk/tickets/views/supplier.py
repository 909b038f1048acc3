"""For whom a ticket waits: asked when it is put on hold, and changed while it waits."""

from flask import make_response, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.forms import SupplierForm, choices
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import suppliers
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.queries.page import ticket_for_page
from helpdesk.tickets.services import Refused, SupplierWait
from helpdesk.tickets.views.answers import changed, undo_seconds, undoable
from helpdesk.tickets.views.blueprint import bp
from helpdesk.web.i18n import local


def offer(form: SupplierForm, ticket: Ticket) -> None:
    """Fill in whom a ticket can wait for."""
    kept = [ticket.supplier_id] if ticket.supplier_id is not None else []
    offered = [(row.id, row.name) for row in suppliers.offered(kept)]
    form.supplier.choices = choices([("", _("Nobody in particular")), *offered])


def begin(form: SupplierForm, ticket: Ticket) -> None:
    """Fill the form with whom the ticket waits for, or waited for last."""
    form.supplier.data = ticket.supplier_id
    form.reference.data = ticket.supplier_reference
    promised = ticket.supplier_promised_at
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

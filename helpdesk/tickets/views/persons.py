"""People of a ticket: for whom it is, who asked, who gets copies, whose an address is."""

from flask import make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people import errors as people_errors
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import ContactKind, ContactPoint
from helpdesk.people.queries import person_for
from helpdesk.tickets import services
from helpdesk.tickets.forms import AddressForm, CustomerForm
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.persons import settle_stranger
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.queries.page import ticket_for_page
from helpdesk.tickets.services import Refused
from helpdesk.tickets.views.answers import changed, undo_seconds, undoable
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.talk import recipients

# ---- Customer and asked by ----


@bp.get("/tickets/<int:number>/customer")
@require(Permission.TICKET_WORK)
def customer_dialog(number: int) -> str:
    """Ask for whom it is and who asked."""
    ticket = ticket_for_page(current_actor(), number)
    form = CustomerForm(formdata=None, customer=ticket.customer_id, requester=ticket.requester_id)
    return render_template("tickets/dialogs/customer.html", ticket=ticket, form=form)


@bp.post("/tickets/<int:number>/customer")
@require(Permission.TICKET_WORK)
def set_customer(number: int) -> Response:
    """Say for whom a ticket is, and who asked when that is somebody else."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = CustomerForm()
    try:
        if form.customer.data is None:
            raise Refused("customer-missing", _("Choose the customer."), "customer")
        with undoable() as group:
            services.set_customer(
                actor,
                ticket,
                person_for(actor, form.customer.data),
                requester=person_for(actor, form.requester.data)
                if form.requester.data is not None
                else None,
                undo_for=undo_seconds(),
            )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        page = render_template(
            "tickets/dialogs/customer.html", ticket=ticket_for_page(actor, number), form=form
        )
        return make_response(page, 422)
    db.session.expire(ticket)
    text = _("%(number)d is for %(name)s", number=ticket.id, name=ticket.customer.name)
    return changed(actor, ticket, text, group=group, with_composer=True)


# ---- An address that belongs to somebody known ----


def _address_of(ticket: Ticket) -> ContactPoint | None:
    """Return the e-mail address of the ticket's customer, if they have one."""
    for point in ticket.customer.contact_points:
        if point.kind == ContactKind.EMAIL and point.retired_at is None:
            return point
    return None


@bp.get("/tickets/<int:number>/address")
@require(Permission.PERSON_EDIT)
def address_dialog(number: int) -> str:
    """Ask to whom the address belongs from which this ticket came."""
    ticket = ticket_for_page(current_actor(), number)
    return _show_address(ticket, AddressForm(formdata=None))


def _show_address(ticket: Ticket, form: AddressForm) -> str:
    point = _address_of(ticket)
    return render_template(
        "tickets/dialogs/address.html",
        ticket=ticket,
        form=form,
        address=point.value if point is not None else "",
    )


@bp.post("/tickets/<int:number>/address")
@require(Permission.PERSON_EDIT, Permission.TICKET_WORK)
def give_address(number: int) -> Response:
    """Give the address of a customer known only from a mail to the person it belongs to.

    The ticket goes with it, and so does everything else that came from there.
    """
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = AddressForm()
    point = _address_of(ticket)
    try:
        if form.person.data is None:
            raise Refused("person-missing", _("Choose the person."), "person")
        if point is None or not ticket.customer.provisional:
            message = _("This customer's record is complete. Merge the two people instead.")
            raise Refused("address-settled", message, "person")
        known = person_for(actor, form.person.data)
        went = settle_stranger(actor, point, known)
    except (Refused, people_errors.Refused) as refusal:
        db.session.rollback()
        form.refuse("person", refusal.message)
        return make_response(_show_address(ticket_for_page(actor, number), form), 422)
    text = _("%(address)s belongs to %(name)s now", address=point.value, name=known.name)
    if went > 1:
        along = ngettext(
            "%(num)d more ticket went along", "%(num)d more tickets went along", went - 1
        )
        text = f"{text}; {along}"
    db.session.expire(ticket)
    return changed(actor, ticket, text, with_composer=True)


# ---- Copies ----


@bp.get("/tickets/<int:number>/copies")
@require(Permission.TICKET_WORK)
def copies_dialog(number: int) -> str:
    """Ask who else gets copies of the answers."""
    ticket = ticket_for_page(current_actor(), number)
    return render_template("tickets/dialogs/copy.html", ticket=ticket, error="")


@bp.post("/tickets/<int:number>/copies")
@require(Permission.TICKET_WORK)
def add_copy(number: int) -> Response:
    """Send somebody copies from now on: a known person, or an address that was typed."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    try:
        people = recipients(actor, request.form.getlist("person"))
        if not people:
            raise Refused("person-missing", _("Choose the person."), "person")
    except Refused as refusal:
        page = render_template("tickets/dialogs/copy.html", ticket=ticket, error=str(refusal))
        return make_response(page, 422)
    for person in people:
        services.add_copy(actor, ticket, person)
    names = ", ".join(person.name for person in people)
    text = _("%(names)s gets copies", names=names)
    return changed(actor, ticket, text, with_composer=True)


@bp.post("/tickets/<int:number>/copies/<int:person_id>/remove")
@require(Permission.TICKET_WORK)
def remove_copy(number: int, person_id: int) -> Response:
    """Stop sending somebody copies."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    services.remove_copy(actor, ticket, person_for(actor, person_id))
    return changed(actor, ticket, _("Copies changed"), with_composer=True)

"""What somebody may do: roles, the first sign-in link, and leaving."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from helpdesk.people import guard, queries
from helpdesk.people.access import Permission
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.forms import Access, Leave
from helpdesk.people.guard import require
from helpdesk.people.models import Account, ContactKind, Person
from helpdesk.people.roles import description_of, name_of
from helpdesk.people.services import accounts
from helpdesk.people.views.blueprint import bp
from helpdesk.people.views.shown import address_of
from helpdesk.web.forms import choices


def _find(person_id: int) -> tuple[Person, Account | None]:
    person = queries.person_for(guard.current_actor(), person_id)
    if person.merged_into_id is not None:
        raise Missing
    return person, queries.account_of(person.id)


def _page(
    person: Person, account: Account | None, form: Access, status: int = 200, **more: Any
) -> Any:
    roles = queries.roles()
    form.roles.choices = choices((role.id, name_of(role)) for role in roles)
    leave = more.get("leave") or Leave(formdata=None)
    _offer(leave, person)
    return render_template(
        "people/access.html",
        person=person,
        account=account,
        form=form,
        leave=leave,
        roles=roles,
        role_name=name_of,
        role_description=description_of,
        link=more.get("link"),
        teams=queries.teams_of(person.id),
        is_own=account is not None and account.id == guard.current_actor().account_id,
    ), status


def _offer(form: Leave, person: Person) -> None:
    others = [one for one in queries.technicians() if one.id != person.id]
    form.successor_id.choices = choices(
        [(0, _("Nobody: back to the queues")), *((one.id, one.name) for one in others)]
    )


def _form(person: Person, account: Account | None) -> Access:
    login = account.login if account is not None else address_of(person, ContactKind.EMAIL)
    held = [role.id for role in account.roles] if account is not None else []
    return Access(formdata=None, login=login, roles=held)


@bp.get("/people/<int:person_id>/access")
@require(Permission.ACCOUNT_EDIT)
def access(person_id: int) -> Any:
    """Show what somebody may do."""
    person, account = _find(person_id)
    return _page(person, account, _form(person, account))


@bp.post("/people/<int:person_id>/access")
@require(Permission.ACCOUNT_EDIT)
def save_access(person_id: int) -> Any:
    """Give and take roles."""
    person, account = _find(person_id)
    form = Access()
    roles = queries.roles()
    form.roles.choices = choices((role.id, name_of(role)) for role in roles)
    if not form.validate():
        return _page(person, account, form, 422)
    chosen = [role for role in roles if role.id in (form.roles.data or [])]
    worked = person.is_technician
    try:
        accounts.give(guard.current_actor(), person, chosen, login=form.login.data or None)
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(person, account, form, 422)
    if worked and not person.is_technician:
        flash(_("Saved. The open work of %(name)s is back in the queues", name=person.name))
    else:
        flash(_("Saved"))
    return redirect(url_for("people.access", person_id=person.id), 303)


@bp.post("/people/<int:person_id>/access/mail-link")
@require(Permission.ACCOUNT_EDIT)
def mail_link(person_id: int) -> Any:
    """Mail somebody the link with which they sign in for the first time."""
    person, account = _find(person_id)
    if account is None:
        raise Missing
    try:
        accounts.send_sign_in_link(guard.current_actor(), account)
    except Refused as refusal:
        form = _form(person, account)
        form.refuse(None, refusal.message)
        return _page(person, account, form, 422)
    flash(_("A link is on its way to %(name)s", name=person.name))
    return redirect(url_for("people.access", person_id=person.id), 303)


@bp.post("/people/<int:person_id>/access/show-link")
@require(Permission.ACCOUNT_EDIT)
def show_link(person_id: int) -> Any:
    """Show such a link once, for handing it over in person."""
    person, account = _find(person_id)
    if account is None:
        raise Missing
    form = _form(person, account)
    try:
        link = accounts.send_sign_in_link(guard.current_actor(), account, mail=False)
    except Refused as refusal:
        form.refuse(None, refusal.message)
        return _page(person, account, form, 422)
    return _page(person, account, form, link=link)


@bp.post("/people/<int:person_id>/access/end")
@require(Permission.ACCOUNT_EDIT)
def end_access(person_id: int) -> Any:
    """Take somebody's access away and say who takes over their work."""
    person, account = _find(person_id)
    if account is None:
        raise Missing
    leave = Leave()
    _offer(leave, person)
    if not leave.validate():
        return _page(person, account, _form(person, account), 422, leave=leave)
    actor = guard.current_actor()
    successor_id = leave.successor_id.data
    successor = queries.person_for(actor, successor_id) if successor_id else None
    try:
        said = accounts.deactivate(actor, account, successor=successor)
    except Refused as refusal:
        leave.refuse("successor_id", refusal.message)
        return _page(person, account, _form(person, account), 422, leave=leave)
    flash(". ".join([_("%(name)s can no longer sign in", name=person.name), *said]))
    return redirect(url_for("people.access", person_id=person.id), 303)

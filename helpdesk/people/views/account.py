"""One's own account: name, looks, password, signed-in browsers."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.people import guard, tokens
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.forms import Availability, ChangePassword, OwnDetails, Preferences, typed
from helpdesk.people.guard import require
from helpdesk.people.models import Account
from helpdesk.people.passwords import Busy
from helpdesk.people.services import own, sessions, sign_in
from helpdesk.people.services.throttle import TooMany
from helpdesk.people.views.blueprint import bp
from helpdesk.people.views.browsers import browser_name
from helpdesk.people.views.signing import LIMITED, patience


def _page(status: int = 200, **forms: Any) -> tuple[str, int]:
    """Show the page; ``forms`` are those that came back with errors."""
    actor = guard.current_actor()
    account = own.account_of(actor)
    person = account.person
    chosen: dict[str, Any] = {
        "details": OwnDetails(
            formdata=None,
            name=person.name,
            language=person.language or "",
            time_zone=person.time_zone or "",
        ),
        "looks": Preferences(formdata=None, **_looks(account)),
        "availability": Availability(formdata=None, availability=account.availability),
        "change": ChangePassword(formdata=None),
        **forms,
    }
    chosen["details"].offer(person.time_zone)
    token = guard.session_token() or ""
    is_customer = not actor.can(Permission.TICKET_READ) and not actor.can(Permission.PERSON_READ)
    page = render_template(
        "people/account_customer.html" if is_customer else "people/account.html",
        account=account,
        person=person,
        sessions=sessions.open_sessions(actor),
        this=tokens.digest(token),
        browser_name=browser_name,
        is_customer=is_customer,
        **chosen,
    )
    return page, status


def _looks(account: Account) -> dict[str, Any]:
    kept = account.preferences
    return {
        "theme": kept.get("theme", "system"),
        "density": kept.get("density", "default"),
        "keys": kept.get("keys", "on") == "on",
    }


def _done(message: str) -> Response:
    flash(message)
    return redirect(url_for("people.account"), 303)


@bp.get("/account")
@require(Permission.SELF_USE)
def account() -> Any:
    """Show one's own account."""
    return _page()


@bp.post("/account/details")
@require(Permission.SELF_USE)
def account_details() -> Any:
    """Change one's own name, language and time zone."""
    actor = guard.current_actor()
    form = OwnDetails().offer(own.account_of(actor).person.time_zone)
    if not form.validate():
        return _page(422, details=form)
    try:
        own.set_details(
            actor,
            name=typed(form.name),
            language=form.language.data,
            time_zone=form.time_zone.data,
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(422, details=form)
    return _done(_("Saved"))


@bp.post("/account/looks")
@require(Permission.SELF_USE)
def account_looks() -> Any:
    """Change theme, density and keys."""
    form = Preferences()
    if not form.validate():
        return _page(422, looks=form)
    own.set_preferences(
        guard.current_actor(),
        {
            "theme": form.theme.data,
            "density": form.density.data,
            "keys": "on" if form.keys.data else "off",
        },
    )
    return _done(_("Saved"))


@bp.post("/account/theme")
@require(Permission.SELF_USE)
def account_theme() -> Any:
    """Keep a theme that was switched anywhere in the workspace."""
    return _keep("theme", request.form.get("theme", ""))


def _keep(name: str, value: str) -> Response:
    try:
        own.set_preferences(guard.current_actor(), {name: value})
    except Refused:
        abort(422)
    return Response(status=204)


@bp.post("/account/availability")
@require(Permission.SELF_USE)
def account_availability() -> Any:
    """Say whether one is there. Answers a script with nothing, a form with the page."""
    form = Availability()
    if not form.validate():
        return _page(422, availability=form)
    own.set_availability(guard.current_actor(), form.availability.data)
    if "HX-Request" in request.headers:
        return Response(status=204)
    return _done(_("Saved"))


@bp.post("/account/password")
@require(Permission.SELF_USE)
def account_password() -> Any:
    """Change one's own password."""
    form = ChangePassword()
    if not form.validate():
        return _page(422, change=form)
    actor = guard.current_actor()
    try:
        sign_in.change_password(
            actor,
            old=typed(form.old),
            new=typed(form.password),
            keep_token=guard.session_token(),
            address=request.remote_addr or "",
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(422, change=form)
    except TooMany as error:
        form.refuse("old", patience(error))
        return _page(LIMITED, change=form)
    except Busy:
        abort(503)
    return _done(_("Password changed. Your other browsers are signed out."))


@bp.post("/account/sessions/<int:session_id>/end")
@require(Permission.SELF_USE)
def account_end_session(session_id: int) -> Any:
    """Sign one other browser out."""
    sessions.revoke(guard.current_actor(), session_id, address=request.remote_addr or "")
    return _done(_("Signed out there"))


@bp.post("/account/sessions/end-others")
@require(Permission.SELF_USE)
def account_end_others() -> Any:
    """Sign out everywhere but here."""
    actor = guard.current_actor()
    count = _end_others(actor)
    if not count:
        return _done(_("No other browser was signed in"))
    return _done(ngettext("Signed out in one browser", "Signed out in %(num)d browsers", count))


def _end_others(actor: Actor) -> int:
    assert actor.account_id is not None
    return sessions.revoke_all(
        actor,
        actor.account_id,
        but=guard.session_token(),
        label=actor.name,
        address=request.remote_addr or "",
    )

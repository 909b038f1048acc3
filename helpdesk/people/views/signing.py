"""Signing in and out, a forgotten password, the first sign-in."""

from typing import Any

from flask import (
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.people import guard
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.forms import Forgotten, NewPassword, SignIn, typed
from helpdesk.people.guard import public, require
from helpdesk.people.passwords import Busy
from helpdesk.people.services import links, sessions, sign_in
from helpdesk.people.services.links import Purpose
from helpdesk.people.services.sign_in import SignedIn
from helpdesk.people.services.throttle import TooMany
from helpdesk.people.views.blueprint import bp


def whence() -> dict[str, str]:
    """Return where the request comes from, for the session list and the log."""
    return {
        "address": request.remote_addr or "",
        "user_agent": request.headers.get("User-Agent", ""),
    }


def home_url(actor: Actor | None) -> str:
    """Return the first page after signing in."""
    if actor is not None and actor.can(Permission.TICKET_READ):
        for endpoint in ("tickets.home", "people.index"):
            if endpoint in current_app.view_functions:
                return url_for(endpoint)
    return url_for("people.account")


def patience(error: TooMany) -> str:
    """Say how long somebody has to wait."""
    minutes = -(-error.seconds // 60)
    return str(
        ngettext(
            "Too many tries. Wait a minute, then try again.",
            "Too many tries. Wait %(num)d minutes, then try again.",
            minutes,
        )
    )


BUSY = 503
LIMITED = 429


@bp.get(guard.SIGN_IN_PATH)
@public
def sign_in_form() -> Any:
    """Ask for login and password."""
    actor = guard.actor_or_none()
    back = request.args.get("next", "")
    if actor is not None:
        return redirect(back if guard.is_own_path(back) else home_url(actor))
    return _sign_in_page(SignIn(next=back))


def _sign_in_page(form: SignIn, status: int = 200, wait: int = 0) -> Response:
    form.password.data = ""
    response = make_response(render_template("people/sign_in.html", form=form), status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


@bp.post(guard.SIGN_IN_PATH)
@public
def sign_in_post() -> Any:
    """Check login and password and open a session."""
    form = SignIn()
    if not form.validate():
        return _sign_in_page(form, 422)
    try:
        done = sign_in.sign_in(typed(form.login), typed(form.password), **whence())
    except Refused as refusal:
        form.refuse(None, refusal.message)
        return _sign_in_page(form, 422)
    except TooMany as error:
        form.refuse(None, patience(error))
        return _sign_in_page(form, LIMITED, error.seconds)
    except Busy:
        form.refuse(None, _("Many people are signing in just now. Try again in a moment."))
        return _sign_in_page(form, BUSY, 5)
    return _enter(done, form.next.data or "")


def _enter(done: SignedIn, back: str = "") -> Response:
    """Give the browser its session and lead it to where it wanted to go."""
    # A fresh CSRF secret: the one from before signing in may be known to somebody else.
    session.clear()
    target = back if guard.is_own_path(back) else url_for("people.enter")
    response = redirect(target, 303)
    guard.remember(response, done.token)
    return response


@bp.get("/welcome")
@require(Permission.SELF_USE)
def enter() -> Any:
    """Lead somebody who has just signed in to their first page."""
    return redirect(home_url(guard.current_actor()))


@bp.post("/sign-out")
@require(Permission.SELF_USE)
def sign_out() -> Any:
    """End this browser's session."""
    sessions.sign_out(
        guard.current_actor(), guard.session_token() or "", address=request.remote_addr or ""
    )
    session.clear()
    response = redirect(url_for("people.sign_in_form"), 303)
    guard.forget(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


# ---- A forgotten password ----


@bp.get("/forgotten-password")
@public
def forgotten_form() -> Any:
    """Ask whose password is to be set anew."""
    return render_template("people/forgotten.html", form=Forgotten(), sent=False)


@bp.post("/forgotten-password")
@public
def forgotten_post() -> Any:
    """Have a link mailed. The answer is the same whether or not there is such an account."""
    form = Forgotten()
    if not form.validate():
        return render_template("people/forgotten.html", form=form, sent=False), 422
    try:
        sign_in.ask_reset(typed(form.login), address=request.remote_addr or "")
    except TooMany as error:
        form.refuse(None, patience(error))
        return render_template("people/forgotten.html", form=form, sent=False), LIMITED
    return render_template("people/forgotten.html", form=form, sent=True)


# ---- Links that work once ----


@bp.get(f"{links.PATHS[Purpose.RESET]}<token>")
@public
def reset_form(token: str) -> Any:
    """Show the form behind a mailed link; looking does not use it up."""
    return _link_form(token, Purpose.RESET)


@bp.post(f"{links.PATHS[Purpose.RESET]}<token>")
@public
def reset_post(token: str) -> Any:
    """Set the new password and sign in."""
    return _link_post(token, Purpose.RESET)


@bp.get(f"{links.PATHS[Purpose.FIRST]}<token>")
@public
def first_form(token: str) -> Any:
    """Welcome somebody who signs in for the first time."""
    return _link_form(token, Purpose.FIRST)


@bp.post(f"{links.PATHS[Purpose.FIRST]}<token>")
@public
def first_post(token: str) -> Any:
    """Set the first password and sign in."""
    return _link_post(token, Purpose.FIRST)


def _link_form(token: str, purpose: Purpose) -> Any:
    account = links.account_of(token, purpose)
    if account is None:
        return render_template("people/link_dead.html", purpose=purpose.value), 404
    return _password_page(NewPassword(), purpose, account.login, account.person.name)


def _link_post(token: str, purpose: Purpose) -> Any:
    account = links.account_of(token, purpose)
    if account is None:
        return render_template("people/link_dead.html", purpose=purpose.value), 404
    login, name = account.login, account.person.name
    form = NewPassword()
    if not form.validate():
        return _password_page(form, purpose, login, name), 422
    try:
        done = sign_in.set_password_by_link(token, purpose, typed(form.password), **whence())
    except Missing:
        return render_template("people/link_dead.html", purpose=purpose.value), 404
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _password_page(form, purpose, login, name), 422
    except Busy:
        abort(BUSY)
    return _enter(done)


def _password_page(form: NewPassword, purpose: Purpose, login: str, name: str) -> str:
    return render_template(
        "people/set_password.html", form=form, purpose=purpose.value, login=login, name=name
    )

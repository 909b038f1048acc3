"""Who is asking, and whether they may: the one gate that every route passes.

A view says what it needs by a decorator, ``@require(Permission.X)`` or ``@public``; the gate
stands before every view and a view that says nothing is shut. The decorator only marks the
function (``__hearth_access__``), so a test can walk all routes and read the marks. Rooms below
this one (the web base) set the same mark with plain words; see ``access_of``.

The actor is loaded at most once a request, by one query for session, account, person and desk.
Permissions, teams and queues are remembered in the process under the desk's *access stamp*, which
that query reads too: whoever changes who may do what calls ``access_changed`` in the same
transaction, and every process forgets at its next request.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from flask import Flask, abort, current_app, g, redirect, request
from sqlalchemy import bindparam, select, true, update
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from config import Settings
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people import tokens
from helpdesk.people.access import Actor, Denied, Permission
from helpdesk.people.errors import Missing
from helpdesk.people.models import (
    Account,
    AccountRole,
    Desk,
    Person,
    Role,
    RolePermission,
    SignInSession,
    TeamMember,
)
from helpdesk.people.roles import PERMISSIONS
from helpdesk.people.services.sessions import IDLE
from helpdesk.web.errors import NotAllowed

F = TypeVar("F", bound=Callable[..., Any])
QueuesOf = Callable[[frozenset[int]], frozenset[int]]

MARK = "__hearth_access__"
PUBLIC = "public"
SIGN_IN_PATH = "/sign-in"

SEEN_EVERY = timedelta(minutes=5)
"""How exactly we remember when a session was last used; writing it each time would be dear."""

REMEMBER = 10_000
"""Accounts whose permissions a process remembers before it forgets them all and starts afresh."""

WHO = (
    Account.id.label("account_id"),
    Account.preferences,
    Account.availability,
    Person.id.label("person_id"),
    Person.name,
    Person.language,
    Person.time_zone,
    Desk.access_stamp,
    Desk.time_zone.label("desk_time_zone"),
)
"""What makes somebody an actor; see ``actor_from``."""

_QUERY = (
    select(
        SignInSession.id.label("session_id"),
        SignInSession.seen_at,
        SignInSession.expires_at,
        *WHO,
    )
    .join(Account, Account.id == SignInSession.account_id)
    .join(Person, Person.id == Account.person_id)
    .join(Desk, true(), isouter=True)
    .where(
        SignInSession.token_hash == bindparam("token_hash"),
        SignInSession.revoked_at.is_(None),
        Account.deactivated_at.is_(None),
        Person.retired_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class _Access:
    """What an account may do, as of an access stamp."""

    stamp: int
    permissions: frozenset[Permission]
    team_ids: frozenset[int]
    lead_team_ids: frozenset[int]
    queue_ids: frozenset[int]


class _Memory:
    """What one application remembers between requests."""

    def __init__(self, queues_of: QueuesOf) -> None:
        self.queues_of = queues_of
        self.access: dict[int, _Access] = {}


# ---- What a view says ----


def require(*permissions: Permission) -> Callable[[F], F]:
    """Open a view to who holds all of the permissions."""
    if not permissions:
        raise TypeError("name at least one permission; what everybody may see is @public")

    def mark(view: F) -> F:
        setattr(view, MARK, tuple(permissions))
        return view

    return mark


def public(view: F) -> F:
    """Open a view to everybody, signed in or not."""
    setattr(view, MARK, PUBLIC)
    return view


def access_of(view: Callable[..., Any]) -> tuple[Permission, ...] | None:
    """Return what a view needs: permissions, none for a public one, None when it says nothing.

    The mark is ``"public"`` or a sequence of ``scope:action`` texts.
    """
    said = getattr(view, MARK, None)
    if said is None:
        return None
    if said == PUBLIC:
        return ()
    return tuple(Permission(word) for word in said)


# ---- Who is asking ----


def cookie_name() -> str:
    """Return the name of the session cookie.

    Over TLS the ``__Host-`` prefix makes browsers refuse one set by another host or over plain
    http. On loopback the port is part of the name: browsers share cookies between ports, and
    the demo desk must not sign anybody out of the real one.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if settings.secure_cookies:
        return "__Host-hearth-sign-in"
    return f"hearth-sign-in-{urlsplit(settings.base_url).port or 80}"


def session_token() -> str | None:
    """Return the token in the browser's cookie, checked or not."""
    return request.cookies.get(cookie_name())


def remember(response: Response, token: str) -> None:
    """Give the browser the session cookie."""
    settings: Settings = current_app.config["SETTINGS"]
    response.set_cookie(
        cookie_name(),
        token,
        max_age=settings.session_days * 86_400,
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def forget(response: Response) -> None:
    """Take the session cookie away."""
    settings: Settings = current_app.config["SETTINGS"]
    response.delete_cookie(
        cookie_name(), path="/", secure=settings.secure_cookies, httponly=True, samesite="Lax"
    )


def actor_or_none() -> Actor | None:
    """Return who is signed in, or None. Asked often, loaded once a request."""
    if "actor" not in g:
        g.actor = _load()
    actor: Actor | None = g.actor
    return actor


def current_actor() -> Actor:
    """Return who is signed in. Answers 401 when nobody is, which only a public view can meet."""
    actor = actor_or_none()
    if actor is None:
        abort(401)
    return actor


def _load() -> Actor | None:
    token = session_token()
    if not token:
        return None
    row = db.session.execute(_QUERY, {"token_hash": tokens.digest(token)}).one_or_none()
    moment = now()
    if row is None or row.expires_at <= moment or row.seen_at <= moment - IDLE:
        return None
    if row.seen_at <= moment - SEEN_EVERY:
        _see(row.session_id)
    return actor_from(row)


def actor_from(row: Any) -> Actor:
    """Return the actor that a row describes, with what they may do."""
    access = _remembered(row)
    return Actor(
        person_id=row.person_id,
        name=row.name,
        permissions=access.permissions,
        account_id=row.account_id,
        team_ids=access.team_ids,
        lead_team_ids=access.lead_team_ids,
        queue_ids=access.queue_ids,
        # Who chose none reads the pages in the language of their browser.
        language=row.language or "",
        time_zone=row.time_zone or row.desk_time_zone or "UTC",
        # Availability is a column because others ask for it; for its owner it is one more
        # preference, which the frame of every page shows.
        preferences={**row.preferences, "availability": row.availability},
    )


def _see(session_id: int) -> None:
    """Note that the session is in use.

    Reading pages roll back, so this has a transaction of its own, before the page has begun.
    """
    moment = now()
    with transaction():
        db.session.execute(
            update(SignInSession)
            .where(SignInSession.id == session_id, SignInSession.seen_at <= moment - SEEN_EVERY)
            .values(seen_at=moment)
            .execution_options(synchronize_session=False)
        )


# ---- What they may do ----


def _remembered(row: Any) -> _Access:
    memory: _Memory = current_app.extensions["hearth-guard"]
    stamp = row.access_stamp
    known = memory.access.get(row.account_id)
    if known is not None and known.stamp == stamp:
        return known
    access = _read_access(row.account_id, row.person_id, stamp or 0, memory.queues_of)
    if stamp is not None:
        if len(memory.access) >= REMEMBER:
            memory.access = {}
        memory.access[row.account_id] = access
    return access


def _read_access(account_id: int, person_id: int, stamp: int, queues_of: QueuesOf) -> _Access:
    held = db.session.execute(
        select(Role.key, RolePermission.permission)
        .join(AccountRole, AccountRole.role_id == Role.id)
        .join(RolePermission, RolePermission.role_id == Role.id, isouter=True)
        .where(AccountRole.account_id == account_id, Role.retired_at.is_(None))
    ).all()
    teams = db.session.execute(
        select(TeamMember.team_id, TeamMember.is_lead).where(TeamMember.person_id == person_id)
    ).all()
    team_ids = frozenset(row.team_id for row in teams)
    return _Access(
        stamp=stamp,
        permissions=permissions_of((row.key, row.permission) for row in held),
        team_ids=team_ids,
        lead_team_ids=frozenset(row.team_id for row in teams if row.is_lead),
        queue_ids=queues_of(team_ids) if team_ids else frozenset(),
    )


def permissions_of(held: Iterable[tuple[str | None, str | None]]) -> frozenset[Permission]:
    """Return the permissions of (role key, permission) pairs.

    The administrator's role has every permission, those of a later release too. Words that this
    release does not know give nothing.
    """
    known = set(Permission)
    found: set[Permission] = set()
    for key, permission in held:
        if key == "administrator":
            return frozenset(Permission)
        if permission in known:
            found.add(Permission(permission))
    return frozenset(found)


# ---- The gate ----


def _gate() -> Response | None:
    if request.endpoint is None:
        return None  # Nothing of that address: 404 tells no secret.
    view = current_app.view_functions[request.endpoint]
    needed = access_of(view)
    if needed is None:
        current_app.logger.error("%s says neither @require nor @public", request.endpoint)
        abort(403)
    if not needed:
        return None
    actor = actor_or_none()
    if actor is None:
        return ask_to_sign_in()
    for permission in needed:
        actor.demand(permission)
    return None


def ask_to_sign_in() -> Response:
    """Answer somebody who is not signed in: a page leads to sign-in, anything else is a 401.

    What somebody was sending is not answered by another page: their text stays where it is, and
    the message says to sign in.
    """
    is_fragment = "HX-Request" in request.headers
    accepts = request.accept_mimetypes
    wants_page = not is_fragment and (not accepts or accepts.accept_html)
    if request.method == "GET" and wants_page:
        response = redirect(sign_in_url(request.full_path.rstrip("?")), 303)
    elif request.method == "GET" and is_fragment:
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = here.path + (f"?{here.query}" if here.query else "")
        response = Response(status=401)
        response.headers["HX-Redirect"] = sign_in_url(back)
    else:
        abort(401)
    response.headers["Cache-Control"] = "no-store"
    return response


def sign_in_url(back: str) -> str:
    """Return where to sign in, coming back to ``back`` afterwards."""
    return f"{SIGN_IN_PATH}?next={quote(back, safe='/')}" if is_own_path(back) else SIGN_IN_PATH


def is_own_path(path: str) -> bool:
    r"""Whether a path leads to a page of this desk and nowhere else.

    ``//other.example`` and ``/\\other.example`` are read as other hosts by browsers.
    """
    return (
        path.startswith("/")
        and path != "/"
        and not path.startswith(("//", SIGN_IN_PATH))
        and "\\" not in path
        and path.isprintable()
    )


def _forbidden(error: Denied) -> Any:
    actor = actor_or_none()
    who = actor.person_id if actor is not None else None
    current_app.logger.info("person %s lacks %s for %s", who, error.permission, request.path)
    return current_app.handle_http_exception(NotAllowed(str(PERMISSIONS[error.permission])))


def _not_found(_error: Missing) -> Any:
    return current_app.handle_http_exception(NotFound())


def _no_queues(_team_ids: frozenset[int]) -> frozenset[int]:
    return frozenset()


def init_app(app: Flask, *, queues_of: QueuesOf = _no_queues) -> None:
    """Put the gate before every view.

    ``queues_of`` returns the queues of teams. Queues are a table of the tickets' room, which lies
    above this one; handing the question in keeps imports pointing downwards and leaves the table
    to the room that owns it (a query by the table's name would hide the same dependency from
    every tool).
    """
    app.extensions["hearth-guard"] = _Memory(queues_of)
    app.before_request(_gate)
    app.register_error_handler(Denied, _forbidden)
    app.register_error_handler(Missing, _not_found)

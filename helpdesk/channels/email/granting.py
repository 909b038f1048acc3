"""Having access to a mailbox granted: what is typed about the provider, going there, coming back.

A person signs in at the provider and comes back with a code, which we change for tokens
(authorisation code with PKCE); or our program asks in its own name (client credentials). While
the provider is asked no transaction is open, and what it gave is kept only if the same person
still waits for it.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from config import Settings
from helpdesk.channels.email import oauth
from helpdesk.channels.email.models import Mailbox, SignIn
from helpdesk.channels.email.secrets import Unreadable, open_sealed, seal
from helpdesk.channels.email.source_models import Flow, MailGrant, Provider
from helpdesk.channels.email.tokens import granted_values, refusal_in_words
from helpdesk.channels.email.trouble import explain
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify.posting import Forbidden
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.services import Refused

PATH = "/setup/mail/connected"
"""Where the provider sends people back to."""
AWAY_SECONDS = 900
"""How long somebody may take at the provider."""
LONGEST = {"authorize_url": 500, "token_url": 500, "scope": 1000, "client_id": 300}
_SECRET = 2000
_ANOTHER = ("provider", "flow", "authorize_url", "token_url", "scope", "client_id")
"""When one of these changes, what was granted before is worth nothing."""


@dataclass(slots=True)
class GrantSettings:
    """What a person says about a provider. A secret of None keeps the one there is."""

    provider: str
    flow: str = Flow.CODE
    tenant: str = ""
    authorize_url: str = ""
    token_url: str = ""
    scope: str = ""
    client_id: str = ""
    client_secret: str | None = field(default=None, repr=False)
    secret_ends_on: date | None = None
    access_ends_on: date | None = None


def redirect_uri() -> str:
    """Return the address that has to be named at the provider."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.base_url.rstrip("/") + PATH


def grant_of(mailbox: Mailbox) -> MailGrant | None:
    """Return what is known of a mailbox's provider."""
    return db.session.get(MailGrant, mailbox.id)


def save(actor: Actor, mailbox: Mailbox, settings: GrantSettings) -> MailGrant:
    """Keep what was typed about a provider. Raises Denied, Refused.

    The mailbox signs in with OAuth2 from then on. What was granted stays, unless it was by another
    provider, to another program or for something else.
    """
    actor.demand(Permission.SETUP_MAIL)
    row = db.session.get(MailGrant, mailbox.id, with_for_update=True)
    checked(settings, has_secret=row is not None and bool(row.client_secret))
    columns = asdict(settings)
    del columns["tenant"]
    secret = columns.pop("client_secret")
    if row is None:
        row = MailGrant(mailbox_id=mailbox.id)
        db.session.add(row)
        db.session.flush()
    changes = audit.difference({key: getattr(row, key) for key in columns}, columns)
    if any(key in changes for key in _ANOTHER):
        forget(row)
    for key, value in columns.items():
        setattr(row, key, value)
    if secret is not None:
        row.client_secret = seal(secret)
        changes["client_secret"] = ["…", "…"]
        if row.refused.startswith(("invalid_client", "unauthorized_client")):
            row.refused_at, row.refused, row.access_until = None, "", None
    row.told = ""
    if mailbox.sign_in != SignIn.OAUTH:
        mailbox.sign_in = SignIn.OAUTH
        mailbox.version += 1
    if changes:
        audit.record(actor, "mailbox-access-changed", mailbox, _plain(changes))
    return row


def _plain(changes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return changes as they can be kept: days as text. A scope is something else elsewhere."""
    return {
        "asked_scope" if key == "scope" else key: [
            one.isoformat() if isinstance(one, date) else one for one in pair
        ]
        for key, pair in changes.items()
    }


def forget(row: MailGrant) -> None:
    """Forget everything that was granted, and whoever is on their way back."""
    row.access_token = row.refresh_token = row.refused = row.asked_state = row.asked_verifier = ""
    row.access_until = row.refresh_until = row.refused_at = row.granted_at = None
    row.access_life = row.refresh_life = row.asked_by = row.asked_until = row.busy_until = None
    row.generation = (row.generation or 0) + 1


def checked(settings: GrantSettings, *, has_secret: bool) -> None:
    """Fill in what is known of the provider and raise Refused for what can't be right."""
    if settings.provider not in set(Provider) or settings.flow not in set(Flow):
        raise Refused("provider", _l("Choose who grants access."), "provider")
    _fill_in(settings)
    for key, most in LONGEST.items():
        setattr(settings, key, typed_text.line(getattr(settings, key), most, key))
    typed_text.check(settings.client_secret or "", _SECRET, "client_secret")
    if not settings.client_id:
        raise Refused("client-missing", _l("Type the client ID of the desk there."), "client_id")
    if settings.flow == Flow.CLIENT and not (settings.client_secret or has_secret):
        message = _l("To ask in its own name the desk needs a client secret.")
        raise Refused("secret-missing", message, "client_secret")
    needed = ["token_url"] if settings.flow == Flow.CLIENT else ["authorize_url", "token_url"]
    for key in needed:
        try:
            oauth.check_url(getattr(settings, key))
        except Forbidden:
            message = _l("Type an address that begins with https://.")
            raise Refused("url", message, key) from None
    for key in ("secret_ends_on", "access_ends_on"):
        day = getattr(settings, key)
        if day is not None and not 2000 <= day.year <= 2200:
            raise Refused("day", _l("Choose a year between 2000 and 2200."), key)


def _fill_in(settings: GrantSettings) -> None:
    preset = oauth.PRESETS.get(Provider(settings.provider))
    # What would not be used is refused: nobody should believe that it counts.
    if settings.tenant.strip() and settings.provider != Provider.MICROSOFT:
        message = _l("Only Microsoft has directories: leave this empty.")
        raise Refused("tenant", message, "tenant")
    if preset is None:
        return
    for key in ("authorize_url", "token_url", "scope"):
        if getattr(settings, key).strip():
            message = _l("This is known for the provider you chose: leave it empty.")
            raise Refused("known", message, key)
    if settings.provider == Provider.MICROSOFT:
        tenant = settings.tenant.strip()
        if settings.flow == Flow.CLIENT and tenant in {"", "common", "organizations", "consumers"}:
            message = _l("To ask in its own name the desk needs the ID of your directory (tenant).")
            raise Refused("tenant-missing", message, "tenant")
        if tenant and not all(one.isalnum() or one in ".-" for one in tenant):
            raise Refused("tenant", _l("That is no ID or domain of a directory."), "tenant")
        settings.tenant = typed_text.line(tenant, 100, "tenant") or "organizations"
    elif settings.flow == Flow.CLIENT:
        message = _l("This provider grants access to people only: choose signing in.")
        raise Refused("flow", message, "flow")
    settings.authorize_url = preset.authorize_url.format(tenant=settings.tenant)
    settings.token_url = preset.token_url.format(tenant=settings.tenant)
    settings.scope = preset.client_scope if settings.flow == Flow.CLIENT else preset.scope


def tenant_of(row: MailGrant) -> str:
    """Return the directory that stands in Microsoft's addresses."""
    if row.provider != Provider.MICROSOFT:
        return ""
    return row.token_url.split("/")[3] if row.token_url.count("/") > 3 else ""


# ---- Going there, and coming back ----


def begin(actor: Actor, mailbox: Mailbox) -> str:
    """Return the address at the provider where the actor grants access. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_MAIL)
    row = db.session.get(MailGrant, mailbox.id, with_for_update=True)
    if row is None or row.flow != Flow.CODE or not row.client_id:
        raise Refused("nothing-typed", _l("Save who grants access first."))
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    row.asked_state = _hash(state)
    row.asked_verifier = seal(verifier)
    row.asked_by, row.asked_until = actor.person_id, now() + timedelta(seconds=AWAY_SECONDS)
    return oauth.sign_in_link(
        row.authorize_url,
        provider=row.provider,
        client_id=row.client_id,
        scope=row.scope,
        redirect_uri=redirect_uri(),
        state=state,
        verifier=verifier,
        user=mailbox.imap_user,
    )


def awaited(actor: Actor, state: str) -> MailGrant | None:
    """Return the grant for which the actor comes back with this state, if they still may."""
    actor.demand(Permission.SETUP_MAIL)
    if not state:
        return None
    row = db.session.scalar(select(MailGrant).where(MailGrant.asked_state == _hash(state)))
    in_time = row is not None and row.asked_until is not None and row.asked_until > now()
    return row if row is not None and in_time and row.asked_by == actor.person_id else None


def finish(actor: Actor, state: str, code: str) -> Mailbox:
    """Change the code that the actor brought back for tokens. Raises Denied, Refused.

    Ends the session's transaction before the provider is asked.
    """
    row = awaited(actor, state)
    if row is None:
        raise Refused("not-awaited", _l("This took too long, or was done already. Begin again."))
    mailbox_id = row.mailbox_id
    verifier = _opened(row.asked_verifier)
    granted = _ask(row, oauth.by_code(code[:4000], verifier, redirect_uri()))
    row = db.session.get(MailGrant, mailbox_id, with_for_update=True, populate_existing=True)
    if row is None or row.asked_state != _hash(state):
        raise Refused("not-awaited", _l("This took too long, or was done already. Begin again."))
    return _keep(actor, row, granted)


def ask_as_program(actor: Actor, mailbox: Mailbox) -> None:
    """Let the desk ask in its own name. Raises Denied, Refused.

    Ends the session's transaction before the provider is asked.
    """
    actor.demand(Permission.SETUP_MAIL)
    row = grant_of(mailbox)
    if row is None or row.flow != Flow.CLIENT:
        raise Refused("nothing-typed", _l("Save who grants access first."))
    mailbox_id, generation = row.mailbox_id, row.generation
    granted = _ask(row, oauth.as_program(row.scope))
    row = db.session.get_one(MailGrant, mailbox_id, with_for_update=True, populate_existing=True)
    if row.generation == generation:
        _keep(actor, row, granted)


def disconnect(actor: Actor, mailbox: Mailbox) -> None:
    """Forget what was granted; the provider is not told. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    row = db.session.get(MailGrant, mailbox.id, with_for_update=True)
    if row is not None:
        forget(row)
        mailbox.version += 1
        audit.record(actor, "mailbox-access-forgotten", mailbox)


def _ask(row: MailGrant, fields: dict[str, str]) -> oauth.Granted:
    url, client_id, secret = row.token_url, row.client_id, _opened(row.client_secret)
    db.session.rollback()
    try:
        return oauth.ask(url, client_id, secret, fields)
    except oauth.Dead as dead:
        raise Refused("refused", refusal_in_words(dead.code, str(dead))) from dead
    except oauth.Away as away:
        message = _l("The provider that grants access does not answer: %(said)s.", said=str(away))
        raise Refused("away", message) from away


def _keep(actor: Actor, row: MailGrant, granted: oauth.Granted) -> Mailbox:
    forget(row)
    for key, value in granted_values(granted, anew=True).items():
        setattr(row, key, value)
    mailbox = db.session.get_one(Mailbox, row.mailbox_id, with_for_update=True)
    # Whoever reads it connects anew, and what failed until now is news no more.
    mailbox.version += 1
    mailbox.failing_since, mailbox.last_error = None, ""
    mailbox.send_failing_since, mailbox.send_error = None, ""
    mailbox.send_failures, mailbox.send_again_at = 0, None
    audit.record(actor, "mailbox-access-granted", mailbox)
    return mailbox


def _opened(sealed: str) -> str:
    try:
        return open_sealed(sealed)
    except Unreadable as error:
        raise Refused("unreadable", explain(error, "", 0).message) from error


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()

"""Tokens of mailboxes that sign in with OAuth2: asked for in time, by one process at a time.

A token is renewed some minutes before it ends, by whoever needs it first or by a job. Who may
ask is decided by one UPDATE; the others go on with the token they have, or wait for the new one.
No transaction is open while a provider thinks. What it gave is written only if nobody was granted
anything else meanwhile, so a refresh token that was replaced never comes back.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select, update

from helpdesk.channels.email import oauth
from helpdesk.channels.email.models import Mailbox, SignIn
from helpdesk.channels.email.secrets import Unreadable, open_sealed, seal
from helpdesk.channels.email.signing_in import Token
from helpdesk.channels.email.source_models import Flow, MailGrant
from helpdesk.channels.email.trouble import Trouble, explain
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now

log = logging.getLogger(__name__)

EARLY = timedelta(minutes=5)
"""How long before its end a token is renewed; a short one, when a third of it is left."""
BUSY_SECONDS = 30
"""A provider has half of it to answer. Who asked and died is waited for no longer."""
LEAST = timedelta(seconds=20)
"""A token that lasts no longer than this is of no use for signing in."""
AGAIN = timedelta(minutes=1)
"""After the provider did not answer, a token that is still good is used on for so long."""


@dataclass(frozen=True, slots=True)
class OfMailbox:
    """The token of a mailbox, as signing in asks for it."""

    mailbox_id: int

    def good(self) -> str:
        """Return a token that is good right now. Raises Trouble."""
        return token_for(self.mailbox_id)

    def was_refused(self) -> None:
        """Let the next one be new."""
        was_refused(self.mailbox_id)


def source_of(mailbox: Mailbox) -> Token | None:
    """Return what gives a mailbox's token when it is signed in; None when it has a password."""
    return OfMailbox(mailbox.id) if mailbox.sign_in == SignIn.OAUTH else None


def token_for(mailbox_id: int) -> str:
    """Return a token that is good now, renewed if need be. Raises Trouble.

    Ends the session's transaction: it opens its own.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        db.session.rollback()
        row = db.session.get(MailGrant, mailbox_id, populate_existing=True)
        if row is None or not _has_something(row):
            db.session.rollback()
            raise Trouble(_not_connected())
        if row.refused_at is not None and not _lasts(row, LEAST):
            words = refusal(row)
            db.session.rollback()
            raise Trouble(words)
        if not is_due(row):
            return _opened(row)
        if _claim(row.mailbox_id, row.generation):
            renew(mailbox_id)
        elif _lasts(row, LEAST):
            return _opened(row)
        elif time.monotonic() > until:
            raise Trouble(_l("Another process asks for a new token and does not come to an end."))
        else:
            time.sleep(0.1)


def is_due(row: MailGrant) -> bool:
    """Whether a grant's token should be renewed."""
    if row.access_until is None or not row.access_token:
        return row.refused_at is None
    if row.refused_at is not None:
        return False
    if row.access_until - now() < _margin(row.access_life):
        return True
    # What renews it must not end before it is used.
    ends = row.refresh_until if row.refresh_token else None
    return ends is not None and ends - now() < _margin(row.refresh_life)


def _margin(life: int | None) -> timedelta:
    """Return how long before its end something is renewed that is given for so many seconds."""
    return EARLY if life is None else min(EARLY, max(timedelta(seconds=life / 3), 2 * LEAST))


def good_until(mailbox_id: int) -> datetime | None:
    """Return until when a connection made now may stay; None where that has no end."""
    until = db.session.scalar(
        select(MailGrant.access_until)
        .join(Mailbox, Mailbox.id == MailGrant.mailbox_id)
        .where(MailGrant.mailbox_id == mailbox_id, Mailbox.sign_in == SignIn.OAUTH)
    )
    db.session.rollback()
    return until


def was_refused(mailbox_id: int) -> None:
    """Forget a token that a mail server did not take, so that the next try has a new one."""
    with transaction():
        db.session.execute(
            update(MailGrant)
            .where(MailGrant.mailbox_id == mailbox_id)
            .values(access_until=None)
            .execution_options(synchronize_session=False)
        )


def _claim(mailbox_id: int, generation: int) -> bool:
    with transaction():
        taken = db.session.execute(
            update(MailGrant)
            .where(
                MailGrant.mailbox_id == mailbox_id,
                MailGrant.generation == generation,
                or_(MailGrant.busy_until.is_(None), MailGrant.busy_until < now()),
            )
            .values(busy_until=now() + timedelta(seconds=BUSY_SECONDS))
            .execution_options(synchronize_session=False)
        )
        return bool(taken.rowcount)  # type: ignore[attr-defined]


def renew(mailbox_id: int) -> None:
    """Ask for a new token and keep it; for who has claimed that. Raises Trouble."""
    row = db.session.get_one(MailGrant, mailbox_id, populate_existing=True)
    generation = row.generation
    try:
        secret, refresh = open_sealed(row.client_secret), open_sealed(row.refresh_token)
    except Unreadable as error:
        raise explain(error, "", 0) from error
    if row.flow == Flow.CLIENT:
        fields = oauth.as_program(row.scope)
    elif not refresh:
        return _cannot_renew(row)
    else:
        fields = oauth.by_refresh(refresh, row.scope)
    url, client_id, still_good = row.token_url, row.client_id, _lasts(row, LEAST)
    # Nobody else's work should wait for our transaction while the provider thinks.
    db.session.rollback()
    try:
        granted = oauth.ask(url, client_id, secret, fields)
    except oauth.Dead as dead:
        log.error("Mailbox %d: its provider gives no more tokens: %s", mailbox_id, dead)
        _settle(mailbox_id, generation, {"refused_at": now(), "refused": str(dead)[:2000]})
        if not still_good:
            raise Trouble(refusal_in_words(dead.code, str(dead))) from dead
    except oauth.Away as away:
        log.warning("Mailbox %d: its provider does not answer: %s", mailbox_id, away)
        if not still_good:
            _settle(mailbox_id, generation, {}, moved_on=False)
            raise Trouble(
                _l("The provider that grants access does not answer: %(said)s.", said=str(away))
            ) from away
        _rest(mailbox_id, generation)
    else:
        _settle(mailbox_id, generation, granted_values(granted))
    return None


def _cannot_renew(row: MailGrant) -> None:
    """Write down that a token ends which nothing renews. Raises Trouble once it has ended."""
    words, still_good = "no_refresh_token", _lasts(row, LEAST)
    _settle(row.mailbox_id, row.generation, {"refused_at": now(), "refused": words})
    if not still_good:
        raise Trouble(refusal_in_words(words, words))


def granted_values(granted: oauth.Granted, *, anew: bool = False) -> dict[str, object]:
    """Return the columns of what a provider gave; ``anew`` when a person has just granted it."""
    moment = now()
    values: dict[str, object] = {
        "access_token": seal(granted.access_token),
        "access_until": moment + timedelta(seconds=granted.seconds),
        "access_life": granted.seconds,
        "refused_at": None,
        "refused": "",
    }
    if granted.refresh_token or anew:
        values["refresh_token"] = seal(granted.refresh_token)
    if granted.refresh_seconds is not None:
        values["refresh_until"] = moment + timedelta(seconds=granted.refresh_seconds)
    elif anew:
        values["refresh_until"] = None
    if anew:
        values |= {"granted_at": moment, "refresh_life": granted.refresh_seconds, "told": ""}
    return values


def _settle(
    mailbox_id: int, generation: int, values: dict[str, object], *, moved_on: bool = True
) -> None:
    """Keep what came of asking, unless something else was granted meanwhile."""
    with transaction():
        db.session.execute(
            update(MailGrant)
            .where(MailGrant.mailbox_id == mailbox_id, MailGrant.generation == generation)
            .values(busy_until=None, generation=generation + int(moved_on), **values)
            .execution_options(synchronize_session=False)
        )


def _rest(mailbox_id: int, generation: int) -> None:
    """Leave a provider alone for a moment that did not answer, while the token is good."""
    with transaction():
        db.session.execute(
            update(MailGrant)
            .where(MailGrant.mailbox_id == mailbox_id, MailGrant.generation == generation)
            .values(busy_until=now() + AGAIN)
            .execution_options(synchronize_session=False)
        )


def _has_something(row: MailGrant) -> bool:
    if row.flow == Flow.CLIENT:
        return bool(row.client_id and row.client_secret)
    return bool(row.access_token)


def _lasts(row: MailGrant, at_least: timedelta) -> bool:
    return (
        bool(row.access_token)
        and row.access_until is not None
        and row.access_until - now() > at_least
    )


def _opened(row: MailGrant) -> str:
    try:
        return open_sealed(row.access_token)
    except Unreadable as error:
        raise explain(error, "", 0) from error
    finally:
        db.session.rollback()


# ---- In words ----


def _not_connected() -> object:
    return _l(
        "Access is not granted yet. Open the mailbox in Set up, choose Access, and sign in at the"
        " provider."
    )


def refusal(row: MailGrant) -> object:
    """Return what to do about a grant that is refused, in words."""
    return refusal_in_words(row.refused.partition(":")[0], row.refused)


def refusal_in_words(code: str, said: str) -> object:
    """Return what to do about a provider's refusal, in words."""
    if code == "invalid_grant":
        return _l(
            "The provider took access back: %(said)s. Open the mailbox, choose Access, and sign in"
            " there again.",
            said=said,
        )
    if code in {"invalid_client", "unauthorized_client"}:
        return _l(
            "The provider does not know our program any more: %(said)s. Make a new client secret"
            " there and type it under Access.",
            said=said,
        )
    if code == "no_refresh_token":
        return _l(
            "The provider gave a token that can't be renewed. Allow offline access there, then"
            " open the mailbox, choose Access, and sign in again."
        )
    return _l(
        "The provider refuses access: %(said)s. Look at what is typed under Access, and sign in"
        " again.",
        said=said,
    )

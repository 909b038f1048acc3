"""Signing in, and the ways to a new password.

Checking a password takes a fifth of a second, so none of these verbs holds a transaction while
it does. And a refused sign-in must be remembered although its answer is an error, which the web
edge rolls back: it is written in a transaction of its own. These are the only verbs that do so.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk.db import db, transaction
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people import audit, passwords
from helpdesk.people.access import Actor
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.events import PasswordResetAsked
from helpdesk.people.models import Account
from helpdesk.people.services import links, sessions, throttle
from helpdesk.people.services.links import Purpose

WRONG = _l("That sign-in name or password is not right.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser that is signed in from now on; ``token`` belongs into its cookie."""

    token: str
    account_id: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What checking a password needs to know, read before it takes its time."""

    account_id: int
    person_id: int
    name: str
    login: str
    password_hash: str | None

    def as_actor(self) -> Actor:
        """Return the person acting for themselves, without any permission."""
        return Actor(self.person_id, self.name, frozenset(), account_id=self.account_id)


def clean_login(text: str) -> str:
    """Return a typed sign-in name the way it is stored."""
    return text.strip().casefold()[:320]


def _find(login: str) -> _Known | None:
    account = db.session.scalar(
        select(Account)
        .options(joinedload(Account.person))
        .where(Account.login == login, Account.deactivated_at.is_(None))
    )
    if account is None or account.person.retired_at is not None:
        return None
    return _Known(
        account.id, account.person_id, account.person.name, account.login, account.password_hash
    )


def _label(login: str, known: _Known | None) -> str:
    """Return the login for the log. What is no address may be a password in the wrong field."""
    return login if known is not None or "@" in login else "?"


def _check(login: str, password: str, address: str) -> tuple[_Known, str | None]:
    """Check a password under the limits; return whose it is and a new hash if one is due.

    Raises Refused, TooMany, Busy. Ends the transaction that is open.
    """
    db.session.rollback()
    new_hash = None
    try:
        throttle.check_sign_in(login, address)
        # Others must not wait for a lock of ours while we wait for a slot.
        db.session.rollback()
        with passwords.slot():
            # Again, because many may have waited for the slot together.
            throttle.check_sign_in(login, address)
            known = _find(login)
            db.session.rollback()
            if not passwords.matches(known.password_hash if known else None, password):
                # Written before the slot is free: whoever gets it next must count this try.
                with transaction():
                    audit.record(None, throttle.FAILED, label=_label(login, known), address=address)
                raise Refused("sign-in", WRONG)
            # What matches is somebody's, with a hash.
            assert known is not None
            assert known.password_hash is not None
            if passwords.is_outdated(known.password_hash):
                new_hash = passwords.hash_password(password)
    except throttle.TooMany:
        with transaction():
            label = _label(login, None)
            if not throttle.was_blocked(label, address):
                audit.record(None, throttle.BLOCKED, label=label, address=address)
        raise
    return known, new_hash


def sign_in(login: str, password: str, *, address: str, user_agent: str) -> SignedIn:
    """Sign in with a password. Raises Refused, TooMany, Busy."""
    known, new_hash = _check(clean_login(login), password, address)
    account = db.session.get_one(Account, known.account_id)
    if new_hash is not None:
        account.password_hash = new_hash
    return _begin(account, known.as_actor(), address, user_agent)


def _begin(account: Account, actor: Actor, address: str, user_agent: str) -> SignedIn:
    account.last_sign_in_at = now()
    token = sessions.begin(account.id, address=address, user_agent=user_agent)
    audit.record(actor, throttle.SIGNED_IN, account, address=address)
    return SignedIn(token, account.id)


def change_password(
    actor: Actor, *, old: str, new: str, keep_token: str | None, address: str
) -> None:
    """Change the actor's own password; every other browser of theirs is signed out.

    Raises Refused with the field ``old`` or ``password``, TooMany, Busy.
    """
    if actor.account_id is None:
        raise Missing
    account = db.session.get_one(Account, actor.account_id)
    login = account.login
    if account.password_hash is None:
        raise Refused("password-none", _l("Use the link we mailed you to set a password."), "old")
    passwords.check_new(new, login=login, name=actor.name)
    try:
        _check(login, old, address)
    except Refused:
        raise Refused("password-wrong", _l("This is not your password."), "old") from None
    if old == new:
        raise Refused("password-same", _l("This is the password you have now."), "password")
    with passwords.slot():
        kept = passwords.hash_password(new)
    account = db.session.get_one(Account, actor.account_id)
    _keep(account, kept)
    sessions.revoke_all(actor, account.id, but=keep_token, label=login, address=address)
    audit.record(actor, "password-changed", account, address=address)


def _keep(account: Account, kept: str) -> None:
    account.password_hash = kept
    account.password_changed_at = now()


def ask_reset(login: str, *, address: str) -> None:
    """Have a link for a new password mailed, if there is such an account.

    The caller answers the same whatever happens here. Raises TooMany.
    """
    login = clean_login(login)
    throttle.check_reset(login, address)
    account = db.session.scalar(
        select(Account)
        .options(joinedload(Account.person))
        .where(Account.login == login, Account.deactivated_at.is_(None))
    )
    if "@" in login or account is not None:
        audit.record(None, throttle.RESET_ASKED, account, label=login, address=address)
    if account is None or account.person.retired_at is not None or "@" not in account.login:
        return
    link = links.issue(account, Purpose.RESET)
    publish(PasswordResetAsked(account.person, account.login, link.url, link.expires_at))


def set_password_by_link(
    token: str, purpose: Purpose, new: str, *, address: str, user_agent: str
) -> SignedIn:
    """Use a link up: set the password and sign in. All other browsers are signed out.

    Raises Missing when the link does not work (any more), Refused with the field ``password``,
    Busy.
    """
    account = links.account_of(token, purpose)
    if account is None:
        raise Missing
    passwords.check_new(new, login=account.login, name=account.person.name)
    # Nothing was written yet and nothing may be locked while hashing.
    db.session.rollback()
    with passwords.slot():
        kept = passwords.hash_password(new)
    account = links.account_of(token, purpose)
    if account is None or not links.use(token, purpose):
        raise Missing
    actor = Actor(account.person_id, account.person.name, frozenset(), account_id=account.id)
    _keep(account, kept)
    sessions.revoke_all(actor, account.id, label=account.login, address=address)
    audit.record(actor, f"password-set-by-{purpose}-link", account, address=address)
    return _begin(account, actor, address, user_agent)

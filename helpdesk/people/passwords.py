"""Passwords: which are good enough, and how they are kept.

Argon2id with 64 MiB makes guessing dear for whoever steals the database, and for us: every check
costs a fifth of a second and the memory. So at most ``password_slots`` run at once in a process;
whoever does not get a slot within a few seconds is asked to try again, and the other pages of the
desk stay quick.

Hashing takes long enough that nobody may hold a transaction meanwhile: callers hash first.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app
from flask_babel import lazy_gettext as _l

from config import Settings
from helpdesk.people.errors import Refused

SHORTEST = 10
"""Characters a password must have at least."""

LONGEST = 200
"""Characters a password may have at most: hashing megabytes is a way to keep us busy."""

SLOT_WAIT = 4.0
"""Seconds to wait for a slot before saying that too many people sign in at once."""

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)


class Busy(Exception):
    """Too many passwords are being checked at this moment."""


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its slots for checking passwords."""
    app.extensions["hearth-password-slots"] = BoundedSemaphore(settings.password_slots)


@contextmanager
def slot() -> Iterator[None]:
    """Hold one of the process's slots for checking passwords. Raises Busy."""
    slots: BoundedSemaphore = current_app.extensions["hearth-password-slots"]
    if not slots.acquire(timeout=SLOT_WAIT):
        raise Busy
    try:
        yield
    finally:
        slots.release()


def _plain(password: str) -> str:
    """Return one form of what different keyboards send for the same characters."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Return the hash to keep. The caller holds a slot and no transaction."""
    return _hasher.hash(_plain(password))


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the password. The caller holds a slot and no transaction.

    Without a kept hash the work is done all the same, so that the time an answer takes does not
    tell which logins exist.
    """
    try:
        _hasher.verify(kept or _nobodys_hash(), _plain(password[: LONGEST + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with other costs than today's and should be made again."""
    return _hasher.check_needs_rehash(kept)


@cache
def common_passwords() -> frozenset[str]:
    """Return the passwords that are guessed first."""
    file = Path(__file__).with_name("common_passwords.txt")
    return frozenset(file.read_text(encoding="utf-8").split())


def check_new(password: str, *, login: str, name: str = "") -> None:
    """Raise Refused, with the field ``password``, unless the new password is good enough.

    There are no rules about digits and signs: they make people write passwords down. Length,
    and not being what anybody would try first, is what counts.
    """
    password = _plain(password)
    if len(password) < SHORTEST:
        raise Refused(
            "password-short", _l("Use at least %(number)s characters.", number=SHORTEST), "password"
        )
    if len(password) > LONGEST:
        raise Refused(
            "password-long", _l("Use at most %(number)s characters.", number=LONGEST), "password"
        )
    folded = password.casefold()
    local = login.partition("@")[0].casefold()
    joined = "".join(name.split()).casefold()
    obvious = {login.casefold(), local, joined, f"{local}{local}"} - {""}
    bare = folded.rstrip("0123456789!.?-_")
    if folded in obvious or bare in obvious:
        raise Refused(
            "password-is-login",
            _l("This is your sign-in name or your own name. Choose something else."),
            "password",
        )
    if folded in common_passwords() or len(set(folded)) < 4:
        raise Refused(
            "password-common",
            _l("This is one of the passwords that are tried first. Choose something else."),
            "password",
        )

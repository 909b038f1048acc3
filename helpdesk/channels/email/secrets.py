"""Passwords of mailboxes at rest: encrypted with a key made from the desk's secret key.

A copy of the database alone gives no password away. Whoever changes the secret key has to type
the passwords again; reading one then says so instead of failing somewhere else.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


class Unreadable(Exception):
    """The password was encrypted with another secret key."""


def _box() -> Fernet:
    secret_key: str = current_app.config["SECRET_KEY"]
    # The purpose is part of the key, so that no other use of the secret key can open these.
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hearth mailbox passwords")
    return Fernet(base64.urlsafe_b64encode(kdf.derive(secret_key.encode())))


def seal(password: str) -> str:
    """Return the password as it is stored; nothing stays nothing."""
    return _box().encrypt(password.encode()).decode("ascii") if password else ""


def open_sealed(sealed: str) -> str:
    """Return the password that was sealed. Raises Unreadable."""
    if not sealed:
        return ""
    try:
        return _box().decrypt(sealed.encode("ascii")).decode()
    except InvalidToken as error:
        raise Unreadable from error

"""Secrets at rest: encrypted with keys made from the desk's secret key, one for each purpose.

A copy of the database alone gives none away. Whoever changes the secret key has to type them
again; reading one then says so instead of failing somewhere else.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


class Unreadable(Exception):
    """The secret was encrypted with another secret key."""


def _box(purpose: bytes) -> Fernet:
    secret_key: str = current_app.config["SECRET_KEY"]
    # The purpose is part of the key, so that no other use of the secret key can open these.
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
    return Fernet(base64.urlsafe_b64encode(kdf.derive(secret_key.encode())))


def seal(secret: str, purpose: bytes) -> str:
    """Return a secret as it is stored; nothing stays nothing."""
    return _box(purpose).encrypt(secret.encode()).decode("ascii") if secret else ""


def open_sealed(sealed: str, purpose: bytes) -> str:
    """Return the secret that was sealed for this purpose. Raises Unreadable."""
    if not sealed:
        return ""
    try:
        return _box(purpose).decrypt(sealed.encode("ascii")).decode()
    except InvalidToken as error:
        raise Unreadable from error

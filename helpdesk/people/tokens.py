"""Secrets that people carry: session cookies and single-use links.

A token has 256 random bits. Only its SHA-256 is stored, so whoever reads the database cannot
sign in with what they find; a slow hash would add nothing against 256 random bits.
"""

import hashlib
import secrets


def new() -> str:
    """Return a fresh token, 43 characters that are safe in a URL and in a cookie."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored of a token: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()

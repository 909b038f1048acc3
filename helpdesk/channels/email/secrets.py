"""Passwords of mailboxes at rest (``notify.sealing``)."""

from helpdesk.notify import sealing
from helpdesk.notify.sealing import Unreadable

__all__ = ["Unreadable", "open_sealed", "seal"]

_PURPOSE = b"hearth mailbox passwords"


def seal(password: str) -> str:
    """Return the password as it is stored; nothing stays nothing."""
    return sealing.seal(password, _PURPOSE)


def open_sealed(sealed: str) -> str:
    """Return the password that was sealed. Raises Unreadable."""
    return sealing.open_sealed(sealed, _PURPOSE)

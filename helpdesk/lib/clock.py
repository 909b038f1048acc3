"""The only clock of the house, so that tests and the demo can travel in time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_set_to: ContextVar[datetime | None] = ContextVar("set_to", default=None)


def now() -> datetime:
    """Return the current moment as an aware UTC datetime."""
    return _set_to.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the clock stand at an aware moment, in this context only. The demo lives its past so."""
    token = _set_to.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _set_to.reset(token)


def stands_at() -> datetime | None:
    """Return the moment the clock stands at in this context, or None where time goes by."""
    return _set_to.get()

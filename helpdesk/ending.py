"""What nobody reads before its transaction ends: written then, and all of it together.

A batch of mail opens fifty tickets in one transaction; the words of all of them are one statement.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from helpdesk.db import db

Write = Callable[[list[Any]], None]

_WAITING = "ending"


def at_end(write: Write, of: object, row: object) -> None:
    """Let ``write`` have this row when the transaction ends, with all others that wait for it.

    ``of`` is the object of the session it belongs to: if that goes with a savepoint, so does the
    row.
    """
    waiting: dict[Write, list[tuple[object, object]]] = db.session.info.setdefault(_WAITING, {})
    waiting.setdefault(write, []).append((of, row))


def write_waiting() -> None:
    """Write now what waits for the end of the transaction."""
    waiting: dict[Write, list[tuple[object, object]]] = db.session.info.pop(_WAITING, {})
    for write, rows in waiting.items():
        still = [row for of, row in rows if of in db.session]
        if still:
            write(still)


def _before_commit(session: Session) -> None:
    if session.info.get(_WAITING):
        write_waiting()


def _after_rollback(session: Session) -> None:
    session.info.pop(_WAITING, None)


event.listen(Session, "before_commit", _before_commit)
event.listen(Session, "after_rollback", _after_rollback)

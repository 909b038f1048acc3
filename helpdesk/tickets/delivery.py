"""What became of a message on its way out: the mail room, which lies above, tells the ticket page.

The room registers two functions, one that answers for many entries at once and one that tries
again; while none are registered, messages show no state, which is the truth.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import current_app

from helpdesk.people.access import Actor


class State(StrEnum):
    """Where a message is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The state of one message: since when, and what went wrong in the other side's words."""

    state: State
    at: datetime | None = None
    problem: str = ""
    # A process ended while it was being sent, so it may have arrived twice.
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What the mail room can do for the ticket page."""

    deliveries: Callable[[Sequence[int]], Mapping[int, Delivery]]
    send_again: Callable[[Actor, int], bool]


def provide(app: Any, office: PostOffice) -> None:
    """Let a mail room answer; called when the application is built."""
    app.extensions["hearth-post-office"] = office


def _office() -> PostOffice | None:
    found: PostOffice | None = current_app.extensions.get("hearth-post-office")
    return found


def deliveries(entry_ids: Sequence[int]) -> Mapping[int, Delivery]:
    """Return what is known of these entries; nothing without a mail room or without entries."""
    office = _office()
    return office.deliveries(entry_ids) if office is not None and entry_ids else {}


def send_again(actor: Actor, entry_id: int) -> bool:
    """Try to send an entry again that failed; False when there is nothing to send."""
    office = _office()
    return office.send_again(actor, entry_id) if office is not None else False

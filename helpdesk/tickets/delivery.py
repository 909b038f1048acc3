"""What became of a message on its way out: the mail room, which lies above, tells the ticket page.

The room registers a function that answers for many entries at once; while none is registered,
messages show no state, which is the truth.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import current_app


class State(StrEnum):
    """Where a message is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The state of one message: since when, and what went wrong in the other side's words."""

    state: State
    at: datetime | None = None
    problem: str = ""


Provider = Callable[[Sequence[int]], Mapping[int, Delivery]]


def provide(app: Any, provider: Provider) -> None:
    """Let ``provider`` answer what became of entries; called when the application is built."""
    app.extensions["hearth-delivery"] = provider


def deliveries(entry_ids: Sequence[int]) -> Mapping[int, Delivery]:
    """Return what is known of these entries; nothing without a mail room or without entries."""
    provider: Provider | None = current_app.extensions.get("hearth-delivery")
    return provider(entry_ids) if provider is not None and entry_ids else {}

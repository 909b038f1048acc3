"""How a host's index stands, for people to look at."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.search import place, store
from helpdesk.search.models import Change, Epoch


@dataclass(frozen=True, slots=True)
class Standing:
    """How this host's index stands."""

    ready: bool
    documents: int = 0
    followed_at: datetime | None = None
    """When something was last written to it."""
    waiting: int = 0
    """Changes that it lacks."""
    waiting_since: datetime | None = None
    """When the oldest of them was made."""
    renewing: bool = False
    """Whether another one is being made, here or soon."""


def is_followed() -> bool:
    """Whether a process of this host follows the changes."""
    with place.lock("follow", wait=False) as ours:
        return not ours


def standing() -> Standing:
    """Return how the index of this host stands. Reads only."""
    try:
        view = place.view()
    except place.Missing:
        return Standing(ready=False, renewing=True)
    state = view.state
    present = db.session.get(Epoch, 1)
    newer = Change.seq > int(state.get("seq", 0))
    waiting, since = db.session.execute(
        select(func.count(), func.min(Change.at)).where(newer)
    ).one()
    return Standing(
        state.get("version") == store.VERSION,
        view.count,
        datetime.fromisoformat(state["at"]),
        waiting,
        since,
        present is None or present.name != state.get("epoch"),
    )

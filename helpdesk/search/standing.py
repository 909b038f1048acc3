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
    renewing: bool = False
    """Whether another one is being made, here or soon."""


def standing() -> Standing:
    """Return how the index of this host stands. Reads only."""
    try:
        view = place.view()
    except place.Missing:
        return Standing(ready=False, renewing=True)
    state = view.state
    present = db.session.get(Epoch, 1)
    newer = select(func.count()).where(Change.seq > int(state.get("seq", 0)))
    return Standing(
        state.get("version") == store.VERSION,
        view.count,
        datetime.fromisoformat(state["at"]),
        db.session.scalar(newer) or 0,
        present is None or present.name != state.get("epoch"),
    )

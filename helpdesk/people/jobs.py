"""Background work of this room."""

from helpdesk.db import transaction
from helpdesk.jobs import job
from helpdesk.people.services import sessions


@job(every=6 * 3600)
def sweep_sessions() -> None:
    """Remove sessions and single-use links that ended a month ago."""
    with transaction():
        sessions.sweep()

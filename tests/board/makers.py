"""Makers of notices for tests of the alert board."""

from datetime import timedelta
from typing import Any

from helpdesk.board import writing
from helpdesk.board.models import Alert, Audience, Severity
from helpdesk.board.writing import Wording
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor
from tests import factories


def wording(headline: str = "VPN gateway is down", **fields: Any) -> Wording:
    """Return what a notice says: an outage that began an hour ago, for all staff."""
    said: dict[str, Any] = {
        "body": "Use the Singapore gateway.",
        "severity": Severity.OUTAGE,
        "audience": Audience.STAFF,
        "starts_at": now() - timedelta(hours=1),
        "ends_at": now() + timedelta(hours=4),
    }
    return Wording(headline, **{**said, **fields})


def alert(
    headline: str = "VPN gateway is down", *, by: Actor | None = None, **fields: Any
) -> Alert:
    """Put a notice on the board."""
    row = writing.write(by or factories.actor(role="lead"), wording(headline, **fields))
    db.session.commit()
    return row

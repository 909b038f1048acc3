"""Fields about mail: whether a program wrote it, and whether ours came back."""

from flask_babel import lazy_gettext as _l

from helpdesk.rules.facts import Facts
from helpdesk.rules.fields import Field
from helpdesk.rules.operators import Kind
from helpdesk.tickets.models import Ticket


def _automatic(known: Facts) -> bool | None:
    """Whether a program wrote what just came in; None when nothing did."""
    entry = known.entry
    if entry is None or not entry.inbound:
        return None
    return bool((entry.envelope or {}).get("automatic"))


MAIL_FIELDS = [
    Field(
        "undelivered",
        _l("Mail of ours came back"),
        Kind.YES_NO,
        lambda known: known.ticket.undelivered_at is not None,
        lambda _at: Ticket.undelivered_at.is_not(None),
    ),
    Field(
        "automatic",
        _l("A program wrote it"),
        Kind.YES_NO,
        _automatic,
        None,
        group="event",
    ),
]

"""Whether a message that answers an old ticket is about something else by now.

People take an old mail to have the address, and write about what is wrong today. While a ticket is
open whatever answers it belongs to it. Once it is solved, another subject altogether is another
matter, unless it comes soon after as an answer.
"""

from datetime import datetime, timedelta

from helpdesk.lib.text import bare_subject
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.models import Ticket

SOON = timedelta(days=7)
"""So long after the end an answer with a new subject is still about the same matter."""
ALIKE = 0.3
"""Share of the shorter subject's pairs of letters that the other must have to be the same."""


def is_another_matter(ticket: Ticket, subject: str, happened_at: datetime, *, refers: bool) -> bool:
    """Whether a message should open a ticket of its own.

    ``refers`` says that it names one of the ticket's messages, rather than only its address.
    """
    if ticket.status_class not in {StatusClass.RESOLVED, StatusClass.CLOSED}:
        return False
    ended = ticket.resolved_at or ticket.closed_at
    if refers and (ended is None or happened_at < ended + SOON):
        return False
    return bool(subject.strip()) and not _alike(subject, ticket.subject)


def _alike(one: str, other: str) -> bool:
    """Whether two subjects share enough, in any language. Very short ones always do."""
    first, second = _pairs(one), _pairs(other)
    shorter = min(len(first), len(second))
    return shorter < 2 or len(first & second) >= ALIKE * shorter


def _pairs(subject: str) -> set[str]:
    bare = bare_subject(subject[:300]).casefold()
    letters = "".join(one for one in bare if one.isalnum())
    return {letters[at : at + 2] for at in range(len(letters) - 1)}

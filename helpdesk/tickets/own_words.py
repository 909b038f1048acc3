"""What somebody wrote themselves, and what of their message is quoted or a signature.

Whoever takes a message in may have found that out; it stands in the entry's envelope as ``folds``:
``{"text": [[kind, start, end], …], "html": […]}``, offsets into the body and into the HTML.
"""

from collections.abc import Mapping

from helpdesk.lib.quoting import Fold, Folded, Kind
from helpdesk.tickets.models import Entry


def folds_in(envelope: Mapping[str, object] | None, of: str) -> tuple[Fold, ...]:
    """Return the folds of the ``text`` or of the ``html`` of a message; none when nobody looked."""
    noted = (envelope or {}).get("folds")
    rows = noted.get(of) if isinstance(noted, Mapping) else None
    found = []
    for row in rows if isinstance(rows, list) else ():
        kind, start, end = row
        found.append(Fold(Kind(kind), int(start), int(end)))
    return tuple(found)


def own_words(body: str, envelope: Mapping[str, object] | None) -> str:
    """Return the text of a message without what is quoted in it and without its signature."""
    return Folded(body, folds_in(envelope, "text")).reply


def words_of(entry: Entry) -> str:
    """Return what the author of an entry wrote themselves."""
    return own_words(entry.body, entry.envelope)

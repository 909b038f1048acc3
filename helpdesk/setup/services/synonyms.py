"""Words that mean the same to who searches, and making the index anew."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.search import following
from helpdesk.search.changes import changed
from helpdesk.search.models import Synonym
from helpdesk.search.synonyms import split_words
from helpdesk.setup.services import editing, keeping
from helpdesk.web.i18n import LANGUAGES

FIELDS = ("words", "language")
MOST_WORDS, LONGEST = 20, 1000


def in_use() -> list[Synonym]:
    """Return the synonyms that count, by their words."""
    rows = db.session.scalars(select(Synonym).where(Synonym.retired_at.is_(None)))
    return sorted(rows, key=lambda row: (row.words.casefold(), row.id))


def retired() -> list[Synonym]:
    """Return those that count no longer."""
    rows = db.session.scalars(select(Synonym).where(Synonym.retired_at.is_not(None)))
    return sorted(rows, key=lambda row: (row.words.casefold(), row.id))


def add(actor: Actor, wanted: Mapping[str, Any]) -> Synonym:
    """Add words that mean the same. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_DESK)
    row = Synonym(**_checked(wanted))
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "search-synonym-created", row)
    changed(following.SYNONYM, row.id)
    return row


def edit(
    actor: Actor, row: Synonym, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Change them; False when nothing changes. Raises Denied, Refused, Changed."""
    actor.demand(Permission.SETUP_DESK)
    changes = editing.merged(row, _checked(wanted), seen)
    if not changes:
        return False
    editing.write(row, changes)
    audit.record(actor, "search-synonym-edited", row, changes)
    changed(following.SYNONYM, row.id)
    return True


def retire(actor: Actor, row: Synonym) -> bool:
    """Let them mean the same no longer. Raises Denied."""
    actor.demand(Permission.SETUP_DESK)
    changed(following.SYNONYM, row.id)
    return keeping.retire(actor, row)


def restore(actor: Actor, row: Synonym) -> bool:
    """Let them mean the same again. Raises Denied."""
    actor.demand(Permission.SETUP_DESK)
    changed(following.SYNONYM, row.id)
    return keeping.restore(actor, row)


def delete(actor: Actor, row: Synonym) -> None:
    """Remove them. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_DESK)
    changed(following.SYNONYM, row.id)
    keeping.delete(actor, row)


def renew(actor: Actor) -> None:
    """Have every host make its index anew; searching goes on meanwhile. Raises Denied."""
    actor.demand(Permission.SETUP_DESK)
    following.begin_epoch()
    audit.record(actor, "search-renewed")


def _checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    typed = str(wanted["words"])
    typed_text.check(typed, LONGEST, "words")
    words = list(dict.fromkeys(split_words(typed)))
    if len(words) < 2:
        raise Refused("too-few", _l("At least two, with a comma between them."), "words")
    if len(words) > MOST_WORDS:
        raise Refused("too-many", _l("Twenty at most."), "words")
    language = str(wanted["language"] or "")
    if language and language not in LANGUAGES:
        raise Refused("no-language", _l("Choose one of the list."), "language")
    return {"words": ", ".join(words), "language": language}

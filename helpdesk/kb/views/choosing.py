"""What the forms of this room offer to choose from."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.kb.forms import AudienceForm
from helpdesk.kb.models import KbCategory
from helpdesk.kb.queries import lists
from helpdesk.kb.services import LANGUAGES
from helpdesk.kb.services.shelves import BETWEEN
from helpdesk.kb.views import words
from helpdesk.people.models import Organisation, Team
from helpdesk.web.forms import choices

MOST_FIRMS = 500


def offer_audience(form: AudienceForm) -> None:
    """Fill in the choices that all forms about an article have."""
    form.category.choices = choices([("", _("None")), *shelf_choices(lists.categories())])
    form.audience.choices = choices(words.AUDIENCES.items())
    teams = db.session.execute(
        select(Team.id, Team.name).where(Team.retired_at.is_(None)).order_by(Team.name)
    )
    form.teams.choices = choices([(str(key), name) for key, name in teams])
    firms = db.session.execute(
        select(Organisation.id, Organisation.name)
        .where(Organisation.retired_at.is_(None))
        .order_by(Organisation.name)
        .limit(MOST_FIRMS)
    )
    form.organisations.choices = choices([(str(key), name) for key, name in firms])


def shelf_choices(rows: list[KbCategory]) -> list[tuple[str, str]]:
    """Return categories to choose from, those within others indented."""
    return [(str(row.id), "\u2003" * row.path.count(BETWEEN) + row.name) for row in rows]


def kind_choices() -> list[Any]:
    """Return the sorts of articles."""
    return choices(words.KINDS.items())


def language_choices(without: set[str] | None = None) -> list[Any]:
    """Return the languages articles are written in."""
    return choices([(key, name) for key, name in LANGUAGES.items() if key not in (without or ())])


def staff_choices() -> list[Any]:
    """Return who can own or review an article."""
    return choices([("", _("Nobody")), *((str(key), name) for key, name in lists.staff())])

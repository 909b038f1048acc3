"""What becomes of articles when something happens to people: leaving, two records made one."""

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from helpdesk.kb.queries import owned
from helpdesk.kb.services import hand_over
from helpdesk.kb.services.details import is_staff
from helpdesk.kb.services.journal import note
from helpdesk.people.access import SYSTEM
from helpdesk.people.events import TechnicianDeactivated
from helpdesk.people.models import Person
from helpdesk.people.services import merge

_COLUMNS = (
    ("article", "owner_id", ()),
    ("article", "reviewer_id", ()),
    ("article", "created_by_id", ()),
    ("article_draft", "person_id", ("text_id",)),
    ("article_vote", "person_id", ("version_id",)),
    ("article_flag", "person_id", ()),
)


def register_merging() -> None:
    """Let what people own, typed and said follow a record that becomes part of another."""
    for table, column, alone in _COLUMNS:
        merge.register(table, column, alone=alone)


def held_by(person: Person) -> str | None:
    """Say how many articles somebody would leave behind, where their access is taken away."""
    count = owned.count_of(person.id)
    if not count:
        return None
    what = ngettext("%(num)d article", "%(num)d articles", count)
    return render_template("tickets/panels/held.html", what=what)


def on_technician_deactivated(event: TechnicianDeactivated) -> None:
    """Hand the articles of who leaves to their successor; without one nobody owns them."""
    rows = owned.articles_of(event.person.id)
    reviews = owned.reviewed_by(event.person.id)
    if not rows and not reviews:
        return
    successor = event.successor
    if successor is not None and not is_staff(successor.id):
        successor = None
    for article in reviews:
        article.reviewer_id = successor.id if successor is not None else None
    if successor is not None and rows:
        count = hand_over(SYSTEM, rows, successor)
        what = ngettext("%(num)d article", "%(num)d articles", count)
        event.said.append(_("%(what)s went to %(name)s.", what=what, name=successor.name))
        return
    for article in rows:
        before, article.owner_id = article.owner_id, None
        note(event.actor, article, "handed-over", changes={"owner_id": [before, None]})
    if rows:
        what = ngettext("%(num)d article", "%(num)d articles", len(rows))
        event.said.append(_("%(what)s have no owner now.", what=what))

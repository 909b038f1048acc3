"""The page of whoever keeps the knowledge base: what fails, what is old, twice or missing."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from helpdesk.kb import alike, asked
from helpdesk.kb.queries import editors
from helpdesk.kb.views import words
from helpdesk.kb.views.blueprint import bp
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.people.models import Person
from helpdesk.people.queries import person_for


@bp.get("/knowledge/editors")
@require(Permission.KB_WRITE)
def editors_page() -> str:
    """Show what the knowledge base lacks, and where it fails those who read it."""
    actor = current_actor()
    return render_template(
        "kb/editors.html",
        actor=actor,
        narrow=None,
        place="editors",
        searches=asked.failed_searches(),
        failing=editors.failing(actor),
        old=editors.old(actor),
        twice=alike.twice(actor),
        gaps=editors.gaps(actor),
        gap_days=editors.GAP_DAYS,
        whys=words.WHYS,
        nobodys=editors.without_owner(actor),
    )


@bp.post("/knowledge/editors/searches/<int:key>/settle")
@require(Permission.KB_WRITE)
def settle_search(key: int) -> Response:
    """Say that a question that found nothing needs no article."""
    asked.settle(current_actor(), key)
    flash(_("Settled. It comes back when it is asked for again."), "message")
    return redirect(url_for("kb.editors_page"), 303)


@bp.post("/knowledge/editors/twice/<int:one>/<int:other>")
@require(Permission.KB_WRITE)
def both_stand(one: int, other: int) -> Response:
    """Say that two articles which are alike are meant to be two."""
    alike.let_both_stand(current_actor(), one, other)
    flash(_("Both stand."), "message")
    return redirect(url_for("kb.editors_page"), 303)


def before_leaving(person: Person) -> Markup | None:
    """Return the way to what somebody knows, where their access is taken away."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.KB_WRITE):
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template("kb/_before_leaving.html", person=person)
    )


@bp.get("/knowledge/knows/<int:person_id>")
@require(Permission.KB_WRITE)
def only_they_know(person_id: int) -> str:
    """Show what somebody knows that is written down nowhere else: before they leave."""
    actor = current_actor()
    person = person_for(actor, person_id)
    return render_template(
        "kb/knows.html",
        actor=actor,
        narrow=None,
        place="editors",
        person=person,
        articles=editors.kept_by(actor, person.id),
        solved=editors.solved_by(person.id),
    )

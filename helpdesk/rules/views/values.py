"""What the boxes with chips find while somebody types."""

from typing import Any

from flask import jsonify, request
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people import guard, queries, search
from helpdesk.people.access import Permission
from helpdesk.people.guard import require
from helpdesk.people.models import Organisation, Site
from helpdesk.rules import choices
from helpdesk.rules.fields import Choice, all_fields
from helpdesk.rules.views.blueprint import bp

MOST = 60


@bp.get("/values/<key>")
@require(Permission.RULE_VIEW)
def find_values(key: str) -> Response:
    """Answer a box that looks for values of a field; ``tag-names`` are the names of tags."""
    question = request.args.get("q", "").strip()[:100]
    found = _values(key, question)
    return jsonify([{"value": value, "label": label} for value, label in found[:MOST]])


def _values(key: str, question: str) -> list[Choice]:
    actor = guard.current_actor()
    if key in {"customer", "organisation", "site"}:
        if not actor.can(Permission.PERSON_READ) or not question:
            return []
        if key == "customer":
            return [(row.id, row.name) for row in search.find(actor, question, limit=12)]
        if key == "organisation":
            rows, _more = queries.organisations_page(actor, question, size=12)
            return [(row.id, row.name) for row in rows]
        return _sites(question)
    if key == "tag-names":
        offered: Any = [(name, name) for _key, name in choices.tags()]
    else:
        field = all_fields().get(key)
        offered = field.choices() if field is not None and field.choices is not None else []
    wanted = question.casefold()
    return [one for one in offered if wanted in str(one[1]).casefold()]


def _sites(question: str) -> list[Choice]:
    rows = db.session.execute(
        select(Site.id, Site.name, Organisation.name)
        .join(Organisation, Organisation.id == Site.organisation_id)
        .where(
            Site.retired_at.is_(None),
            func.lower(Site.name).contains(question.lower(), autoescape=True),
        )
        .order_by(Site.name)
        .limit(12)
    )
    return [(key, f"{name}, {organisation}") for key, name, organisation in rows]

"""The pages of Set up."""

from typing import Any

from flask import Blueprint, current_app

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.setup.places import groups_for

bp = Blueprint("setup", __name__, template_folder="../templates", url_prefix="/setup")


@bp.context_processor
def side() -> dict[str, Any]:
    """Give every page of the room its side navigation."""
    actor = guard.actor_or_none()
    known = current_app.view_functions
    return {
        "place_groups": groups_for(actor, known) if actor is not None else [],
        "P": Permission,
    }

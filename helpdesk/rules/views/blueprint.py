"""The blueprint that all pages of rules share. They stand in Set up."""

from typing import Any

from flask import Blueprint, current_app
from werkzeug.exceptions import NotFound as NothingHere

from helpdesk.rules import sentence
from helpdesk.rules.listed import FOLDERS
from helpdesk.rules.views import offered
from helpdesk.tickets.queries.access import NotFound

bp = Blueprint("rules", __name__, template_folder="../templates", url_prefix="/setup/rules")


@bp.context_processor
def words() -> dict[str, Any]:
    """Give every page of the room its words."""
    return {
        "folders": FOLDERS,
        "sentence_of": sentence.sentence,
        "when_of": sentence.when_of,
        "step_of": sentence.step_of,
        "offered": offered,
    }


@bp.errorhandler(NotFound)
def _not_found(_error: NotFound) -> Any:
    """Answer the same for a ticket that is not there and for one that may not be seen."""
    return current_app.handle_http_exception(NothingHere())

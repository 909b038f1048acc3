"""The blueprint of early warning."""

from typing import Any

from flask import Blueprint, current_app
from werkzeug.exceptions import NotFound as NothingHere

from helpdesk.tickets.queries.access import NotFound

bp = Blueprint("warning", __name__, template_folder="../templates")


@bp.errorhandler(NotFound)
def _not_found(_error: NotFound) -> Any:
    """Answer the same for what is not there and for what may not be seen."""
    return current_app.handle_http_exception(NothingHere())

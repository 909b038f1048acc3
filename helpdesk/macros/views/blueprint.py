"""The blueprint of macros."""

from typing import Any

from flask import Blueprint, current_app
from werkzeug.exceptions import NotFound as NothingHere

from helpdesk.people.errors import Missing

bp = Blueprint("macros", __name__, template_folder="../templates")


@bp.errorhandler(Missing)
def _not_found(_error: Missing) -> Any:
    """Answer the same for what is not there and for what may not be seen."""
    return current_app.handle_http_exception(NothingHere())

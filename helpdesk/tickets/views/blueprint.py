"""The blueprint that all pages of tickets share.

It is a module of its own so that the pages can import it while the package imports them.
"""

from typing import Any

from flask import Blueprint, current_app
from werkzeug.exceptions import NotFound as NothingHere

from helpdesk.tickets.queries.access import NotFound

bp = Blueprint("tickets", __name__, template_folder="../templates")


@bp.app_errorhandler(NotFound)
def _not_found(_error: NotFound) -> Any:
    """Answer the same for what is not there and for what may not be seen."""
    return current_app.handle_http_exception(NothingHere())

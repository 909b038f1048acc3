"""The blueprint of the alert board, and what all its pages answer alike."""

from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import NotFound as NothingHere
from werkzeug.wrappers import Response

from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.views.answers import is_fragment

bp = Blueprint("board", __name__, template_folder="../templates")


@bp.errorhandler(NotFound)
def _not_found(_error: NotFound) -> Any:
    """Answer the same for what is not there and for what may not be seen."""
    return current_app.handle_http_exception(NothingHere())


@bp.errorhandler(Refused)
def _refused(error: Refused) -> Response:
    """Answer a verb's "no" that no form took up."""
    if is_fragment():
        response = make_response(render_template("tickets/_refused.html", message=str(error)), 422)
        response.headers["HX-Retarget"] = "#strips"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    back = request.referrer or ""
    page = render_template(
        "tickets/refused.html",
        message=str(error),
        back=back if back.startswith(request.host_url) else url_for("board.home"),
    )
    return make_response(page, 422)


def to_alert(number: int, said: object) -> Response:
    """Lead to a notice with a sentence about what was done."""
    flash(str(said), "message")
    return redirect(url_for("board.alert", number=number), 303)

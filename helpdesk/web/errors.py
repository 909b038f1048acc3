"""Error pages and fragments: what failed, what is safe, what next; and a line for the log."""

import logging
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from helpdesk.db import db

log = logging.getLogger(__name__)


def texts(code: int) -> tuple[str, str]:
    """Return what failed, and what is safe and what to do next, for a status code."""
    known = {
        400: (_("The request could not be read"), _("Go back and try again.")),
        401: (
            _("You are signed out"),
            _("Your text is kept. Sign in again in another tab, then send it once more."),
        ),
        403: (
            _("You may not open this"),
            _("An administrator can give you the permission. Nothing was changed."),
        ),
        404: (
            _("There is nothing here"),
            _("It may have been removed, or you may not be allowed to see it."),
        ),
        405: (_("This address can't be used like that"), _("Nothing was changed.")),
        409: (
            _("Somebody changed this meanwhile"),
            _("Nothing of yours was lost. Look at the change, then save again."),
        ),
        413: (_("That is too large"), _("Nothing was changed. Send a smaller file.")),
        422: (_("Something is missing"), _("Nothing was changed. Look at the marked fields.")),
        429: (_("Too many tries"), _("Wait a minute, then try again.")),
        503: (_("The desk is busy"), _("Nothing was lost. Try again in a moment.")),
    }
    return known.get(
        code,
        (
            _("Something went wrong on our side"),
            _("Nothing was changed. The administrator finds the details in the log."),
        ),
    )


def _answer(code: int, headers: Any = None) -> Response:
    title, advice = texts(code)
    said = {"code": code, "title": title, "advice": advice, "request_id": g.get("request_id", "")}
    if "HX-Request" in request.headers:
        response = make_response(render_template("errors/_strip.html", **said), code)
        # The strip goes where every page has room for it; what was typed stays untouched.
        response.headers["HX-Retarget"] = "#strips"
        response.headers["HX-Reswap"] = "beforeend"
    elif request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html":
        response = make_response(render_template("errors/error.html", **said), code)
    else:
        response = make_response(jsonify(error=title, advice=advice), code)
    for name, value in headers or ():
        if name.lower() in {"retry-after", "allow"}:
            response.headers[name] = value
    return response


def on_http_error(error: HTTPException) -> Any:
    """Answer an HTTP error; redirects and finished responses pass as they are."""
    if error.response is not None or error.code is None or error.code < 400:
        return error
    if isinstance(error, CSRFError):
        log.info("%s: csrf check failed: %s", g.get("request_id"), error.description)
    elif error.code >= 500 and not isinstance(error, InternalServerError):
        log.warning("%s: %s answered %s", g.get("request_id"), request.path, error.code)
    return _answer(error.code, error.get_headers(request.environ))


def on_crash(error: Exception) -> Any:
    """Roll back, write the whole story into the log, and say so kindly."""
    db.session.rollback()
    busy = isinstance(error, OperationalError) and "locked" in str(error).lower()
    if busy:
        log.warning("%s: the database was locked for too long", g.get("request_id"))
        return on_http_error(ServiceUnavailable())
    log.error("%s: %s %s failed", g.get("request_id"), request.method, request.path, exc_info=error)
    return _answer(500)


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Exception, on_crash)

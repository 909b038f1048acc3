"""Error pages and fragments: what failed, what is safe, what next; and a line for the log."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    Forbidden,
    HTTPException,
    InternalServerError,
    ServiceUnavailable,
)

from helpdesk.db import db

log = logging.getLogger(__name__)

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
UNTYPED = frozenset({"csrf_token", "seen", "seen_teams", "seen_skills", "next"})
"""Fields of forms that nobody types into."""


class NotAllowed(Forbidden):
    """Somebody lacks a permission; ``missing`` says in words what it allows."""

    def __init__(self, missing: str) -> None:
        super().__init__()
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says: what failed, then what is safe and what to do next."""

    title: str
    advice: str


def said_of(code: int) -> Said:
    """Return the words for a status code."""
    words: dict[int, tuple[str, str]] = {
        400: (_("The request could not be read"), _("Nothing was changed. Go back and try again.")),
        401: (
            _("You are signed out"),
            _("Your text is kept. Sign in again in another tab, then send it once more."),
        ),
        403: (
            _("You may not open this"),
            _("Nothing was changed. An administrator of the desk can give you the permission."),
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
    otherwise = (
        _("Something went wrong on our side"),
        _("Nothing was changed. The administrator finds the details in the log."),
    )
    return Said(*words.get(code, otherwise))


def _out_of_date() -> Said:
    return Said(
        _("This page is out of date"),
        _("Nothing was changed. Copy what you typed if you need it, then load the page again."),
    )


def _typed() -> list[str]:
    """Return the texts that were sent with this request, so that the page gives them back.

    Only what this site's own forms sent, never a password. Single words are typed again sooner
    than found, and most of them were chosen, not typed.
    """
    if request.mimetype not in FORMS or urlsplit(request.origin or "").netloc != request.host:
        return []
    try:
        sent = list(request.form.items(multi=True))
    except HTTPException:
        return []  # It was too large to read.
    return [
        text
        for name, text in sent
        if name not in UNTYPED
        and not any(word in name for word in ("password", "secret"))
        and len(text.split()) > 1
    ]


def _answer(code: int, said: Said | None = None, headers: Any = (), missing: str = "") -> Response:
    said = said or said_of(code)
    reference = g.get("request_id", "")
    values = {"code": code, "said": said, "missing": missing, "reference": reference}
    if "HX-Request" in request.headers:
        response = make_response(render_template("errors/_strip.html", **values), code)
        # The strip goes where every page has room for it; what was typed stays untouched.
        response.headers["HX-Retarget"] = "#strips"
        response.headers["HX-Reswap"] = "beforeend"
    elif request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html":
        page = render_template("errors/error.html", typed=_typed(), **values)
        response = make_response(page, code)
    else:
        response = make_response(
            jsonify(error=said.title, advice=said.advice, reference=reference), code
        )
    for name, value in headers:
        if name.lower() in {"retry-after", "allow"}:
            response.headers[name] = value
    return response


def on_http_error(error: HTTPException) -> Any:
    """Answer an HTTP error; redirects and finished responses pass as they are."""
    if error.response is not None or error.code is None or error.code < 400:
        return error
    headers = error.get_headers(request.environ)
    if isinstance(error, CSRFError):
        log.info("%s: csrf check failed: %s", g.get("request_id"), error.description)
        return _answer(error.code, _out_of_date(), headers)
    if error.code >= 500 and not isinstance(error, InternalServerError):
        log.warning("%s: %s answered %s", g.get("request_id"), request.path, error.code)
    return _answer(error.code, headers=headers, missing=getattr(error, "missing", ""))


def on_crash(error: Exception) -> Any:
    """Roll back, write the whole story into the log, and say so kindly."""
    _roll_back()
    if isinstance(error, OperationalError) and "locked" in str(error).lower():
        log.warning("%s: the database was locked for too long", g.get("request_id"))
        return on_http_error(ServiceUnavailable())
    if isinstance(error, DataError) and "NUL (0x00)" in str(error.orig):
        # Forms refuse it beside the field; here it came in an address or by hand.
        log.info("%s: %s has a null character", g.get("request_id"), request.path)
        return on_http_error(BadRequest())
    if isinstance(error, IntegrityError) and _is_taken(error):
        log.warning("%s: somebody saved the same meanwhile", g.get("request_id"), exc_info=error)
        return on_http_error(Conflict())
    log.error("%s: %s %s failed", g.get("request_id"), request.method, request.path, exc_info=error)
    return _answer(500)


def _is_taken(error: IntegrityError) -> bool:
    """Whether a value that must be unique was there already: verbs look first, so it is new."""
    sqlstate = getattr(error.orig, "sqlstate", None)
    return sqlstate == "23505" or "UNIQUE constraint failed" in str(error.orig)


def _roll_back() -> None:
    try:
        db.session.rollback()
    except SQLAlchemyError:
        # The database may be what failed; the page must come all the same.
        log.exception("%s: could not roll back", g.get("request_id"))


def _stay(response: Response) -> Response:
    """Leave the address as it is when a request of a page's part failed.

    A form may be sent to an address that shows nothing: whoever reloads would lose the page.
    """
    if response.status_code >= 400 and "HX-Request" in request.headers:
        response.headers.setdefault("HX-Push-Url", "false")
    return response


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.after_request(_stay)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Exception, on_crash)

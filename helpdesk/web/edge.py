"""The edge of a request: it owns the transaction.

Views and verbs never commit. A response below 400 to a method that may change things commits;
anything else rolls back, so an invalid form (422) or a refused verb leaves nothing behind. A
commit that fails is an error page, never a success that did not happen.
"""

import secrets

from flask import Flask, Response, g, request, session
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings
from helpdesk.db import commit, db, finish_reading, mark_writing
from helpdesk.web.errors import on_crash

MOST_MESSAGES = 5
"""Messages for the reader's next page that a session keeps."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def _begin() -> None:
    """Say what kind of transaction this request needs, and give it a name for the log."""
    g.request_id = secrets.token_hex(6)
    mark_writing(request.method not in SAFE)


def _end(response: Response) -> Response:
    """Commit or roll back before the first byte of the answer leaves."""
    if response.status_code >= 400:
        db.session.rollback()
    elif request.method in SAFE:
        finish_reading()
    else:
        try:
            commit()
        except Exception as error:  # noqa: BLE001 (whatever it was, the change did not happen)
            response = on_crash(error)
    _keep_few_messages()
    response.headers["X-Request-Id"] = g.get("request_id", "")
    return response


def _keep_few_messages() -> None:
    """Drop the oldest messages that wait for a page to show them.

    They travel in the session's cookie, and a window that only sends fragments shows none: the
    cookie would grow until browsers refuse it.
    """
    if session.modified and len(session.get("_flashes", ())) > MOST_MESSAGES:
        session["_flashes"] = session["_flashes"][-MOST_MESSAGES:]


def _leave(_error: BaseException | None) -> None:
    """Leave no mark on the thread: whoever uses it next says what it needs itself."""
    mark_writing(None)


def begin(app: Flask, settings: Settings) -> None:
    """Open every request. Called before anything else registers a function before requests."""
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.before_request(_begin)


def end(app: Flask) -> None:
    """Close every request. Called last.

    Functions after a request run in reverse order of registration, so the commit happens before
    any other function sees the response.
    """
    app.after_request(_end)
    app.teardown_request(_leave)

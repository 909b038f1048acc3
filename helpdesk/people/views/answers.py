"""How a change is answered: the page again, and a word that it is done."""

import json

from flask import flash, redirect, request
from werkzeug.wrappers import Response


def done(url: str, message: str | None = None) -> Response:
    """Lead to ``url`` after a change and say what was done.

    A browser is redirected. A script of ours fetches the page's main part itself, so that the
    place in the page is kept, and shows the message as a toast.
    """
    if "HX-Request" not in request.headers:
        if message:
            flash(message)
        return redirect(url, 303)
    response = Response(status=200)
    target = {"path": url, "target": "#main", "select": "#main", "swap": "morph"}
    response.headers["HX-Location"] = json.dumps(target)
    if message:
        response.headers["HX-Trigger"] = json.dumps({"toast": {"text": message}})
    return response

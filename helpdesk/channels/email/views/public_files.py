"""Files that were sent as links: opened by whoever has the link, and nothing but that file.

What opens is always a download, in a sandbox, never kept by caches on the way. How often somebody
may ask is counted in the memory of each process: a link can't be guessed, so this only keeps
somebody from wearing the desk out.
"""

import threading
import time
from collections import OrderedDict, deque
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from helpdesk.channels.email import shared
from helpdesk.people.guard import public
from helpdesk.people.services.throttle import network_of
from helpdesk.tickets.views.files import as_download

bp = Blueprint("shared", __name__, template_folder="../templates")

WINDOW = 60.0
"""Seconds over which requests are counted."""
MOST = 60
"""Requests of one network within the window, a link that works or not."""
REMEMBERED = 10_000
"""Networks that are remembered; the one heard of least lately is forgotten first."""

_asked: OrderedDict[str, deque[float]] = OrderedDict()
_lock = threading.Lock()


def _too_often(address: str) -> bool:
    """Count a request; whether this network has asked too often."""
    network, moment = network_of(address), time.monotonic()
    with _lock:
        times = _asked.setdefault(network, deque(maxlen=MOST))
        _asked.move_to_end(network)
        while len(_asked) > REMEMBERED:
            _asked.popitem(last=False)
        if len(times) == MOST and moment - times[0] < WINDOW:
            return True
        times.append(moment)
        return False


@bp.get("/shared/<token>")
@public
def file(token: str) -> Response:
    """Send the file of a link, to be saved; 404 for a link that is none, or none any more."""
    if _too_often(request.remote_addr or ""):
        response = _page("mail/shared_often.html", 429)
        response.headers["Retry-After"] = str(int(WINDOW))
        return response
    row = shared.opened(token)
    if row is None:
        return _page("mail/shared_dead.html", 404)
    response = as_download(row)
    _keep_secret(response)
    return response


def _page(template: str, status: int) -> Response:
    response = make_response(render_template(template), status)
    _keep_secret(response)
    return response


def _keep_secret(response: Any) -> None:
    """Keep the link out of caches, of other sites' logs and of search engines."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"

"""Headers that keep a browser on our side: a strict content policy, and CSRF on every change."""

import secrets

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect

from config import Settings

csrf = CSRFProtect()

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content-Security-Policy of every page.

No script runs without the request's nonce, not even one from our own address: a file that somebody
uploaded is no script of ours. Modules hand the nonce on to what they import.
"""


def nonce() -> str:
    """Return this request's nonce, made when it is first asked for."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _harden(response: Response) -> Response:
    for name, value in _FIXED.items():
        response.headers.setdefault(name, value)
    # A route may have set a stricter policy of its own: files are served in a sandbox.
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=nonce()))
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def init_app(app: Flask, settings: Settings) -> None:
    """Protect every answer and every change."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.config.setdefault("WTF_CSRF_HEADERS", ["X-CSRFToken"])
    # The Referer is checked by Flask-WTF when the request is secure; SameSite does the rest.
    csrf.init_app(app)
    app.config.update(
        SESSION_COOKIE_NAME="__Host-hearth" if settings.secure_cookies else "hearth",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_PATH="/",
    )
    app.jinja_env.globals["csp_nonce"] = nonce
    app.after_request(_harden)

"""Static files under names that change with their content, so browsers may keep them for ever."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, current_app, g, send_from_directory

import config

STATIC = Path(__file__).parent / "static"

NEEDED = ("vendor/htmx.min.js", "vendor/idiomorph-ext.min.js", "vendor/icons.svg")
"""Third-party files that `make setup` fetches; without them no page works."""

STYLES = ("tokens", "base", "controls", "data", "shell", "overlays")
"""Style sheets of every page, in their order; larger rooms add one of their own."""

YEAR = 31_536_000

bp = Blueprint("assets", __name__)


class AssetsMissing(config.ConfigError):
    """The front-end files were never fetched. The message says what to do."""


def check() -> None:
    """Raise AssetsMissing unless the third-party files are there."""
    missing = [name for name in NEEDED if not (STATIC / name).is_file()]
    if missing:
        raise AssetsMissing(f"Front-end files are missing ({', '.join(missing)}): run `make setup`")


@cache
def digest(name: str) -> str:
    """Return twelve digits that change whenever the file, or for scripts any script, changes.

    Modules import one another by plain relative names, so all scripts share one digest: a page
    never mixes modules of two releases.
    """
    file = STATIC / name
    if file.suffix == ".js" and file.parent.name == "js":
        together = hashlib.sha256()
        for part in sorted(file.parent.glob("*.js")):
            together.update(part.read_bytes())
        return together.hexdigest()[:12]
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """Return the address of a static file, with the digest of its content in the path."""
    if current_app.debug and not g.get("digests_are_fresh"):
        # Who edits a style sheet wants to see it at the next request, not at the next start.
        digest.cache_clear()
        g.digests_are_fresh = True
    return f"/static/{digest(name)}/{name}"


@bp.get("/static/<version>/<path:name>")
def static(version: str, name: str) -> Response:  # noqa: ARG001 (it only tells caches apart)
    """Serve one static file; the version only keeps browsers from using an old one."""
    response = send_from_directory(STATIC, name, max_age=YEAR)
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


static.__hearth_access__ = "public"  # type: ignore[attr-defined]

"""Files of messages: always downloaded, never opened in our origin; pictures only if they are.

What a file claims to be is not believed. A picture is shown in place only when its first bytes
are those of a PNG, JPEG, GIF or WebP; everything else is sent as an unnamed stream of bytes to be
saved, in a sandbox that would run nothing even if a browser opened it.
"""

from typing import Protocol
from urllib.parse import quote

from flask import Response, send_file
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.lib.pictures import picture_type
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.companions import Draft
from helpdesk.tickets.models import Attachment
from helpdesk.tickets.queries.access import NotFound, attachment_for
from helpdesk.tickets.views.blueprint import bp

SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


class Stored(Protocol):
    """A row that names a blob: a file of a message, of an article."""

    @property
    def sha256(self) -> str:
        """Which blob it is."""

    @property
    def name(self) -> str:
        """What it is called."""


@bp.get("/files/<int:attachment_id>")
@require(Permission.TICKET_READ)
def download(attachment_id: int) -> Response:
    """Download a file of a message."""
    return as_download(attachment_for(current_actor(), attachment_id))


@bp.get("/files/<int:attachment_id>/picture")
@require(Permission.TICKET_READ)
def picture(attachment_id: int) -> Response:
    """Show a picture of a message in place; 404 when it is none."""
    return as_picture(attachment_for(current_actor(), attachment_id))


@bp.get("/drafts/files/<int:attachment_id>")
@require(Permission.TICKET_READ)
def draft_file(attachment_id: int) -> Response:
    """Download a file of one's own draft."""
    return as_download(draft_file_for(current_actor(), attachment_id))


@bp.get("/drafts/files/<int:attachment_id>/picture")
@require(Permission.TICKET_READ)
def draft_picture(attachment_id: int) -> Response:
    """Show a picture of one's own draft in place."""
    return as_picture(draft_file_for(current_actor(), attachment_id))


def draft_file_for(actor: Actor, attachment_id: int) -> Attachment:
    """Return a file of the actor's own draft. Raises NotFound."""
    row = db.session.scalar(
        select(Attachment)
        .join(Draft, Draft.id == Attachment.draft_id)
        .where(Attachment.id == attachment_id, Draft.person_id == actor.person_id)
    )
    if row is None:
        raise NotFound
    return row


def as_download(row: Stored) -> Response:
    """Send a file to be saved, under the name it came with."""
    response = _send(row, "application/octet-stream")
    # The plain name is for very old programs; the starred one says it in every script.
    plain = "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in row.name
    )
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(row.name, safe='')}"
    )
    return response


def as_picture(row: Stored) -> Response:
    """Send a file as the picture it is. Raises NotFound when it is none."""
    try:
        with blobs.path(row.sha256).open("rb") as file:
            kind = picture_type(file.read(16))
    except (FileNotFoundError, ValueError):
        kind = None
    if kind is None:
        raise NotFound
    response = _send(row, kind)
    response.headers["Content-Disposition"] = "inline"
    return response


def _send(row: Stored, content_type: str) -> Response:
    try:
        response = send_file(
            blobs.path(row.sha256),
            mimetype=content_type,
            conditional=True,
            etag=row.sha256,
            last_modified=None,
        )
    except (FileNotFoundError, ValueError):
        raise NotFound from None
    response.headers["Content-Type"] = content_type
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    # A browser may keep what can never change, for this reader alone; asking again is cheap.
    response.headers["Cache-Control"] = "private, no-cache"
    return response

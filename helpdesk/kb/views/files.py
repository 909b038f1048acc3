"""Pictures and files of articles: taken in, shown to who may read the article, taken off."""

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.kb.queries.access import NotFound, file_for
from helpdesk.kb.services import files
from helpdesk.kb.services.files import Upload
from helpdesk.kb.views.blueprint import bp, found, is_fragment
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.views.files import as_download, as_picture


@bp.get("/knowledge/files/<int:file_id>")
@require(Permission.KB_READ)
def file(file_id: int) -> Response:
    """Show a picture in place, or send a file to be saved."""
    row = file_for(current_actor(), file_id)
    if row.is_picture and "save" not in request.args:
        return as_picture(row)
    return as_download(row)


@bp.post("/knowledge/<int:number>/files")
@require(Permission.KB_WRITE)
def upload(number: int) -> Response:
    """Take a chosen, dropped or pasted file."""
    actor, row = found(number, Permission.KB_WRITE)
    sent = request.files.get("file")
    if sent is None:
        answer = jsonify(error=str(_("No file arrived.")))
        answer.status_code = 422
        return answer
    try:
        kept = files.add(
            actor,
            row,
            Upload(sent.filename or "file", sent.read(), sent.mimetype or ""),
        )
    except Refused as refusal:
        answer = jsonify(error=str(refusal))
        answer.status_code = 422
        return answer
    alt = kept.name.rpartition(".")[0] or kept.name
    markdown = f"![{alt}]({kept.name})" if kept.is_picture else f"[{kept.name}]({kept.name})"
    return jsonify(
        id=kept.id,
        name=kept.name,
        size=kept.size,
        type=kept.content_type if not kept.is_picture else "image/png",
        url=url_for("kb.file", file_id=kept.id),
        markdown=markdown,
    )


@bp.get("/knowledge/<int:number>/files")
@require(Permission.KB_WRITE)
def listed(number: int) -> str:
    """Return the files of an article anew, for the editor."""
    _actor, row = found(number, Permission.KB_WRITE)
    return render_template("kb/_files.html", article=row, files=files.listed(row))


@bp.post("/knowledge/<int:number>/files/<int:file_id>/remove")
@require(Permission.KB_WRITE)
def take_off(number: int, file_id: int) -> Response:
    """Take a file off an article."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    one = file_for(actor, file_id)
    if one.article_id != row.id:
        raise NotFound
    files.remove(actor, row, one)
    if is_fragment():
        return make_response(
            render_template("kb/_files.html", article=row, files=files.listed(row))
        )
    flash(_("Taken off"), "message")
    return redirect(url_for("kb.edit", number=row.id), 303)

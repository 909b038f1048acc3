"""Import and export of articles on screen."""

import io
import zipfile
from typing import Any

from flask import make_response, render_template, request, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from helpdesk.kb.forms import ImportForm
from helpdesk.kb.services import exporting, importing
from helpdesk.kb.services.importing import Outcome, Report
from helpdesk.kb.views.blueprint import bp
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import current_actor, require
from helpdesk.web.i18n import choose_language

MAX_UPLOAD = 25 * 1024 * 1024
OUTCOMES = {
    Outcome.NEW: (_l("New article"), "ok"),
    Outcome.TRANSLATION: (_l("New language"), "ok"),
    Outcome.CHANGED: (_l("Changed"), "note"),
    Outcome.SAME: (_l("The same"), ""),
    Outcome.WRONG: (_l("Not taken"), "danger"),
}


@bp.get("/knowledge/import")
@require(Permission.KB_MANAGE)
def moving() -> str:
    """Ask for a file, and offer the export."""
    return _page(ImportForm(formdata=None))


def _page(form: ImportForm, report: Report | None = None, *, dry: bool = False) -> str:
    said: dict[str, Any] = {}
    if report is not None:
        said["counts"] = [
            (words, tone, report.count(one))
            for one, (words, tone) in OUTCOMES.items()
            if report.count(one)
        ]
    return render_template(
        "kb/moving.html", form=form, report=report, dry=dry, outcomes=OUTCOMES, **said
    )


@bp.post("/knowledge/import")
@require(Permission.KB_MANAGE)
def take_in() -> Response:
    """Import a file, or say what that would do."""
    actor = current_actor()
    form = ImportForm()
    sent = request.files.get("file")
    dry = request.form.get("then") != "import"
    if not form.validate():
        return make_response(_page(form), 422)
    data = sent.read(MAX_UPLOAD + 1) if sent is not None else b""
    try:
        if sent is None or not data:
            raise Refused("file-missing", _("Choose a file."), "file")
        if len(data) > MAX_UPLOAD:
            raise Refused("file-large", _("A file may have at most 25 MB."), "file")
        folder = importing.of_upload(sent.filename or "file", data)
        report = importing.run(
            actor,
            folder,
            dry=dry,
            language=choose_language(),
            drafts=request.form.get("drafts") == "1",
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal)
        return make_response(_page(form), 422)
    if not dry:
        audit.record(actor, "kb-imported", label=sent.filename or "")
    return make_response(_page(form, report, dry=dry))


@bp.get("/knowledge/export")
@require(Permission.KB_MANAGE)
def take_out() -> Response:
    """Send all articles as a zip, with their files and history."""
    actor = current_actor()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in exporting.files(actor):
            archive.writestr(path, content)
    audit.record_export(actor, "kb", "", request.remote_addr or "")
    buffer.seek(0)
    return send_file(
        buffer,
        mimetype="application/zip",
        as_attachment=True,
        download_name=f"knowledge-{now():%Y-%m-%d}.zip",
    )

"""Importing from a file: choose it, look at what it would do, do it."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from itsdangerous import BadSignature, URLSafeTimedSerializer

from helpdesk import blobs
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.forms import Import
from helpdesk.people.guard import require
from helpdesk.people.services import importing
from helpdesk.people.services.importing import Outcome, Plan
from helpdesk.people.views.blueprint import bp
from helpdesk.web.forms import choices

SHOWN = 200
"""Lines of the preview; the counts are of all."""

KEEP_SECONDS = 3600
"""How long a file that was looked at can be imported without sending it again."""

_MARK = b"hearth import\n"
"""Written before a kept file, so that it is nobody's attachment and can be removed."""


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="people import")


def _kinds() -> list[tuple[str, str]]:
    """Return what the actor may import."""
    actor = guard.current_actor()
    labels = {"people": _("People"), "organisations": _("Organisations"),
              "technicians": _("Technicians")}  # fmt: skip
    return [
        (kind, labels[kind])
        for kind, how in importing.KINDS.items()
        if all(actor.can(permission) for permission in how.needs)
    ]


def _page(form: Import, status: int = 200, **more: Any) -> Any:
    return render_template(
        "people/import.html",
        form=form,
        outcomes=Outcome,
        shown=SHOWN,
        column_name=_column_name,
        shown_value=_shown_value,
        **{"plan": None, "keep": "", "done": False, **more},
    ), status


@bp.get("/people/import")
@require(Permission.PERSON_IMPORT)
def import_form() -> Any:
    """Ask for a file."""
    form = Import(formdata=None)
    form.kind.choices = choices(_kinds())
    form.kind.data = request.args.get("kind", "people")
    return _page(form)


@bp.post("/people/import")
@require(Permission.PERSON_IMPORT)
def import_preview() -> Any:
    """Say what a file would do, line by line."""
    actor = guard.current_actor()
    form = Import()
    form.kind.choices = choices(_kinds())
    if not form.validate():
        return _page(form, 422)
    sent = request.files.get("file")
    data = sent.read(importing.MOST_BYTES + 1) if sent is not None else b""
    try:
        plan = importing.plan(
            actor,
            form.kind.data,
            data,
            encoding=form.encoding.data or None,
            most=importing.ON_SCREEN,
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(form, 422)
    ticket = {
        "sha": blobs.put(_MARK + data),
        "kind": plan.kind,
        "encoding": form.encoding.data or None,
        "by": actor.account_id,
    }
    return _page(form, plan=plan, keep=_signer().dumps(ticket), name=getattr(sent, "filename", ""))


@bp.post("/people/import/apply")
@require(Permission.PERSON_IMPORT)
def import_apply() -> Any:
    """Import the file that was looked at."""
    actor = guard.current_actor()
    try:
        kept = _signer().loads(request.form.get("keep", ""), max_age=KEEP_SECONDS)
        if kept["by"] != actor.account_id:
            raise BadSignature("somebody else's")
        data = blobs.get(kept["sha"])
    except (BadSignature, blobs.BlobMissing):
        flash(_("Send the file again: it was kept for an hour only."))
        return redirect(url_for("people.import_form"), 303)
    plan = importing.plan(
        actor,
        kept["kind"],
        data.removeprefix(_MARK),
        encoding=kept["encoding"],
        most=importing.ON_SCREEN,
    )
    importing.apply(actor, plan)
    blobs.forget([kept["sha"]])
    form = Import(formdata=None)
    form.kind.choices = choices(_kinds())
    flash(_summary(plan))
    return _page(form, plan=plan, done=True)


def _column_name(column: str) -> str:
    """Return what a column is called, in the reader's language."""
    names = {
        "name": _("Name"),
        "call_name": _("Known as"),
        "title": _("Job title"),
        "language": _("Language"),
        "time_zone": _("Time zone"),
        "vip": _("VIP"),
        "notes": _("Notes"),
        "organisation": _("Organisation"),
        "site": _("Site"),
        "contacts": _("Reached by"),
        "phone": _("Phone"),
        "support_level": _("Support level"),
        "support_until": _("Last day of support"),
        "domains": _("Mail domains"),
        "sites": _("Sites"),
        "roles": _("Roles"),
        "teams": _("Teams"),
        "skills": _("Skills"),
    }
    return str(names.get(column, column))


def _shown_value(value: object) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return str(value)[:200]


def _summary(plan: Plan) -> str:
    changed = plan.count(Outcome.CREATE) + plan.count(Outcome.UPDATE)
    failed = plan.count(Outcome.ERROR)
    said = ngettext("One line imported", "%(num)d lines imported", changed)
    if failed:
        said += ", " + ngettext("one left out", "%(num)d left out", failed)
    return str(said)

"""Where an article stands: review, publishing, still right, retiring; and its details."""

import json

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.kb import services
from helpdesk.kb.forms import DetailsForm, ReasonForm, SubmitForm
from helpdesk.kb.models import Article
from helpdesk.kb.queries import choosing as chosen
from helpdesk.kb.services.workflow import may
from helpdesk.kb.views import choosing
from helpdesk.kb.views.blueprint import asked_language, bp, found, is_fragment, to_article
from helpdesk.kb.views.writing import offer_details
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import require
from helpdesk.tickets.forms import whole
from helpdesk.web.i18n import choose_language


def _title(row: Article) -> str:
    return chosen.title_of(row, choose_language())


@bp.get("/knowledge/<int:number>/submit")
@require(Permission.KB_WRITE)
def ask_review(number: int) -> str:
    """Ask who is to look at it."""
    _actor, row = found(number, Permission.KB_WRITE)
    form = SubmitForm(formdata=None)
    form.reviewer.data = str(row.reviewer_id or "")
    form.reviewer.choices = choosing.staff_choices()
    return render_template("kb/submit.html", article=row, form=form, title=_title(row))


@bp.post("/knowledge/<int:number>/submit")
@require(Permission.KB_WRITE)
def submit(number: int) -> Response:
    """Ask for a review."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    form = SubmitForm()
    if not form.validate():
        form.reviewer.choices = choosing.staff_choices()
        page = render_template("kb/submit.html", article=row, form=form, title=_title(row))
        return make_response(page, 422)
    services.submit(actor, row, whole(form.reviewer.data))
    return to_article(row, _("It waits for its review."))


@bp.get("/knowledge/<int:number>/send-back")
@require(Permission.KB_WRITE)
def ask_back(number: int) -> str:
    """Ask what is missing."""
    _actor, row = found(number, Permission.KB_WRITE)
    return _reason_page(row, "back", ReasonForm(formdata=None))


def _reason_page(row: Article, what: str, form: ReasonForm) -> str:
    return render_template("kb/reason.html", article=row, form=form, what=what, title=_title(row))


@bp.post("/knowledge/<int:number>/send-back")
@require(Permission.KB_WRITE)
def send_back(number: int) -> Response:
    """Answer a review with what is missing."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    form = ReasonForm()
    if not form.validate():
        return make_response(_reason_page(row, "back", form), 422)
    services.send_back(actor, row, form.reason.data or "")
    return to_article(row, _("Sent back"))


@bp.post("/knowledge/<int:number>/publish")
@require(Permission.KB_PUBLISH)
def publish(number: int) -> Response:
    """Let readers see what is not published yet, in one language or in all."""
    actor, row = found(number, Permission.KB_PUBLISH, lock=True)
    language = asked_language()
    services.publish(actor, row, language)
    return to_article(row, _("Published"), language)


@bp.post("/knowledge/<int:number>/still-right")
@require(Permission.KB_WRITE)
def still_right(number: int) -> Response:
    """Say that it is still right."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    services.still_right(actor, row)
    return to_article(row, _("Checked. Its next review is set."))


@bp.get("/knowledge/<int:number>/retire")
@require(Permission.KB_WRITE)
def ask_retire(number: int) -> str:
    """Ask why it is not needed any more."""
    _actor, row = found(number, Permission.KB_WRITE)
    return _reason_page(row, "retire", ReasonForm(formdata=None))


@bp.post("/knowledge/<int:number>/retire")
@require(Permission.KB_WRITE)
def retire(number: int) -> Response:
    """Take it away from its readers."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    form = ReasonForm()
    if not form.validate():
        return make_response(_reason_page(row, "retire", form), 422)
    services.retire(actor, row, form.reason.data or "")
    return to_article(row, _("Retired. Nobody finds it any more, and it can be brought back."))


@bp.post("/knowledge/<int:number>/bring-back")
@require(Permission.KB_WRITE)
def bring_back(number: int) -> Response:
    """Make it a draft again."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    services.bring_back(actor, row)
    return to_article(row, _("It is a draft again."))


# ---- Details ----


@bp.get("/knowledge/<int:number>/details")
@require(Permission.KB_WRITE)
def details(number: int) -> str:
    """Show what an article is, apart from its words."""
    actor, row = found(number, Permission.KB_WRITE)
    services.check_may_change(actor, row)
    form = DetailsForm(formdata=None)
    form.show(row)
    return _details_page(actor, row, form)


def _details_page(actor: Actor, row: Article, form: DetailsForm, clash: bool = False) -> str:
    offer_details(form)
    return render_template(
        "kb/_details.html" if is_fragment() else "kb/details.html",
        actor=actor,
        article=row,
        details=form,
        clash=clash,
        title=_title(row),
        may=may(actor, row),
    )


@bp.post("/knowledge/<int:number>/details")
@require(Permission.KB_WRITE)
def save_details(number: int) -> Response:
    """Change what an article is."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    form = DetailsForm()
    if not form.validate():
        return make_response(_details_page(actor, row, form), 422)
    try:
        changed = services.change(actor, row, form.details(row), seen=form.was_seen())
    except services.DetailsClash:
        form.remember(row)
        return make_response(_details_page(actor, row, form, clash=True), 409)
    except Refused as refusal:
        form.refuse(refusal.field, refusal)
        return make_response(_details_page(actor, row, form), 422)
    said = _("Saved") if changed else _("Nothing had changed.")
    if is_fragment():
        form.show(row)
        response = make_response(_details_page(actor, row, form))
        response.headers["HX-Trigger"] = json.dumps({"toast": {"text": str(said)}})
        return response
    flash(said, "message")
    lang = request.args.get("lang")
    return redirect(url_for("kb.article", number=row.id, lang=lang), 303)

"""Beginning an article, and its editor: saving, previewing, drafts, translations."""

from typing import Any

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.kb import services, steps
from helpdesk.kb.asked import settle
from helpdesk.kb.forms import DetailsForm, NewForm, TextForm, TranslationForm
from helpdesk.kb.models import Article, ArticleText, ArticleVersion, Audience, Kind
from helpdesk.kb.queries import page
from helpdesk.kb.queries.access import text_for
from helpdesk.kb.services import drafts, files, writing
from helpdesk.kb.services.workflow import may
from helpdesk.kb.views import choosing, words
from helpdesk.kb.views.blueprint import asked_language, bp, found, is_fragment
from helpdesk.kb.views.outlines import from_ticket, outline
from helpdesk.lib.html import MAX_ARTICLE
from helpdesk.lib.text import clean_text
from helpdesk.lib.worddiff import changed_words, differences, lines_of
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.forms import whole
from helpdesk.tickets.lifecycle import Kind as TicketKind
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.web.i18n import choose_language, language_of

# ---- Beginning one ----


@bp.get("/knowledge/new")
@require(Permission.KB_WRITE)
def new() -> str:
    """Ask what sort of article it is; title and ticket may come along in the address."""
    form = NewForm(formdata=None)
    asked = request.args
    form.kind.data = kind if (kind := asked.get("kind", "")) in set(Kind) else Kind.HOW_TO.value
    form.title.data = asked.get("title", "")[:200]
    form.category.data = str(asked.get("category", type=int) or "")
    form.audience.data = Audience.STAFF.value
    form.language.data = choose_language()
    form.ticket.data = str(asked.get("ticket", type=int) or "")
    form.search.data = str(asked.get("search", type=int) or "")
    number = whole(form.ticket.data)
    if number is not None:
        _prefill(form, get_for(current_actor(), number))
    return _new_page(form)


def _prefill(form: NewForm, ticket: Ticket) -> None:
    """Fill in what a ticket says about the article that is written from it."""
    form.title.data = form.title.data or ticket.subject[:200]
    if ticket.kind == TicketKind.PROBLEM:
        form.kind.data = Kind.KNOWN_ERROR.value
    known = language_of(ticket.language)
    if known is not None:
        form.language.data = known


def _new_page(form: NewForm) -> str:
    choosing.offer_audience(form)
    form.kind.choices = choosing.kind_choices()
    form.language.choices = choosing.language_choices()
    return render_template(
        "kb/new.html", form=form, kind_hints=words.KIND_HINTS, kind_icons=words.KIND_ICONS
    )


@bp.post("/knowledge/new")
@require(Permission.KB_WRITE)
def begin() -> Response:
    """Begin an article with the outline of its kind, and open the editor."""
    actor = current_actor()
    form = NewForm()
    if not form.validate():
        return make_response(_new_page(form), 422)
    number = whole(form.ticket.data)
    ticket: Ticket | None = get_for(actor, number) if number is not None else None
    try:
        with db.session.begin_nested():
            row = _begun(actor, form, ticket)
            search = whole(form.search.data)
            if search is not None:
                # What was searched for in vain is being written.
                settle(actor, search)
    except Refused as refusal:
        form.refuse(refusal.field, refusal)
        return make_response(_new_page(form), 422)
    return redirect(url_for("kb.edit", number=row.id), 303)


def _beginning(kind: Kind, language: str, ticket: Ticket | None) -> str:
    """Return what a new article begins with: an outline, or what a ticket knows."""
    return outline(kind, language) if ticket is None else from_ticket(kind, language, ticket)


def _begun(actor: Actor, form: NewForm, ticket: Ticket | None) -> Article:
    kind, language = form.chosen_kind(), form.language.data or ""
    return services.create(
        actor,
        services.NewArticle(
            services.Wording(form.title.data or "", "", _beginning(kind, language, ticket)),
            kind=kind,
            language=language,
            audience=form.chosen_audience(),
            category_id=whole(form.category.data),
            tags=form.tag_list(),
            team_ids=form.team_keys(),
            organisation_ids=form.organisation_keys(),
        ),
        from_ticket=ticket,
    )


# ---- The editor ----


def _text(row: Article) -> ArticleText:
    return text_for(row, asked_language() or row.language)


@bp.get("/knowledge/<int:number>/edit")
@require(Permission.KB_WRITE)
def edit(number: int) -> str:
    """Show the editor with the newest version, or with what one typed and did not save."""
    actor, row = found(number, Permission.KB_WRITE)
    services.check_may_change(actor, row)
    text = _text(row)
    newest = writing.newest(text)
    draft = drafts.find_draft(actor, text)
    form = TextForm(formdata=None)
    if draft is not None:
        form.title.data, form.summary.data = draft.title, draft.summary
        form.body.data, form.note.data = draft.body, draft.note
        form.base.data = str(draft.base)
    else:
        form.title.data, form.summary.data = newest.title, newest.summary
        form.body.data = newest.body
        form.base.data = str(newest.number)
    form.stamp.data = drafts.stamp_of(draft)
    return _editor(actor, row, text, newest, form, has_draft=draft is not None)


def _editor(
    actor: Actor,
    row: Article,
    text: ArticleText,
    newest: ArticleVersion,
    form: TextForm,
    *,
    has_draft: bool = False,
    clash: dict[str, Any] | None = None,
) -> str:
    details = DetailsForm(formdata=None)
    details.show(row)
    offer_details(details)
    body = form.body.data or ""
    return render_template(
        "kb/edit.html",
        actor=actor,
        article=row,
        text=text,
        newest=newest,
        form=form,
        details=details,
        has_draft=has_draft,
        moved_on=has_draft and form.base.data != str(newest.number),
        clash=clash,
        behind=page.outdated(row, text, newest),
        files=files.listed(row),
        max_size=files.MAX_SIZE,
        most=MAX_ARTICLE,
        may=may(actor, row),
        **preview_of(actor, row, text, body),
    )


def offer_details(form: DetailsForm) -> None:
    """Fill in what the form about an article's details offers."""
    choosing.offer_audience(form)
    form.kind.choices = choosing.kind_choices()
    form.owner.choices = form.reviewer.choices = choosing.staff_choices()


def preview_of(actor: Actor, row: Article, text: ArticleText, body: str) -> dict[str, Any]:
    """Return a body as readers would see it, and what is wrong with its steps."""
    tree = steps.read(body) if row.kind == Kind.TROUBLESHOOTING else None
    return {
        "shown": page.rendered(
            actor, row, body, text.language, words.callouts(text.language), whole=True
        ),
        "tree": tree,
        "problems": [words.problem_in_words(one) for one in tree.problems] if tree else [],
    }


@bp.post("/knowledge/<int:number>/preview")
@require(Permission.KB_WRITE)
def preview(number: int) -> str:
    """Return what was typed as readers would see it."""
    actor, row = found(number, Permission.KB_WRITE)
    text = _text(row)
    body = request.form.get("body", "")[: 2 * MAX_ARTICLE]
    return render_template(
        "kb/_preview.html",
        article=row,
        text=text,
        title=request.form.get("title", "")[:400],
        summary=request.form.get("summary", "")[:1000],
        **preview_of(actor, row, text, body),
    )


@bp.post("/knowledge/<int:number>/edit")
@require(Permission.KB_WRITE)
def save(number: int) -> Response:
    """Save the text as its next version; publish it too, or ask for a review, when said so."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    text = _text(row)
    form = TextForm()
    newest = writing.newest(text)
    if not form.validate():
        return make_response(_editor(actor, row, text, newest, form), 422)
    original = next(one for one in row.texts if one.language == row.language)
    follows = (original.published or original.latest) if form.up_to_date.data == "1" else None
    try:
        with db.session.begin_nested():
            version = services.save(
                actor,
                row,
                text,
                form.wording(),
                base=whole(form.base.data),
                said=form.note.data or "",
                translated_from=follows if text is not original else None,
            )
            said = _carry_on(actor, row, text, version)
    except services.SavedMeanwhile as meanwhile:
        return make_response(_clash(actor, row, text, form, meanwhile.newest), 409)
    except Refused as refusal:
        form.refuse(refusal.field, refusal)
        return make_response(_editor(actor, row, text, writing.newest(text), form), 422)
    flash(str(said), "message")
    lang = text.language if text.language != row.language else None
    change = 1 if text.published not in (None, text.latest) else None
    return _lead(url_for("kb.article", number=row.id, lang=lang, change=change))


def _lead(where: str) -> Response:
    if is_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = where
        return response
    return redirect(where, 303)


def _carry_on(
    actor: Actor, row: Article, text: ArticleText, version: ArticleVersion | None
) -> object:
    """Do what the pressed button says besides saving; return what was done."""
    then = request.form.get("then", "")
    if then == "publish":
        services.publish(actor, row, text.language)
        return _("Published")
    if then == "submit":
        services.submit(actor, row)
        return _("Saved. It waits for its review.")
    return _("Saved as version %(n)d", n=version.number) if version else _("Nothing had changed.")


def _clash(
    actor: Actor, row: Article, text: ArticleText, form: TextForm, theirs: ArticleVersion
) -> str:
    """Show what somebody else saved meanwhile beside what was typed; nothing is lost."""
    mine = form.wording()
    # A browser ends lines in its own way, which is no difference to anybody.
    body = clean_text(mine.body).strip("\n")
    pieces = differences(f"{theirs.body}\n", f"{body}\n")
    out, put = changed_words(pieces)
    form.base.data = str(theirs.number)
    clash = {
        "theirs": theirs,
        "lines": lines_of(pieces),
        "out": out,
        "put": put,
        "title": differences(theirs.title, mine.title),
        "summary": differences(theirs.summary, mine.summary),
    }
    return _editor(actor, row, text, theirs, form, clash=clash)


# ---- What is not saved yet ----


@bp.post("/knowledge/<int:number>/draft")
@require(Permission.KB_WRITE)
def keep_draft(number: int) -> Response:
    """Keep what was typed so far."""
    actor, row = found(number, Permission.KB_WRITE)
    text = _text(row)
    asked = request.form
    said = services.Wording(asked.get("title", ""), asked.get("summary", ""), asked.get("body", ""))
    try:
        draft = services.keep_draft(
            actor,
            row,
            text,
            said,
            base=asked.get("base", type=int) or text.latest,
            said=asked.get("note", ""),
            stamp=asked.get("stamp"),
        )
    except services.DraftMoved as moved:
        answer = jsonify(body=moved.body, stamp=moved.stamp)
        answer.status_code = 409
        return answer
    except Refused as refusal:
        answer = jsonify(error=str(refusal))
        answer.status_code = 422
        return answer
    return jsonify(stamp=drafts.stamp_of(draft))


@bp.post("/knowledge/<int:number>/draft/discard")
@require(Permission.KB_WRITE)
def discard_draft(number: int) -> Response:
    """Throw away what one typed and did not save."""
    actor, row = found(number, Permission.KB_WRITE)
    text = _text(row)
    services.discard_draft(actor, text)
    flash(_("Draft discarded"), "message")
    lang = text.language if text.language != row.language else None
    return redirect(url_for("kb.edit", number=row.id, lang=lang), 303)


# ---- Translating ----


@bp.get("/knowledge/<int:number>/translate")
@require(Permission.KB_WRITE)
def translate(number: int) -> str:
    """Ask for a language to translate into."""
    actor, row = found(number, Permission.KB_WRITE)
    services.check_may_change(actor, row)
    form = TranslationForm(formdata=None)
    free = {text.language for text in row.texts}
    own = choose_language()
    form.language.data = own if own not in free else None
    return _translate_page(row, form)


def _translate_page(row: Article, form: TranslationForm) -> str:
    form.language.choices = choosing.language_choices({text.language for text in row.texts})
    original = next(text for text in row.texts if text.language == row.language)
    return render_template("kb/translate.html", article=row, form=form, original=original)


@bp.post("/knowledge/<int:number>/translate")
@require(Permission.KB_WRITE)
def add_language(number: int) -> Response:
    """Begin a translation with the original's text, to be written over."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    form = TranslationForm()
    if not form.validate():
        return make_response(_translate_page(row, form), 422)
    original = next(text for text in row.texts if text.language == row.language)
    stands = page.version_shown(original)
    try:
        text = services.add_language(
            actor,
            row,
            form.language.data or "",
            services.Wording(form.title.data or "", stands.summary, stands.body),
            translated_from=stands.number,
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal)
        return make_response(_translate_page(row, form), 422)
    return redirect(url_for("kb.edit", number=row.id, lang=text.language), 303)

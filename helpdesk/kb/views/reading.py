"""An article on screen and on paper: its text, its tree of questions, what readers say of it."""

from typing import Any

from flask import make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.kb import searching, services, steps
from helpdesk.kb.events import ArticleLooked
from helpdesk.kb.forms import FlagForm, VoteForm
from helpdesk.kb.models import Article, ArticleFlag, ArticleText, ArticleVersion, Kind, Use
from helpdesk.kb.queries import choosing, page
from helpdesk.kb.queries.access import NotFound, may_see_drafts
from helpdesk.kb.services import files, saying, writing
from helpdesk.kb.services.workflow import may
from helpdesk.kb.views import words
from helpdesk.kb.views.blueprint import asked_language, bp, found, is_fragment, named, to_article
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import require
from helpdesk.web.i18n import choose_language


def tree_of(article: Article, version: ArticleVersion) -> steps.Tree | None:
    """Return the questions of a troubleshooting article; None for others and for broken ones."""
    if article.kind != Kind.TROUBLESHOOTING:
        return None
    tree = steps.read(version.body)
    return tree if tree.first is not None else None


def shown(actor: Actor, article: Article) -> tuple[ArticleText, ArticleVersion, bool]:
    """Return the text and version that the address asks for, and whether readers see it.

    ``version=n`` or ``change=1`` show what is not published to those who see drafts.
    """
    drafts = may_see_drafts(actor, article)
    text = page.text_shown(article, asked_language(), choose_language(), drafts=drafts)
    version = page.version_shown(text, newest=drafts and "change" in request.args)
    wanted = request.args.get("version", type=int)
    if wanted is not None and drafts and wanted != version.number:
        earlier = writing.version_of(text, wanted)
        if earlier is None:
            raise NotFound
        version = earlier
    return text, version, version.number == text.published


@bp.get("/knowledge/<int:number>")
@require(Permission.KB_READ)
def article(number: int) -> str:
    """Show an article, or one question of its tree."""
    actor, row = found(number)
    text, version, is_published = shown(actor, row)
    return _page(actor, row, text, version, is_published=is_published)


def _page(
    actor: Actor,
    row: Article,
    text: ArticleText,
    version: ArticleVersion,
    *,
    is_published: bool,
    forms: dict[str, Any] | None = None,
) -> str:
    drafts = may_see_drafts(actor, row)
    by_hand, alike = page.related(actor, row)
    tickets = page.tickets_of(actor, row)
    texts = choosing.readable(row, drafts=drafts)
    language = choose_language()
    return render_template(
        "kb/article.html",
        actor=actor,
        article=row,
        text=text,
        texts=texts,
        version=version,
        is_published=is_published,
        drafts=drafts,
        behind=page.outdated(row, text, version),
        foreign=text.language != language,
        **_body(actor, row, text, version),
        by_hand=by_hand,
        alike=alike,
        title_of=lambda other: choosing.title_of(other, language),
        tied=tickets[: page.TICKETS],
        more_tied=len(tickets) > page.TICKETS,
        vote=page.my_vote(actor, version) if is_published else None,
        flags=page.flags_of(row),
        # Pictures stand in the text; what is there to be taken away is listed below it.
        attached=[one for one in files.listed(row, shown=not drafts) if not one.is_picture],
        complaints=page.complaints_of(row) if drafts else [],
        events=page.events_of(row) if drafts else [],
        used=page.used(row),
        used_days=page.USED_DAYS,
        may=may(actor, row),
        reasons=words.REASON_WORDS,
        minutes=page.minutes(version.body),
        **{
            "vote_form": VoteForm(formdata=None),
            "flag_form": FlagForm(formdata=None),
            **(forms or {}),
        },
    )


def _body(actor: Actor, row: Article, text: ArticleText, version: ArticleVersion) -> dict[str, Any]:
    """Return what the middle of the page shows: the whole text, or where one stands in a tree."""
    tree = tree_of(row, version)
    if tree is None or "whole" in request.args:
        whole = page.rendered(
            actor, row, version.body, text.language, words.callouts(text.language), whole=True
        )
        return {"shown": whole, "tree": tree, "walked": [], "asked": None}
    return {**walked_in(actor, row, text, tree), "tree": tree}


def walked_in(actor: Actor, row: Article, text: ArticleText, tree: steps.Tree) -> dict[str, Any]:
    """Return where one stands in a tree by the address: the path, the question, its answers."""
    way = steps.way_from(request.args.get("way"))
    path = steps.walk(tree, way)
    way = way[: len(path) - 1]
    here = path[-1].step
    said = here.text if way or not tree.beginning else f"{tree.beginning}\n\n{here.text}"
    whole = page.rendered(actor, row, said, text.language, words.callouts(text.language))

    def address(numbers: list[int]) -> str:
        lang = text.language if text.language != row.language else None
        number = row.id
        more: dict[str, Any] = {"change": 1} if "change" in request.args else {}
        return url_for(
            "kb.article", number=number, lang=lang, way=steps.way_of(numbers) or None, **more
        )

    return {
        "shown": whole,
        "asked": here,
        "answers": [
            (one.label, address([*way, at]))
            for at, one in enumerate(here.answers[: steps.MAX_ANSWERS])
            if one.to in tree.steps
        ],
        "walked": [
            (_question(one.step), one.answer.label if one.answer else "", address(way[:at]))
            for at, one in enumerate(path[:-1])
        ],
        "back": address(way[:-1]) if way else "",
        "again": address([]),
        "path_text": path_text(text, path),
        "way": steps.way_of(way),
    }


def _question(step: steps.Step) -> str:
    """Return the last line of a step's text: what was asked."""
    lines = [line.strip() for line in step.text.split("\n") if line.strip()]
    return searching.plain(lines[-1]) if lines else step.name


def path_text(text: ArticleText, path: list[steps.Walked]) -> str:
    """Return a path as text for a ticket: what was asked and what was answered."""
    lines = [text.title]
    for one in path:
        if one.answer is not None:
            lines.append(f"- {_question(one.step)} {one.answer.label}")
        elif one.step.end is not None:
            ends = {
                steps.End.SOLVED: _("Solved: %(step)s", step=_question(one.step)),
                steps.End.HAND_OVER: _("Handed over: %(step)s", step=_question(one.step)),
            }
            lines.append(f"- {ends[one.step.end]}")
        else:
            lines.append(f"- {_question(one.step)} …")
    return "\n".join(lines)


@bp.get("/knowledge/<int:number>/print")
@require(Permission.KB_READ)
def paper(number: int) -> str:
    """Show an article made to be printed; of a tree, all its steps."""
    actor, row = found(number)
    text, version, is_published = shown(actor, row)
    return render_template(
        "kb/print.html",
        actor=actor,
        article=row,
        text=text,
        version=version,
        is_published=is_published,
        shown=page.rendered(
            actor, row, version.body, text.language, words.callouts(text.language), whole=True
        ),
        printed_at=now(),
    )


# ---- What readers say ----


@bp.post("/knowledge/<int:number>/read")
@require(Permission.KB_READ)
def read(number: int) -> Response:
    """Count that somebody stayed to read, and let their notices about it be seen."""
    actor, row = found(number)
    publish(ArticleLooked(actor, row.id))
    saying.record_use(row, Use.READ)
    if request.form.get("end") == "solved":
        saying.record_use(row, Use.SOLVED)
    return make_response("", 204)


def _text(row: Article) -> ArticleText:
    """Return the text that the form is about."""
    return page.text_shown(row, asked_language(), choose_language(), drafts=False)


@bp.post("/knowledge/<int:number>/vote")
@require(Permission.KB_READ)
def vote(number: int) -> Response:
    """Say whether it helped."""
    actor, row = found(number)
    form = VoteForm()
    text = _text(row)
    helpful = request.form.get("helpful") == "1"
    if not form.validate():
        version = page.version_shown(text)
        return make_response(
            _page(actor, row, text, version, is_published=True, forms={"vote_form": form}), 422
        )
    services.vote(
        actor, row, text, helpful, reason=form.reason.data or "", comment=form.comment.data or ""
    )
    if is_fragment():
        return make_response(
            render_template(
                "kb/_vote.html",
                article=row,
                text=text,
                vote=page.my_vote(actor, page.version_shown(text)),
                reasons=words.REASON_WORDS,
                vote_form=VoteForm(formdata=None),
            )
        )
    said = _("Thank you.") if helpful else _("Thank you. Its owner sees what got in the way.")
    return to_article(row, said, text.language)


@bp.post("/knowledge/<int:number>/flag")
@require(Permission.KB_READ)
def flag(number: int) -> Response:
    """Say that it is wrong, and why."""
    actor, row = found(number)
    text = _text(row)
    version = page.version_shown(text)
    form = FlagForm()
    if not form.validate():
        forms = {"flag_form": form}
        answer = _page(
            actor, row, text, version, is_published=version.number == text.published, forms=forms
        )
        return make_response(answer, 422)
    services.flag(actor, row, form.text.data or "", number=version.id)
    return to_article(row, _("Its owner is told."), text.language)


@bp.post("/knowledge/<int:number>/flags/<int:flag_id>/close")
@require(Permission.KB_WRITE)
def close_flag(number: int, flag_id: int) -> Response:
    """Say that what was wrong is dealt with."""
    actor, row = found(number, Permission.KB_WRITE)
    one = db.session.get(ArticleFlag, flag_id)
    if one is None or one.article_id != row.id:
        raise NotFound
    services.close_flag(actor, row, one, request.form.get("answer", ""))
    return to_article(row, _("Dealt with"))


@bp.post("/knowledge/<int:number>/related")
@require(Permission.KB_WRITE)
def relate(number: int) -> Response:
    """Put another article beside this one."""
    actor, row = found(number, Permission.KB_WRITE)
    other = named(actor, request.form.get("other"))
    services.relate(actor, row, other)
    return to_article(row, _("Put together"))


@bp.post("/knowledge/<int:number>/related/<int:other>/remove")
@require(Permission.KB_WRITE)
def unrelate(number: int, other: int) -> Response:
    """Take another article from beside this one."""
    actor, row = found(number, Permission.KB_WRITE)
    _actor, beside = found(other)
    services.unrelate(actor, row, beside)
    return to_article(row, _("Taken apart"))

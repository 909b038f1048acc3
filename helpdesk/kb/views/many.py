"""Several articles changed at once: handed over, put on another shelf, tagged, checked, retired."""

from collections.abc import Collection, Sequence

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.kb.forms import ManyForm
from helpdesk.kb.models import Article
from helpdesk.kb.queries import choosing, lists
from helpdesk.kb.services import many
from helpdesk.kb.views import words
from helpdesk.kb.views.blueprint import bp
from helpdesk.kb.views.choosing import shelf_choices
from helpdesk.kb.views.listing import kept, narrow_of, owner_pairs
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.forms import whole
from helpdesk.web.forms import choices
from helpdesk.web.i18n import choose_language


@bp.get("/knowledge/several")
@require(Permission.KB_WRITE)
def several() -> str:
    """Show the articles of a list to choose from, and what may be done with them."""
    return _page(ManyForm(formdata=None), chosen=())


@bp.post("/knowledge/several")
@require(Permission.KB_WRITE)
def change_several() -> Response:
    """Change those that were chosen; says which could not be changed, and why."""
    form = ManyForm()
    chosen = {key for text in request.form.getlist("article") if (key := whole(text)) is not None}
    if not form.validate():
        return make_response(_page(form, chosen=chosen), 422)
    actor = current_actor()
    rows = [row for row in _rows() if row.id in chosen]
    try:
        results = many.change_many(actor, rows, form.wish())
    except Refused as refusal:
        form.refuse(refusal.field, refusal)
        return make_response(_page(form, chosen=chosen), 422)
    left = {result.article.id for result in results if result.message}
    # What could be done is done; what could not stays chosen, for another try.
    answer = form if left else ManyForm(formdata=None)
    return make_response(_page(answer, chosen=left, results=results))


def _rows() -> list[Article]:
    return lists.several(current_actor(), narrow_of(request.args), many.MOST)


def _page(
    form: ManyForm, *, chosen: Collection[int], results: Sequence[many.Result] | None = None
) -> str:
    actor = current_actor()
    narrow = narrow_of(request.args)
    rows = _rows()
    stays = ("", _("Stays as it is"))
    staff = lists.staff()
    people = [(str(key), name) for key, name in staff]
    categories = lists.categories()
    form.owner.choices = choices([stays, *people])
    form.reviewer.choices = choices([stays, *people])
    form.category.choices = choices(
        [stays, (ManyForm.NO_CATEGORY, _("None")), *shelf_choices(categories)]
    )
    form.verb.choices = choices(
        [
            ("", _("Nothing more")),
            (many.Verb.CHECKED.value, _("Say that they are still right")),
            (many.Verb.RETIRED.value, _("Retire them")),
        ]
    )
    language = choose_language()
    return render_template(
        "kb/several.html",
        form=form,
        narrow=narrow,
        kept=kept(narrow),
        articles=rows,
        most=many.MOST,
        chosen=chosen,
        changed=[one for one in results or () if one.changed],
        as_before=[one for one in results or () if not one.changed and not one.message],
        left=[one for one in results or () if one.message],
        told=results is not None,
        title_of=lambda article: choosing.title_of(article, language),
        categories=categories,
        counts=lists.counts(actor),
        counted=lists.COUNTED,
        view_names=words.VIEW_NAMES,
        view_icons=words.VIEW_ICONS,
        owner_pairs=owner_pairs(staff),
        tag_pairs=[(tag, tag) for tag in lists.tags(actor)],
    )

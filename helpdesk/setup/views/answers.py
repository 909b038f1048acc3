"""Answer templates: the list, and the editor with a preview beside it."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import render_template
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import IntegerField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Optional

from helpdesk.answers import filling, writing
from helpdesk.answers.models import TEXTS, AnswerTemplate
from helpdesk.lib.html import markdown_to_html
from helpdesk.notify import texts
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.forms import NEEDED
from helpdesk.people.guard import require
from helpdesk.people.models import Team
from helpdesk.setup import queries
from helpdesk.setup.forms import Edit
from helpdesk.setup.services import answers
from helpdesk.setup.views.blueprint import bp
from helpdesk.setup.views.messages import ticket_to_show
from helpdesk.setup.views.shelf import Listing, Shelf, put_up
from helpdesk.tickets.models import Ticket
from helpdesk.web.forms import choices
from helpdesk.web.i18n import HTML_LANGUAGES, LANGUAGES

_ROOM = {"rows": 8, "maxlength": writing.LONGEST}


class AnswerFields(Edit):
    """An answer template."""

    FIELDS = answers.FIELDS

    name = StringField(_l("Name"), [NEEDED], description=_l("What technicians choose it by"))
    folder = StringField(_l("Folder"), description=_l("Templates of one folder stand together"))
    team_ids = SelectMultipleField(
        _l("Teams"), coerce=int, choices=[], description=_l("None chosen: all teams see it")
    )
    text_en = TextAreaField("English", render_kw=_ROOM)
    text_hans = TextAreaField("简体中文", render_kw=_ROOM)
    text_hant = TextAreaField("繁體中文", render_kw=_ROOM)
    ticket = IntegerField(_l("Shown with ticket"), [Optional()])

    def values(self) -> dict[str, Any]:
        """Return what was typed and chosen; the ticket of the preview is no part of it."""
        return {name: value for name, value in super().values().items() if name != "ticket"}


def _form(row: AnswerTemplate | None, sent: bool) -> AnswerFields:
    form = AnswerFields() if sent else AnswerFields(formdata=None)
    kept = set(row.team_ids) if row is not None else set()
    form.team_ids.choices = choices(
        (team.id, team.name)
        for team in [
            *queries.teams_with_members(),
            *(team for team in queries.retired(Team) if team.id in kept),
        ]
    )
    return form


def _listing() -> Listing:
    groups = groupby(writing.in_use(), key=lambda row: row.folder)
    return Listing(
        [(folder or None, list(rows)) for folder, rows in groups] or [(None, [])],
        queries.retired(AnswerTemplate),
        {
            "languages": {column: HTML_LANGUAGES[language] for language, column in TEXTS.items()},
            "team_names": {team.id: team.name for team in queries.teams_with_members()},
        },
    )


# ---- Preview ----


@dataclass(frozen=True, slots=True)
class Shown:
    """One text as the customer would read it, or the sentence that says what is wrong with it."""

    name: str
    language: str
    html: Markup | None
    problem: str = ""


def _preview(form: AnswerFields) -> dict[str, Any]:
    ticket = ticket_to_show(form.ticket.data)
    return {
        "shown": [
            _one(language, str(getattr(form, column).data or ""), ticket)
            for language, column in TEXTS.items()
            if getattr(form, column).data
        ],
        "missing": ticket is None and form.ticket.data is not None,
    }


def _one(language: str, text: str, ticket: Ticket | None) -> Shown:
    actor = guard.current_actor()
    tongue = HTML_LANGUAGES[language]
    try:
        texts.check_names(text, filling.PLACEHOLDERS, TEXTS[language])
    except Refused as refusal:
        return Shown(LANGUAGES[language], tongue, None, str(refusal))
    said = (
        filling.filled_in(actor, text, language, ticket)
        if ticket is not None
        else filling.example(actor, text, language)
    )
    html = Markup(markdown_to_html(said))  # noqa: S704 (cleaned when it is made)
    return Shown(LANGUAGES[language], tongue, html)


def _beside(form: Any) -> dict[str, Any]:
    return {
        **_preview(form),
        "placeholders": filling.PLACEHOLDERS,
        "languages": {column: HTML_LANGUAGES[language] for language, column in TEXTS.items()},
    }


ANSWERS = Shelf(
    key="answers",
    permission=Permission.SETUP_TICKETS,
    model=AnswerTemplate,
    form=_form,
    listing=_listing,
    add=answers.add,
    edit=answers.edit,
    acts={"retire": answers.retire, "restore": answers.restore, "delete": answers.delete},
    ordered=False,
    sheet="setup/answer.html",
    beside=_beside,
)
put_up(ANSWERS)


@bp.post("/answers/preview")
@require(Permission.SETUP_TICKETS)
def answers_preview() -> Any:
    """Show what is typed as a customer would read it. Nothing is kept."""
    return render_template("setup/_answer_preview.html", **_preview(AnswerFields()))

"""Search: how the index of articles stands, and words that mean the same."""

from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.forms import NEEDED
from helpdesk.people.guard import require
from helpdesk.search.models import Synonym
from helpdesk.search.standing import standing
from helpdesk.setup.forms import Edit
from helpdesk.setup.services import synonyms
from helpdesk.setup.views.blueprint import bp
from helpdesk.setup.views.shelf import Listing, Shelf, put_up
from helpdesk.web.i18n import LANGUAGES


class SynonymFields(Edit):
    """Words that mean the same."""

    FIELDS = synonyms.FIELDS

    words = StringField(
        _l("Words"),
        [NEEDED, Length(max=synonyms.LONGEST)],
        description=_l("With commas between them: printer, print device, MFP"),
    )
    language = SelectField(_l("Language"), choices=[])


def _form(_row: Synonym | None, sent: bool) -> SynonymFields:
    form = SynonymFields() if sent else SynonymFields(formdata=None)
    form.language.choices = [("", _("All languages")), *LANGUAGES.items()]
    return form


def _listing() -> Listing:
    return Listing(
        [(None, synonyms.in_use())],
        synonyms.retired(),
        {"standing": standing(), "languages": LANGUAGES},
    )


SEARCH = Shelf(
    key="search",
    permission=Permission.SETUP_DESK,
    model=Synonym,
    form=_form,
    listing=_listing,
    add=synonyms.add,
    edit=synonyms.edit,
    acts={
        "retire": synonyms.retire,
        "restore": synonyms.restore,
        "delete": synonyms.delete,
    },
    ordered=False,
)
put_up(SEARCH)


@bp.post("/search/renew")
@require(Permission.SETUP_DESK)
def search_renew() -> Any:
    """Have every host make its index anew."""
    synonyms.renew(guard.current_actor())
    flash(_("The index is made anew. Searching goes on meanwhile."))
    return redirect(url_for("setup.search"), 303)

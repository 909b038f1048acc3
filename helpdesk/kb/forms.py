"""What the pages of the knowledge base ask for."""

import json
from dataclasses import asdict

from flask_babel import lazy_gettext as _l
from wtforms import (
    FileField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, NumberRange, Optional

from helpdesk.kb.models import Article, Audience, Kind
from helpdesk.kb.services import Details, Wording, details_of
from helpdesk.kb.services.details import checked_tags
from helpdesk.kb.services.many import Verb, Wish
from helpdesk.kb.services.saying import MAX_COMMENT, MAX_FLAG, REASONS
from helpdesk.kb.services.wording import MAX_NOTE, MAX_SUMMARY, MAX_TITLE
from helpdesk.kb.services.workflow import MAX_REASON
from helpdesk.lib.html import MAX_ARTICLE
from helpdesk.tickets.forms import whole
from helpdesk.web.forms import Form, Needed, choices


def _keys(texts: list[str] | None) -> tuple[int, ...]:
    return tuple(key for text in texts or [] if (key := whole(text)) is not None)


def _parts(typed: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (typed or "").split(",") if part.strip())


class AudienceForm(Form):
    """Who may read an article, and what sort it is; choices are filled in by the view."""

    category = SelectField(_l("Category"), [Optional()], validate_choice=False)
    tags = StringField(_l("Tags"), [Length(max=1500)], description=_l("Words with commas between."))
    audience = RadioField(_l("Who may read it"), [Needed()], validate_choice=False)
    teams = SelectMultipleField(_l("Teams"), [Optional()], validate_choice=False)
    organisations = SelectMultipleField(_l("Organisations"), [Optional()], validate_choice=False)

    def tag_list(self) -> tuple[str, ...]:
        """Return the tags that were typed."""
        return _parts(self.tags.data)

    def team_keys(self) -> tuple[int, ...]:
        """Return the teams that were chosen."""
        return _keys(self.teams.data)

    def organisation_keys(self) -> tuple[int, ...]:
        """Return the organisations that were chosen."""
        return _keys(self.organisations.data)

    def chosen_audience(self) -> Audience:
        """Return who may read it; staff when nothing is said."""
        said = self.audience.data
        return Audience(said) if said in set(Audience) else Audience.STAFF


class NewForm(AudienceForm):
    """A new article: enough to begin it."""

    kind = RadioField(_l("What sort of article"), [Needed()], validate_choice=False)
    title = StringField(
        _l("Title"),
        [Needed(), Length(max=MAX_TITLE)],
        description=_l("What people would type to find it."),
    )
    language = SelectField(_l("Language"), [Needed()], validate_choice=False)
    ticket = HiddenField()
    # What was searched for in vain and is written now.
    search = HiddenField()

    def chosen_kind(self) -> Kind:
        """Return the sort of article; general when nothing is said."""
        return Kind(self.kind.data) if self.kind.data in set(Kind) else Kind.GENERAL


class DetailsForm(AudienceForm):
    """What an article is, apart from its words."""

    kind = SelectField(_l("What sort of article"), [Needed()], validate_choice=False)
    owner = SelectField(_l("Owner"), [Optional()], validate_choice=False)
    reviewer = SelectField(_l("Reviewer"), [Optional()], validate_choice=False)
    review_months = IntegerField(
        _l("Review every (months)"), [Needed(), NumberRange(min=1, max=36)]
    )
    seen = HiddenField()

    def show(self, article: Article) -> None:
        """Fill in what an article is."""
        said = details_of(article)
        self.kind.data = said.kind.value
        self.category.data = str(said.category_id or "")
        self.tags.data = ", ".join(said.tags)
        self.audience.data = said.audience.value
        self.teams.data = [str(key) for key in said.team_ids]
        self.organisations.data = [str(key) for key in said.organisation_ids]
        self.owner.data = str(said.owner_id or "")
        self.reviewer.data = str(said.reviewer_id or "")
        self.review_months.data = said.review_months
        self.remember(article)

    def remember(self, article: Article) -> None:
        """Remember what stands now, so that saving again puts what was typed over it."""
        self.seen.data = json.dumps(asdict(details_of(article)))

    def was_seen(self) -> Details | None:
        """Return what the form showed when it was opened; None when it does not say."""
        try:
            said = json.loads(self.seen.data or "")
            return Details(
                kind=Kind(said["kind"]),
                audience=Audience(said["audience"]),
                category_id=_key_or_none(said["category_id"]),
                tags=tuple(str(tag) for tag in said["tags"]),
                team_ids=tuple(int(key) for key in said["team_ids"]),
                organisation_ids=tuple(int(key) for key in said["organisation_ids"]),
                owner_id=_key_or_none(said["owner_id"]),
                reviewer_id=_key_or_none(said["reviewer_id"]),
                review_months=int(said["review_months"]),
            )
        except (ValueError, TypeError, KeyError):
            return None

    def details(self, article: Article) -> Details:
        """Return what was typed; what can't be read stays as it is."""
        kind = self.kind.data
        return Details(
            kind=Kind(kind) if kind in set(Kind) else Kind(article.kind),
            audience=self.chosen_audience(),
            category_id=whole(self.category.data),
            tags=self.tag_list(),
            team_ids=self.team_keys(),
            organisation_ids=self.organisation_keys(),
            owner_id=whole(self.owner.data),
            reviewer_id=whole(self.reviewer.data),
            review_months=self.review_months.data or article.review_months,
        )


def _key_or_none(value: object) -> int | None:
    return int(str(value)) if value is not None else None


class ManyForm(Form):
    """What is to be of several articles; what is left empty stays as it is with each."""

    owner = SelectField(_l("New owner"), [Optional()], validate_choice=False)
    reviewer = SelectField(_l("New reviewer"), [Optional()], validate_choice=False)
    category = SelectField(_l("Category"), [Optional()], validate_choice=False)
    tags = StringField(
        _l("Add tags"), [Length(max=1500)], description=_l("Words with commas between.")
    )
    tags_off = StringField(_l("Take tags off"), [Length(max=1500)])
    review_months = IntegerField(
        _l("Review every (months)"), [Optional(), NumberRange(min=1, max=36)]
    )
    verb = SelectField(_l("And then"), [Optional()], validate_choice=False)

    NO_CATEGORY = "none"

    def wish(self) -> Wish:
        """Return what was chosen and typed."""
        return Wish(
            owner_id=whole(self.owner.data),
            reviewer_id=whole(self.reviewer.data),
            category_id=whole(self.category.data),
            no_category=self.category.data == self.NO_CATEGORY,
            tags=checked_tags(_parts(self.tags.data)),
            tags_off=checked_tags(_parts(self.tags_off.data)),
            review_months=self.review_months.data,
            verb=Verb(self.verb.data) if self.verb.data in set(Verb) else None,
        )


class TextForm(Form):
    """The words of an article in one language."""

    title = StringField(_l("Title"), [Needed(), Length(max=MAX_TITLE)])
    summary = StringField(
        _l("Summary"),
        [Length(max=MAX_SUMMARY)],
        description=_l("One or two sentences that stand in lists and under the title."),
    )
    body = TextAreaField(_l("Text"), [Length(max=MAX_ARTICLE)])
    note = StringField(_l("What changed"), [Length(max=MAX_NOTE)])
    base = HiddenField()
    stamp = HiddenField()
    up_to_date = HiddenField()

    def wording(self) -> Wording:
        """Return what was typed."""
        return Wording(self.title.data or "", self.summary.data or "", self.body.data or "")


class TranslationForm(Form):
    """A language to translate an article into."""

    language = SelectField(_l("Language"), [Needed()], validate_choice=False)
    title = StringField(_l("Title in this language"), [Needed(), Length(max=MAX_TITLE)])


class SubmitForm(Form):
    """Who is to look at it."""

    reviewer = SelectField(_l("Reviewer"), [Optional()], validate_choice=False)


class ReasonForm(Form):
    """A reason, in one's own words."""

    reason = TextAreaField(_l("Why"), [Length(max=MAX_REASON)])


class VoteForm(Form):
    """Whether it helped, and if not, why."""

    reason = RadioField(
        _l("What got in the way?"),
        [Optional()],
        choices=choices([(code, code) for code in REASONS]),
        validate_choice=False,
    )
    comment = TextAreaField(_l("In your words"), [Length(max=MAX_COMMENT)])


class FlagForm(Form):
    """What is wrong with it."""

    text = TextAreaField(_l("This is wrong because"), [Needed(), Length(max=MAX_FLAG)])


class ShelfForm(Form):
    """A category of articles."""

    name = StringField(_l("Name"), [Needed(), Length(max=100)])
    parent = SelectField(_l("Below"), [Optional()], validate_choice=False)


class RemoveShelfForm(Form):
    """Where the articles of a category go that is removed."""

    to = SelectField(_l("Its articles go to"), [Optional()], validate_choice=False)


class ImportForm(Form):
    """A file with articles."""

    file = FileField(
        _l("File"),
        description=_l("A .zip of a folder, an .md, .html or .csv file, or an export of Hearth."),
    )

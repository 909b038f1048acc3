"""Forms of Set up."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import phonenumbers
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional

from helpdesk.people.forms import NEEDED, time_zones
from helpdesk.people.models import Desk, Skill, Team
from helpdesk.setup.services import (
    categories,
    causes,
    desk_settings,
    priorities,
    queues,
    quick_templates,
    statuses,
    suppliers,
    tags,
    teams,
)
from helpdesk.sla.models import BusinessCalendar
from helpdesk.tickets.desk import Category, Cause, Queue
from helpdesk.tickets.lifecycle import LEVELS, HoldReason, Kind, StatusClass
from helpdesk.tickets.wording import HOLD_REASONS, IMPACTS, KINDS, PRIORITIES, URGENCIES
from helpdesk.web.forms import Form, Needed, choices
from helpdesk.web.i18n import LANGUAGES


def key_or_none(value: Any) -> int | None:
    """Read a choice of a row: its key, or None for the empty choice."""
    text = str(value or "")
    return int(text) if text.isdigit() and text != "0" else None


CLASS_MEANINGS = {
    StatusClass.NEW: _l("New: nobody has looked at it"),
    StatusClass.OPEN: _l("Open: we are on it"),
    StatusClass.PENDING: _l("Waiting: for somebody or something"),
    StatusClass.RESOLVED: _l("Resolved: we say it is fixed"),
    StatusClass.CLOSED: _l("Closed: it is over"),
}
"""What each of the fixed classes says about a ticket."""


class Edit(Form):
    """The form of one thing. ``seen`` remembers what it showed when it was opened.

    When two people edit one thing, the verb compares what was seen with what stands now: only a
    field that both of them changed is a clash.
    """

    FIELDS: ClassVar[tuple[str, ...]] = ()

    seen = HiddenField()

    def show(self, row: Any) -> None:
        """Fill the form with the row as it is, and remember that."""
        for name in self._shown():
            self._fields[name].data = getattr(row, name)
        self.remember(row)

    def remember(self, row: Any) -> None:
        """Remember the row as it is now, so that saving again puts what was typed over it."""
        self.seen.data = json.dumps({name: getattr(row, name) for name in self._shown()})

    def was_seen(self) -> dict[str, Any] | None:
        """Return what the form showed when it was opened; None when it does not say."""
        return read_seen(self.seen.data)

    def _shown(self) -> list[str]:
        return [name for name in self.FIELDS if name in self._fields]

    def values(self) -> dict[str, Any]:
        """Return what was typed and chosen, for the verb."""
        return {
            name: field.data if field.data is not None or name.endswith("_id") else ""
            for name, field in self._fields.items()
            if name not in {"seen", "csrf_token"}
        }

    def in_words(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return labels and readable values of fields, to show what somebody else saved."""
        return [
            (str(field.label.text), _words(field, value))
            for name, value in values.items()
            if (field := self._fields.get(name)) is not None
        ]


def read_seen(text: str | None) -> dict[str, Any] | None:
    """Read the hidden field that remembers what a form showed."""
    try:
        seen = json.loads(text or "")
    except ValueError:
        return None
    return seen if isinstance(seen, dict) else None


def _words(field: Any, value: Any) -> str:
    if isinstance(value, bool):
        return str(gettext("Yes") if value else gettext("No"))
    for choice in getattr(field, "choices", None) or []:
        if field.coerce(choice.value) == value:
            return str(choice.label)
    return str(value) if value not in (None, "") else str(gettext("None"))


class Named(Edit):
    """A thing that has a name and nothing else."""

    FIELDS = causes.FIELDS

    name = StringField(_l("Name"), [NEEDED])


class SkillFields(Edit):
    """A skill, which may be a language."""

    FIELDS = teams.SKILL_FIELDS

    name = StringField(_l("Name"), [NEEDED])
    language = StringField(
        _l("Language"),
        description=_l(
            "Only for a skill that is a language: its code, like zh or de. Who has it speaks it"
        ),
    )


class TagName(Named):
    """A tag."""

    FIELDS = tags.FIELDS

    name = StringField(
        _l("Name"), [NEEDED], description=_l("The name of another tag makes the two one.")
    )


class SupplierFields(Edit):
    """A supplier."""

    FIELDS = suppliers.FIELDS

    name = StringField(_l("Name"), [NEEDED])
    organisation_id = IntegerField(_l("Organisation"), [Optional()])
    email = StringField(
        _l("E-mail"), description=_l("Reminders go there, and what they answer joins the ticket")
    )
    phone = StringField(_l("Phone"))
    contract = TextAreaField(
        _l("What was agreed"), description=_l("Number of the contract, hours, who to ask for")
    )


class DeskFields(Edit):
    """The desk itself."""

    FIELDS = desk_settings.FIELDS

    name = StringField(_l("Name of the desk"), [NEEDED], description=_l("People see it everywhere"))
    language = SelectField(
        _l("Language"), description=_l("For people of whom we know no other"), choices=[]
    )
    time_zone = SelectField(
        _l("Time zone"), description=_l("For people of whom we know no other"), choices=[]
    )
    phone_region = SelectField(
        _l("Telephone numbers"),
        description=_l("Numbers typed without a country code are read as numbers of this place"),
        choices=[],
    )
    most_at_once = IntegerField(
        _l("Open work at once"),
        [Optional()],
        description=_l("Rules give nobody more; what waits does not count. Empty: no limit"),
    )
    silent_minutes = IntegerField(
        _l("Minutes without a sign"),
        [Optional()],
        description=_l(
            "Who has had no page open for so long gets no work from rules. Empty: never mind"
        ),
    )

    def offer(self, desk: Desk) -> None:
        """Fill in what can be chosen."""
        zones = dict.fromkeys((*time_zones(), desk.time_zone))
        self.language.choices = choices(LANGUAGES.items())
        self.time_zone.choices = choices((zone, zone.replace("_", " ")) for zone in zones)
        self.phone_region.choices = region_choices()


def region_choices() -> list[Any]:
    """Return countries and regions with their country codes, by name in the reader's language."""
    locale = get_locale()
    names = locale.territories if locale is not None else {}
    found = [
        (str(names.get(code) or code), code, phonenumbers.country_code_for_region(code))
        for code in phonenumbers.SUPPORTED_REGIONS
    ]
    return choices((code, f"{name} (+{prefix})") for name, code, prefix in sorted(found))


class TeamFields(Edit):
    """A team."""

    FIELDS = teams.FIELDS

    name = StringField(_l("Name"), [NEEDED])
    description = TextAreaField(_l("What it does"))


class TechnicianFields(Form):
    """What stands beside a technician's teams and skills."""

    most_at_once = IntegerField(
        _l("Open work at once"),
        [Optional()],
        description=_l("Rules give them no more. Empty: what the desk says; 0: none at all"),
    )
    calendar_id = SelectField(
        _l("Working hours"),
        description=_l("Outside them rules give them nothing"),
        coerce=key_or_none,
        choices=[],
    )

    def offer(
        self, calendars: Iterable[BusinessCalendar], default: BusinessCalendar | None
    ) -> None:
        """Fill in what can be chosen; the desk's own calendar stands first."""
        own = (
            gettext("The desk's: %(name)s", name=default.name)
            if default
            else gettext("At any time")
        )
        self.calendar_id.choices = choices([(0, own), *((row.id, row.name) for row in calendars)])


class RoleFields(TeamFields):
    """A role; what it allows is a list of boxes beside it."""

    description = TextAreaField(_l("For whom it is"))


class QueueFields(Edit):
    """A queue."""

    FIELDS = queues.FIELDS

    name = StringField(_l("Name"), [NEEDED])
    team_id = SelectField(_l("Team"), coerce=key_or_none, choices=[])
    description = TextAreaField(_l("What belongs here"))
    restricted = BooleanField(
        _l("Restricted"),
        description=_l("Only its team sees its tickets: for personnel or security matters"),
    )

    def offer(self, in_use: Iterable[Team]) -> None:
        """Fill in what can be chosen."""
        self.team_id.choices = choices((team.id, team.name) for team in in_use)


class StatusFields(Edit):
    """A status. Its class is chosen once, when it is made."""

    FIELDS = statuses.FIELDS

    name = StringField(_l("Name"), [NEEDED])
    status_class = SelectField(
        _l("What it means"),
        [Optional()],
        choices=choices((one.value, CLASS_MEANINGS[one]) for one in StatusClass),
    )
    hold_reason = SelectField(
        _l("Waits for"),
        [Optional()],
        description=_l("Only for what waits"),
        choices=choices(
            [
                ("", _l("Nothing")),
                *((reason.value, HOLD_REASONS[reason]) for reason in HoldReason),
            ]
        ),
    )

    def show(self, row: Any) -> None:
        """Fill the form; no reason is an empty choice."""
        super().show(row)
        if "hold_reason" in self._fields:
            self.hold_reason.data = row.hold_reason or ""


class CategoryFields(Edit):
    """A category."""

    FIELDS = categories.FIELDS

    name = StringField(_l("Name"), [NEEDED])
    parent_id = SelectField(_l("Below"), coerce=key_or_none, choices=[])
    queue_id = SelectField(
        _l("Queue"),
        description=_l("Where its tickets go when nobody chooses"),
        coerce=key_or_none,
        choices=[],
    )
    skill_id = SelectField(
        _l("Skill"),
        description=_l("What has to be known for it; counts for Start next and for rules"),
        coerce=key_or_none,
        choices=[],
    )

    def offer(
        self, above: Iterable[Category], offered: Iterable[Queue], known: Iterable[Skill]
    ) -> None:
        """Fill in what can be chosen."""
        self.parent_id.choices = choices(
            [(0, gettext("Nothing: at the top")), *((row.id, row.path) for row in above)]
        )
        self.queue_id.choices = choices(
            [(0, gettext("The default queue")), *((row.id, row.name) for row in offered)]
        )
        self.skill_id.choices = choices(
            [
                (0, gettext("What the category above asks for")),
                *((row.id, row.name) for row in known),
            ]
        )


def _level_choices(words: Mapping[int, Any]) -> list[Any]:
    return choices((level, words[level]) for level in LEVELS)


class TemplateFields(Edit):
    """A quick template."""

    FIELDS = quick_templates.FIELDS

    name = StringField(_l("Name"), [NEEDED], description=_l("What technicians choose it by"))
    subject = StringField(_l("Subject"), [NEEDED])
    kind = SelectField(_l("Kind"), choices=choices((kind.value, KINDS[kind]) for kind in Kind))
    category_id = SelectField(_l("Category"), coerce=key_or_none, choices=[])
    cause_id = SelectField(_l("Cause"), coerce=key_or_none, choices=[])
    impact = SelectField(_l("Impact"), coerce=int, choices=_level_choices(IMPACTS), default=3)
    urgency = SelectField(_l("Urgency"), coerce=int, choices=_level_choices(URGENCIES), default=2)
    solution = TextAreaField(_l("Solution"), description=_l("What was done, in a sentence or two"))

    def offer(self, subjects: Iterable[Category], reasons: Iterable[Cause]) -> None:
        """Fill in what can be chosen."""
        none = (0, gettext("None"))
        self.category_id.choices = choices([none, *((row.id, row.path) for row in subjects)])
        self.cause_id.choices = choices([none, *((row.id, row.name) for row in reasons)])


class MatrixFields(Form):
    """One choice of priority for each cell of impact and urgency."""

    seen = HiddenField()

    def matrix(self) -> priorities.Matrix:
        """Return what was chosen."""
        return {cell: self._fields[priorities.key(cell)].data for cell in priorities.CELLS}

    def show(self, matrix: priorities.Matrix) -> None:
        """Fill the form and remember what it shows."""
        for cell, priority in matrix.items():
            self._fields[priorities.key(cell)].data = priority
        self.remember(matrix)

    def remember(self, matrix: priorities.Matrix) -> None:
        """Remember the matrix as it is now."""
        self.seen.data = json.dumps(
            {priorities.key(cell): priority for cell, priority in matrix.items()}
        )

    def was_seen(self) -> priorities.Matrix | None:
        """Return what the form showed when it was opened; None when it does not say."""
        seen = read_seen(self.seen.data)
        if seen is None:
            return None
        return {
            cell: seen[priorities.key(cell)]
            for cell in priorities.CELLS
            if priorities.key(cell) in seen
        }


for _cell in priorities.CELLS:
    setattr(
        MatrixFields,
        priorities.key(_cell),
        SelectField(
            f"{_cell[0]} × {_cell[1]}",
            coerce=int,
            choices=choices((priority, PRIORITIES[priority]) for priority in priorities.PRIORITIES),
        ),
    )


class Step(Form):
    """A move by one place."""

    step = IntegerField(validators=[Needed()])

"""The form of a work plan: its name, and a row for each line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import FieldList, FormField, SelectField, StringField, TextAreaField, ValidationError
from wtforms import Form as Rows
from wtforms.validators import Length

from helpdesk.people.forms import NEEDED
from helpdesk.plans.content import MOST_LINES, Line, What, Who
from helpdesk.plans.models import WorkPlan
from helpdesk.setup.forms import Edit, key_or_none
from helpdesk.setup.services import plans
from helpdesk.setup.written import Unreadable, read_length, write_length
from helpdesk.tickets.wording import KINDS, PRIORITIES
from helpdesk.web.forms import choices

KINDS_OF_LINE = {What.TASK: _l("Task"), What.TICKET: _l("Child ticket")}
Offer = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Offered:
    """What each row chooses among."""

    who: Offer
    categories: Offer


class LineFields(Rows):
    """One line. A row without a title is none."""

    what = SelectField(
        _l("What"), choices=choices((key.value, name) for key, name in KINDS_OF_LINE.items())
    )
    title = StringField(_l("Title"), [Length(max=300)])
    who = SelectField(_l("Who"), choices=[], default="")
    due = StringField(_l("Due after"), render_kw={"maxlength": 20, "placeholder": "8h"})
    kind = SelectField(
        _l("Kind"),
        default="",
        choices=choices([("", _l("As its parent")), *((k.value, n) for k, n in KINDS.items())]),
    )
    category = SelectField(_l("Category"), choices=[], default="")
    priority = SelectField(
        _l("Priority"),
        default="",
        choices=choices([("", _l("As its parent")), *((str(k), n) for k, n in PRIORITIES.items())]),
    )
    text = TextAreaField(_l("Description"), [Length(max=4000)], render_kw={"rows": 2})

    def validate_due(self, field: StringField) -> None:
        """Say what is wrong with the time, if it says anything."""
        try:
            read_length(field.data or "")
        except Unreadable as error:
            raise ValidationError(str(error.message)) from None

    def validate_who(self, field: SelectField) -> None:
        """A ticket waits in a queue; the people of that queue give it out."""
        whole = field.data or ""
        if self.what.data == What.TICKET and whole and not whole.startswith("queue:"):
            raise ValidationError(str(_l("A child ticket goes to a queue.")))

    def offer(self, offered: Offered) -> None:
        """Fill in what can be chosen."""
        self.who.choices = choices(offered.who)
        self.category.choices = choices(offered.categories)

    def show(self, line: Line) -> None:
        """Fill the row in."""
        self.what.data, self.title.data, self.text.data = line.what.value, line.title, line.text
        self.who.data = line.who.value
        for name in ("person", "queue"):
            if getattr(line, name) is not None:
                self.who.data = f"{name}:{getattr(line, name)}"
        self.due.data = write_length(timedelta(seconds=line.due) if line.due else None)
        self.kind.data = line.kind
        self.category.data = str(line.category or "")
        self.priority.data = str(line.priority or "")

    def value(self) -> dict[str, Any] | None:
        """Return the line as it is stored; None for an empty row."""
        title = " ".join((self.title.data or "").split())
        if not title:
            return None
        what = What(self.what.data)
        kind_of_who, _colon, key = (self.who.data or "").partition(":")
        line = Line(
            what,
            title,
            who=Who.NOBODY if key else Who(kind_of_who),
            person=int(key) if kind_of_who == "person" else None,
            queue=int(key) if kind_of_who == "queue" else None,
        )
        if what is What.TASK:
            length = read_length(self.due.data or "")
            due = round(length.total_seconds()) if length is not None else 0
            return Line(**{**_fields(line), "due": due}).to_json()
        more = {
            "kind": self.kind.data or "",
            "category": key_or_none(self.category.data),
            "priority": key_or_none(self.priority.data),
            "text": (self.text.data or "").strip(),
        }
        return Line(**{**_fields(line), **more}).to_json()


def _fields(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in line.__dataclass_fields__}


class PlanFields(Edit):
    """A work plan."""

    FIELDS = plans.FIELDS

    name = StringField(_l("Name"), [NEEDED], description=_l("Also the name of its checklist"))
    lines = FieldList(FormField(LineFields), label=_l("Lines"), max_entries=MOST_LINES)

    def offer(self, offered: Offered) -> None:
        """Fill in what can be chosen; rows that the form makes later are told too."""
        self._offered = offered
        for row in self.lines:
            row.form.offer(offered)

    def add_empty_line(self) -> None:
        """Offer a further row; scripts add more like it."""
        if len(self.lines.entries) < MOST_LINES:
            self.lines.append_entry().form.offer(self._offered)

    def show(self, row: WorkPlan) -> None:
        """Fill the form with the plan as it is, and remember that."""
        self.name.data = row.name
        for line in row.content:
            fields: LineFields = self.lines.append_entry().form
            fields.offer(self._offered)
            fields.show(line)
        self.remember(row)

    def values(self) -> dict[str, Any]:
        """Return what was typed and chosen."""
        lines = [found for row in self.lines if (found := row.form.value()) is not None]
        return {"name": self.name.data or "", "lines": lines}

    def in_words(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return what somebody else saved."""
        shown = dict(values)
        lines = shown.pop("lines", None)
        found = super().in_words(shown)
        if lines is not None:
            found.append((_("Lines"), "; ".join(str(one["title"]) for one in lines)))
        return found

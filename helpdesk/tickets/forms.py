"""What the pages of tickets ask for. Rules are the verbs' own; here text becomes values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from helpdesk.tickets import wording
from helpdesk.tickets.lifecycle import BinReason, HoldReason, Kind, LinkType, Outcome
from helpdesk.web.forms import Form, LocalMoment, Needed
from helpdesk.web.forms import choices as choices_of

LONGEST = 500_000
"""Characters of one text; more belongs into a file."""


def whole(text: Any) -> int | None:
    """Read a key; None for what is none. For fields whose empty value means "nothing chosen"."""
    said = str(text or "").strip().lstrip("#")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None


class Key(Field):
    """A hidden key of a row, chosen by a combobox or a menu; None when nothing was chosen."""

    widget = HiddenInput()
    data: int | None

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the key."""
        self.data = whole(valuelist[0]) if valuelist else None

    def process_data(self, value: Any) -> None:
        """Take the key a page begins with."""
        self.data = value

    def _value(self) -> str:
        return str(self.data) if self.data is not None else ""


class Several(SelectMultipleField):
    """Several values of a combobox; which are allowed is the view's question."""

    def __init__(self, label: Any = None, validators: Any = None, **options: Any) -> None:
        super().__init__(
            label, validators, choices=[], validate_choice=False, coerce=str, **options
        )


def choices(table: Mapping[Any, object] | Iterable[tuple[object, object]]) -> list[Any]:
    """Return a table of words, or pairs of key and word, as the choices of a field."""
    return choices_of(table.items() if isinstance(table, Mapping) else table)


# ---- Talking ----


class ReplyForm(Form):
    """An answer to the customer."""

    body = TextAreaField(_l("Reply"), [Length(max=LONGEST)])
    to = Several(_l("To"))
    cc = Several(_l("Copies"))
    # Whether it leaves encrypted; it counts where that was asked.
    encrypt = BooleanField()
    encrypt_asked = HiddenField()
    attachment = Several(_l("Files"))
    # The status to move to with the same click; empty keeps it as it is.
    then = Key()
    # When it leaves: a moment (UTC) that was offered, "at" for the one typed; empty for at once.
    later = HiddenField()
    later_at = LocalMoment(_l("Date and time"), [Optional()])
    seen = Key()
    stamp = HiddenField()


class AsideForm(Form):
    """A message to others than the customer."""

    body = TextAreaField(_l("Message to others"), [Length(max=LONGEST)])
    subject = StringField(_l("Subject"), [Length(max=300)])
    to = Several(_l("To"))
    cc = Several(_l("Copies"))
    # The side conversation it goes on with; empty begins one.
    side = Key()
    encrypt = BooleanField()
    encrypt_asked = HiddenField()
    attachment = Several(_l("Files"))
    # Files of the ticket that go along.
    file = Several(_l("Files of this ticket"))
    seen = Key()
    stamp = HiddenField()


class NoteForm(Form):
    """A note that only staff see."""

    body = TextAreaField(_l("Note"), [Length(max=LONGEST)])
    attachment = Several(_l("Files"))
    seen = Key()
    stamp = HiddenField()


class CallForm(Form):
    """A call about a ticket."""

    body = TextAreaField(_l("What was said"), [Length(max=LONGEST)])
    attachment = Several(_l("Files"))
    direction = RadioField(
        _l("Direction"),
        choices=choices([("in", _l("They called")), ("out", _l("We called"))]),
        default="in",
    )
    channel = SelectField(
        _l("By"),
        choices=choices(
            [("phone", _l("Phone")), ("walk-in", _l("In person")), ("visit", _l("Visit"))]
        ),
        default="phone",
    )
    unanswered = BooleanField(_l("Nobody answered"))
    minutes = IntegerField(_l("Minutes"), [Optional(), NumberRange(0, 24 * 60)])
    seconds = Key()
    summary = TextAreaField(_l("Summary for the customer"), [Length(max=20_000)])
    happened_at = LocalMoment(_l("When it was"), [Optional()])
    stamp = HiddenField()

    def duration(self) -> int | None:
        """Return the length of the call in seconds: what was typed, else what the timer says."""
        if self.minutes.data is not None:
            return int(self.minutes.data) * 60 or None
        return self.seconds.data or None


# ---- Moving on ----


class ResolveForm(Form):
    """How it ended, why it happened and what fixed it."""

    cause = SelectField(_l("Cause"), coerce=whole, validate_choice=False)
    outcome = SelectField(_l("Outcome"), choices=choices(wording.OUTCOMES), default=Outcome.SOLVED)
    solution = TextAreaField(_l("Solution"), [Length(max=LONGEST)])
    send_reply = BooleanField(_l("Send my reply first"))
    with_children = BooleanField(_l("Resolve the open children too"))
    force = BooleanField(_l("Leave them open"))
    seen = Key()


class SupplierForm(Form):
    """For whom a ticket waits, under which number of theirs, and what they promised."""

    supplier = SelectField(_l("Supplier"), coerce=whole, choices=[], validate_choice=False)
    reference = StringField(_l("Their number"), [Length(max=120)])
    promised_at = LocalMoment(_l("Promised by"), [Optional()])


class PartSupplierForm(SupplierForm):
    """The same for a part, with a word to colleagues."""

    note = StringField(
        _l("Note"),
        [Length(max=300)],
        description=_l("Only colleagues read it, neither the customer nor the supplier."),
    )
    # Whether the part waited when the form was shown.
    changing = Key()


class HoldForm(SupplierForm):
    """Why a ticket waits, and until when."""

    reason = SelectField(
        _l("What it waits for"),
        choices=choices(wording.HOLD_REASONS),
        default=HoldReason.CUSTOMER,
    )
    until = RadioField(_l("Until"), default="none", validate_choice=False)
    wake_at = LocalMoment(_l("Date and time"), [Optional()])
    note = StringField(_l("Note"), [Length(max=300)])


class ReasonForm(Form):
    """A change that only asks why."""

    reason = StringField(_l("Reason"), [Length(max=300)])


class BinForm(Form):
    """Why a ticket goes to the bin."""

    reason = RadioField(
        _l("Reason"), choices=choices(wording.BIN_CHOICES.items()), default="spam-sender"
    )
    sure = HiddenField()


def bin_choice(chosen: str | None, *, sure: bool = False) -> tuple[BinReason, str]:
    """Return the reason and whose mail is put aside; what nobody offered is a mistake.

    ``sure``: they know that the domain is a customer's.
    """
    if chosen not in wording.BIN_CHOICES:
        return BinReason.MISTAKE, ""
    reason, _hyphen, block = str(chosen).partition("-")
    return BinReason(reason), f"{block}-sure" if block == "domain" and sure else block


class AssignForm(Form):
    """Who gets work: one place to hand over to, or several beside what exists."""

    target = Several(lazy_pgettext("assign", "To"))
    mode = RadioField(
        _l("How"),
        choices=choices([("hand-over", _l("Hand over")), ("add", _l("Add beside it"))]),
        default="hand-over",
    )
    # Which assignment moves; empty lets the verb choose the actor's own.
    assignment = Key()
    first_wins = BooleanField(_l("The first to acknowledge gets it"))
    even_if_away = BooleanField(_l("Also to somebody who is away"))
    reason = StringField(_l("Reason"), [Length(max=300)])

    def places(self) -> list[tuple[int, int | None]]:
        """Return the chosen places as (queue, technician)."""
        found = []
        for text in self.target.data or []:
            queue, _colon, technician = str(text).partition(":")
            key = whole(queue)
            if key is not None:
                found.append((key, whole(technician)))
        return found


# ---- Other tickets ----


class LinkForm(Form):
    """Another ticket, and how it stands to this one."""

    number = StringField(_l("Ticket"), [Needed(_l("Give the number of a ticket."))])
    relation = SelectField(
        _l("It is"),
        choices=choices(
            [
                ("related", _l("Related")),
                ("child", _l("A child of this one")),
                ("parent", _l("The parent of this one")),
                ("caused-by", _l("The problem behind this one")),
                ("causes", _l("Caused by this problem")),
                ("duplicate-of", _l("The one this duplicates")),
            ]
        ),
        default="related",
    )

    def direction(self) -> tuple[LinkType, bool]:
        """Return the type of link and whether it starts at this ticket."""
        return {
            "related": (LinkType.RELATED, True),
            "child": (LinkType.PARENT, True),
            "parent": (LinkType.PARENT, False),
            "caused-by": (LinkType.CAUSED_BY, True),
            "causes": (LinkType.CAUSED_BY, False),
            "duplicate-of": (LinkType.DUPLICATE, True),
        }.get(self.relation.data, (LinkType.RELATED, True))


class MergeForm(Form):
    """Another ticket of the same customer, and which of the two survives."""

    number = StringField(_l("Ticket"), [Needed(_l("Give the number of a ticket."))])
    survivor = RadioField(
        _l("Which goes on"),
        choices=choices([("this", _l("This one")), ("other", _l("The other one"))]),
        default="this",
    )


class SplitForm(Form):
    """A ticket of its own from one message."""

    subject = StringField(_l("Subject"), [Length(max=300)])


class ManyForm(Form):
    """Several tickets to come under a major incident, as numbers."""

    numbers = TextAreaField(_l("Ticket numbers"), [Needed(_l("Give the number of a ticket."))])

    def keys(self) -> list[int]:
        """Return the numbers in what was typed or pasted, each once."""
        words = (self.numbers.data or "").replace(",", " ").replace(";", " ").split()
        found = [whole(word) for word in words]
        return list(dict.fromkeys(key for key in found if key is not None))


class BroadcastForm(Form):
    """One message to all customers of a major incident."""

    body = TextAreaField(_l("Message"), [Length(max=LONGEST)])
    # How many people the sender was told that it reaches.
    expected = Key()


# ---- People ----


class CustomerForm(Form):
    """Whom a ticket is for, and who asked for it."""

    customer = Key(_l("Customer"))
    requester = Key(_l("Asked by"))


class PersonForm(Form):
    """One person: a follower, somebody who gets copies, an owner."""

    person = Key(_l("Person"))


class AddressForm(Form):
    """A person to whom the address of this ticket's customer belongs."""

    person = Key(_l("Person"))


# ---- Work ----


class TaskForm(Form):
    """Steps of the work, one a line."""

    title = TextAreaField(_l("Tasks, one a line"), [Length(max=20_000)])
    checklist = StringField(_l("Checklist"), [Length(max=100)])
    person = Key(_l("Who"))
    due_at = LocalMoment(_l("Due"), [Optional()])

    def titles(self) -> list[str]:
        """Return one title a line."""
        return [line for line in (self.title.data or "").splitlines() if line.strip()]


class TimeForm(Form):
    """Time spent, in minutes; a negative number corrects an earlier entry."""

    minutes = IntegerField(
        _l("Minutes"),
        [Needed(_l("Give a time of up to 24 hours.")), NumberRange(-24 * 60, 24 * 60)],
    )
    note = StringField(_l("What for"), [Length(max=300)])
    happened_at = LocalMoment(_l("When it was"), [Optional()])


class RedactForm(Form):
    """Why an entry is emptied for good."""

    reason = StringField(_l("Reason"), [Length(max=300)])
    sure = BooleanField(_l("I know that this can't be undone"))

    def validate_sure(self, field: Any) -> None:
        """Ask for the tick: this is one of the few acts without undo."""
        if not field.data:
            raise ValidationError(_("Tick this to go on."))


class SummaryForm(Form):
    """What the customer may know of a call."""

    summary = TextAreaField(_l("Summary for the customer"), [Length(max=20_000)])


# ---- Logging a call ----


class LogCallForm(Form):
    """A new ticket. Only the customer and one line are needed."""

    customer = Key(_l("Customer"))
    requester = Key(_l("Asked by"))
    subject = StringField(_l("What it is about"), [Length(max=300)])
    body = TextAreaField(_l("Notes"), [Length(max=LONGEST)])
    channel = RadioField(
        _l("By"),
        choices=choices(
            [
                ("phone", _l("Phone")),
                ("walk-in", _l("Walk-in")),
                ("visit", _l("Visit")),
                ("email", _l("Email")),
                ("chat", _l("Chat")),
            ]
        ),
        default="phone",
    )
    kind = SelectField(_l("Kind"), choices=choices(wording.KINDS), default=Kind.INCIDENT)
    # Empty: where the category's tickets go, else the desk's own queue.
    queue = SelectField(_l("Queue"), coerce=whole, validate_choice=False)
    category = Key(_l("Category"))
    impact = SelectField(_l("Impact"), choices=choices(wording.IMPACTS), default="3")
    urgency = SelectField(_l("Urgency"), choices=choices(wording.URGENCIES), default="2")
    cause = SelectField(_l("Cause"), coerce=whole, validate_choice=False)
    outcome = SelectField(_l("Outcome"), choices=choices(wording.OUTCOMES), default=Outcome.SOLVED)
    solution = TextAreaField(_l("Solution"), [Length(max=LONGEST)])
    attachment = Several(_l("Files"))
    minutes = IntegerField(_l("Minutes"), [Optional(), NumberRange(0, 24 * 60)])
    seconds = Key()
    happened_at = LocalMoment(_l("When it was"), [Optional()])
    stamp = HiddenField()

    def duration(self) -> int | None:
        """Return the length in seconds: what was typed, else what the timer says."""
        if self.minutes.data is not None:
            return int(self.minutes.data) * 60 or None
        return self.seconds.data or None


class NewPersonForm(Form):
    """A caller nobody knows yet. Only the name is needed."""

    name = StringField(
        lazy_pgettext("person", "Name"), [Needed(_l("Give a name.")), Length(max=200)]
    )
    email = StringField(lazy_pgettext("address", "Email"), [Length(max=320)])
    phone = StringField(_l("Phone"), [Length(max=40)])
    organisation = Key(_l("Organisation"))

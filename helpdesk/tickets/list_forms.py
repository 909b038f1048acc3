"""What the pages of lists ask for: bulk changes, saved views, handing work over."""

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Optional

from helpdesk.tickets import wording
from helpdesk.tickets.forms import Key, whole
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.web.forms import Form, LocalMoment, Needed, choices


class BulkForm(Form):
    """What every bulk change asks."""

    quiet = BooleanField(
        _l("Tell nobody"), description=_l("No notices and no mail are sent for this change.")
    )


class AssignManyForm(BulkForm):
    """Who goes on with the tickets."""

    queue = SelectField(_l("Queue"), coerce=whole, validate_choice=False)
    technician = Key(_l("Technician"))
    reason = StringField(
        _l("Reason"),
        [Length(max=300)],
        description=_l("Needed where work leaves somebody's hands."),
    )


class StatusManyForm(BulkForm):
    """Which status the tickets get, and what that status needs."""

    status = SelectField(_l("Status"), [Needed()], coerce=whole, validate_choice=False)
    outcome = SelectField(
        _l("Outcome"), choices=choices(wording.OUTCOMES.items()), default=Outcome.SOLVED
    )
    cause = SelectField(_l("Cause"), coerce=whole, validate_choice=False)
    solution = TextAreaField(_l("Solution"), [Length(max=20_000)])
    wake_at = LocalMoment(_l("Comes back"), [Optional()])


class PriorityManyForm(BulkForm):
    """How urgent the tickets are."""

    priority = RadioField(
        _l("Priority"), [Needed()], choices=choices(wording.PRIORITIES.items()), coerce=str
    )


class CategoryManyForm(BulkForm):
    """What the tickets are about."""

    category = Key(_l("Category"))


class TagManyForm(BulkForm):
    """Words to put on the tickets, or to take off."""

    tags = StringField(
        _l("Tags"), [Needed(), Length(max=400)], description=_l("Commas between them.")
    )
    how = RadioField(
        _l("What to do"),
        choices=choices([("add", _l("Add")), ("remove", _l("Remove"))]),
        default="add",
    )


class MergeManyForm(BulkForm):
    """Which of the tickets goes on."""

    survivor = RadioField(_l("Goes on"), [Needed()], coerce=str, choices=[], validate_choice=False)


class LinkManyForm(BulkForm):
    """The ticket under which the tickets are put."""

    parent = StringField(_l("Number of the parent"), [Needed(), Length(max=20)])


class BinManyForm(BulkForm):
    """Why the tickets go to the bin."""

    reason = RadioField(
        _l("Reason"),
        [Needed()],
        choices=choices(wording.BIN_CHOICES.items()),
        default="spam-sender",
    )
    sure = BooleanField(
        _l("Also a domain of customers"),
        description=_l("Without this, tickets from such a domain stay where they are."),
    )


class ViewForm(Form):
    """A name for a list."""

    name = StringField(_l("Name"), [Needed(), Length(max=100)])
    colour = RadioField(_l("Colour"), default="c1", validate_choice=False)
    share = SelectField(_l("For"), default="me", validate_choice=False)


class HandOverForm(Form):
    """To whom a shift's work goes."""

    queue = SelectField(_l("Queue"), coerce=whole, validate_choice=False)
    technician = Key(_l("Technician"))
    reason = StringField(_l("Reason"), [Needed(), Length(max=200)])

"""Forms about what customers are told by itself."""

import json
from collections.abc import Iterable
from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import NumberRange, Optional

from helpdesk.notify.quiet import QuietHours
from helpdesk.notify.telling import Tell, Telling
from helpdesk.people.forms import NEEDED
from helpdesk.setup.forms import read_seen
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.told_sentences import NAMES
from helpdesk.web.forms import Form, choices

KINDS = {kind: NAMES[kind] for kind in Tell}
"""What each kind tells, in a few words."""

WHEN = {
    Tell.RECEIVED: _l("When a ticket is opened; with its number and the expected time"),
    Tell.TAKEN: _l("When somebody takes or acknowledges it and has not answered yet"),
    Tell.WAITING: _l("When it is put on hold for the customer; with the note that says for what"),
    Tell.EXPECTED: _l("When a technician says another expected time"),
    Tell.FIXED: _l("When it is resolved as solved or with a workaround; with the solution"),
}
"""When each kind is told."""


class TellingFields(Form):
    """Which kinds are told, when and how often."""

    seen = HiddenField()
    kinds = SelectMultipleField(_l("What customers are told"), choices=[])
    quiet_from = TimeField(_l("Quiet from"), [Optional()])
    quiet_until = TimeField(_l("until"), [Optional()])
    receipts_always = BooleanField(
        _l("Receipts at once"),
        description=_l("Also in quiet hours: who has just written is awake"),
    )
    per_day = IntegerField(
        _l("A person gets, in 24 hours, at most"),
        [NEEDED, NumberRange(1, 100, _l("A number from 1 to 100."))],
    )
    apart = IntegerField(
        _l("Minutes between two about one ticket"),
        [NEEDED, NumberRange(0, 1440, _l("A number from 0 to 1,440."))],
    )
    without_receipt = SelectMultipleField(
        _l("Queues without receipts"),
        coerce=int,
        choices=[],
        description=_l("Their customers are not told that we have it"),
    )

    def offer(self, queues: Iterable[Queue]) -> None:
        """Fill in what can be chosen."""
        self.kinds.choices = choices((kind.value, name) for kind, name in KINDS.items())
        self.without_receipt.choices = choices((queue.id, queue.name) for queue in queues)

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask for both ends of the quiet hours, or for none."""
        fine: bool = super().validate(extra_validators)
        if fine and (self.quiet_until.data is None) != (self.quiet_from.data is None):
            self.refuse("quiet_until", _l("Say both from when and until when, or neither."))
            return False
        return fine

    def show(self, chosen: Telling) -> None:
        """Fill the form in, and remember what it showed."""
        self.kinds.data = [str(kind) for kind in chosen.kinds]
        self.quiet_from.data = chosen.quiet.begin if chosen.quiet else None
        self.quiet_until.data = chosen.quiet.end if chosen.quiet else None
        self.receipts_always.data = chosen.receipts_always
        self.per_day.data, self.apart.data = chosen.per_day, chosen.apart
        self.without_receipt.data = sorted(chosen.without_receipt)
        self.remember(chosen)

    def remember(self, chosen: Telling) -> None:
        """Remember what stands now, so that saving again puts what was typed over it."""
        self.seen.data = json.dumps(chosen.stored())

    def was_seen(self) -> Telling | None:
        """Return what the form showed when it was opened; None when it does not say."""
        seen = read_seen(self.seen.data)
        return Telling.read(seen) if seen is not None else None

    def chosen(self, hidden_queues: frozenset[int]) -> Telling:
        """Return what was chosen. ``hidden_queues`` were not offered and stay as they are."""
        begin, end = self.quiet_from.data, self.quiet_until.data
        return Telling(
            kinds=frozenset(Tell(one) for one in self.kinds.data or []),
            quiet=_quiet(begin, end),
            receipts_always=bool(self.receipts_always.data),
            per_day=int(self.per_day.data or 1),
            apart=int(self.apart.data or 0),
            without_receipt=frozenset(self.without_receipt.data or []) | hidden_queues,
        )


def _quiet(begin: time | None, end: time | None) -> QuietHours | None:
    return (
        QuietHours(begin, end) if begin is not None and end is not None and begin != end else None
    )


class TextFields(Form):
    """The text of one kind in one language."""

    number = HiddenField()
    subject = StringField(_l("Subject"))
    body = TextAreaField(_l("Text"), render_kw={"rows": 14})
    ticket = IntegerField(_l("Shown with ticket"), [Optional()])

"""The form of a policy: for whom and what it is, and how soon everything is promised."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)

from helpdesk.people.forms import NEEDED
from helpdesk.setup.forms import Edit, key_or_none
from helpdesk.setup.services import promises
from helpdesk.setup.services.promises import CONDITIONS
from helpdesk.setup.step_fields import StepFields, in_words
from helpdesk.setup.written import Unreadable, read_length, write_length
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import BusinessCalendar, Policy
from helpdesk.sla.policy import MOST_STEPS, PRIORITIES, PROMISES, WAITS, Do, Scope
from helpdesk.sla.views.words import CONDITIONS as CONDITION_NAMES
from helpdesk.sla.views.words import PROMISES as PROMISE_NAMES
from helpdesk.tickets.desk import Category, Queue, Supplier
from helpdesk.tickets.lifecycle import HoldReason, Kind
from helpdesk.tickets.wording import HOLD_REASONS, KINDS
from helpdesk.web.forms import choices


def length_key(promise: Promise, priority: int) -> str:
    """Return the name of the field of a promise at a priority: ``first_reply_2``."""
    return f"{promise.value}_{priority}".replace("-", "_")


def _readable(_form: Any, of_length: Any) -> None:
    try:
        read_length(of_length.data or "")
    except Unreadable as error:
        raise ValidationError(str(error.message)) from None


def _row_key(value: Any) -> int:
    key = int(value)
    if not 0 < key < 2**31:
        raise ValueError(value)
    return key


class PolicyFields(Edit):
    """A policy: about tickets, between teams or by suppliers."""

    FIELDS = promises.FIELDS

    scope = HiddenField(default=Scope.TICKET.value)
    name = StringField(_l("Name"), [NEEDED])
    calendar_id = SelectField(_l("Calendar"), coerce=key_or_none, choices=[])
    vip = BooleanField(_l("Only for VIP customers"))
    kinds = SelectMultipleField(
        _l("Kinds"), choices=choices((kind.value, KINDS[kind]) for kind in Kind)
    )
    categories = SelectMultipleField(
        _l("Categories"),
        description=_l("What stands below a category counts too"),
        coerce=int,
        choices=[],
    )
    queues = SelectMultipleField(_l("Queues"), coerce=int, choices=[])
    suppliers = SelectMultipleField(_l("Suppliers"), coerce=int, choices=[])
    support_levels = SelectMultipleField(
        _l("Support levels"),
        description=_l("Words that stand on the pages of organisations"),
        choices=[],
    )
    organisations = SelectMultipleField(
        _l("Organisations"), coerce=_row_key, choices=[], validate_choice=False
    )
    waits = SelectMultipleField(
        _l("The clocks stand still while a ticket waits for"),
        choices=choices((word, HOLD_REASONS[HoldReason(word)]) for word in WAITS),
    )
    steps = FieldList(FormField(StepFields), label=_l("Escalation"), max_entries=MOST_STEPS)

    @property
    def about(self) -> Scope:
        """To whom something is promised; nonsense counts as customers."""
        return Scope(self.scope.data) if self.scope.data in set(Scope) else Scope.TICKET

    def offer(
        self,
        calendars: Iterable[BusinessCalendar],
        categories: Iterable[Category],
        queues: Iterable[Queue],
        levels: Iterable[str],
        suppliers: Iterable[Supplier],
    ) -> None:
        """Fill in what can be chosen."""
        self.calendar_id.choices = choices((row.id, row.name) for row in calendars)
        self.categories.choices = choices((row.id, row.path) for row in categories)
        queues = list(queues)
        self.queues.choices = choices((row.id, row.name) for row in queues)
        # Each row chooses among the same; those a form makes later are told too.
        self._offered = queues
        for row in self.steps:
            row.form.offer(queues, self.about)
        self.suppliers.choices = choices((row.id, row.name) for row in suppliers)
        self.support_levels.choices = choices((level, level) for level in levels)

    def add_empty_step(self) -> None:
        """Offer a further row for a step; scripts add more like it."""
        if len(self.steps.entries) < MOST_STEPS:
            self.steps.append_entry().form.offer(self._offered, self.about)

    def begin(self, calendar_id: int | None) -> None:
        """Fill in what a new policy begins with: every reason of waiting halts its clocks."""
        self.calendar_id.data = calendar_id
        self.waits.data = list(WAITS)

    def begin_with_example(self) -> None:
        """Fill in what many teams agree on: what nobody acknowledges nudges, then moves."""
        for priority, written in zip(PRIORITIES, ("15m", "30m", "1h", "2h"), strict=True):
            self._fields[length_key(Promise.ACKNOWLEDGE, priority)].data = written
        steps: list[list[Any]] = [
            [Promise.ACKNOWLEDGE.value, 50, None, Do.WARN_OWNER.value, None],
            [Promise.ACKNOWLEDGE.value, 100, None, Do.TELL_LEADS.value, None],
        ]
        # Where it moves to is for whoever sets it up to say; the desk's own queue is a beginning.
        home = min(self._offered, key=lambda queue: not queue.is_default, default=None)
        if home is not None:
            steps.append([Promise.ACKNOWLEDGE.value, 150, None, Do.MOVE.value, home.id])
        for step in steps:
            fields: StepFields = self.steps.append_entry().form
            fields.offer(self._offered, self.about)
            fields.show(step)

    def show(self, row: Policy) -> None:
        """Fill the form with what the policy says now, and remember that."""
        shown = promises.shown(row)
        self.scope.data = shown.scope
        for name in self.FIELDS:
            if name not in {"lengths", "steps"}:
                self._fields[name].data = getattr(shown, name)
        for promise, priority, key in cells(self.about):
            seconds = shown.lengths.get(promise.value, {}).get(str(priority))
            self._fields[key].data = _written(seconds)
        for step in shown.steps:
            fields: StepFields = self.steps.append_entry().form
            fields.offer(self._offered, self.about)
            fields.show(step)
        self._remember(shown)

    def remember(self, row: Policy) -> None:
        """Remember the policy as it is now."""
        self._remember(promises.shown(row))

    def _remember(self, shown: promises.Shown) -> None:
        self.seen.data = json.dumps({name: getattr(shown, name) for name in self.FIELDS})

    def values(self) -> dict[str, Any]:
        """Return what was typed and chosen, as policies are stored."""
        lengths: promises.Lengths = {}
        for promise, priority, key in cells(self.about):
            length = read_length(self._fields[key].data or "")
            if length is not None:
                seconds = round(length.total_seconds())
                lengths.setdefault(promise.value, {})[str(priority)] = seconds
        chosen = {
            name: sorted(set(self._fields[name].data or []))
            for name in (*CONDITIONS, "waits")
            if name != "vip"
        }
        return {
            "name": self.name.data or "",
            "scope": self.about,
            "calendar_id": self.calendar_id.data,
            "vip": bool(self.vip.data),
            "lengths": lengths,
            "steps": [step for row in self.steps if (step := row.form.value()) is not None],
            **chosen,
        }

    def in_words(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return what somebody else saved, part by part."""
        found = []
        for name, value in values.items():
            if name == "lengths":
                found.append((_("Promised"), lengths_in_words(value) or "–"))
            elif name == "steps":
                names = {queue.id: queue.name for queue in self._offered}
                found.append((_("Escalation"), in_words(value, names) or "–"))
            elif isinstance(value, list):
                field = self._fields[name]
                words = {choice.value: str(choice.label) for choice in field.choices or []}
                label = CONDITION_NAMES.get(name, field.label.text)
                said = ", ".join(words.get(one, str(one)) for one in value)
                found.append((str(label), said or "–"))
            else:
                found += super().in_words({name: value})
        return found


def cells(scope: Scope) -> list[tuple[Promise, int, str]]:
    """Return the cells of a scope's table: promise, priority, name of the field."""
    return [
        (promise, priority, length_key(promise, priority))
        for promise in PROMISES[scope]
        for priority in PRIORITIES
    ]


def lengths_in_words(lengths: Mapping[str, Mapping[str, int]]) -> str:
    """Return stored lengths in a line: "Fix P1 4h, P2 8h"."""
    return "; ".join(
        f"{PROMISE_NAMES[Promise(promise)]} "
        + ", ".join(f"P{priority} {_written(seconds)}" for priority, seconds in by.items())
        for promise, by in lengths.items()
    )


def _written(seconds: int | None) -> str:
    return write_length(None if seconds is None else timedelta(seconds=seconds))


# Customers are promised everything there is; other scopes show some of these fields.
for _promise, _priority, _key in cells(Scope.TICKET):
    setattr(
        PolicyFields,
        _key,
        StringField(f"{_promise.value} P{_priority}", [_readable]),
    )

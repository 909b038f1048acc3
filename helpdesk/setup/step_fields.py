"""The rows of a policy's escalation: of which promise, when, and what is done."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField, StringField, ValidationError

from helpdesk.people import contact_values
from helpdesk.rules.choices import names_of
from helpdesk.rules.choices import rules as rules_in_use
from helpdesk.rules.models import Rule
from helpdesk.setup.services import webhooks
from helpdesk.setup.written import Unreadable, read_length, write_length
from helpdesk.sla.clocks import Promise
from helpdesk.sla.policy import BY_KEY, MOST_PERCENT, ONLY, PROMISES, Do, Scope
from helpdesk.sla.views.words import PROMISES as PROMISE_NAMES
from helpdesk.tickets.desk import Queue
from helpdesk.web.forms import choices

Stored = list[Any]
"""A step as it is stored: promise, percent, seconds before the end, what is done, queue, target.

The target, whom to mail to or which program to call, is only there when a step has one.
"""

DOES = {
    Do.WARN_OWNER: _l("Tell the owner"),
    Do.TELL_LEADS: _l("Tell the leads"),
    Do.RAISE: _l("Raise the priority"),
    Do.MOVE: _l("Hand over"),
    Do.REMIND: _l("Write to the supplier"),
    Do.MAIL: _l("Mail to…"),
    Do.WEBHOOK: _l("Call a program"),
    Do.RUN_RULE: _l("Run a rule"),
}
_SHARE = re.compile(r"(\d{1,4})\s*[%％]")


def read_when(text: str) -> tuple[int | None, int | None]:
    """Return the share in percent, or the seconds before the end. Raises Unreadable."""
    share = _SHARE.fullmatch(text.strip())
    if share is not None:
        percent = int(share[1])
        if not 0 < percent <= MOST_PERCENT:
            raise Unreadable(_l("A share of the time is at least 1%, at most 1,000%."))
        return percent, None
    try:
        length = read_length(text)
    except Unreadable:
        raise Unreadable(_l("Write 75%, or 30m for half an hour before it is due.")) from None
    if length is None:
        raise Unreadable(_l("Write 75%, or 30m for half an hour before it is due."))
    return None, round(length.total_seconds())


def write_when(percent: int | None, before: int | None) -> str:
    """Return when a step is done, as it is typed."""
    if percent is not None:
        return f"{percent}%"
    return write_length(timedelta(seconds=before or 0))


def _needed_to_mail(form: Any, field: Any) -> None:
    """Ask for the time of a row that names whom to mail to: it was not left empty."""
    if form.do.data == Do.MAIL and (form.to.data or "").strip() and not (field.data or "").strip():
        raise ValidationError(str(_l("Write 75%, or 30m for half an hour before it is due.")))


class StepFields(Form):
    """One step. A row without a time is no step."""

    promise = SelectField(_l("Promise"), choices=[])
    when = StringField(_l("When"), [_needed_to_mail])
    do = SelectField(_l("What is done"), choices=[])
    to = StringField(_l("Mail to"))

    def validate_when(self, field: StringField) -> None:
        """Say what is wrong with the time, if it says anything."""
        if (field.data or "").strip():
            try:
                read_when(field.data or "")
            except Unreadable as error:
                raise ValidationError(str(error.message)) from None

    def validate_to(self, field: StringField) -> None:
        """Say what is wrong with an address that is mailed to."""
        typed = (field.data or "").strip()
        if typed and self.do.data == Do.MAIL:
            try:
                field.data = contact_values.email(typed)
            except ValueError:
                raise ValidationError(str(_l("This is no e-mail address."))) from None

    def offer(self, queues: Iterable[Queue], scope: Scope) -> None:
        """Fill in what can be done in a scope; each queue is a place to hand over to."""
        hooks = webhooks.in_use()
        self.promise.choices = choices((one.value, PROMISE_NAMES[one]) for one in PROMISES[scope])
        self.do.choices = choices(
            [
                *(
                    (do.value, name)
                    for do, name in DOES.items()
                    if do not in _PLACES and scope in ONLY.get(do, Scope)
                ),
                *(
                    (f"{Do.WEBHOOK.value}:{hook.id}", _l("Call %(name)s", name=hook.name))
                    for hook in hooks
                ),
                *(
                    (f"{Do.RUN_RULE.value}:{key}", _l("Run the rule “%(name)s”", name=name))
                    for key, name in rules_in_use()
                ),
                *(
                    (f"{Do.MOVE.value}:{queue.id}", _l("Hand over to %(queue)s", queue=queue.name))
                    for queue in queues
                ),
            ]
        )

    def show(self, step: Stored) -> None:
        """Fill the row in."""
        promise, percent, before, do, queue_id, target = _parts(step)
        self.promise.data, self.when.data = promise, write_when(percent, before)
        where = target if do in BY_KEY else queue_id
        self.do.data = f"{do}:{where}" if where is not None else do
        self.to.data = target if do == Do.MAIL else ""

    def value(self) -> Stored | None:
        """Return the step as it is stored; None for an empty row."""
        if not (self.when.data or "").strip():
            return None
        percent, before = read_when(self.when.data or "")
        do, _colon, where = (self.do.data or "").partition(":")
        step = [self.promise.data, percent, before, do]
        if do in BY_KEY:
            return [*step, None, where]
        if do == Do.MAIL:
            address = (self.to.data or "").strip()
            return [*step, None, address] if address else [*step, None]
        return [*step, int(where) if where else None]


_PLACES = frozenset({Do.MOVE, *BY_KEY})
"""What is offered once for each queue, program or rule."""


def _parts(step: Stored) -> tuple[Any, ...]:
    """Return the six parts of a stored step."""
    return (*step, "") if len(step) == 5 else tuple(step)


def in_words(steps: Sequence[Stored], queue_names: dict[int, str]) -> str:
    """Return stored steps in a line: "Fix at 75%: Tell the owner"."""
    said = []
    rule_names = names_of(Rule, [int(step[5]) for step in steps if step[3] == Do.RUN_RULE])
    for step in steps:
        promise, percent, before, do, queue_id, target = _parts(step)
        what = str(DOES[Do(do)])
        if queue_id is not None:
            what = str(_("Hand over to %(queue)s", queue=queue_names.get(queue_id, "?")))
        elif do == Do.WEBHOOK:
            what = str(_("Call %(name)s", name=webhooks.name_of(int(target))))
        elif do == Do.RUN_RULE:
            what = str(_("Run the rule “%(name)s”", name=rule_names.get(int(target), "?")))
        elif do == Do.MAIL:
            what = _("Mail to %(address)s", address=target) if target else _("Mail to the leads")
        pattern = (
            _("%(promise)s at %(when)s: %(what)s")
            if percent is not None
            else _("%(promise)s %(when)s before: %(what)s")
        )
        said.append(
            pattern
            % {
                "promise": PROMISE_NAMES[Promise(promise)],
                "when": write_when(percent, before),
                "what": what,
            }
        )
    return "; ".join(said)

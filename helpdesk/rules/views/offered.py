"""What the editor offers in each place, and what stands there, for its templates."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.rules import choices, drafted, sentence
from helpdesk.rules.actions import Action, Ask, Param, all_actions
from helpdesk.rules.draft import ALL, ANY, NONE, NOT_ALL, Row
from helpdesk.rules.fields import GROUPS, Choice, Field, all_fields
from helpdesk.rules.listed import Listed
from helpdesk.rules.operators import Operator, Takes
from helpdesk.rules.shipped_fields import CHANGES
from helpdesk.rules.triggers import On, Since
from helpdesk.sla.clocks import Promise
from helpdesk.sla.policy import Do
from helpdesk.sla.policy import Step as PolicyStep
from helpdesk.tickets import wording
from helpdesk.tickets.desk import Queue
from helpdesk.web.i18n import exact_duration

MODES = {
    ALL: _l("all of these are true"),
    ANY: _l("any of these is true"),
    NONE: _l("none of these is true"),
    NOT_ALL: _l("not all of these are true"),
}
BETWEEN = {ALL: _l("and"), ANY: _l("or"), NONE: _l("or"), NOT_ALL: _l("and")}
"""What stands before a further condition of a group."""

ON = {
    On.CREATED: _l("a ticket is created"),
    On.UPDATED: _l("a ticket changes"),
    On.REPLIED: _l("somebody writes"),
    On.ASSIGNED: _l("a ticket is assigned"),
    On.ACKNOWLEDGED: _l("a ticket is acknowledged"),
    On.STATUS: _l("the status changes"),
    On.CLOCK: _l("a share of a promise is used"),
    On.AFTER: _l("time has passed"),
    On.SCHEDULE: _l("by a timetable"),
}
BY = {
    "anybody": _l("anybody"),
    "customer": _l("the customer"),
    "staff": _l("one of us, to the customer"),
}
UNIT_NAMES = {"minutes": _l("minutes"), "hours": _l("hours"), "days": _l("days")}
PROMISES = {one.value: sentence.PROMISES[one.value] for one in Promise}
SINCE = {one.value: sentence.SINCE[one] for one in Since}
WEEKDAYS = tuple(enumerate(sentence.WEEKDAYS))
CHIP_FIELDS = {"channels": "channel", "fields": "changed", "to": "status-class"}
"""Values of triggers that stand as chips, and the field whose choices they are."""


def fields() -> list[tuple[str, list[Field]]]:
    """Return the fields under their headings."""
    found: dict[str, list[Field]] = {}
    for one in all_fields().values():
        found.setdefault(one.group, []).append(one)
    return [(str(GROUPS.get(group, group)), rows) for group, rows in found.items()]


def actions() -> list[Action]:
    """Return what rules can do."""
    return list(all_actions().values())


def field(row: Row) -> Field | None:
    """Return what a condition is about; None when nothing was chosen, or it is not known."""
    return all_fields().get(row.one("field"))


def operator(row: Row) -> Operator | None:
    """Return how it is compared; the first way when none was chosen that the field has."""
    about = field(row)
    if about is None:
        return None
    chosen = row.one("is")
    return next((one for one in about.operators if one.key == chosen), about.operators[0])


def takes(row: Row) -> str:
    """Return what the comparison wants."""
    compared = operator(row)
    return compared.takes.value if compared is not None else Takes.NOTHING.value


def action(row: Row) -> Action | None:
    """Return what is done; None when nothing was chosen, or it is not known."""
    return all_actions().get(row.one("do"))


def chips(row: Row, name: str = "of") -> list[tuple[str, str]]:
    """Return the chosen values with what they are called."""
    values = row.many(name)
    about = all_fields().get(CHIP_FIELDS.get(name, row.one("field")))
    if about is None:
        return [(value, value) for value in values]
    if about.numbers:
        keys: list[Any] = [int(value) for value in values if value.isdecimal()]
    else:
        keys = [*values]
    named = sentence.names_for(about, keys)
    return [(str(key), name) for key, name in zip(keys, named, strict=True)]


def source(key: str) -> str:
    """Return where a box with chips asks for the values of a field."""
    return url_for("rules.find_values", key=key)


def calendars(chosen: str) -> Sequence[Choice]:
    """Return the calendars by which time is counted, with the chosen one, even if retired."""
    return _with_chosen(choices.calendars, chosen)


def of_param(param: Param, chosen: str) -> Sequence[Choice]:
    """Return what can be chosen for a parameter of an action, with what is, even if gone."""
    rows = choices.rows_of(param.key, param.choices)
    if rows is not None:
        return _with_chosen(rows, chosen)
    return param.choices() if param.choices is not None else []


def _with_chosen(rows: choices.Rows, chosen: str) -> Sequence[Choice]:
    """Return the rows in use; what is chosen and gone comes last, or another would seem chosen."""
    offered = rows()
    if not chosen.isdecimal() or len(chosen) > 16 or int(chosen) in {key for key, _name in offered}:
        return offered
    name = rows.names([int(chosen)]).get(int(chosen), "?")
    return [*offered, (int(chosen), _("%(name)s (gone)", name=name))]


def is_long(one: Action) -> bool:
    """Whether an action has texts, which stand below its line."""
    return any(param.ask is Ask.LONG_TEXT for param in one.params)


def by_folder(listed: Sequence[Listed]) -> dict[str, list[Listed]]:
    """Return the rules under their headings, in the order in which they run."""
    found: dict[str, list[Listed]] = {}
    for one in listed:
        found.setdefault(one.rule.folder, []).append(one)
    return found


def pairs(operators: Sequence[Operator]) -> list[tuple[str, Any]]:
    """Return operators as a list of choices."""
    return [(one.key, one.label) for one in operators]


def opens(row: Row, param: Param) -> bool:
    """Whether other parameters of an action depend on this one."""
    does = action(row)
    return does is not None and any(
        one.only_with is not None and one.only_with[0] == param.key for one in does.params
    )


def value_words(field: str, value: Any) -> str:
    """Return a value that an action would set as people call it."""
    if field in {"priority", "kind"}:
        return str(
            wording.word(wording.PRIORITIES if field == "priority" else wording.KINDS, value)
        )
    return str(value)


def gone_words(names: Sequence[str]) -> str:
    """Say what a rule names that is not in use any more."""
    return str(_("Names what is gone: %(names)s", names=", ".join(names)))


def field_names(keys: Sequence[str]) -> str:
    """Return fields of the journal as people call them, in one line."""
    return ", ".join(str(CHANGES.get(key, key)) for key in keys)


condition_of = sentence.condition_of
asked = drafted.asked


def policy_words(steps: Sequence[PolicyStep]) -> list[str]:
    """Return what a policy does, a line for each step."""
    return [_policy_step(one) for one in steps]


def _policy_step(step: PolicyStep) -> str:
    what = str(_DOES[step.do])
    if step.queue_id is not None:
        names = choices.names_of(Queue, [step.queue_id])
        what = _("hand it over to %(queue)s", queue=names.get(step.queue_id, "?"))
    values = {"promise": sentence.PROMISES[step.promise.value], "what": what}
    if step.percent is not None:
        pattern = _l("At %(percent)s%% of the time %(promise)s: %(what)s")
        return str(pattern) % {**values, "percent": step.percent}
    pattern = _l("%(time)s before the end of the time %(promise)s: %(what)s")
    return str(pattern) % {**values, "time": exact_duration(step.before or 0)}


_DOES = {
    Do.WARN_OWNER: _l("tell the owner"),
    Do.TELL_LEADS: _l("tell the team lead"),
    Do.RAISE: _l("raise the priority"),
    Do.MAIL: _l("mail to an address or the leads"),
    Do.WEBHOOK: _l("call another program"),
    Do.MOVE: _l("hand it over"),
    Do.REMIND: _l("write to the supplier"),
}

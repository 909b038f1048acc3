"""A rule in words: one sentence in the reader's language.

Every phrase is translated as a whole, with places for what differs, so that each language keeps
its own order. What is gone or unknown reads as a question mark, and never fails.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from helpdesk.db import db
from helpdesk.rules import choices
from helpdesk.rules.actions import Ask, Param, action_of
from helpdesk.rules.conditions import All, Comparison, Condition, Not, Some, WrongRule
from helpdesk.rules.content import Content, Step
from helpdesk.rules.fields import Field, field_of
from helpdesk.rules.operators import Takes, operator_of
from helpdesk.rules.shipped_fields import CHANGES
from helpdesk.rules.triggers import On, Since, Trigger
from helpdesk.sla.models import BusinessCalendar
from helpdesk.tickets import wording
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.saying import bold, say
from helpdesk.web.i18n import exact_duration

MOST_NAMED = 6
"""So many values are named; of more it says how many there are."""

SINCE = {
    Since.OPENED: _l("it was opened"),
    Since.UPDATED: _l("its last change"),
    Since.WAITING: _l("the customer began to wait"),
    Since.STATUS: _l("it came into its status"),
}
PROMISES = {
    "acknowledge": _l("to acknowledge it"),
    "first-reply": _l("to reply first"),
    "next-reply": _l("to reply"),
    "fix": _l("to fix it"),
}
WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
UNITS = {
    "minutes": _l("%(number)s minutes"),
    "hours": _l("%(number)s hours"),
    "days": _l("%(number)s days"),
}

_TESTS = {
    "is-one-of": _l("%(field)s is %(values)s"),
    "is-none-of": _l("%(field)s is not %(values)s"),
    "is-empty": _l("%(field)s is empty"),
    "is-set": _l("%(field)s is filled in"),
    "has-any": _l("%(field)s has %(values)s"),
    "has-all": _l("%(field)s has all of %(values)s"),
    "has-none": _l("%(field)s does not have %(values)s"),
    "begins-with": _l("%(field)s begins with %(values)s"),
    "has-word": _l("%(field)s has the word %(values)s"),
    "at-least": _l("%(field)s: at least %(values)s"),
    "at-most": _l("%(field)s: at most %(values)s"),
    "more-than": _l("%(field)s: more than %(values)s ago"),
    "less-than": _l("%(field)s: less than %(values)s ago"),
    "within": _l("%(field)s: within the next %(values)s"),
    "passed": _l("%(field)s: has passed"),
    "open": _l("it is within %(values)s"),
    "closed": _l("it is outside of %(values)s"),
}


def sentence(content: Content) -> Markup:
    """Return what a rule does, as one sentence of safe HTML."""
    when = _or([when_of(trigger) for trigger in content.triggers])
    then = _then([step_of(step) for step in content.steps])
    if content.condition == All():
        # i18n: a rule in words: when it looks, what it does
        return say(_("When %(when)s: %(then)s."), when=when, then=then)
    what = condition_of(content.condition)
    # i18n: a rule in words: when it looks, what has to hold, what it does
    return say(_("When %(when)s and %(what)s: %(then)s."), when=when, what=what, then=then)


# ---- Joining ----


def _join(pattern: str, parts: Sequence[Markup]) -> Markup:
    found = parts[0] if parts else Markup("")
    for part in parts[1:]:
        found = say(pattern, one=found, other=part)
    return found


def _or(parts: Sequence[Markup]) -> Markup:
    return _join(_("%(one)s or %(other)s"), parts)


def _and(parts: Sequence[Markup]) -> Markup:
    return _join(_("%(one)s and %(other)s"), parts)


def _then(parts: Sequence[Markup]) -> Markup:
    if len(parts) < 2:
        return _and(parts)
    begun = _join(_("%(one)s, %(other)s"), parts[:-1])
    return say(_("%(one)s and %(other)s"), one=begun, other=parts[-1])


def _list(names: Iterable[object]) -> Markup:
    found = [bold(name) for name in names]
    if len(found) > MOST_NAMED:
        more = len(found) - MOST_NAMED
        head = _join(_("%(one)s, %(other)s"), found[:MOST_NAMED])
        return say(_("%(names)s or %(number)s others"), names=head, number=more)
    return _or(found)


# ---- When ----


def when_of(trigger: Trigger) -> Markup:
    """Return when a rule looks."""
    makers: dict[On, Callable[[Trigger], Markup]] = {
        On.CREATED: _created,
        On.UPDATED: _updated,
        On.REPLIED: _replied,
        On.ASSIGNED: lambda _t: bold(_("a ticket is assigned")),
        On.ACKNOWLEDGED: lambda _t: bold(_("a ticket is acknowledged")),
        On.STATUS: _status,
        On.CLOCK: _clock,
        On.AFTER: _after,
        On.SCHEDULE: _schedule,
    }
    return makers[trigger.on](trigger)


def _created(trigger: Trigger) -> Markup:
    if not trigger.channels:
        return bold(_("a ticket is created"))
    names = (wording.word(wording.CHANNELS, one) for one in trigger.channels)
    return say(_("a ticket is created by %(channels)s"), channels=_list(names))


def _updated(trigger: Trigger) -> Markup:
    if not trigger.fields:
        return bold(_("a ticket changes"))
    names = (str(CHANGES.get(one, one)) for one in trigger.fields)
    return say(_("%(fields)s changes"), fields=_list(names))


def _replied(trigger: Trigger) -> Markup:
    said = {"customer": _("the customer writes"), "staff": _("we answer the customer")}
    return bold(said.get(trigger.by) or _("somebody writes"))


def _status(trigger: Trigger) -> Markup:
    if not trigger.to:
        return bold(_("the status changes"))
    known = {one.value: wording.STATUS_CLASSES[one] for one in StatusClass}
    return say(
        _("the status becomes %(status)s"), status=_list(known.get(one, one) for one in trigger.to)
    )


def _clock(trigger: Trigger) -> Markup:
    return say(
        _("%(percent)s of the time %(promise)s is used"),
        percent=bold(f"{trigger.percent}%"),
        promise=PROMISES[trigger.promise],
    )


def _after(trigger: Trigger) -> Markup:
    time = str(UNITS[trigger.unit]) % {"number": trigger.amount}
    since = SINCE[Since(trigger.since)]
    if trigger.calendar is None:
        return say(_("%(time)s have passed since %(since)s"), time=bold(time), since=since)
    row = db.session.get(BusinessCalendar, trigger.calendar)
    return say(
        _("%(time)s of %(calendar)s have passed since %(since)s"),
        time=bold(time),
        calendar=bold(row.name if row is not None else "?"),
        since=since,
    )


def _schedule(trigger: Trigger) -> Markup:
    if not trigger.weekdays:
        return say(_("it is %(time)s on any day"), time=bold(trigger.at))
    days = _list(WEEKDAYS[day] for day in trigger.weekdays)
    return say(_("it is %(time)s on %(days)s"), time=bold(trigger.at), days=days)


# ---- If ----


def condition_of(condition: Condition) -> Markup:
    """Return what has to hold."""
    match condition:
        case Comparison():
            return test_of(condition)
        case Not(part):
            return say(_("not (%(what)s)"), what=condition_of(part))
        case All(parts):
            return _and([_grouped(part) for part in parts]) or escape(_("anything"))
        case Some(parts):
            return _or([_grouped(part) for part in parts]) or escape(_("nothing"))


def _grouped(part: Condition) -> Markup:
    inner = condition_of(part)
    is_group = isinstance(part, All | Some) and len(part.parts) > 1
    return say(_("(%(what)s)"), what=inner) if is_group else inner


def test_of(one: Comparison) -> Markup:
    """Return one comparison in words."""
    try:
        field = field_of(one.field)
        operator = operator_of(field.kind, one.operator)
    except WrongRule:
        return say(_("%(field)s is not known any more"), field=bold(one.field))
    label = _inside(str(field.label))
    if operator.takes is Takes.NOTHING and operator.key in {"is", "is-not"}:
        return bold(label) if operator.key == "is" else say(_("not: %(what)s"), what=bold(label))
    if operator.takes is Takes.DAYS_AND_NUMBER:
        days, number = one.operands
        return say(
            _("%(field)s: at least %(number)s within %(days)s days"),
            field=label,
            number=bold(number),
            days=bold(days),
        )
    pattern = _TESTS.get(operator.key, _l("%(field)s is %(values)s"))
    names = _operands(field, operator.takes, one)
    together = operator.key == "has-all" and len(names) <= MOST_NAMED
    values = _and([bold(name) for name in names]) if together else _list(names)
    return say(pattern, field=label, values=values)


def _inside(label: str) -> str:
    """Return a label as it stands within a sentence: English begins small there."""
    # An abbreviation ("ERP system") stays as it is; other languages are written in their own way.
    begins_word = label[1:2].islower() or label[1:2] == " "
    is_english = str(get_locale() or "en").startswith("en")
    return label[0].lower() + label[1:] if is_english and begins_word else label


def _operands(field: Field, takes: Takes, one: Comparison) -> list[str]:
    if takes is Takes.SECONDS:
        return [exact_duration(int(one.operands[0]))]
    return names_for(field, [*one.operands])


def names_for(field: Field, values: Sequence[Any]) -> list[str]:
    """Return what the values of a field are called."""
    rows = choices.rows_of(field.key, field.choices)
    if rows is not None:
        known: dict[Any, str] = rows.names(values)
    elif field.choices is not None and values:
        known = dict(field.choices())
    else:
        return [str(value) for value in values]
    return [known.get(value, "?") for value in values]


# ---- Then ----


def step_of(step: Step) -> Markup:
    """Return what one action does."""
    try:
        action = action_of(step.do)
    except WrongRule:
        return say(_("%(action)s, which is not known any more"), action=bold(step.do))
    values = {
        param.key: bold(_given(param, step.given[param.key]))
        for param in action.params
        if param.key in step.given
    }
    for param in action.params:
        on, chosen = param.only_with or ("", frozenset())
        if param.key in values and step.given.get(on) in chosen:
            # "the team" says little; "the team (Network)" says which.
            values[on] = say(_("%(what)s (%(which)s)"), what=values[on], which=values[param.key])
    if not action.says:
        return escape(str(action.label))
    return say(action.says, **values)


def _given(param: Param, value: Any) -> str:
    if param.ask is Ask.SEVERAL:
        return ", ".join(str(one) for one in value)
    rows = choices.rows_of(param.key, param.choices)
    if rows is not None:
        return rows.names([value]).get(value, "?")
    if param.ask is Ask.CHOICE and param.choices is not None:
        return dict(param.choices()).get(value, "?")
    return str(value)

"""What stands in the editor as a rule that could be kept, or what is wrong with it and where."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask_babel import gettext as _

from helpdesk.rules import conditions
from helpdesk.rules.actions import Action, Ask, Param, action_of
from helpdesk.rules.compiler import check_words
from helpdesk.rules.conditions import All, Comparison, Condition, Not, Operand, Some, WrongRule
from helpdesk.rules.content import MAX_ACTIONS, Content, Step
from helpdesk.rules.draft import ANY, NONE, NOT_ALL, UNITS, Draft, Group, Row
from helpdesk.rules.fields import Field, field_of
from helpdesk.rules.operators import Takes, operator_of
from helpdesk.rules.triggers import On, Trigger

Made = TypeVar("Made")


class Faulty(Exception):
    """Something can't be kept as it is; ``wrong`` says what, by its place in the form."""

    def __init__(self, wrong: dict[str, str]) -> None:
        """Carry what is wrong to the page that is shown again."""
        super().__init__(", ".join(wrong))
        self.wrong = wrong


def content_of(draft: Draft) -> Content:
    """Return what the editor says. Raises Faulty with everything that is wrong."""
    wrong: dict[str, str] = {}
    when = [_tried(wrong, row, _trigger) for row in draft.when]
    condition = _condition(wrong, draft.condition)
    then = _steps(wrong, draft)
    if not draft.when:
        wrong["when"] = _("Say when the rule looks.")
    if not draft.then:
        wrong["then"] = _("Say what the rule does.")
    if wrong:
        raise Faulty(wrong)
    content = Content(tuple(filter(None, when)), condition, then)
    try:
        return Content.from_json(content.to_json())
    except WrongRule:
        said = _("This is more than one rule can hold: make two of it.")
        raise Faulty({"rule": said}) from None


def steps_of(draft: Draft) -> tuple[Step, ...]:
    """Return the actions alone, as macros have them. Raises Faulty with all that is wrong."""
    wrong: dict[str, str] = {}
    then = _steps(wrong, draft)
    if len(then) > MAX_ACTIONS:
        wrong["then"] = _("At most %(n)d actions.", n=MAX_ACTIONS)
    if wrong:
        raise Faulty(wrong)
    return then


def _steps(wrong: dict[str, str], draft: Draft) -> tuple[Step, ...]:
    return tuple(filter(None, [_tried(wrong, row, _step) for row in draft.then]))


class _Wrong(Exception):
    """What is wrong with one row."""


def _tried(wrong: dict[str, str], row: Row, make: Callable[[Row], Made]) -> Made | None:
    try:
        return make(row)
    except _Wrong as error:
        wrong[row.place] = str(error)
    except WrongRule:
        wrong[row.place] = _("This is not known any more, or does not fit.")
    return None


# ---- When ----


def _trigger(row: Row) -> Trigger:
    on = row.one("on")
    stored: dict[str, Any] = {"on": on}
    match on:
        case On.CREATED:
            stored["channels"] = row.many("channels")
        case On.UPDATED:
            stored["fields"] = row.many("fields")
        case On.REPLIED:
            stored["by"] = row.one("by", "anybody")
        case On.STATUS:
            stored["to"] = row.many("to")
        case On.CLOCK:
            stored |= {"promise": row.one("promise"), "percent": _number(row, "percent", 1, 1000)}
        case On.AFTER:
            stored |= {"since": row.one("since"), "unit": row.one("unit", "hours")}
            stored["amount"] = _number(row, "amount", 1, 100_000)
            if row.one("calendar"):
                stored["calendar"] = _number(row, "calendar", 1, 2**53)
        case On.SCHEDULE:
            stored["weekdays"] = [int(one) for one in row.many("weekdays") if one.isdecimal()]
            stored["at"] = row.one("at")
            if not row.one("at"):
                raise _Wrong(_("Say at what time."))
    return Trigger.from_json(stored)


def _number(row: Row, name: str, least: int, most: int) -> int:
    text = row.one(name)
    if not text.isdecimal() or len(text) > 16 or not least <= int(text) <= most:
        if most >= 2**53:
            raise _Wrong(_("Write a whole number, at least %(least)s.", least=least))
        raise _Wrong(_("Write a whole number from %(least)s to %(most)s.", least=least, most=most))
    return int(text)


# ---- If ----


def _condition(wrong: dict[str, str], group: Group) -> Condition:
    parts: list[Condition] = []
    for part in group.parts:
        if isinstance(part, Group):
            if not part.parts:
                wrong[part.place] = _("Nothing stands in this group: add a condition or remove it.")
            parts.append(_condition(wrong, part))
        else:
            found = _tried(wrong, part, _comparison)
            if found is not None:
                parts.append(found)
    if not parts:
        return All()
    if group.mode == ANY:
        return Some(tuple(parts))
    if group.mode == NONE:
        # One condition that must not hold is stored as just that.
        return Not(parts[0] if len(parts) == 1 else Some(tuple(parts)))
    return Not(All(tuple(parts))) if group.mode == NOT_ALL else All(tuple(parts))


def _comparison(row: Row) -> Comparison:
    if not row.one("field"):
        raise _Wrong(_("Choose what the condition is about."))
    field = field_of(row.one("field"))
    operator = operator_of(field.kind, row.one("is") or field.operators[0].key)
    test = Comparison(field.key, operator.key, _operands(field, operator.takes, row))
    conditions.operands_of(list(test.operands), row.place)
    check_words(test)
    return test


def _operands(field: Field, takes: Takes, row: Row) -> tuple[Operand, ...]:
    match takes:
        case Takes.NOTHING:
            return ()
        case Takes.ONE_NUMBER:
            return (_number(row, "number", 0, 2**53),)
        case Takes.SECONDS:
            unit = row.one("unit", "hours")
            return (_number(row, "amount", 0, 100_000) * UNITS.get(unit, 3600),)
        case Takes.DAYS_AND_NUMBER:
            return (_number(row, "days", 1, 366), _number(row, "number", 0, 1000))
        case Takes.CALENDAR:
            if not row.one("of"):
                raise _Wrong(_("Choose a calendar."))
            return (_number(row, "of", 1, 2**53),)
    found = _chosen(field, takes, row)
    if not found:
        raise _Wrong(_("Say what it is compared with."))
    return found


def _chosen(field: Field, takes: Takes, row: Row) -> tuple[Operand, ...]:
    """Return the values that stand as chips, and the one that was typed and not yet entered."""
    values, typed = row.many("of"), row.one("typed")
    if takes is Takes.TEXTS:
        return tuple(dict.fromkeys([*values, typed] if typed else values))
    if typed:
        offered = field.choices() if field.choices is not None else ()
        same = [key for key, name in offered if str(name).casefold() == typed.casefold()]
        if not same:
            raise _Wrong(_("“%(typed)s” is not among the choices.", typed=typed))
        values = list(dict.fromkeys([*values, str(same[0])]))
    if field.numbers:
        return tuple(int(one) for one in values if one.isdecimal() and len(one) <= 16)
    return tuple(values)


# ---- Then ----


def asked(action: Action, row: Row) -> list[Param]:
    """Return the parameters of an action that what was chosen before leaves open."""
    return [
        param
        for param in action.params
        if not param.only_with or row.one(param.only_with[0]) in param.only_with[1]
    ]


def _step(row: Row) -> Step:
    if not row.one("do"):
        raise _Wrong(_("Choose what is done."))
    action = action_of(row.one("do"))
    given = {}
    for param in asked(action, row):
        value = _given(param, row)
        if value is not None:
            given[param.key] = value
        elif param.needed:
            raise _Wrong(_("Still missing: %(what)s.", what=param.label))
    action.check(given)
    return Step(action.key, given)


def _given(param: Param, row: Row) -> Any:
    text = row.one(param.key)
    match param.ask:
        case Ask.SEVERAL:
            typed = row.one(f"{param.key}_typed")
            return list(dict.fromkeys([*row.many(param.key), *([typed] if typed else [])])) or None
        case Ask.NUMBER:
            return _number(row, param.key, param.least, param.most) if text else None
        case Ask.CHOICE if not param.words:
            return int(text) if text.isdecimal() and len(text) <= 16 else None
    return text.replace("\r\n", "\n") or None

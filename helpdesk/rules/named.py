"""Whom and what rules name: people, queues, tags, and what has become of them.

A record that was merged into another is read as that other one, wherever a rule names it, for as
long as the merge stands. What is retired, or somebody who works here no more, stays named: the
rule goes on, and the list says that it names what is gone.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.notify.models import Sending, Webhook, WebhookCall
from helpdesk.people.models import Person
from helpdesk.rules import choices
from helpdesk.rules.actions import all_actions
from helpdesk.rules.choices import Rows
from helpdesk.rules.conditions import tests_of
from helpdesk.rules.content import Content
from helpdesk.rules.fields import all_fields

# ---- Gone ----


def gone_from(contents: Mapping[int, Content]) -> dict[int, list[str]]:
    """Return by rule the names of what it names and nobody could choose now; "?" without one.

    Each kind of thing is asked about once for all rules.
    """
    naming = {key: [*_named(content)] for key, content in contents.items()}
    wanted: dict[Rows, set[int]] = {}
    for pairs in naming.values():
        for rows, value in pairs:
            wanted.setdefault(rows, set()).add(value)
    gone: dict[tuple[Rows, int], str] = {}
    for rows, values in wanted.items():
        missing = values - rows.in_use(values)
        names = rows.names(missing)
        gone.update({(rows, value): names.get(value, "?") for value in missing})
    found = {}
    for key, pairs in naming.items():
        if names_of := list(dict.fromkeys(gone[pair] for pair in pairs if pair in gone)):
            found[key] = names_of
    return found


def _named(content: Content) -> Iterator[tuple[Rows, int]]:
    """Yield what a rule names, in reading order."""
    for trigger in content.triggers:
        if trigger.calendar is not None:
            yield choices.calendars, trigger.calendar
    for test in tests_of(content.condition):
        field = all_fields()[test.field]
        rows = choices.rows_of(field.key, field.choices)
        for value in test.operands if rows is not None else ():
            yield rows, int(value)  # type: ignore[misc]
    for step in content.steps:
        for param in all_actions()[step.do].params:
            rows = choices.rows_of(param.key, param.choices)
            if rows is not None and param.key in step.given:
                yield rows, step.given[param.key]


def failing(content: Content) -> list[str]:
    """Return the names of the programs that a rule calls and whose newest call was given up."""
    keys = list(dict.fromkeys(key for rows, key in _named(content) if rows.model is Webhook))
    failed = [
        key
        for key in keys
        if db.session.scalar(
            select(WebhookCall.state)
            .where(WebhookCall.webhook_id == key)
            .order_by(WebhookCall.id.desc())
            .limit(1)
        )
        == Sending.FAILED
    ]
    return [*choices.webhooks.names(failed).values()]


# ---- Merged ----


def followed(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is stored of a rule with merged people read as whom they were merged into."""
    people: set[int] = set()

    def remember(key: Any) -> Any:
        if type(key) is int:
            people.add(key)
        return key

    _with_people(stored, remember)
    merged = _merged(people)
    if not merged:
        return stored
    read: Mapping[str, Any] = _with_people(stored, lambda key: merged.get(key, key))
    return read


def _merged(people: set[int]) -> dict[int, int]:
    """Return whom people were merged into at last, for those who were."""
    into: dict[int, int] = {}
    asked = people
    while asked:
        rows = db.session.execute(
            select(Person.id, Person.merged_into_id).where(
                Person.id.in_(asked), Person.merged_into_id.is_not(None)
            )
        )
        step = {key: survivor for key, survivor in rows if survivor is not None}
        asked = {survivor for survivor in step.values() if survivor not in into}
        into.update(step)
    return {key: _end(into, key) for key in people if key in into}


def _end(into: Mapping[int, int], key: int) -> int:
    for _step in into:
        key = into.get(key, key)
    return key


def _with_people(said: Any, change: Callable[[Any], Any]) -> Any:
    """Return stored words with every person that they name changed; what is broken stays so."""
    if isinstance(said, list):
        return [_with_people(one, change) for one in said]
    if not isinstance(said, Mapping):
        return said
    read = {name: _with_people(value, change) for name, value in said.items()}
    field, of = all_fields().get(str(said.get("field"))), said.get("of")
    if field is not None and isinstance(of, list) and _names_people(field.key, field.choices):
        read["of"] = list(dict.fromkeys(change(one) for one in of))
    action = all_actions().get(str(said.get("do")))
    for param in action.params if action is not None else ():
        if param.key in read and _names_people(param.key, param.choices):
            read[param.key] = change(read[param.key])
    return read


def _names_people(key: str, chooser: Any) -> bool:
    rows = choices.rows_of(key, chooser)
    return rows is not None and rows.model is Person

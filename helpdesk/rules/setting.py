"""Actions that set what a ticket says about itself, and where it goes."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import Model, db
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.rules import choices
from helpdesk.rules.actions import NOTHING, Action, Ask, Change, Given, Param, Running, register
from helpdesk.rules.facts import Facts
from helpdesk.tickets import services, wording
from helpdesk.tickets.desk import Category, Cause, Queue, Status, Tag, TicketTag
from helpdesk.tickets.lifecycle import (
    UNFINISHED,
    HoldReason,
    Kind,
    LinkType,
    Outcome,
    StatusClass,
    move,
)
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import hidden_among

DONE, NO_CHANGE, GONE = "", "nothing", "gone"


def said(entry: object) -> str:
    """Return what came of a verb that returns None when all was so already."""
    return DONE if entry is not None else NO_CHANGE


def _name(model: type[Any], key: int | None) -> str:
    row = db.session.get(model, key) if key is not None else None
    return choices.name_of(row) if row is not None else ""


def _in_use(model: type[Any], key: int) -> Any:
    """Return a row that is still in use, or None."""
    row: Model | None = db.session.get(model, key)
    return row if row is not None and getattr(row, "retired_at", None) is None else None


def _foresee_key(
    name: str, column: str, model: type[Any], param: str
) -> Callable[[Facts, Given], Sequence[Change]]:
    def foresee(facts: Facts, given: Given) -> Sequence[Change]:
        old = getattr(facts.ticket, column)
        if old == given[param]:
            return NOTHING
        return (Change(name, _name(model, old), _name(model, given[param])),)

    return foresee


# ---- Fields ----


def _set_status(running: Running, given: Given) -> str:
    status = _in_use(Status, given["status"])
    if status is None:
        return GONE
    return said(services.change_status(running.actor, running.ticket, status))


def _foresee_status(facts: Facts, given: Given) -> Sequence[Change]:
    status = _in_use(Status, given["status"])
    if status is None or status.id == facts.ticket.status_id:
        return NOTHING
    end = move(StatusClass(facts.ticket.status_class), StatusClass(status.status_class))
    if end in {None, "resolve"}:
        return NOTHING
    return (Change("status", facts.ticket.status.name, status.name),)


def _set_priority(running: Running, given: Given) -> str:
    return said(services.set_priority(running.actor, running.ticket, given["priority"]))


def _foresee_priority(facts: Facts, given: Given) -> Sequence[Change]:
    old, new = facts.ticket.priority, given["priority"]
    return (Change("priority", old, new),) if old != new else NOTHING


def _raise_priority(running: Running, given: Given) -> str:
    if running.ticket.priority <= given["priority"]:
        return NO_CHANGE
    return _set_priority(running, given)


def _foresee_raise(facts: Facts, given: Given) -> Sequence[Change]:
    is_lower = facts.ticket.priority > given["priority"]
    return _foresee_priority(facts, given) if is_lower else NOTHING


def _set_category(running: Running, given: Given) -> str:
    category = _in_use(Category, given["category"])
    if category is None:
        return GONE
    return said(services.set_category(running.actor, running.ticket, category))


def _set_kind(running: Running, given: Given) -> str:
    return said(services.set_kind(running.actor, running.ticket, Kind(given["kind"])))


def _foresee_kind(facts: Facts, given: Given) -> Sequence[Change]:
    old = facts.ticket.kind
    return (Change("kind", old, given["kind"]),) if old != given["kind"] else NOTHING


def _tag_names(ticket: Ticket) -> list[str]:
    statement = select(Tag.name).join(TicketTag, TicketTag.tag_id == Tag.id)
    return list(db.session.scalars(statement.where(TicketTag.ticket_id == ticket.id)))


def _add_tags(running: Running, given: Given) -> str:
    names = [*_tag_names(running.ticket), *given["tags"]]
    return said(services.set_tags(running.actor, running.ticket, names))


def _remove_tags(running: Running, given: Given) -> str:
    names = [name for name in _tag_names(running.ticket) if name not in given["tags"]]
    return said(services.set_tags(running.actor, running.ticket, names))


def _foresee_more_tags(facts: Facts, given: Given) -> Sequence[Change]:
    more = sorted(set(given["tags"]) - set(_tag_names(facts.ticket)))
    return (Change("tags", "", ", ".join(more)),) if more else NOTHING


def _foresee_less_tags(facts: Facts, given: Given) -> Sequence[Change]:
    less = sorted(set(given["tags"]) & set(_tag_names(facts.ticket)))
    return (Change("tags", ", ".join(less), ""),) if less else NOTHING


def _set_owner(running: Running, given: Given) -> str:
    person = _in_use(Person, given["technician"])
    if person is None or not person.is_technician:
        return GONE
    return said(services.set_owner(running.actor, running.ticket, person))


def _set_major(running: Running, _given: Given) -> str:
    return said(services.set_major(running.actor, running.ticket, True))


# ---- Where it goes ----


def _set_queue(running: Running, given: Given) -> str:
    ticket = running.ticket
    queue = _in_use(Queue, given["queue"])
    if queue is None:
        return GONE
    if ticket.queue_id == queue.id or ticket.status_class not in UNFINISHED:
        return NO_CHANGE
    services.hand_over(
        running.actor,
        ticket,
        services.Target(queue),
        reason=running.rule_name,
        sorting=True,
    )
    return DONE


def _foresee_queue(facts: Facts, given: Given) -> Sequence[Change]:
    if facts.ticket.status_class not in UNFINISHED:
        return NOTHING
    return _foresee_key("queue", "queue_id", Queue, "queue")(facts, given)


# ---- Its life ----


def _hold(running: Running, given: Given) -> str:
    ticket = running.ticket
    if move(StatusClass(ticket.status_class), StatusClass.PENDING) != "hold":
        return NO_CHANGE
    until = now() + timedelta(hours=given["hours"])
    services.hold(running.actor, ticket, HoldReason.DATE, wake_at=until)
    return DONE


def _resolve(running: Running, given: Given) -> str:
    ticket = running.ticket
    if ticket.status_class not in UNFINISHED:
        return NO_CHANGE
    cause = _in_use(Cause, given["cause"]) if given.get("cause") else None
    services.resolve(
        running.actor,
        ticket,
        outcome=Outcome(given["outcome"]),
        solution=given["text"],
        cause=cause,
    )
    return DONE


def _foresee_resolve(facts: Facts, _given: Given) -> Sequence[Change]:
    if facts.ticket.status_class not in UNFINISHED:
        return NOTHING
    return (
        Change(
            "status", facts.ticket.status.name, str(wording.STATUS_CLASSES[StatusClass.RESOLVED])
        ),
    )


def _note(running: Running, given: Given) -> str:
    services.note(running.actor, running.ticket, services.Said(given["text"]))
    return DONE


def _link(running: Running, given: Given) -> str:
    other = db.session.get(Ticket, given["number"])
    if other is None or other.hidden_at is not None or other.id == running.ticket.id:
        return GONE
    if hidden_among(running.actor, [other.id]):
        return GONE
    return said(services.link(running.actor, other, running.ticket, LinkType.PARENT))


def _run_rule(running: Running, given: Given) -> str:
    return running.run_rule(given["rule"]) if running.run_rule is not None else NO_CHANGE


_QUEUE = Param("queue", _l("Queue"), Ask.CHOICE, choices.queues)
_PRIORITY = Param(
    "priority", _l("Priority"), Ask.CHOICE, choices.of_words(wording.PRIORITIES), most=4
)
_TAGS = Param("tags", _l("Tags"), Ask.SEVERAL)
_TEXT = Param("text", _l("Text"), Ask.LONG_TEXT)

_ACTIONS = [
    Action(
        "set-queue",
        _l("Set queue to"),
        _set_queue,
        (_QUEUE,),
        _foresee_queue,
        "queue",
        icon="layers",
        says=_l("give it to %(queue)s"),
    ),
    Action(
        "set-priority",
        _l("Set priority to"),
        _set_priority,
        (_PRIORITY,),
        _foresee_priority,
        "priority",
        icon="signal",
        says=_l("make it %(priority)s"),
    ),
    Action(
        "raise-priority",
        _l("Raise priority to at least"),
        _raise_priority,
        (_PRIORITY,),
        _foresee_raise,
        "priority",
        icon="signal",
        says=_l("make it at least %(priority)s"),
    ),
    Action(
        "set-status",
        _l("Set status to"),
        _set_status,
        (Param("status", _l("Status"), Ask.CHOICE, choices.statuses),),
        _foresee_status,
        "status",
        icon="circle-dot",
        says=_l("set its status to %(status)s"),
    ),
    Action(
        "set-category",
        _l("Set category to"),
        _set_category,
        (Param("category", _l("Category"), Ask.CHOICE, choices.categories),),
        _foresee_key("category", "category_id", Category, "category"),
        "category",
        icon="folder",
        says=_l("file it under %(category)s"),
    ),
    Action(
        "set-kind",
        _l("Set kind to"),
        _set_kind,
        (
            Param(
                "kind",
                _l("Kind"),
                Ask.CHOICE,
                choices.of_words(wording.KINDS),
                words=frozenset(Kind),
            ),
        ),
        _foresee_kind,
        "kind",
        icon="shapes",
        says=_l("set its kind to %(kind)s"),
    ),
    Action(
        "add-tags",
        _l("Add tags"),
        _add_tags,
        (_TAGS,),
        _foresee_more_tags,
        icon="tag",
        says=_l("tag it %(tags)s"),
    ),
    Action(
        "remove-tags",
        _l("Remove tags"),
        _remove_tags,
        (_TAGS,),
        _foresee_less_tags,
        icon="tag",
        says=_l("take the tags %(tags)s off"),
    ),
    Action(
        "set-owner",
        _l("Set owner to"),
        _set_owner,
        (Param("technician", _l("Technician"), Ask.CHOICE, choices.technicians),),
        _foresee_key("owner", "owner_id", Person, "technician"),
        "owner",
        icon="user",
        says=_l("let %(technician)s answer for it"),
    ),
    Action(
        "set-major",
        _l("Declare a major incident"),
        _set_major,
        sets="major",
        icon="flame",
        says=_l("declare a major incident"),
    ),
    Action(
        "note",
        _l("Write an internal note"),
        _note,
        (_TEXT,),
        icon="sticky-note",
        says=_l("write a note"),
    ),
    Action(
        "hold",
        _l("Put on hold for hours"),
        _hold,
        (Param("hours", _l("Hours"), Ask.NUMBER, most=24 * 366),),
        sets="status",
        icon="pause",
        says=_l("put it on hold for %(hours)s hours"),
    ),
    Action(
        "resolve",
        _l("Resolve"),
        _resolve,
        (
            Param(
                "outcome",
                _l("Outcome"),
                Ask.CHOICE,
                choices.of_words(wording.OUTCOMES),
                words=frozenset(Outcome),
            ),
            Param("cause", _l("Cause"), Ask.CHOICE, choices.causes, needed=False),
            _TEXT,
        ),
        _foresee_resolve,
        "status",
        icon="circle-check",
        says=_l("resolve it as %(outcome)s"),
    ),
    Action(
        "link",
        _l("Put under ticket"),
        _link,
        (Param("number", _l("Number"), Ask.NUMBER),),
        icon="link",
        says=_l("put it under ticket %(number)s"),
    ),
    Action(
        "run-rule",
        _l("Run another rule"),
        _run_rule,
        (Param("rule", _l("Rule"), Ask.CHOICE, choices.rules),),
        by_hand=False,
        icon="workflow",
        says=_l("run the rule %(rule)s"),
    ),
]


def register_shipped() -> None:
    """Register all of them; ``app.create_app`` does."""
    for action in _ACTIONS:
        register(action)

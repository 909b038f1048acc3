"""The fields that come with the product: what a manager would name about a ticket."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, case, exists, false, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from helpdesk.people.models import Organisation, Person
from helpdesk.rules import choices, facts
from helpdesk.rules.facts import Facts
from helpdesk.rules.fields import Choice, Field, register
from helpdesk.rules.models import RuleText
from helpdesk.rules.operators import Kind, contains
from helpdesk.tickets import wording
from helpdesk.tickets.desk import Category, TicketTag
from helpdesk.tickets.lifecycle import AssignmentState
from helpdesk.tickets.models import Assignment, Ticket

Value = Callable[[Facts], Any]


def _column(column: Any) -> Callable[[datetime], Any]:
    return lambda _at: column


def _choice(
    key: str,
    label: Any,
    name: str,
    options: Callable[[], Sequence[Choice]] | None,
    *,
    numbers: bool = True,
    group: str = "ticket",
) -> Field:
    """Return a field that is a column of the ticket with a list of values."""
    return Field(
        key,
        label,
        Kind.CHOICE,
        lambda known: getattr(known.ticket, name),
        _column(getattr(Ticket, name)),
        options,
        numbers,
        group,
    )


def _customer(column: Any) -> Any:
    """Return a column of the ticket's customer."""
    return select(column).where(Person.id == Ticket.customer_id).scalar_subquery()


# ---- Customer ----


def _support_level(at: datetime) -> Any:
    return (
        select(Organisation.support_level)
        .where(
            Organisation.id == Ticket.organisation_id,
            Organisation.support_level != "",
            or_(Organisation.support_until.is_(None), Organisation.support_until >= at.date()),
        )
        .scalar_subquery()
    )


def _others_within(at: datetime) -> Callable[[int, datetime], Any]:
    other = aliased(Ticket)

    def count(days: int, _at: datetime) -> Any:
        return (
            select(func.count())
            .select_from(other)
            .where(
                other.customer_id == Ticket.customer_id,
                other.id != Ticket.id,
                other.opened_at >= at - timedelta(days=days),
            )
            .correlate(Ticket)
            .scalar_subquery()
        )

    return count


# ---- Ticket ----


def _tags(_at: datetime) -> Callable[[list[int] | None], Any]:
    def holds(keys: list[int] | None) -> Any:
        found = exists().where(TicketTag.ticket_id == Ticket.id)
        return found if keys is None else found.where(TicketTag.tag_id.in_(keys))

    return holds


def _categories(_at: datetime) -> Callable[[list[int] | None], Any]:
    """Say that a ticket's category is one of some, or stands under one of them."""
    root, branch = aliased(Category), aliased(Category)

    def holds(keys: list[int] | None) -> Any:
        if keys is None:
            return Ticket.category_id.is_not(None)
        path = root.path + " › "
        under = (
            select(branch.id)
            .join(
                root,
                or_(
                    branch.id == root.id,
                    func.substr(branch.path, 1, func.length(root.path) + 3) == path,
                ),
            )
            .where(root.id.in_(keys))
        )
        return and_(Ticket.category_id.is_not(None), Ticket.category_id.in_(under))

    return holds


def _risk(_at: datetime) -> Callable[[list[str] | None], Any]:
    """Say that some reason stands among those the ticket keeps, separated by spaces."""
    padded = literal(" ") + Ticket.risk + literal(" ")

    def holds(keys: list[str] | None) -> Any:
        if keys is None:
            return Ticket.risk != ""
        return or_(false(), *(contains(padded, f" {key} ") for key in keys))

    return holds


def _acknowledged(known: Facts) -> bool:
    return all(row.state != AssignmentState.ASSIGNED for row in known.ticket.assignments)


_WAITING_FOR_ACKNOWLEDGEMENT = exists().where(
    Assignment.ticket_id == Ticket.id, Assignment.state == AssignmentState.ASSIGNED.value
)


def _unanswered(known: Facts) -> int:
    return known.ticket.chasers + 1 if known.ticket.unanswered_since is not None else 0


# ---- Text ----


def _text(column: Any) -> Callable[[datetime], Any]:
    kept = select(column).where(RuleText.ticket_id == Ticket.id).scalar_subquery()
    return lambda _at: func.coalesce(kept, "")


# ---- Time ----


def _moment(key: str, label: Any, name: str, kind: Kind = Kind.AGE) -> Field:
    return Field(
        key,
        label,
        kind,
        lambda known: getattr(known.ticket, name),
        _column(getattr(Ticket, name)),
        group="time",
        by_time=True,
    )


def _open_in_sql(_at: datetime) -> Callable[[int, datetime], Any]:
    return lambda key, at: true() if facts.is_open(key, at) else false()


def _number(key: str, label: Any, name: str) -> Field:
    return Field(
        key,
        label,
        Kind.NUMBER,
        lambda known: getattr(known.ticket, name),
        _column(getattr(Ticket, name)),
    )


# ---- The event ----


def _changed(known: Facts) -> frozenset[str]:
    return frozenset((known.entry.changes or {}) if known.entry is not None else ())


def _author(known: Facts) -> int | None:
    return known.entry.author_id if known.entry is not None else None


def _came_by(known: Facts) -> str | None:
    return known.entry.channel if known.entry is not None else None


CHANGES = {
    "status": _l("Status"),
    "priority": _l("Priority"),
    "kind": _l("Kind"),
    "category": _l("Category"),
    "queue": _l("Queue"),
    "owner": _l("Owner"),
    "tags": _l("Tags"),
    "subject": _l("Subject"),
    "customer": _l("Customer"),
    "assigned": _l("Assignment"),
    "acknowledged": _l("Acknowledgement"),
    "major": _l("Major incident"),
    "supplier": _l("Supplier"),
    "expected_at": _l("Time the customer was told"),
}
"""Changes that the journal names, as people call them."""

_FIELDS = [
    _choice("priority", _l("Priority"), "priority", choices.of_words(wording.PRIORITIES)),
    _choice("kind", _l("Kind"), "kind", choices.of_words(wording.KINDS), numbers=False),
    _choice("status", _l("Status"), "status_id", choices.statuses),
    _choice(
        "status-class",
        _l("Status class"),
        "status_class",
        choices.of_words(wording.STATUS_CLASSES),
        numbers=False,
    ),
    _choice("queue", _l("Queue"), "queue_id", choices.queues),
    Field(
        "category",
        _l("Category"),
        Kind.SEVERAL,
        lambda known: known.categories,
        _categories,
        choices.categories,
        True,
        cheap=False,
    ),
    _choice("channel", _l("Channel"), "channel", choices.of_words(wording.CHANNELS), numbers=False),
    Field(
        "tags",
        _l("Tags"),
        Kind.SEVERAL,
        lambda known: known.tags,
        _tags,
        choices.tags,
        True,
        cheap=False,
    ),
    _choice("owner", _l("Owner"), "owner_id", choices.technicians),
    Field(
        "has-owner",
        _l("It has an owner"),
        Kind.YES_NO,
        lambda known: known.ticket.owner_id is not None,
        _column(Ticket.owner_id.is_not(None)),
    ),
    Field(
        "acknowledged",
        _l("It is acknowledged"),
        Kind.YES_NO,
        _acknowledged,
        _column(~_WAITING_FOR_ACKNOWLEDGEMENT),
    ),
    Field(
        "major",
        _l("It is a major incident"),
        Kind.YES_NO,
        lambda known: known.ticket.major,
        _column(Ticket.major.is_(True)),
    ),
    Field(
        "undelivered",
        _l("Mail of ours came back"),
        Kind.YES_NO,
        lambda known: known.ticket.undelivered_at is not None,
        _column(Ticket.undelivered_at.is_not(None)),
    ),
    _choice(
        "hold-reason",
        _l("Hold reason"),
        "hold_reason",
        choices.of_words(wording.HOLD_REASONS),
        numbers=False,
    ),
    _choice("supplier", _l("Supplier"), "supplier_id", choices.suppliers),
    Field(
        "risk",
        _l("At risk because"),
        Kind.SEVERAL,
        lambda known: frozenset(known.ticket.risk.split()),
        _risk,
        choices.of_words(wording.RISK_REASONS),
    ),
    _number("reopenings", _l("Times reopened"), "reopenings"),
    _number("handovers", _l("Times handed over"), "handovers"),
    Field(
        "unanswered",
        _l("Messages that nobody answered"),
        Kind.NUMBER,
        _unanswered,
        _column(case((Ticket.unanswered_since.is_not(None), Ticket.chasers + 1), else_=0)),
    ),
    # ---- the customer ----
    Field(
        "vip",
        _l("Customer is VIP"),
        Kind.YES_NO,
        lambda known: known.customer.vip,
        _column(exists().where(Person.id == Ticket.customer_id, Person.vip)),
        group="customer",
    ),
    _choice("customer", _l("Customer"), "customer_id", None, group="customer"),
    Field(
        "language",
        _l("Customer’s language"),
        Kind.CHOICE,
        lambda known: known.ticket.language or known.customer.language or None,
        _column(
            func.coalesce(
                func.nullif(Ticket.language, ""), func.nullif(_customer(Person.language), "")
            )
        ),
        choices.languages,
        group="customer",
    ),
    _choice("organisation", _l("Organisation"), "organisation_id", None, group="customer"),
    Field(
        "support-level",
        _l("Support level"),
        Kind.CHOICE,
        lambda known: known.support_level,
        _support_level,
        choices.support_levels,
        group="customer",
        cheap=False,
    ),
    _choice("site", _l("Customer’s site"), "site_id", None, group="customer"),
    Field(
        "repeat-contact",
        _l("Other tickets of this customer"),
        Kind.COUNT_WITHIN,
        lambda known: lambda days, _at: known.others_within(days),
        _others_within,
        group="customer",
        cheap=False,
        by_time=True,
    ),
    # ---- text ----
    Field(
        "subject",
        _l("Subject"),
        Kind.TEXT,
        lambda known: known.subject,
        _text(RuleText.subject),
        group="text",
    ),
    Field(
        "message",
        _l("Message"),
        Kind.TEXT,
        lambda known: known.message,
        _text(RuleText.message),
        group="text",
        cheap=False,
    ),
    Field(
        "subject-or-message",
        _l("Subject or message"),
        Kind.TEXT,
        lambda known: known.subject + known.message,
        _text(RuleText.subject + RuleText.message),
        group="text",
        cheap=False,
    ),
    # ---- time ----
    _moment("opened", _l("Opened"), "opened_at"),
    _moment("updated", _l("Last change"), "updated_at"),
    _moment("waiting", _l("Customer waits since"), "waiting_since"),
    _moment("unanswered-since", _l("Oldest unanswered message"), "unanswered_since"),
    _moment("resolved", _l("Resolved"), "resolved_at"),
    _moment("due", _l("Due"), "due_at", Kind.AHEAD),
    _moment("expected", _l("Time the customer was told"), "expected_at", Kind.AHEAD),
    Field(
        "business-hours",
        _l("Business hours"),
        Kind.HOURS,
        lambda _known: facts.is_open,
        _open_in_sql,
        choices.calendars,
        True,
        group="time",
        cheap=False,
        by_time=True,
    ),
    # ---- the event ----
    Field(
        "just-said",
        _l("What was just written"),
        Kind.TEXT,
        lambda known: known.said,
        None,
        group="event",
    ),
    Field(
        "changed",
        _l("What changed"),
        Kind.SEVERAL,
        _changed,
        None,
        choices.of_words(CHANGES),
        group="event",
    ),
    Field(
        "changed-by",
        _l("Who did it"),
        Kind.CHOICE,
        _author,
        None,
        choices.technicians,
        True,
        "event",
    ),
    Field(
        "came-by",
        _l("By which channel"),
        Kind.CHOICE,
        _came_by,
        None,
        choices.of_words(wording.CHANNELS),
        group="event",
    ),
]


def register_shipped() -> None:
    """Register all of them; ``app.create_app`` does."""
    for field in _FIELDS:
        register(field)

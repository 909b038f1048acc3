"""What a field or an action may be set to, by name: for forms, and for rules in words."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.notify.models import Webhook
from helpdesk.people.models import Organisation, Person, Skill, Team
from helpdesk.rules.fields import Choice
from helpdesk.rules.models import Rule
from helpdesk.sla.models import BusinessCalendar
from helpdesk.tickets import wording
from helpdesk.tickets.desk import Category, Cause, Queue, Status, Supplier, Tag
from helpdesk.web.i18n import LANGUAGES

Chooser = Callable[[], list[Choice]]


def of_words(words: Mapping[Any, object]) -> Chooser:
    """Return a chooser of a fixed table, in the reader's language."""
    return lambda: [
        (key if isinstance(key, int) else str(key), str(said)) for key, said in words.items()
    ]


def of_rows(model: Any, label: Any, *order: Any) -> Chooser:
    """Return a chooser of the rows in use of a small table."""

    def choose() -> list[Choice]:
        statement = select(model.id, label).where(model.retired_at.is_(None))
        return [(key, name) for key, name in db.session.execute(statement.order_by(*order))]

    return choose


queues = of_rows(Queue, Queue.name, Queue.position, Queue.name)
categories = of_rows(Category, Category.path, Category.path)
suppliers = of_rows(Supplier, Supplier.name, Supplier.name)
tags = of_rows(Tag, Tag.name, Tag.name)
teams = of_rows(Team, Team.name, Team.name)
skills = of_rows(Skill, Skill.name, Skill.name)
causes = of_rows(Cause, Cause.name, Cause.position, Cause.name)
rules = of_rows(Rule, Rule.name, Rule.position, Rule.name)
calendars = of_rows(BusinessCalendar, BusinessCalendar.name, BusinessCalendar.name)
webhooks = of_rows(Webhook, Webhook.name, Webhook.name)


def statuses() -> list[Choice]:
    """Return the statuses in use, those that came with the product in the reader's language."""
    rows = db.session.scalars(
        select(Status).where(Status.retired_at.is_(None)).order_by(Status.position, Status.id)
    )
    return [(row.id, wording.status_label(row)) for row in rows]


def technicians() -> list[Choice]:
    """Return who works here."""
    rows = db.session.execute(
        select(Person.id, Person.name)
        .where(Person.is_technician, Person.retired_at.is_(None))
        .order_by(Person.name, Person.id)
    )
    return [(key, name) for key, name in rows]


def support_levels() -> list[Choice]:
    """Return the levels of support that some organisation has."""
    rows = db.session.scalars(
        select(Organisation.support_level)
        .where(Organisation.support_level != "")
        .distinct()
        .order_by(Organisation.support_level)
    )
    return [(level, level) for level in rows]


languages = of_words(LANGUAGES)


def name_of(row: Any) -> str:
    """Return what a row is called, in the reader's language where it came with the product."""
    if isinstance(row, Status):
        return wording.status_label(row)
    return str(row.path if isinstance(row, Category) else row.name)


def names_of(model: Any, keys: Collection[int]) -> dict[int, str]:
    """Return what some rows are called, also those that are retired."""
    if not keys:
        return {}
    rows = db.session.scalars(select(model).where(model.id.in_(keys)))
    return {row.id: name_of(row) for row in rows}

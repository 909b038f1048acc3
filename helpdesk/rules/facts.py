"""What is known about a ticket at the moment of an event: asked for when a rule wants to know it.

One ``Facts`` serves all rules of one event. The ticket is there already and most fields cost
nothing; what needs a query is asked once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import func, select

from helpdesk.db import db, once
from helpdesk.lib.clock import now
from helpdesk.lib.folded import fold
from helpdesk.people.models import Organisation, Person
from helpdesk.sla import business_time, stored
from helpdesk.tickets.desk import Category, TicketTag
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket

OPENING = "log"
"""The verb with which every ticket begins."""


class Facts:
    """A ticket, what just happened to it (if anything), and the moment in which one looks."""

    def __init__(
        self, ticket: Ticket, *, entry: Entry | None = None, moment: datetime | None = None
    ) -> None:
        self.ticket = ticket
        self.entry = entry
        self.moment = moment or now()
        self._within: dict[int, int] = {}

    @property
    def customer(self) -> Person:
        """Whom the ticket is for."""
        return self.ticket.customer

    @cached_property
    def organisation(self) -> Organisation | None:
        """The customer's organisation, as the ticket has it."""
        key = self.ticket.organisation_id
        return db.session.get(Organisation, key) if key is not None else None

    @cached_property
    def support_level(self) -> str | None:
        """The level of support that has not run out; None without one."""
        found = self.organisation
        if found is None or not found.support_level:
            return None
        over = found.support_until is not None and found.support_until < self.moment.date()
        return None if over else found.support_level

    @cached_property
    def subject(self) -> str:
        """The subject, folded."""
        return fold(self.ticket.subject)

    @cached_property
    def message(self) -> str:
        """The message the ticket began with, folded."""
        entry = self.entry
        if entry is not None and entry.verb == OPENING and entry.ticket_id == self.ticket.id:
            return fold(entry.body)
        body = db.session.scalar(
            select(Entry.body)
            .where(Entry.ticket_id == self.ticket.id, Entry.verb == OPENING)
            .order_by(Entry.id)
            .limit(1)
        )
        return fold(body or "")

    @cached_property
    def said(self) -> str | None:
        """The text that was just said, folded; None when it was no message, note or call."""
        entry = self.entry
        return fold(entry.body) if entry is not None and entry.kind != EntryKind.EVENT else None

    @cached_property
    def tags(self) -> frozenset[int]:
        """The keys of the ticket's tags."""
        keys = select(TicketTag.tag_id).where(TicketTag.ticket_id == self.ticket.id)
        return frozenset(db.session.scalars(keys))

    @cached_property
    def categories(self) -> frozenset[int]:
        """The ticket's category and those it stands under."""
        parents, found = categories_above(), set[int]()
        key = self.ticket.category_id
        while key is not None and key not in found:
            found.add(key)
            key = parents.get(key)
        return frozenset(found)

    def others_within(self, days: int) -> int:
        """Return how many other tickets of the customer were opened in the last so many days."""
        if days not in self._within:
            since = self.moment - timedelta(days=days)
            self._within[days] = (
                db.session.scalar(
                    select(func.count())
                    .select_from(Ticket)
                    .where(
                        Ticket.customer_id == self.ticket.customer_id,
                        Ticket.id != self.ticket.id,
                        Ticket.opened_at >= since,
                    )
                )
                or 0
            )
        return self._within[days]


def categories_above() -> Mapping[int, int | None]:
    """Return the parent of each category. Asked once a transaction."""
    return once("rules:categories", _categories_above)


def _categories_above() -> dict[int, int | None]:
    rows = db.session.execute(select(Category.id, Category.parent_id))
    return {key: parent for key, parent in rows}  # noqa: C416 (rows are no pairs to a checker)


def is_open(calendar_id: int, moment: datetime) -> bool:
    """Whether a calendar is open at a moment; one that is gone never is."""
    try:
        version_id = stored.newest_calendar_version(calendar_id)
    except KeyError:
        return False
    return business_time.is_open(stored.calendar_of(version_id), moment)

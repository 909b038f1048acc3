"""What the demo desk promises: when it is open, how long things may take, and for whom.

All of it is there before the first ticket, so the clocks of the demo are what its journals say.
So that a desk started on a Sunday night looks as believable as one started on a Wednesday, open
tickets are begun a stretch of open time ago, by the calendar that their own promise counts with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from helpdesk.demo.matters import Matter as DemoMatter
from helpdesk.demo.story import Demo
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Person
from helpdesk.sla import business_time, saving, stored
from helpdesk.sla.calendar import WEEKDAYS, Calendar
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import BusinessCalendar
from helpdesk.sla.policy import Conditions, Do, Matter, Scope, Step, Terms, choose
from helpdesk.sla.public_holidays import PublicHolidays
from helpdesk.tickets.lifecycle import DEFAULT_MATRIX

ZONE = "Asia/Hong_Kong"
NETWORK = 1
"""The place of the team that works in shifts, among the teams."""
URGENT = (1, 2)
"""Priorities at which teams promise each other something: the rest waits for its turn."""
FIELD = 5
"""The place of the team that others give parts of their tickets to."""
SECURITY = ("Network/Firewall", "Access/MFA")
LEVELS = {0: "Gold", 4: "Silver"}
"""Support levels, by the place of the organisation."""

Minutes = Mapping[int, tuple[int, int, int]]
"""Minutes until the first reply, each further one and the fix, by priority."""

STANDARD: Minutes = {1: (30, 60, 240), 2: (90, 180, 360), 3: (240, 540, 540), 4: (480, 1080, 1080)}
SILVER: Minutes = {1: (30, 60, 180), 2: (45, 120, 360), 3: (180, 480, 540), 4: (480, 960, 1080)}
GOLD: Minutes = {1: (15, 60, 120), 2: (30, 120, 360), 3: (240, 480, 1440), 4: (480, 960, 4320)}
SHIFTS: Minutes = {1: (15, 60, 180), 2: (60, 120, 480), 3: (240, 480, 1440), 4: (480, 960, 4320)}
VIP: Minutes = {1: (60, 60, 240), 2: (60, 120, 480), 3: (120, 240, 1440), 4: (240, 480, 2880)}
ALERT: Minutes = {1: (15, 30, 120), 2: (30, 60, 240), 3: (120, 240, 1440), 4: (240, 480, 2880)}

STEPS = (
    Step(Promise.NEXT_REPLY, 100, None, Do.WARN_OWNER),
    Step(Promise.FIX, 75, None, Do.WARN_OWNER),
    Step(Promise.FIX, 100, None, Do.TELL_LEADS),
)
"""What happens by itself before and after a promise is missed."""


def make_promises(demo: Demo) -> None:
    """Make calendars and policies, and write down who has bought better support."""
    for place, level in LEVELS.items():
        organisation = demo.organisations[place]
        organisation.support_level = level
    demo.organisations[0].support_until = _end_of_march(demo.moment.date())
    office = saving.add_calendar(
        SYSTEM,
        "Northline office hours",
        Calendar.weekly(
            ZONE,
            {day: [("09:00", "18:00")] for day in WEEKDAYS[:5]},
            public_holidays=PublicHolidays("HK", None, "en_US"),
        ),
    )
    office.is_default = True
    always = saving.add_calendar(
        SYSTEM,
        "Around the clock",
        Calendar.around_the_clock(ZONE),
    )
    watched = frozenset(demo.categories[path].id for path in SECURITY)
    for name, calendar, minutes, conditions in (
        ("Gold", always, GOLD, Conditions(support_levels=frozenset({"Gold"}))),
        ("Silver", office, SILVER, Conditions(support_levels=frozenset({"Silver"}))),
        ("VIP", always, VIP, Conditions(vip=True)),
        ("Security", always, ALERT, Conditions(categories=watched)),
        ("Network", always, SHIFTS, Conditions(queues=frozenset({demo.queues[NETWORK].id}))),
        ("Standard", office, STANDARD, Conditions()),
    ):
        saving.add_policy(SYSTEM, name, Scope.TICKET, _terms(calendar, minutes, conditions))
    home, field = demo.queues[0], demo.queues[FIELD]
    of_field = Conditions(queues=frozenset({field.id}))
    saving.add_policy(
        SYSTEM,
        "Second level",
        Scope.TEAM,
        Terms(
            always.id,
            {
                (promise, priority): timedelta(minutes=length)
                for promise, length in ((Promise.ACKNOWLEDGE, 30), (Promise.FIX, 480))
                for priority in URGENT
            },
            of_field,
            steps=(
                Step(Promise.ACKNOWLEDGE, 50, None, Do.WARN_OWNER),
                Step(Promise.ACKNOWLEDGE, 100, None, Do.TELL_LEADS),
                Step(Promise.ACKNOWLEDGE, 150, None, Do.MOVE, home.id),
            ),
        ),
    )
    saving.add_policy(
        SYSTEM,
        "Suppliers",
        Scope.SUPPLIER,
        Terms(
            office.id,
            {
                (Promise.FIX, priority): timedelta(hours=hours)
                for priority, hours in {1: 4, 2: 9, 3: 27, 4: 45}.items()
            },
            steps=(
                Step(Promise.FIX, 75, None, Do.WARN_OWNER),
                Step(Promise.FIX, 100, None, Do.WARN_OWNER),
                Step(Promise.FIX, 100, None, Do.REMIND),
            ),
        ),
    )


def _end_of_march(today: date) -> date:
    """Return a last day of March that is some months away."""
    ahead = today + timedelta(days=100)
    this_year = date(ahead.year, 3, 31)
    return this_year if ahead <= this_year else date(ahead.year + 1, 3, 31)


def _terms(calendar: BusinessCalendar, minutes: Minutes, conditions: Conditions) -> Terms:
    names = (Promise.FIRST_REPLY, Promise.NEXT_REPLY, Promise.FIX)
    lengths = {
        (promise, priority): timedelta(minutes=length)
        for priority, promised in minutes.items()
        for promise, length in zip(names, promised, strict=True)
    }
    return Terms(calendar.id, lengths, conditions, steps=STEPS)


@dataclass(frozen=True)
class Promised:
    """What is promised to a customer in a matter, and how its time is counted."""

    terms: Terms
    priority: int

    @cached_property
    def calendar(self) -> Calendar:
        """The calendar by which it is counted."""
        return stored.calendar_of(stored.newest_calendar_version(self.terms.calendar_id))

    def length(self, promise: Promise) -> timedelta:
        """Return the open time that something may take."""
        return self.terms.lengths[promise, self.priority]

    def ago(self, moment: datetime, open_time: timedelta) -> datetime:
        """Return when so much open time had still to pass until a moment."""
        return business_time.subtract(self.calendar, moment, open_time)

    def later(self, moment: datetime, open_time: timedelta) -> datetime:
        """Return when so much open time has passed since a moment."""
        return business_time.add(self.calendar, moment, open_time)


def promised(demo: Demo, matter: DemoMatter, customer: Person) -> Promised:
    """Return what the desk will promise when the customer asks for that."""
    priority = DEFAULT_MATRIX[matter.impact, matter.urgency]
    paths = matter.category.split("/")
    above = {"/".join(paths[: depth + 1]) for depth in range(len(paths))}
    organisation = customer.organisation
    asked = Matter(
        kind=matter.kind,
        priority=priority,
        queue_id=demo.queues[matter.queue].id,
        categories=frozenset(demo.categories[path].id for path in above),
        vip=customer.vip,
        organisation_id=customer.organisation_id,
        support_level=organisation.support_level if organisation is not None else "",
    )
    choice = choose(stored.offers(Scope.TICKET), asked)
    assert choice is not None, "the standard holds for everything"
    return Promised(choice.offer.terms, priority)

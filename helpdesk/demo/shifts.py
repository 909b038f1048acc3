"""When who works, and what has to be known for what."""

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.demo import people
from helpdesk.demo.promises import ZONE
from helpdesk.demo.story import Demo
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Skill
from helpdesk.sla import saving, working
from helpdesk.sla.calendar import WEEKDAYS, Calendar
from helpdesk.sla.models import BusinessCalendar


def make_shifts(demo: Demo) -> None:
    """Give technicians their hours, after the calendars, and categories what they ask for."""
    for name, (days, span, logins) in people.SHIFTS.items():
        calendar = saving.add_calendar(
            SYSTEM, name, Calendar.weekly(ZONE, {day: [span] for day in WEEKDAYS[:days]})
        )
        for login in logins:
            working.set_calendar(SYSTEM, demo.technicians[login], calendar.id)
    always = db.session.scalars(
        select(BusinessCalendar.id).where(BusinessCalendar.name == "Around the clock")
    ).one()
    for login in people.ON_CALL:
        working.set_calendar(SYSTEM, demo.technicians[login], always)
    skills = {row.name: row.id for row in db.session.scalars(select(Skill))}
    for path, name in people.ASKED_FOR.items():
        demo.categories[path].skill_id = skills[name]
    db.session.flush()

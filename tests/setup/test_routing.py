"""Working hours and skills as Set up keeps them, and what rules and colleagues make of them."""

from datetime import UTC, datetime

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import SYSTEM
from helpdesk.people.errors import Refused
from helpdesk.people.models import PersonSkill, Skill
from helpdesk.rules.models import RuleRun
from helpdesk.setup.services import calendars as setup_calendars
from helpdesk.sla import saving, working
from helpdesk.sla.calendar import Calendar
from helpdesk.sla.models import BusinessCalendar
from helpdesk.tickets.desk import Category
from helpdesk.tickets.queries.ready import Hindrance, standings
from tests import factories
from tests.rules.desk import rule
from tests.setup.makers import visitor

pytestmark = pytest.mark.usefixtures("session")

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SATURDAY = datetime(2026, 3, 7, 9, 30, tzinfo=UTC)


def office(name: str = "Office", **day: str) -> BusinessCalendar:
    """Make a calendar that is open Monday to Friday from 8 to 17, or on the given days."""
    hours = day or dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-17:00")
    spans = {key: [(written[:5], written[6:])] for key, written in hours.items()}
    row = saving.add_calendar(SYSTEM, name, Calendar.weekly("UTC", spans))
    db.session.commit()
    return row


def last_said() -> object:
    db.session.expire_all()
    last = db.session.scalars(select(RuleRun).order_by(RuleRun.id.desc())).all()[0]
    return last.steps[-1]["said"]


def test_outside_working_hours_rules_give_nothing_and_colleagues_read_until_when(
    client: FlaskClient,
) -> None:
    queue = factories.queue()
    week, weekend = office(), office("Weekend", sat="09:00-12:00")
    week.is_default = True
    usual, other = (factories.technician(name, queues=[queue]) for name in ("Ana", "Ben"))
    for one in (usual, other):
        factories.account(one, "technician")
    lead = factories.technician("Lea", queues=[queue], lead=True)
    factories.sign_in(client, factories.account(lead, "administrator"))
    working.set_calendar(SYSTEM, other, weekend.id)
    working.set_calendar(SYSTEM, lead, weekend.id)
    rule("Round", {"do": "assign", "way": "in-turn"})
    with time_machine.travel(MONDAY):
        assert factories.ticket(queue_=queue).owner is usual
        stands = standings([usual.id, other.id])
        assert stands[usual.id].hindrance is None
        assert stands[other.id].hindrance is Hindrance.OFF
        assert stands[other.id].back_at == datetime(2026, 3, 7, 9, tzinfo=UTC)
    with time_machine.travel(SATURDAY):
        assert factories.ticket(queue_=queue).owner in {other, lead}
        stands = standings([usual.id])
        assert stands[usual.id].back_at == datetime(2026, 3, 9, 8, tzinfo=UTC)
    with time_machine.travel(datetime(2026, 3, 8, 9, tzinfo=UTC)):
        assert factories.ticket(queue_=queue).owner is None
        assert last_said() == "nobody-free"
        hint = client.get("/tickets/choices/target?q=ana").json[0]["hint"]  # type: ignore[index]
        assert hint.startswith("off until")
    with pytest.raises(Refused):
        setup_calendars.delete(SYSTEM, weekend)


def test_hours_a_language_and_what_a_category_asks_for_are_kept_in_set_up(
    client: FlaskClient,
) -> None:
    admin, week = visitor(client), office()
    ana = factories.technician("Ana")
    account = factories.account(ana, "technician")
    path = f"/setup/technicians/{ana.id}"
    assert "Working hours" in admin.get(path)
    fields = {"seen_teams": "{}", "seen_skills": "{}", "most_at_once": ""}
    assert admin.send(path, **fields, calendar_id=week.id).status_code == 303
    assert working.calendar_of(ana) is week
    assert f'<option selected value="{week.id}">' in admin.get(path)
    assert admin.send(path, **fields, calendar_id=0).status_code == 303
    assert working.calendar_of(ana) is None
    assert admin.send("/setup/skills", name="Chinese", language="xx-nothing").status_code == 422
    assert admin.send("/setup/skills", name="Chinese", language="zh-Hant").status_code == 303
    skill = db.session.scalars(select(Skill).where(Skill.name == "Chinese")).one()
    assert skill.language == "zh"
    category = factories.category("Letters of the test")
    sent = admin.send("/setup/categories", name="Contracts of the test", skill_id=skill.id)
    assert sent.status_code == 303
    made = db.session.scalars(select(Category).where(Category.skill_id == skill.id)).one()
    assert made.name == "Contracts of the test" != category.name
    assert "asks for Chinese" in admin.get("/setup/categories")
    assert account.person is ana


def test_assignment_by_skill_goes_by_category_and_language_and_says_when_nobody_has_it() -> None:
    queue = factories.queue()
    ana, ben = (factories.technician(name, queues=[queue]) for name in ("Ana", "Ben"))
    for one in (ana, ben):
        factories.account(one, "technician")
    vpn, chinese = Skill(name="VPN of the rule"), Skill(name="Chinese", language="zh")
    db.session.add_all([vpn, chinese])
    db.session.flush()
    above = factories.category("Remote of the rule", skill_id=vpn.id)
    below = factories.category("Tunnel of the rule", parent_id=above.id)
    db.session.add(PersonSkill(person_id=ben.id, skill_id=vpn.id, level=1))
    db.session.commit()
    rule("By skill", {"do": "assign", "way": "skill"})
    assert factories.ticket(queue_=queue, category=below).owner is ben
    # What asks for nothing goes to whoever has least to do.
    assert factories.ticket(queue_=queue).owner is ana
    assert factories.ticket(queue_=queue, category=below, language="zh-Hans").owner is None
    assert last_said() == "nobody-with-skill"
    db.session.add(PersonSkill(person_id=ben.id, skill_id=chinese.id, level=1))
    db.session.commit()
    assert factories.ticket(queue_=queue, category=below, language="zh-Hans").owner is ben

"""The pages of calendars, as a browser without scripts gets them."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Desk
from helpdesk.setup.services import calendars
from helpdesk.sla import saving, stored
from helpdesk.sla.calendar import Calendar
from helpdesk.sla.models import BusinessCalendar, CalendarVersion
from tests.setup.makers import Visitor, administrator, last_log, visitor
from tests.sla.desk import OFFICE, monday, office, promised
from tests.support.queries import count_queries

WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00–17:00")


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    return visitor(client)


def fields(**more: Any) -> dict[str, Any]:
    return {
        "name": "Office",
        "zone": "Europe/London",
        "country": "",
        "part": "",
        "make_up_like": "",
        **WEEK,
        **more,
    }


def days(*rows: tuple[str, str, str, str]) -> dict[str, list[str]]:
    """Return the fields of days of its own: date, "yes" for every year, hours, name."""
    names = ("day_date", "day_yearly", "day_hours", "day_name")
    return {name: [row[number] for row in rows] for number, name in enumerate(names)}


def calendar(name: str = "Office") -> Calendar:
    row = db.session.scalars(select(BusinessCalendar).filter_by(name=name)).one()
    version = stored.newest_calendar_version(row.id)
    return stored.calendar_from_json(db.session.get_one(CalendarVersion, version).content)


def added(admin: Visitor, **more: Any) -> int:
    answer = admin.send("/setup/calendars", **fields(**more))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return db.session.scalars(select(BusinessCalendar.id).filter_by(name="Office")).one()


def test_a_calendar_is_added_with_everything(admin):
    added(
        admin,
        sat="22:00–06:00",
        country="DE",
        part="BY",
        **days(
            ("2026-12-24", "", "09:00–12:00", "Christmas Eve"),
            ("2026-12-31", "yes", "", "Inventory"),
            ("", "", "", ""),
        ),
    )
    said = calendar()
    assert (said.zone, len(said.week[0]), said.week[5][0].end) == ("Europe/London", 1, 30 * 3600)
    assert said.public_holidays is not None
    assert (said.public_holidays.country, said.public_holidays.part) == ("DE", "BY")
    assert [(one.year, one.name, len(one.spans)) for one in said.special_days] == [
        (None, "Inventory", 0),
        (2026, "Christmas Eve", 1),
    ]
    page = admin.get("/setup/calendars")
    assert "Monday–Friday 09:00–17:00; Saturday 22:00–06:00" in page
    assert "holidays of DE-BY" in page
    assert "2 days of its own" in page
    assert last_log()[:2] == ("calendar-created", "Office")


def test_what_is_shown_again_is_saved_as_the_same(admin):
    key = added(admin, country="GB", **days(("2028-02-29", "yes", "10-12", "Leap day")))
    page = admin.get(f"/setup/calendars?edit={key}")
    assert 'value="2028-02-29"' in page
    seen = admin.saw(f"/setup/calendars?edit={key}")
    same = fields(seen=seen, country="GB", **days(("2028-02-29", "yes", "10:00–12:00", "Leap day")))
    assert admin.send(f"/setup/calendars/{key}", **same).status_code == 303
    assert db.session.get_one(BusinessCalendar, key).version == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mon": "nine to five"}, "Write hours like 09:00–17:00"),
        ({"mon": ",".join(["9-10"] * 11)}, "at most 10 stretches"),
        ({"zone": "Europe/Nowhere"}, "Not a valid choice"),
        ({"country": "XX"}, "Not a valid choice"),
        (days(("2026-02-30", "", "", "Never")), "Choose a date."),
        (days(("", "", "", "Some day")), "Choose a date."),
        (days(("2026-12-24", "", "noon", "")), "Write hours like"),
        (days(*[("2026-12-24", "", "", "")] * 2), "This date stands here twice."),
        (days(*[("2026-12-24", "", "", "")] * 401), "at most 400 days"),
        (dict.fromkeys(WEEK, ""), "It never opens"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(admin, wrong, said):
    answer = admin.send("/setup/calendars", **fields(**wrong))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page
    assert not db.session.scalar(select(BusinessCalendar.id))
    if "day_date" not in wrong or len(wrong["day_date"]) < 400:
        assert 'aria-invalid="true"' in page


def test_a_part_of_another_country_is_left_out(admin):
    added(admin, country="FR", part="BY")
    holidays = calendar().public_holidays
    assert holidays is not None
    assert (holidays.country, holidays.part) == ("FR", None)


def test_the_next_holidays_are_shown_while_choosing(admin):
    with clock.at(monday("10:00")):
        part = admin.get("/setup/calendars/holidays?country=DE&part=BY&zone=Europe/Berlin")
    assert "Bayern (BY)" in part
    assert part.count("<li>") == 8
    assert "Christmas" in part
    assert "<html" not in part


def test_countries_are_named_in_the_language_of_the_reader(admin):
    db.session.scalars(select(Desk)).one()
    admin.person.language = "zh_Hans_CN"
    db.session.commit()
    assert re.search(r'value="DE"[^>]*>德国<', admin.get("/setup/calendars?new=1"))


def test_a_calendar_is_tried_before_it_is_saved(admin):
    asked = fields(name="", try_at="2026-11-23T16:00", try_for="4h", zone="Asia/Hong_Kong")
    answer = admin.send("/setup/calendars/try", **asked)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    # Four hours from Monday at four: one on Monday, three on Tuesday.
    assert "Tue 24 Nov 12:00" in page
    assert "for you Tue 24 Nov 04:00" in page
    assert "It closes next" in page
    assert "Mon 23 Nov 17:00" in page
    assert not db.session.scalar(select(BusinessCalendar.id))


def test_trying_says_when_it_opens_next(admin):
    key = added(admin)
    asked = fields(try_at="2026-11-21T12:00", try_for="30m")
    page = admin.send(f"/setup/calendars/try?calendar_id={key}", **asked).get_data(as_text=True)
    assert "It opens next" in page
    assert "Mon 23 Nov 09:00" in page
    assert "Mon 23 Nov 09:30" in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"try_at": "soon"}, "Choose a moment."),
        ({"try_at": "9999-12-31T23:59"}, "Choose a moment."),
        ({"try_for": "2d"}, "Write hours instead of days"),
        ({"mon": "x"}, "Write hours like"),
    ],
)
def test_trying_says_what_it_cannot_read(admin, asked, said):
    answer = admin.send("/setup/calendars/try", **fields(**{"try_for": "4h", **asked}))
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_two_people_edit_different_parts(admin):
    key = added(admin)
    seen = admin.saw(f"/setup/calendars?edit={key}")
    row = db.session.get_one(BusinessCalendar, key)
    calendars.edit(administrator("Somebody Else"), row, {**_wanted(row), "name": "Head office"})
    db.session.commit()
    answer = admin.send(f"/setup/calendars/{key}", **fields(seen=seen, sat="10:00–12:00"))
    assert answer.status_code == 303
    assert len(calendar("Head office").week[5]) == 1


def test_two_people_edit_the_same_part(admin):
    key = added(admin)
    seen = admin.saw(f"/setup/calendars?edit={key}")
    row = db.session.get_one(BusinessCalendar, key)
    wanted = _wanted(row)
    wanted["week"] = [[[8 * 3600, 12 * 3600]], *wanted["week"][1:]]
    calendars.edit(administrator("Somebody Else"), row, wanted)
    db.session.commit()
    mine = fields(seen=seen, mon="10:00–12:00")
    answer = admin.send(f"/setup/calendars/{key}", **mine)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Somebody Else saved this meanwhile." in page
    assert "08:00–12:00" in page
    assert 'value="10:00–12:00"' in page
    found = re.search(r'name="seen"[^>]*value="([^"]*)"', page)
    assert found is not None
    again = fields(seen=found[1].replace("&#34;", '"'), mon="10:00–12:00")
    assert admin.send(f"/setup/calendars/{key}", **again).status_code == 303
    assert calendar().week[0][0].start == 10 * 3600


def _wanted(row: BusinessCalendar) -> dict[str, Any]:
    shown = calendars.shown(row)
    return {name: getattr(shown, name) for name in calendars.FIELDS}


def test_what_is_counted_by_stays(admin):
    row = office()
    promised(calendar=row)
    db.session.commit()
    answer = admin.send(f"/setup/calendars/{row.id}/retire")
    assert answer.status_code == 422
    assert "Standard counts by it." in answer.get_data(as_text=True)
    answer = admin.send(f"/setup/calendars/{row.id}/delete")
    assert answer.status_code == 422
    assert "retire it instead" in answer.get_data(as_text=True)


def test_what_was_never_used_is_deleted(admin):
    key = added(admin)
    admin.send(f"/setup/calendars/{key}/retire")
    assert "1 retired" in admin.get("/setup/calendars")
    admin.send(f"/setup/calendars/{key}/restore")
    assert admin.send(f"/setup/calendars/{key}/delete").status_code == 303
    assert not db.session.scalar(select(BusinessCalendar.id))
    assert not db.session.scalar(select(CalendarVersion.id))


def test_one_calendar_is_the_default(admin):
    added(admin)
    other = saving.add_calendar(SYSTEM, "Night", OFFICE)
    db.session.commit()
    assert admin.send(f"/setup/calendars/{other.id}/default").status_code == 303
    assert db.session.scalars(
        select(BusinessCalendar.name).where(BusinessCalendar.is_default)
    ).all() == ["Night"]


def test_the_audit_log_says_in_words_what_changed(admin):
    key = added(admin)
    seen = admin.saw(f"/setup/calendars?edit={key}")
    admin.send(f"/setup/calendars/{key}", **fields(seen=seen, fri="09:00–12:00"))
    page = admin.get("/setup/audit")
    assert "changed the calendar" in page
    assert "mon–thu 09:00–17:00; fri 09:00–12:00; sat–sun –" in page


def test_the_list_asks_little_however_many_there_are(admin):
    office()
    db.session.commit()
    admin.get("/setup/calendars")
    with count_queries() as one:
        admin.get("/setup/calendars")
    for number in range(8):
        saving.add_calendar(SYSTEM, f"Office {number}", OFFICE)
    db.session.commit()
    with count_queries() as many:
        admin.get("/setup/calendars")
    assert many.count == one.count, many


def test_technicians_set_no_calendars_up(client):
    technician = visitor(client, "technician")
    assert client.get("/setup/calendars").status_code == 403
    assert technician.send("/setup/calendars", **fields()).status_code == 403
    assert technician.send("/setup/calendars/try", **fields()).status_code == 403

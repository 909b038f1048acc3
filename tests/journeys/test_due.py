"""Time passes while a technician looks at a list: chips tick, and what is missed moves."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from helpdesk.db import db, transaction
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Person
from helpdesk.sla import saving
from helpdesk.sla.calendar import Calendar
from helpdesk.sla.clocks import Promise
from helpdesk.sla.policy import PRIORITIES, Scope, Terms
from helpdesk.tickets.desk import Queue
from tests import factories
from tests.journeys.test_queue import Floor, floor
from tests.support.browser import assert_accessible

__all__ = ["floor"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]

HOUR = timedelta(hours=1)


def due_in(floor: Floor, left: timedelta) -> int:
    """Log a ticket that is promised to be fixed within an hour, that much before it is over."""
    with floor.live.app.app_context():
        with transaction():
            calendar = saving.add_calendar(SYSTEM, "Always", Calendar.around_the_clock())
            lengths = {(Promise.FIX, priority): HOUR for priority in PRIORITIES}
            saving.add_policy(SYSTEM, "Gold", Scope.TICKET, Terms(calendar.id, lengths))
        customer = db.session.get_one(Person, floor.customer_id)
        queue = db.session.get_one(Queue, floor.queue_id)
        with clock.at(now() - HOUR + left):
            return factories.ticket("Gateway drops", queue_=queue, customer=customer).id


def test_a_chip_ticks_down_and_turns_when_its_time_is_over(floor: Floor):
    number = due_in(floor, timedelta(minutes=50, seconds=30))
    page = floor.page
    page.clock.install()
    floor.open()
    chip = floor.row(number).locator(".sla")
    expect(chip).to_contain_text("50m")
    expect(chip).not_to_have_class(re.compile("warn"))
    page.clock.fast_forward("10:00")
    expect(chip).to_contain_text("40m")
    expect(chip).to_have_class(re.compile("warn"))
    # Behind the browser's back the server's time stands still; here only the chip is looked at.
    page.route("**/queue/list?**", lambda route: route.abort())
    page.clock.fast_forward("45:00")
    expect(chip).to_contain_text("−4m")
    expect(chip).to_have_class(re.compile("over"))


def test_what_is_missed_moves_to_its_group_and_is_counted_and_said(floor: Floor):
    number = due_in(floor, timedelta(seconds=12))
    page = floor.open()
    group = page.locator(f"#tickets tbody tr:has(~ #row-{number}) [data-fold]").last
    expect(group).to_contain_text("Due in the next 2 hours")
    assert_accessible(page)
    expect(group).to_contain_text("Overdue", timeout=30_000)
    expect(page.locator("[role=status].vh").last).to_have_text(f"Overdue now: #{number}")
    expect(page.locator("#queue-side")).to_contain_text("1 / 5")
    expect(floor.row(number).locator(".sla")).to_have_class(re.compile("over"))
    assert_accessible(page)


def test_the_account_of_a_promise_opens_by_its_key(floor: Floor):
    number = due_in(floor, timedelta(minutes=20))
    page = floor.open(f"/tickets/{number}")
    expect(page.locator("#tk-props .clock")).to_contain_text("left of 1h, Gold")
    page.keyboard.press("w")
    dialog = page.locator("#tk-dialog")
    expect(dialog).to_contain_text("Gold promises 1h, counted by “Always”")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

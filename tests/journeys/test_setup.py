"""An administrator sets the desk up in a real browser, mostly with the keyboard."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.people import guard
from helpdesk.people.access import SYSTEM
from helpdesk.people.services import sessions
from helpdesk.setup.services import causes, statuses
from helpdesk.sla import saving
from helpdesk.tickets.desk import Cause
from tests import factories
from tests.board.makers import alert
from tests.sla.desk import OFFICE
from tests.support.browser import assert_accessible, assert_accessible_in_both_themes
from tests.support.server import LiveDesk

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


@dataclass
class Office:
    """A served desk with an administrator signed in at a browser."""

    live: LiveDesk
    page: Page

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.live.url}/setup/{path}")
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def names(self) -> list[str]:
        return self.page.locator(".setup-rows .m").all_inner_texts()


@pytest.fixture
def office(live_desk: LiveDesk, page: Page) -> Iterator[Office]:
    app = live_desk.app
    with app.app_context():
        factories.queue("Service desk", is_default=True)
        person = factories.technician("Sam Porter")
        account = factories.account(person, "administrator")
        with transaction():
            token = sessions.begin(account.id, address="127.0.0.1", user_agent="browser")
    with app.test_request_context(base_url=live_desk.url):
        # The port is part of the cookie's name, and the served desk has a port of its own.
        name = re.sub(r"\d+$", live_desk.url.rpartition(":")[2], guard.cookie_name())
    page.context.add_cookies([{"name": name, "value": token, "url": live_desk.url}])
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield Office(live_desk, page)
    assert not faults


def test_causes_are_kept_with_the_keyboard(office: Office):
    page = office.open("causes")
    before = office.names()

    # N opens the form in the list, with the focus in it; Enter adds.
    page.keyboard.press("n")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Power cut")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Power cut is added")
    assert office.names() == [*before, "Power cut"]
    edit = page.get_by_role("link", name="Edit Power cut")
    expect(edit).to_be_focused()

    # Moving keeps the focus on the button, so that it can be pressed again.
    up = page.get_by_role("button", name="Move Power cut up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".setup-rows .m").nth(len(before) - 1)).to_have_text("Power cut")
    expect(up).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".setup-rows .m").nth(len(before) - 2)).to_have_text("Power cut")

    # Esc leaves the field, then the form, and the focus is where it was.
    edit.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(edit).to_be_focused()

    # Retired from the menu, restored from the list below.
    page.get_by_role("button", name="More for Power cut").click()
    page.get_by_role("menuitem", name="Retire").click()
    expect(page.locator(".toast").last).to_contain_text("Power cut is retired")
    assert office.names() == before
    page.get_by_text("1 retired").click()
    page.get_by_role("button", name="Restore Power cut").click()
    expect(page.get_by_role("link", name="Edit Power cut")).to_be_visible()


def test_a_clash_is_shown_and_nothing_typed_is_lost(office: Office):
    page = office.open("causes")
    page.get_by_role("link", name="Edit Supplier").click()
    page.get_by_label("Name").fill("Third party")
    with office.live.app.app_context(), transaction():
        cause = db.session.scalars(select(Cause).where(Cause.name == "Supplier")).one()
        causes.edit(SYSTEM, cause, {"name": "Vendor"})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("saved this meanwhile")
    expect(page.locator(".theirs")).to_contain_text("Vendor")
    expect(page.get_by_label("Name")).to_have_value("Third party")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Edit Third party")).to_be_visible()


def test_a_refusal_stays_on_the_page(office: Office):
    page = office.open("queues")
    page.get_by_role("button", name="More for Service desk").click()
    page.get_by_role("menuitem", name="Retire").click()
    expect(page.get_by_role("alert")).to_contain_text("Make another queue the default first.")
    expect(page.get_by_text("Service desk").first).to_be_visible()


def test_every_page_is_accessible(office: Office):
    for path in (
        *("", "desk", "priorities", "roles", "roles/2", "audit", "technicians", "technicians/1"),
        *("teams", "teams/1/members", "skills?new=1", "queues?edit=1", "categories?new=1"),
        *("statuses", "causes?edit=1", "tags", "templates?new=1"),
        *("calendars", "promises", "promises/replay"),
    ):
        assert_accessible_in_both_themes(office.open(path))


def test_a_calendar_is_filled_in_by_a_few_presses_and_tried(office: Office):
    page = office.open("calendars?new=1")
    page.fill("#name", "Support")
    page.fill("#mon", "08:00–12:00")
    page.get_by_role("button", name="Copy Monday").click()
    assert page.input_value("#fri") == "08:00–12:00"
    assert page.input_value("#sat") == ""
    page.get_by_role("button", name="24×7").click()
    assert page.input_value("#sun") == "00:00–24:00"
    page.select_option("#country", "DE")
    page.select_option("#part", "BY")
    expect(page.locator(".setup-coming li")).to_have_count(8)
    assert_accessible(page)
    days = page.locator("[data-row-of]")
    before = days.count()
    page.get_by_role("button", name="Add a day").click()
    expect(days).to_have_count(before + 1)
    expect(days.last.locator("input").first).to_be_focused()
    days.last.locator("input[name=day_date]").fill("2026-12-24")
    days.last.locator("input[name=day_name]").fill("Christmas Eve")
    page.fill("#try_at", "2026-12-24T10:00")
    page.locator("#try").click()
    answer = page.locator(".setup-answer")
    expect(answer).to_contain_text("No")
    # The 24th is closed by its own day, the 25th and 26th are holidays.
    expect(answer).to_contain_text("Sun 27 Dec 00:00")
    assert page.input_value("#name") == "Support"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".setup-rows >> text=Support")
    assert office.names() == ["Support"]


def test_promises_are_set_up_on_a_telephone(office: Office):
    page = office.page
    page.set_viewport_size({"width": 390, "height": 844})
    with office.live.app.app_context(), transaction():
        saving.add_calendar(SYSTEM, "Office hours", OFFICE)
    office.open("promises")
    page.get_by_role("link", name="Add policy").last.click()
    page.wait_for_selector("#fix_2")
    assert_accessible(page)
    page.fill("#name", "Everybody")
    page.fill("#fix_2", "2d")
    page.locator("#save").click()
    expect(page.locator("#fix_2")).to_be_focused()
    expect(page.locator("#fix_2-error")).to_contain_text("hours instead of days")
    page.fill("#fix_2", "16h")
    page.locator("#save").click()
    page.wait_for_selector(".setup-rows >> text=Fix within 16h (P2)")
    page.select_option("#which-priority", "2")
    page.locator("#which-ask").click()
    expect(page.locator("#which [role=status]")).to_contain_text("Fix 16h")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert_accessible(page)


def test_a_text_for_customers_is_written_while_its_preview_follows(office: Office):
    page = office.open("messages")
    expect(page.get_by_text("Nothing is told yet.")).to_be_visible()
    page.get_by_role("switch", name="We have it").press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nothing is told yet.")).to_be_hidden()
    expect(page.get_by_role("switch", name="We have it")).to_be_checked()
    assert_accessible(page)
    page.get_by_role("list", name="Texts: We have it").get_by_role("link", name="English").click()
    page.get_by_label("Subject").fill("We got {subject}")
    expect(page.locator("#preview")).to_contain_text("We got VPN drops every few minutes [#48213]")
    page.get_by_role("textbox", name="Text").fill("Hello {nobody}")
    expect(page.locator("#preview")).to_contain_text("{nobody} can't be filled in here")
    page.get_by_role("textbox", name="Text").fill("Hello {customer}")
    expect(page.locator("#preview")).to_contain_text("Hello Mei-Ling")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    page.get_by_role("button", name="Back to the text that comes with Hearth").click()
    expect(page.get_by_label("Subject")).to_have_value("Received: {subject} [#{number}]")
    assert_accessible(page)


def test_a_form_that_is_sent_after_signing_out_says_so_and_keeps_what_was_typed(office: Office):
    page = office.open("causes?new=1")
    here = page.url
    page.get_by_label("Name").fill("Power cut")
    kept: Any = page.context.cookies()
    page.context.clear_cookies()
    page.keyboard.press("Enter")
    strip = page.locator("#strips .strip")
    expect(strip).to_contain_text("Nothing was changed.")
    expect(page.get_by_label("Name")).to_have_value("Power cut")
    assert page.url == here

    # Signed in again, in another tab, it is sent once more as it stands.
    page.context.add_cookies(kept)
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Power cut is added")

    # Whoever reloads after a refusal has the page, not an error.
    page = office.open("causes?new=1")
    page.get_by_label("Name").fill("c" * 121)
    page.keyboard.press("Enter")
    expect(page.locator("main .err")).to_contain_text("There is room for 120 characters")
    page.reload()
    expect(page.get_by_role("heading", name="Causes")).to_be_visible()


def test_a_long_word_breaks_on_a_small_screen(office: Office):
    word = "W" * 120
    with office.live.app.app_context(), transaction():
        ada = factories.actor(role="administrator")
        causes.add(ada, {"name": word})
        status = {"name": word[:60], "status_class": "pending", "hold_reason": "customer"}
        statuses.add(ada, status)
        number = alert(word, body=word, by=ada).id
        person_id = factories.person(word).id
    office.page.set_viewport_size({"width": 390, "height": 844})
    for path in (
        *("/setup/causes", "/setup/statuses", "/tickets/new", "/board", f"/board/{number}"),
        f"/people/{person_id}",
    ):
        office.page.goto(office.live.url + path)
        wide = office.page.locator("main, .scroll, .page").evaluate_all(
            "found => found.filter(one => one.scrollWidth > one.clientWidth + 1).length"
        )
        assert wide == 0, path

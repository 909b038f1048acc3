"""An administrator sets the desk up in a real browser, mostly with the keyboard."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.people import guard
from helpdesk.people.access import SYSTEM
from helpdesk.people.services import sessions
from helpdesk.setup.services import causes
from helpdesk.tickets.desk import Cause
from tests import factories
from tests.support.browser import assert_accessible
from tests.support.server import LiveDesk

pytestmark = [pytest.mark.browser, pytest.mark.slow]


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
    expect(page.locator(".setup-theirs")).to_contain_text("Vendor")
    expect(page.get_by_label("Name")).to_have_value("Third party")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Edit Third party")).to_be_visible()


def test_a_refusal_stays_on_the_page(office: Office):
    page = office.open("queues")
    page.get_by_role("button", name="More for Service desk").click()
    page.get_by_role("menuitem", name="Retire").click()
    expect(page.get_by_role("alert")).to_contain_text("Make another queue the default first.")
    expect(page.get_by_text("Service desk").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible(office: Office, theme: str):
    office.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    for path in (
        *("", "desk", "priorities", "roles", "roles/2", "audit", "technicians", "technicians/1"),
        *("teams", "teams/1/members", "skills?new=1", "queues?edit=1", "categories?new=1"),
        *("statuses", "causes?edit=1", "tags", "templates?new=1"),
    ):
        assert_accessible(office.open(path))

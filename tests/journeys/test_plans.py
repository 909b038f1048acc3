"""A work plan is kept in Set up and used on a ticket, with the keyboard alone."""

import pytest
from playwright.sync_api import expect

from helpdesk.db import transaction
from tests import factories
from tests.journeys.test_setup import Office, office
from tests.support.browser import assert_accessible

__all__ = ["office"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


def test_a_plan_is_written_and_used_by_keyboard(office: Office) -> None:
    with office.live.app.app_context(), transaction():
        number = factories.ticket("Ana Duarte starts on Monday").id
    page = office.open("plans?new=1")
    page.keyboard.type("New starter")
    page.get_by_label("Title", exact=True).first.fill("Order lunch card")
    page.get_by_role("button", name="Add a line").press("Enter")
    second = page.get_by_role("group", name="Line").nth(1)
    second.get_by_label("What", exact=True).select_option("ticket")
    second.get_by_label("Title", exact=True).fill("Laptop: {subject}")
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 task and 1 child ticket")).to_be_visible()
    assert_accessible(page)

    page.goto(f"{office.live.url}/tickets/{number}")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Laptop: Ana Duarte starts on Monday")).to_be_visible()
    expect(dialog.get_by_role("radio")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    details = page.get_by_role("complementary", name="Ticket details")
    expect(details.get_by_text("Order lunch card")).to_be_visible()
    expect(details.get_by_text("0 of 1 below done")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(details.get_by_text("Order lunch card")).to_be_hidden()

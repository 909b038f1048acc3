"""A technician runs macros with the keyboard alone: on a ticket, and on what is selected."""

import re

import pytest
from playwright.sync_api import expect

from helpdesk.db import db, transaction
from helpdesk.macros.models import Macro
from tests import factories
from tests.journeys.test_setup import Office, office
from tests.support.browser import assert_accessible

__all__ = ["office"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


def test_macros_are_written_found_seen_run_and_taken_back(office: Office) -> None:
    with office.live.app.app_context(), transaction():
        begin = Macro(
            name="Begin an answer", actions=[], says="reply", at_once=False, text_en="Good day."
        )
        db.session.add(begin)
        number = factories.ticket("Screen flickers").id
        factories.ticket("Keyboard is dead")
    page = office.open("macros/new")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Urgent and answered")
    page.get_by_label("What is done").select_option("set-priority")
    page.get_by_label("Priority", exact=True).select_option("1")
    page.get_by_label("What it says").select_option("reply")
    page.get_by_label("Text in English").fill("Hello, {number} is with us.")
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("write to the customer, make it P1")).to_be_visible()
    assert_accessible(page)

    page.goto(f"{office.live.url}/tickets/{number}")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Macro", exact=True)).to_be_focused()
    page.keyboard.type("urg")
    expect(page.get_by_role("option", name="Urgent and answered")).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Answer that is sent")).to_have_value(f"Hello, {number} is with us.")
    expect(dialog.get_by_text(re.compile("Sent to"))).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("by the macro “Urgent and answered”").first).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("Taken back").first).to_be_visible()

    page.keyboard.press("m")
    expect(dialog.get_by_label("Macro", exact=True)).to_be_focused()
    page.keyboard.type("begin")
    expect(page.get_by_role("option", name="Begin an answer")).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Answer, into the composer")).to_have_value("Good day.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#tk-reply-body")).to_have_value(re.compile("Good day.$"))
    expect(page.locator("#tk-reply-body")).to_be_focused()

    page.goto(f"{office.live.url}/queue")
    page.wait_for_selector("html[data-ready]")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("m")
    expect(dialog.get_by_label("Macro", exact=True)).to_be_focused()
    page.keyboard.type("urg")
    expect(page.get_by_role("option", name="Urgent and answered")).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog.get_by_text(re.compile("Sent to"))).to_have_count(2)
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("2 tickets changed")).to_be_visible()

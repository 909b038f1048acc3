"""A technician sees whom an answer reaches, sends one later and takes one back, by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.journeys.test_setup import Office, office
from tests.support.browser import assert_accessible

__all__ = ["office"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


def test_an_answer_is_kept_for_later_changed_and_sent(office: Office) -> None:
    with office.live.app.app_context():
        customer = factories.person("Ho Mei-Ling", email="ho@harbour.example")
        number = factories.ticket("Screen flickers", customer=customer).id
    page = office.page
    page.goto(f"{office.live.url}/tickets/{number}")
    page.wait_for_selector("html[data-ready]")
    reach = page.locator("#tk-panel-reply .before-sending")
    expect(reach).to_contain_text("ho@harbour.example")
    expect(reach).not_to_contain_text("outside")
    page.get_by_role("combobox", name="Add somebody to whom it goes").focus()
    page.keyboard.type("bo@elsewhere.example")
    page.keyboard.press("Enter")
    expect(reach).to_contain_text("bo@elsewhere.example")
    expect(reach).to_contain_text("outside")

    page.locator("#tk-reply-body").focus()
    page.keyboard.type("Good morning")
    page.keyboard.press("Control+Shift+L")
    choice = page.locator("select[name=later]")
    expect(choice).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    waiting = page.locator(".banner.later")
    expect(waiting).to_contain_text("Your answer will be sent")
    expect(page.locator("#tk-reply-body")).to_have_value("")
    expect(reach).to_contain_text("ho@harbour.example")
    assert_accessible(page)

    waiting.get_by_role("button", name="Change").press("Enter")
    expect(waiting).to_have_count(0)
    expect(page.locator("#tk-reply-body")).to_have_value("Good morning")
    page.locator("#tk-reply-body").focus()
    page.keyboard.press("Control+Enter")
    toast = page.locator(".toast", has_text="Reply sent")
    expect(toast.locator(".toast-left")).to_have_text(re.compile(r"^[78] s$"))
    page.locator("#tk-lines").focus()
    page.keyboard.press("Control+z")
    expect(page.locator("#tk-reply-body")).to_have_value("Good morning")

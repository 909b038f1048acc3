"""A technician puts an answer template into a reply with the keyboard alone."""

import pytest
from playwright.sync_api import expect

from helpdesk.answers.models import AnswerTemplate
from helpdesk.db import db, transaction
from tests import factories
from tests.journeys.test_setup import Office, office
from tests.support.browser import assert_accessible

__all__ = ["office"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


def test_a_template_is_found_inserted_and_taken_back(office: Office) -> None:
    with office.live.app.app_context(), transaction():
        db.session.add(AnswerTemplate(name="Greeting", text_en="Hello, {number} is with **us**."))
        number = factories.ticket("Screen flickers").id
    page = office.page
    page.goto(f"{office.live.url}/tickets/{number}")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("r")
    page.keyboard.type("Good day. ")
    page.keyboard.press("Control+.")
    field = page.get_by_label("Template", exact=True)
    expect(field).to_be_focused()
    page.keyboard.type("greet")
    expect(page.get_by_role("option", name="Greeting")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Enter")
    text = page.locator("#tk-reply-body")
    expect(text).to_have_value(f"Good day. Hello, {number} is with **us**.")
    expect(text).to_be_focused()
    expect(field).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(text).to_have_value("Good day. ")

    # The editor shows what a customer would read while somebody types.
    page = office.open("answers?new=1")
    page.get_by_label("English").fill("Dear **{customer}**")
    expect(page.locator("#preview strong")).to_have_text("Mei-Ling")
    page.get_by_label("English").fill("Dear {nobody}")
    expect(page.locator("#preview")).to_contain_text("can't be filled in here")
    assert_accessible(page)

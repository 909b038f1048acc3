"""A technician asks a supplier aside, reads the answer and passes a message on, by keyboard."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.db import db, transaction
from helpdesk.tickets import services
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import side_talks
from helpdesk.tickets.services import Heard, NewFile
from helpdesk.tickets.side_talks import SideEntry
from tests import factories
from tests.journeys.test_setup import Office, office
from tests.support.browser import assert_accessible

__all__ = ["office"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


def make_ticket() -> int:
    customer = factories.person("Ho Mei-Ling", email="ho@harbour.example")
    with transaction():
        db.session.add(Supplier(name="Harbour Cables", email="service@cables.example"))
    ticket = factories.ticket("Screen flickers", customer=customer)
    with transaction():
        file = NewFile(blobs.put(b"%PDF"), "plan.pdf", "application/pdf", 4)
        heard = Heard(customer, "The cable is broken.", files=[file])
        services.hear(ticket, heard, reopen_days=5)
    return ticket.id


def test_a_supplier_is_asked_and_answers(office: Office) -> None:
    with office.live.app.app_context():
        number = make_ticket()
    page = office.page
    page.goto(f"{office.live.url}/tickets/{number}")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("o")
    panel = page.locator("#tk-panel-side")
    expect(page.locator("#tk-side-to")).to_be_focused()
    page.keyboard.type("cables")
    expect(page.get_by_role("option", name="Harbour Cables")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(panel.locator("[data-chip]")).to_contain_text("Harbour Cables")
    expect(panel.locator(".before-sending")).to_contain_text("service@cables.example")
    expect(panel.locator(".before-sending")).to_contain_text("outside")
    panel.get_by_role("textbox", name="Subject").fill("New cable")
    panel.get_by_text("Files of this ticket").press("Enter")
    panel.get_by_role("checkbox", name="plan.pdf").press("Space")
    assert_accessible(page)
    page.locator("#tk-side-body").fill("Can you bring one?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast", has_text="Sent to others")).to_be_visible()
    bubble = page.locator(".bub.aside")
    expect(bubble).to_contain_text("Can you bring one?")
    expect(bubble).to_contain_text("plan.pdf")
    side = page.get_by_role("region", name="Side conversations")
    expect(side).to_contain_text("waits for them")

    with office.live.app.app_context():
        ticket = db.session.get_one(Ticket, number)
        with transaction():
            [talk] = side_talks.of_ticket(ticket)
            them = talk.members[0].person
            services.hear_aside(talk, Heard(them, "On Thursday."))
    page.reload()
    page.wait_for_selector("html[data-ready]")
    side.get_by_role("button", name="Harbour Cables").press("Enter")
    head = page.locator(".talk-h")
    expect(head).to_contain_text("New cable")
    expect(page.locator("#tk-lines .ev")).to_have_count(2)
    assert_accessible(page)
    head.get_by_role("button", name="Write").press("Enter")
    expect(page.locator("#tk-side-body")).to_be_focused()
    page.keyboard.type("Good.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#tk-lines .ev")).to_have_count(3)
    head.get_by_role("button", name="Close it").press("Enter")
    expect(head).to_contain_text("closed")
    with office.live.app.app_context():
        assert len(db.session.scalars(select(SideEntry)).all()) == 3


def test_what_was_sent_to_others_is_taken_back_into_the_field(office: Office) -> None:
    with office.live.app.app_context():
        number = make_ticket()
    page = office.page
    page.goto(f"{office.live.url}/tickets/{number}")
    page.wait_for_selector("html[data-ready]")
    entry = page.locator(".bub", has_text="The cable is broken.")
    entry.get_by_role("button", name="What can be done with this entry").press("Enter")
    page.get_by_role("button", name="Pass it on to a supplier or a colleague").press("Enter")
    body = page.locator("#tk-side-body")
    expect(body).to_have_value("\n\n> The cable is broken.")
    expect(page.get_by_role("checkbox", name="plan.pdf")).to_be_checked()
    page.locator("#tk-side-to").focus()
    page.keyboard.type("bo@elsewhere.example")
    page.keyboard.press("Enter")
    body.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Please look.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bub.aside")).to_contain_text("Please look.")
    page.locator("#tk-lines").focus()
    page.keyboard.press("Control+z")
    expect(page.locator("#tk-side-body")).to_have_value("Please look.\n\n> The cable is broken.")
    expect(page.locator("#tk-panel-side [data-chip]")).to_contain_text("bo@elsewhere.example")

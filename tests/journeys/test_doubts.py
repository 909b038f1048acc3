"""A message that may be forged, decided about; and spam, with one key."""

import os

import pytest
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Person
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Heard
from tests.journeys.test_ticket import Desk, desk, entries, ticket_of, until
from tests.support.browser import assert_accessible

__all__ = ["desk"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FAILED: dict[str, object] = {
    "proof": "fail",
    "by": "mx.desk.example",
    "results": {"spf": "fail evil.example"},
}
SILENT: dict[str, object] = {"proof": "none", "by": "mx.desk.example", "results": {}}


def forge(number: int, author: Person, check: dict[str, object]) -> None:
    """Let somebody write as a person who can't be verified."""
    envelope: dict[str, object] = {"from": "x@customer.example", "sender_check": check}
    with transaction():
        ticket = db.session.get_one(Ticket, number)
        heard = Heard(author, "Please cancel my order.", envelope=envelope)
        services.hear_doubted(ticket, heard, actor=SYSTEM)


def test_what_may_be_forged_is_decided_and_spam_goes_with_one_key(desk: Desk):
    page = desk.sign_in("Priya Nair")
    number = desk.ticket("Order 17")
    priya = db.session.scalars(select(Person).where(Person.name == "Priya Nair")).one()
    forge(number, db.session.get_one(Person, desk.customer_id), FAILED)
    forge(number, priya, SILENT)
    desk.open(page, number)
    page.get_by_text("Sender not verified: SPF failed").click()
    page.get_by_text("mx.desk.example says:").first.wait_for()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(400)  # Colours change over a moment.
            assert_accessible(page)
            if folder := os.environ.get("TRUST_SHOTS"):
                page.screenshot(path=f"{folder}/{scheme}-{width}.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="It is really them").first.click()
    until(page, lambda: [one for one in entries(number) if one.verb == "hear"], "it is heard")
    page.get_by_text("Accepted by hand").wait_for()

    page.keyboard.press("!")
    page.get_by_role("dialog").get_by_text("Put #").wait_for()
    page.keyboard.press("Control+Enter")
    until(page, lambda: ticket_of(number).hidden_at is not None, "it is in the bin")

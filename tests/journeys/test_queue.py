"""A technician works through a queue in a real browser, while colleagues do the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.people import guard
from helpdesk.people.access import Actor
from helpdesk.people.models import Account, Person
from helpdesk.people.services import sessions
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Said
from tests import factories
from tests.support.browser import assert_accessible
from tests.support.server import LiveDesk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SUBJECTS = ("Scanners are down", "VPN drops", "Payroll export fails", "Slow Wi-Fi")


@dataclass
class Floor:
    """A served desk with four tickets in one queue, and a technician signed in at a browser."""

    live: LiveDesk
    page: Page
    queue_id: int
    person_id: int
    customer_id: int
    numbers: list[int]

    @property
    def address(self) -> str:
        return f"{self.live.url}/queue?queue={self.queue_id}"

    def open(self, path: str = "") -> Page:
        self.page.goto(f"{self.live.url}{path}" if path else self.address)
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def row(self, number: int):
        return self.page.locator(f"#row-{number}")

    def colleague(self) -> Actor:
        queue = db.session.get_one(Queue, self.queue_id)
        return factories.actor(factories.technician("Karen Chan", queues=[queue]), queues=[queue])


@pytest.fixture
def floor(live_desk: LiveDesk, page: Page) -> Iterator[Floor]:
    app = live_desk.app
    with app.app_context():
        queue = factories.queue("Network & VPN")
        person = factories.technician("Priya Nair", queues=[queue])
        account = factories.account(person, "lead")
        customer = factories.person("Ho Mei-Ling", vip=True)
        numbers = [
            factories.ticket(subject, queue_=queue, customer=customer, body="Please help.").id
            for subject in SUBJECTS
        ]
        with transaction():
            token = sessions.begin(account.id, address="127.0.0.1", user_agent="browser")
        made = Floor(live_desk, page, queue.id, person.id, customer.id, numbers)
    with app.test_request_context(base_url=live_desk.url):
        # The port is part of the cookie's name, and the served desk has a port of its own.
        name = re.sub(r"\d+$", live_desk.url.rpartition(":")[2], guard.cookie_name())
    page.context.add_cookies([{"name": name, "value": token, "url": live_desk.url}])
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield made
    assert not faults


def test_a_queue_is_worked_through_from_the_keyboard(floor: Floor):
    page = floor.open()
    first, second, *_rest = floor.numbers
    page.keyboard.press("j")
    expect(page.locator("#preview")).to_contain_text("Scanners are down")
    expect(page.locator(".pv-place")).to_have_text("1 of 4")
    page.keyboard.press("j")
    expect(page.locator("#preview")).to_contain_text("VPN drops")
    expect(floor.row(second)).to_have_attribute("aria-current", "true")
    page.keyboard.press("k")
    expect(page.locator("#preview")).to_contain_text("Scanners are down")
    assert_accessible(page)
    # Reply & next: typed, sent, and on.
    page.keyboard.press("r")
    page.keyboard.type("Restart the scanner, please.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#preview")).to_contain_text("VPN drops")
    expect(page.locator(".toast").last).to_contain_text(f"{first}")
    with floor.live.app.app_context():
        ticket = db.session.get_one(Ticket, first)
        assert ticket.owner_id == floor.person_id
        assert ticket.contacts == 2
    # A note is yellow, is no reply, and goes on too.
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    page.keyboard.type("Gateway again")
    expect(page.locator("[data-composer]")).to_have_class(re.compile(r"\bnote\b"))
    page.keyboard.press("Control+Enter")
    expect(page.locator("#preview")).to_contain_text("Payroll export fails")
    with floor.live.app.app_context():
        assert db.session.get_one(Ticket, second).contacts == 1


@pytest.mark.one_database
def test_what_was_typed_is_there_when_the_row_is_left_and_met_again(floor: Floor):
    page = floor.open()
    page.keyboard.press("j")
    expect(page.locator("#preview")).to_contain_text("Scanners are down")
    page.keyboard.press("r")
    page.keyboard.type("Half a sen")
    page.locator(f"#row-{floor.numbers[1]} .t").click()
    expect(page.locator("#preview")).to_contain_text("VPN drops")
    page.locator(f"#row-{floor.numbers[0]} .t").click()
    expect(page.locator("#tk-reply-body")).to_have_value("Half a sen")


@pytest.mark.one_database
def test_resolving_from_the_preview_goes_on(floor: Floor):
    with floor.live.app.app_context():
        cause = factories.cause().name
    page = floor.open()
    page.keyboard.press("j")
    expect(page.locator("#preview")).to_contain_text("Scanners are down")
    page.keyboard.press("e")
    dialog = page.locator("#tk-dialog")
    expect(dialog.locator("select[name=cause]")).to_be_focused()
    dialog.locator("select[name=cause]").select_option(label=cause)
    dialog.locator("textarea[name=solution]").fill("Restarted the gateway")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#preview")).to_contain_text("VPN drops")
    expect(floor.row(floor.numbers[0])).to_have_count(0)
    expect(page.locator("#queue-count")).to_have_text("3")


def test_selected_rows_are_changed_together_and_taken_back(floor: Floor):
    page = floor.open()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")
    page.keyboard.press("p")
    dialog = page.locator("#bulk-dialog")
    dialog.get_by_label("P1 Critical").check()
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(".toast").last).to_contain_text("3 tickets changed")
    expect(page.locator(".bulk")).to_be_hidden()
    expect(page.locator("#tickets .prio.p1")).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(page.locator("#tickets .prio.p1")).to_have_count(0)


@pytest.mark.one_database
def test_thinking_better_of_a_change_leaves_nothing_selected(floor: Floor):
    page = floor.open()
    for key in ("p", "s"):
        page.keyboard.press("j")
        page.keyboard.press(key)
        asked = page.locator("#bulk-dialog")
        expect(asked).to_be_visible()
        page.keyboard.press("Escape")
        expect(asked).to_be_hidden()
        expect(page.locator("#tickets input[data-pick]:checked")).to_have_count(0)
        expect(page.locator("#tickets")).not_to_have_class(re.compile("selecting"))


@pytest.mark.one_database
def test_what_refuses_a_bulk_change_stays_selected(floor: Floor):
    with floor.live.app.app_context():
        cause = factories.cause()
        ticket = db.session.get_one(Ticket, floor.numbers[0])
        services.set_cause(floor.colleague(), ticket, cause)
        db.session.commit()
    page = floor.open()
    page.locator("[data-pick-all]").check()
    page.keyboard.press("s")
    dialog = page.locator("#bulk-dialog")
    expect(dialog.locator("[name=solution]")).to_be_hidden()
    dialog.locator("[name=status]").select_option(label="Resolved")
    dialog.locator("[name=solution]").fill("Done")
    dialog.get_by_role("button", name="Change status").click()
    expect(dialog).to_contain_text("1 of 4 changed; 3 need a cause")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")


def test_new_rows_wait_while_somebody_is_in_the_list(floor: Floor):
    page = floor.open()
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "live")
    page.locator(f"#row-{floor.numbers[0]} .t").hover()
    with floor.live.app.app_context():
        customer = db.session.get_one(Person, floor.customer_id)
        queue = db.session.get_one(Queue, floor.queue_id)
        fresh = factories.ticket(
            "Everything is on fire", queue_=queue, customer=customer, impact=1, urgency=1
        ).id
    button = page.locator("[data-new-rows]")
    expect(button).to_be_visible()
    expect(button).to_contain_text("1")
    expect(floor.row(fresh)).to_have_count(0)
    # Rows that are there change in place meanwhile.
    with floor.live.app.app_context():
        actor = floor.colleague()
        services.take(actor, db.session.get_one(Ticket, floor.numbers[1]))
        db.session.commit()
    expect(floor.row(floor.numbers[1]).locator(".c-a .av")).to_have_attribute(
        "aria-label", "Karen Chan"
    )
    button.click()
    expect(floor.row(fresh)).to_be_visible()
    expect(page.locator("#queue-count")).to_have_text("5")
    expect(page.locator("#queue-side [aria-current=page] .n")).to_contain_text("5")


def test_numbers_that_were_just_counted_are_counted_again(floor: Floor):
    page = floor.open()
    here = page.locator("#queue-side [aria-current=page] .n")
    before = int(here.inner_text())
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "live")
    # Somebody else's page has them counted; what comes right after is not among them.
    with page.context.new_page() as other:
        other.goto(page.url)
        with floor.live.app.app_context():
            factories.ticket(queue_=db.session.get_one(Queue, floor.queue_id))
    expect(here).to_have_text(str(before + 1))


@pytest.mark.one_database
def test_rows_come_and_go_by_themselves_when_nobody_is_in_the_list(floor: Floor):
    page = floor.open()
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "live")
    page.mouse.move(5, 5)
    with floor.live.app.app_context():
        actor = floor.colleague()
        ticket = db.session.get_one(Ticket, floor.numbers[3])
        services.reply(actor, ticket, Said("Hello"))
        services.set_priority(actor, ticket, 1)
        db.session.commit()
    expect(page.locator("#tickets [data-row]").first).to_have_id(f"row-{floor.numbers[3]}")


def test_a_row_is_taken_with_one_click_and_start_next_opens_the_first_free_one(floor: Floor):
    page = floor.open()
    first, second, *_rest = floor.numbers
    page.get_by_role("button", name=f"Take {first}").click()
    expect(floor.row(first).locator(".c-a .av")).to_have_attribute("aria-label", "Priya Nair")
    with floor.live.app.app_context():
        services.take(floor.colleague(), db.session.get_one(Ticket, first))
        db.session.commit()
    page.locator("h1").click()
    page.keyboard.press("n")
    page.wait_for_url(re.compile(rf"/tickets/{second}\?in=queue"))
    expect(page.get_by_text(f"{second} is yours: it waits longest")).to_be_visible()
    with floor.live.app.app_context():
        owner = select(Ticket.owner_id).where(Ticket.id == second)
        assert db.session.scalar(owner) == floor.person_id


@pytest.mark.one_database
def test_who_has_enough_goes_on_deliberately_from_the_keyboard(floor: Floor):
    with floor.live.app.app_context():
        account = db.session.scalars(
            select(Account).where(Account.person_id == floor.person_id)
        ).one()
        account.most_at_once = 0
        db.session.commit()
    page = floor.open()
    page.locator("h1").click()
    page.keyboard.press("n")
    expect(page.get_by_text("You have 0 of 0 in hand")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/tickets/\d+\?in=queue"))


@pytest.mark.one_database
def test_filters_are_edited_and_taken_away_from_the_keyboard(floor: Floor):
    page = floor.open()
    page.keyboard.press("f")
    dialog = page.locator("#filter-dialog")
    expect(dialog.get_by_label("Words", exact=True)).to_be_focused()
    dialog.get_by_label("P1 Critical").check()
    dialog.get_by_label("VIP").check()
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/queue\?queue=\d+&priority=1&flag=vip$"))
    expect(page.locator("#tickets")).to_contain_text("Clear 2 filters")
    remove = page.get_by_role("link", name="Remove the filter Priority")
    remove.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/queue\?queue=\d+&flag=vip$"))
    expect(page.locator("#tickets [data-row]")).to_have_count(4)


@pytest.mark.one_database
def test_groups_fold_and_stay_folded(floor: Floor):
    page = floor.open()
    page.get_by_role("button", name="P3 Medium").click()
    expect(page.locator("#tickets [data-row]:visible")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="P3 Medium")).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#tickets [data-row]:visible")).to_have_count(0)


@pytest.mark.one_database
def test_more_rows_come_while_scrolling_and_stay_when_the_list_is_fetched_again(floor: Floor):
    with floor.live.app.app_context():
        queue = db.session.get_one(Queue, floor.queue_id)
        customer = db.session.get_one(Person, floor.customer_id)
        for number in range(60):
            factories.ticket(f"Matter {number}", queue_=queue, customer=customer)
    page = floor.open()
    expect(page.locator("#tickets [data-row]")).to_have_count(50)
    page.locator(".more").scroll_into_view_if_needed()
    expect(page.locator("#tickets [data-row]")).to_have_count(64)
    page.mouse.move(5, 5)
    with floor.live.app.app_context():
        services.take(floor.colleague(), db.session.get_one(Ticket, floor.numbers[0]))
        db.session.commit()
    expect(floor.row(floor.numbers[0]).locator(".c-a .av")).to_have_attribute(
        "aria-label", "Karen Chan"
    )
    expect(page.locator("#tickets [data-row]")).to_have_count(64)


def test_a_view_is_saved_and_a_shift_handed_over(floor: Floor):
    with floor.live.app.app_context():
        me = factories.actor(db.session.get_one(Person, floor.person_id), role="lead")
        services.take(me, db.session.get_one(Ticket, floor.numbers[0]))
        factories.technician("Tom Okafor", queues=[db.session.get_one(Queue, floor.queue_id)])
        db.session.commit()
    page = floor.open(f"/queue?queue={floor.queue_id}&flag=vip")
    page.get_by_role("button", name="Save this list as a view").first.click()
    page.locator("#view-dialog").get_by_label("Name").fill("VIP here")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("VIP here")
    expect(page.locator("#queue-side [aria-current=page]").last).to_contain_text("VIP here")
    floor.open("/queue/views")
    assert_accessible(page)
    floor.open("/queue/hand-over")
    assert_accessible(page)
    page.get_by_label("Reason").fill("End of shift")
    page.get_by_label(f"A word on {floor.numbers[0]}").fill("Waits for a callback")
    page.get_by_role("button", name="Hand over", exact=True).click()
    expect(page.locator("main")).to_contain_text("Nothing of yours is open")
    floor.open("/queue/bin")
    assert_accessible(page)


@pytest.mark.one_database
def test_the_queue_fits_and_is_accessible_at_every_width_in_both_themes(floor: Floor):
    page = floor.open()
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        for width in (1440, 1280, 1024, 640, 390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(sideways) <= 0, (theme, width)
            assert_accessible(page)

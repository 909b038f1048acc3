"""A technician works one ticket from the call to the end in a real browser."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Route, expect
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.people import guard, search
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Account, Person
from helpdesk.people.services import sessions
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import LinkType
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import Heard, Said
from tests import factories
from tests.support.browser import assert_accessible_in_both_themes
from tests.support.server import LiveDesk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNgYPiPB41KY0EACkV/"
    "gYSq1iIAAAAASUVORK5CYII="
)


@dataclass
class Desk:
    """A served desk with a queue, a customer and technicians who can sign in."""

    live: LiveDesk
    browser: Browser
    queue_id: int
    customer_id: int
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def sign_in(self, name: str, role: str = "technician", **options: Any) -> Page:
        """Open a browser of its own for a technician; what its console says is kept."""
        with transaction():
            queue = db.session.get_one(Queue, self.queue_id)
            account = db.session.scalar(select(Account).join(Person).where(Person.name == name))
            if account is None:
                who = factories.technician(name, queues=[queue])
                account = factories.account(who, role)
            token = sessions.begin(account.id, address="127.0.0.1", user_agent="tests")
        size = options.pop("viewport", {"width": 1440, "height": 900})
        context = self.browser.new_context(viewport=size, reduced_motion="reduce", **options)
        context.add_cookies([{"name": self.cookie(), "value": token, "url": self.live.url}])
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        return page

    def _hear(self, message: Any) -> None:
        # An answer of 409 or 422 is part of these stories; the browser calls it an error.
        expected = re.search(r"status of 4|Error Code 4|ERR_FAILED", message.text)
        if message.type == "error" and not expected:
            self.complaints.append(message.text)

    def cookie(self) -> str:
        """Return the cookie's name; the port is part of it, and the served desk has its own."""
        with self.live.app.test_request_context(base_url=self.live.url):
            return re.sub(r"\d+$", self.live.url.rpartition(":")[2], guard.cookie_name())

    def ticket(self, subject: str = "VPN drops", **more: Any) -> int:
        """Log a ticket and return its number."""
        with transaction():
            queue = db.session.get_one(Queue, self.queue_id)
            customer = db.session.get_one(Person, self.customer_id)
            return factories.ticket(subject, queue_=queue, customer=customer, **more).id

    def hear(self, number: int, text: str) -> None:
        """Let the customer write about a ticket."""
        with transaction():
            ticket = db.session.get_one(Ticket, number)
            heard = Heard(ticket.customer, text)
            services.hear(ticket, heard, reopen_days=5, actor=SYSTEM)

    def open(self, page: Page, number: int, query: str = "") -> Page:
        """Show a ticket and wait until its scripts are ready."""
        page.goto(f"{self.live.url}/tickets/{number}{query}")
        page.wait_for_selector("html[data-ready]")
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def desk(live_desk: LiveDesk, browser: Browser) -> Iterator[Desk]:
    """A desk at work; a story in which the console complained has failed."""
    with live_desk.app.app_context():
        queue = factories.queue("Network & VPN")
        factories.cause()
        customer = factories.person("Ho Mei-Ling", vip=True)
        with transaction():
            search.refresh(customer)
        made = Desk(live_desk, browser, queue.id, customer.id)
        yield made
        made.close()
        assert not made.complaints


def entries(number: int) -> list[Entry]:
    db.session.rollback()
    statement = select(Entry).where(Entry.ticket_id == number).order_by(Entry.id)
    return list(db.session.scalars(statement))


def ticket_of(number: int) -> Ticket:
    db.session.rollback()
    return db.session.get_one(Ticket, number, populate_existing=True)


def until(page: Page, true: Callable[[], object], what: str) -> None:
    """Wait until the database says so."""
    for _try in range(80):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError(what)


@pytest.mark.one_database
def test_a_caller_nobody_knows_is_added_from_where_they_are_looked_for(desk: Desk):
    page = desk.sign_in("Priya Nair")
    page.goto(f"{desk.live.url}/tickets/new")
    page.wait_for_selector("html[data-ready]")
    page.locator("#customer-words").press_sequentially("Zebulon Quark", delay=20)
    expect(page.get_by_role("option", name="New person: Zebulon Quark")).to_be_visible()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value("Zebulon Quark")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[name=customer]")).not_to_have_value("")
    expect(page.get_by_label("What it is about")).to_be_focused()


def test_from_the_call_to_the_end(desk: Desk):
    page = desk.sign_in("Priya Nair")
    with transaction():
        search.refresh(factories.technician("Karen Chan"))

    # The phone rings: two fields, then it is mine.
    page.goto(f"{desk.live.url}/tickets/new")
    page.wait_for_selector("html[data-ready]")
    page.locator("#customer-words").press_sequentially("mei-ling", delay=20)
    page.get_by_role("option", name="Ho Mei-Ling").click()
    expect(page.locator("#caller")).to_contain_text("VIP")
    page.get_by_label("What it is about").fill("VPN drops every few minutes")
    page.get_by_role("button", name="Log & take").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("VPN drops every few minutes")
    number = int(page.url.rsplit("/", 1)[1].split("?")[0])
    assert ticket_of(number).owner is not None

    # An answer, taken back in time: the text is in the draft again, then it goes out.
    page.keyboard.press("r")
    page.get_by_label("Reply to Ho Mei-Ling").fill("Please reconnect.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bub.mine")).to_contain_text("Please reconnect.")
    expect(page.get_by_label("Reply to Ho Mei-Ling")).to_have_value("")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Reply to Ho Mei-Ling")).to_have_value("Please reconnect.")
    assert next(entry for entry in entries(number) if entry.verb == "reply").withdrawn_at
    page.get_by_label("Reply to Ho Mei-Ling").fill("Please reconnect now.")
    page.get_by_label("then").select_option(label="Waiting on customer")
    page.get_by_role("button", name="Send").click()
    status = page.get_by_role("button", name="Change Status")
    expect(status).to_contain_text("Waiting on customer")

    # A note that names a colleague.
    page.keyboard.press("i")
    expect(page.locator("#tk-composer")).to_have_class("cmp note")
    note = page.get_by_label("Internal note", exact=True).and_(page.locator("textarea"))
    note.press_sequentially("@kar", delay=30)
    page.get_by_role("option", name="Karen Chan").click()
    note.press_sequentially(" same pattern?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bub.note")).to_contain_text("@Karen Chan same pattern?")
    expect(page.get_by_label("Following", exact=True)).to_contain_text("KC")

    # Snoozed, and woken by the customer while the page stands open.
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    page.get_by_label("Tomorrow morning").check()
    page.get_by_role("dialog").get_by_role("button", name="Snooze").click()
    expect(page.locator("#tk-banners")).to_contain_text("Back on")
    desk.hear(number, "It works now, but Oracle is slow.")
    expect(page.locator(".bub.fresh, .bub").last).to_contain_text("Oracle is slow")
    expect(page.locator("#tk-banners")).not_to_contain_text("Back on")

    # The end.
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Cause").select_option(index=1)
    dialog.get_by_label("Solution").fill("Moved her to the Singapore gateway.")
    dialog.get_by_role("button", name="Resolve").click()
    expect(page.locator("#tk-lines")).to_contain_text("Moved her to the Singapore gateway.")
    assert ticket_of(number).status_class == "resolved"


def test_send_waits_until_one_has_looked_at_what_the_other_wrote(desk: Desk):
    number = desk.ticket()
    priya, karen = desk.sign_in("Priya Nair"), desk.sign_in("Karen Chan")
    desk.open(priya, number)
    desk.open(karen, number)
    expect(priya.locator("#tk-presence")).to_contain_text("Karen Chan")
    priya.get_by_label("Reply to Ho Mei-Ling").fill("I am moving you to another gateway.")
    expect(karen.locator("#tk-presence")).to_contain_text("Priya Nair is writing")

    karen.keyboard.press("i")
    karen.locator("#tk-note-body").fill("The supplier fixes it at noon.")
    karen.keyboard.press("Control+Enter")

    # It shows at once while Priya types, and nothing of hers is touched.
    expect(priya.locator("#tk-clash")).to_contain_text("The supplier fixes it at noon.")
    text = priya.get_by_label("Reply to Ho Mei-Ling")
    expect(text).to_have_value("I am moving you to another gateway.")
    priya.get_by_role("button", name="Send").click()
    expect(priya.locator("#tk-clash")).to_contain_text("Send anyway")
    expect(text).to_have_value("I am moving you to another gateway.")
    assert [entry.verb for entry in entries(number)] == ["log", "note"]
    priya.get_by_role("button", name="Send anyway").click()
    expect(priya.locator(".bub.mine")).to_contain_text("I am moving you to another gateway.")
    expect(text).to_have_value("")
    assert [entry.verb for entry in entries(number)] == ["log", "note", "reply"]


@pytest.mark.one_database
def test_what_was_asked_before_an_act_does_not_show_the_ticket_as_it_was(desk: Desk):
    number = desk.ticket()
    priya = desk.sign_in("Priya Nair")
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        # The first answer is on its way for as long as it takes.
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    priya.route("**/refresh?*", hold)
    desk.open(priya, number)
    with transaction():
        ticket = db.session.get_one(Ticket, number)
        services.note(factories.actor(), ticket, services.Said(body="Rack 4 is down"))
    while not held:
        priya.wait_for_timeout(50)
    priya.keyboard.press("s")
    priya.get_by_role("menuitemradio", name="Waiting on customer").click()
    status = priya.get_by_role("button", name="Change Status")
    expect(status).to_contain_text("Waiting on customer")
    route, answer = held[0]
    route.fulfill(response=answer)
    for _moment in range(10):
        priya.wait_for_timeout(60)
        assert "Waiting on customer" in status.inner_text()
    expect(priya.locator("#tk-timeline")).to_contain_text("Rack 4 is down")


def test_two_people_change_the_same_field(desk: Desk):
    number = desk.ticket()
    priya, karen = desk.sign_in("Priya Nair"), desk.sign_in("Karen Chan")
    # Priya's page hears of nothing: her connection hangs.
    priya.route("**/refresh?*", lambda route: route.abort())
    desk.open(priya, number)
    desk.open(karen, number)
    karen.keyboard.press("s")
    karen.get_by_role("menuitemradio", name="Waiting on customer").click()
    status = karen.get_by_role("button", name="Change Status")
    expect(status).to_contain_text("Waiting on customer")
    priya.get_by_role("button", name="Change Status").click()
    priya.get_by_role("menuitemradio", name="Working").click()
    strip = priya.locator("#strips")
    expect(strip).to_contain_text("Karen Chan was faster.")
    assert ticket_of(number).status.key == "waiting-customer"
    strip.get_by_role("button", name="Change it anyway").click()
    until(priya, lambda: ticket_of(number).status.key == "working", "it was not changed")


@pytest.mark.one_database
def test_a_pasted_picture_stands_in_the_answer(desk: Desk):
    number = desk.ticket()
    page = desk.open(desk.sign_in("Priya Nair"), number)
    text = page.get_by_label("Reply to Ho Mei-Ling")
    text.fill("Look here: ")
    text.evaluate(
        """(area, data) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const carried = new DataTransfer();
          carried.items.add(new File([bytes], "screen.png", {type: "image/png"}));
          area.dispatchEvent(new ClipboardEvent("paste",
            {clipboardData: carried, bubbles: true, cancelable: true}));
        }""",
        PNG,
    )
    expect(page.locator("#tk-panel-reply .upload")).to_contain_text("screen.png")
    expect(text).to_have_value(re.compile(r"!\[screen\.png\]\(cid:"))
    page.get_by_role("button", name="Preview").first.click()
    shown = page.locator("#tk-panel-reply .ed-preview img")
    expect(shown).to_be_visible()
    until(page, lambda: shown.evaluate("image => image.naturalWidth") == 10, "no picture")
    page.get_by_role("button", name="Send").click()
    picture = page.locator(".bub.mine img")
    until(page, lambda: picture.evaluate("image => image.naturalWidth") == 10, "no picture")
    assert [file.name for file in entries(number)[-1].attachments] == ["screen.png"]


@pytest.mark.one_database
def test_what_is_typed_is_there_on_another_machine(desk: Desk):
    number = desk.ticket()
    office = desk.open(desk.sign_in("Priya Nair"), number)
    office.get_by_label("Reply to Ho Mei-Ling").fill("Half an answer")
    expect(office.locator("#tk-panel-reply [data-draft-status]")).to_have_text("Draft saved")
    home = desk.open(desk.sign_in("Priya Nair"), number)
    expect(home.get_by_label("Reply to Ho Mei-Ling")).to_have_value("Half an answer")


@pytest.mark.one_database
def test_a_ticket_is_worked_with_the_keyboard_alone(desk: Desk):
    first, second = desk.ticket("Scanners are down"), desk.ticket("Slow Wi-Fi")
    page = desk.sign_in("Priya Nair")
    inside = f"?in=queue%3D{desk.queue_id}"
    desk.open(page, first, inside)
    page.keyboard.press("t")
    expect(page.locator("#tk-props")).to_contain_text("Priya Nair (you)")
    page.keyboard.press("p")
    expect(page.get_by_role("dialog")).to_contain_text("Priority of")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type("We are on it.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Slow Wi-Fi")
    page.wait_for_selector("html[data-ready]")
    assert entries(first)[-1].body == "We are on it."
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog")
    # The first of what is still missing.
    expect(dialog.get_by_label("Cause")).to_be_focused()
    page.keyboard.press("ArrowDown")
    dialog.get_by_label("Solution").fill("Another channel.")
    page.keyboard.press("Control+Enter")
    until(page, lambda: ticket_of(second).status_class == "resolved", "not resolved")
    page.wait_for_selector("html[data-ready]")
    # Ctrl Z takes the newest act back from wherever one is by now.
    page.keyboard.press("Control+z")
    until(page, lambda: ticket_of(second).status_class != "resolved", "not undone")


@pytest.mark.one_database
def test_a_long_conversation_is_paged_and_keeps_its_place(desk: Desk):
    number = desk.ticket()
    with transaction():
        actor = factories.actor()
        ticket = db.session.get_one(Ticket, number)
        for count in range(45):
            services.note(actor, ticket, Said(f"note number {count}."))
    page = desk.open(desk.sign_in("Priya Nair"), number)
    expect(page.get_by_text("note number 44.")).to_be_in_viewport()
    page.get_by_role("button", name="Earlier entries").click()
    expect(page.get_by_text("note number 10.")).to_be_attached()
    expect(page.get_by_text("note number 16.")).to_be_in_viewport()
    desk.hear(number, "Any news?")
    expect(page.get_by_text("Any news?")).to_be_attached()
    # What was paged back to is still there.
    expect(page.get_by_text("note number 10.")).to_be_attached()


@pytest.mark.one_database
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_every_part_is_accessible(desk: Desk, width: int):
    number = desk.ticket(body="VPN drops since nine.")
    with transaction():
        ticket = db.session.get_one(Ticket, number)
        actor = factories.actor()
        services.reply(actor, ticket, Said("Please **reconnect**."))
        services.note(actor, ticket, Said("`HK-GW1` again"))
        services.log_call(actor, ticket, Said("Tried together"), inbound=True)
        services.add_tasks(actor, ticket, ["Ask the supplier"], checklist="Line")
    size = {"width": width, "height": 844 if width == 390 else 900}
    page = desk.sign_in("Priya Nair", "administrator", viewport=size)
    desk.open(page, number)
    expect(page.locator("#tk-more-customer")).to_contain_text("Tickets, 12 months")
    assert_accessible_in_both_themes(page)
    if width == 390:
        page.get_by_role("button", name="Details").click()
        assert_accessible_in_both_themes(page)
        page.get_by_role("button", name="Customer", exact=True).click()
        assert_accessible_in_both_themes(page)
        page.get_by_role("button", name="Conversation").click()
        page.get_by_role("button", name="Reply to Ho Mei-Ling").click()
        assert_accessible_in_both_themes(page)
        return
    for key in ("e", "a", "z", "p"):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        assert_accessible_in_both_themes(page)
        while page.get_by_role("dialog").count():
            page.keyboard.press("Escape")
            page.wait_for_timeout(150)
    page.keyboard.press("i")
    assert_accessible_in_both_themes(page)
    page.goto(f"{desk.live.url}/tickets/new")
    page.wait_for_selector("html[data-ready]")
    assert_accessible_in_both_themes(page)


def test_a_message_to_many_that_is_taken_back_stands_where_it_was_written(desk: Desk):
    page = desk.sign_in("Judith Brenner", role="lead")
    parent, *children = [desk.ticket(f"Scanners {number}") for number in range(3)]
    with transaction():
        lead = factories.actor(role="lead")
        tickets = [db.session.get_one(Ticket, number) for number in (parent, *children)]
        for child in tickets[1:]:
            services.link(lead, tickets[0], child, LinkType.PARENT)
    desk.open(page, parent)
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem", name="Write to everybody concerned").click()
    body = page.locator("#tk-dialog [name=body]")
    body.fill("We are on it, all scanners will be back at noon.")
    page.keyboard.press("Control+Enter")
    toast = page.locator(".toast", has_text="Undo").last
    expect(toast).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator("#tk-dialog:modal [name=body]")).to_have_value(re.compile("back at noon"))
    page.keyboard.press("Escape")
    expect(page.locator("#tk-reply-body")).to_have_value("")

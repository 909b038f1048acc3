"""A lead works a whole day without a mouse: focus is never lost, and dialogs give it back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.people import passwords, search
from helpdesk.tickets.companions import Draft
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.support.server import LiveDesk

# Where the focus is does not depend on the database.
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]

PASSWORD = "correct horse battery"
FOCUS = """() => {
  const focus = document.activeElement;
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  return !focus || focus === document.body ? "nothing"
    : dialog && !dialog.contains(focus) ? "something behind the dialog" : "";
}"""


@dataclass
class Hands:
    """Somebody at a keyboard who looks where the focus is after every act."""

    page: Page
    url: str
    login: str
    numbers: list[int]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector("html[data-ready]")

    def sign_in(self) -> None:
        """Go from the sign-in page to the queue, as far as keys are heard there."""
        self.go("/sign-in")
        self.has_focus("[name=login]")
        self.write(self.login)
        self.to("[name=password]")
        self.write(PASSWORD)
        self.press("Enter")
        self.page.wait_for_url("**/queue*")
        self.ready()

    def has_focus(self, what: str) -> None:
        expect(self.page.locator(what)).to_be_focused()

    def is_somewhere(self) -> None:
        """Fail when the next key would go nowhere."""
        self.ready()
        lost = self.page.evaluate(FOCUS)
        assert not lost, f"focus is on {lost} at {self.page.url}"

    def done(self, words: str) -> None:
        """Wait until the desk says that something was done."""
        expect(
            self.page.locator(".toast", has_text=re.compile(words, re.IGNORECASE)).last
        ).to_be_visible()
        self.is_somewhere()

    def asks(self, key: str, field: str, dialog: str = "tk-dialog") -> None:
        """Open a dialog: focus goes in, Esc gives it back; then open it again."""
        before = self.page.evaluate_handle("document.activeElement")
        opened = self.page.locator(f"#{dialog}:modal")
        self.press(key)
        expect(opened).to_be_visible(timeout=15_000)
        self.has_focus(field)
        for _try in range(2):
            # The first Esc may close a list of choices.
            self.page.wait_for_timeout(250)
            if opened.is_visible():
                self.press("Escape")
        expect(opened).to_be_hidden()
        assert self.page.evaluate("before => document.activeElement === before", before)
        self.press(key)
        self.has_focus(field)

    def to(self, field: str) -> None:
        """Press Tab until a field has focus."""
        for _step in range(12):
            if self.page.locator(field).evaluate("one => one === document.activeElement"):
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {field}")


@pytest.fixture
def hands(live_desk: LiveDesk, page: Page) -> Iterator[Hands]:
    with live_desk.app.app_context():
        queue = factories.queue("Network & VPN")
        factories.queue("Desktop")
        factories.cause()
        person = factories.technician("Priya Nair", queues=[queue])
        account = factories.account(person, "lead")
        colleague = factories.technician("Karen Chan", queues=[queue])
        customer = factories.person("Ho Mei-Ling")
        numbers = [
            factories.ticket(subject, queue_=queue, customer=customer).id
            for subject in ("Scanners are down", "VPN drops", "Slow Wi-Fi")
        ]
        with transaction():
            account.password_hash = passwords.hash_password(PASSWORD)
            search.refresh(customer)
            search.refresh(colleague)
        made = Hands(page, live_desk.url, account.login, numbers)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield made
    assert not faults


def test_a_ticket_from_the_call_to_the_end(hands: Hands, live_desk: LiveDesk):
    page = hands.page
    hands.sign_in()
    hands.is_somewhere()
    # A call comes in: who, what, kept.
    hands.press("c")
    hands.has_focus("#customer-words")
    hands.write("mei")
    expect(page.locator(".listbox [role=option]").first).to_contain_text("Ho Mei-Ling")
    hands.press("Enter")
    hands.to("#subject")
    hands.write("Scanner is broken")
    hands.press("Control+Enter")
    page.wait_for_url(re.compile(r"/tickets/\d+"))
    hands.done("logged")
    # What was typed a moment ago is a ticket now, and no draft of itself besides.
    page.wait_for_timeout(500)
    with live_desk.app.app_context():
        assert db.session.scalars(select(Draft.id)).all() == []
    # An answer, and the answer taken back.
    hands.press("r")
    hands.has_focus("#tk-reply-body")
    hands.write("I look at it.")
    hands.press("Control+Enter")
    hands.done("Reply sent")
    hands.press("Escape", "Control+z")
    hands.done("Taken back")
    hands.press("i")
    hands.write("See @Kar")
    expect(page.locator(".listbox.mentions [role=option]").first).to_be_visible()
    hands.press("Enter")
    hands.write("please")
    hands.press("Control+Enter")
    hands.done("Note added")
    hands.press("Escape")
    hands.is_somewhere()
    # Others' help, then patience, then the end.
    hands.asks("a", "#target-words")
    hands.write("Desktop")
    expect(page.locator("#tk-dialog [role=option]").first).to_contain_text("Desktop")
    hands.press("Enter")
    hands.to("#reason")
    hands.write("Their device")
    hands.press("Control+Enter")
    hands.done("is with Desktop")
    hands.asks("z", "#tk-dialog [name=reason]")
    hands.press("Control+Enter")
    hands.done("is on hold")
    hands.asks("e", "#cause")
    hands.press("ArrowDown")
    hands.to("#solution")
    hands.write("Changed the battery.")
    hands.press("Control+Enter")
    hands.done("resolved")
    # The palette knows what has no key.
    hands.press("Control+k")
    hands.write("Reopen")
    hands.press("Enter")
    hands.has_focus("#tk-dialog [name=reason]")
    hands.write("Broken again")
    hands.press("Control+Enter")
    hands.done("reopened")
    with live_desk.app.app_context():
        found = db.session.scalars(select(Ticket).where(Ticket.subject == "Scanner is broken"))
        assert found.one().resolved_at is None


def test_a_call_is_kept_while_the_caller_is_still_being_looked_up(hands: Hands):
    page = hands.page
    hands.sign_in()
    hands.press("c")
    hands.has_focus("#customer-words")
    # The card about the caller is asked for, and never comes.
    asked: list[Route] = []
    page.route("**/tickets/new/caller?*", lambda route: asked.append(route))
    hands.write("mei")
    expect(page.locator(".listbox [role=option]").first).to_contain_text("Ho Mei-Ling")
    with page.expect_request("**/tickets/new/caller?*"):
        hands.press("Enter")
    hands.to("#subject")
    hands.write("Scanner is broken")
    hands.press("Control+Enter")
    page.wait_for_url(re.compile(r"/tickets/\d+"))
    hands.done("logged")
    assert len(asked) == 1


def test_the_list(hands: Hands):
    page = hands.page
    first, second, third = hands.numbers
    hands.sign_in()
    # Back from a ticket one stands at its row.
    hands.press("j", "j", "Enter")
    page.wait_for_url(re.compile(rf"/tickets/{second}"))
    hands.is_somewhere()
    hands.press("Escape")
    page.wait_for_url("**/queue*")
    hands.has_focus(f"#row-{second} [data-row-link]")
    # Two at once, and both taken back.
    hands.press("x", "j", "x")
    expect(page.locator("[data-bulk-count]")).to_contain_text("2")
    hands.asks("p", "#priority-0", "bulk-dialog")
    hands.press("ArrowDown", "Control+Enter")
    hands.done("2 tickets changed")
    hands.press("Control+z")
    hands.done("Taken back")
    hands.asks("f", "#f-q", "filter-dialog")
    hands.write("VPN")
    hands.press("Control+Enter")
    page.wait_for_url(re.compile("q=VPN"))
    hands.is_somewhere()
    # A list worth keeping; the palette finds what stands in menus.
    page.locator("[data-dialog=view-dialog]").first.focus()
    hands.asks("Enter", "#name", "view-dialog")
    hands.write("VPN things")
    hands.press("Control+Enter")
    hands.done("The view was saved")
    hands.press("Control+k")
    hands.write("hand over")
    expect(page.locator("#palette [role=option]").first).to_contain_text("Hand over my work")
    hands.press("Enter")
    page.wait_for_url("**/queue/hand-over*")
    hands.is_somewhere()
    hands.press("?")
    expect(page.locator("#all-keys")).to_be_visible()
    hands.is_somewhere()
    hands.press("Escape")
    hands.is_somewhere()
    # Two tickets become one; a message goes its own way.
    hands.go(f"/tickets/{third}")
    hands.press("Control+k")
    hands.write("Merge with")
    hands.press("Enter")
    hands.has_focus("#number-words")
    hands.write(str(first))
    expect(page.locator("#tk-dialog [role=option]").first).to_be_visible()
    hands.press("Enter", "Control+Enter")
    hands.done("went into")
    page.locator(".bub-m").first.focus()
    hands.press("Enter")
    hands.to("#tk-dialog button:has-text('Split off')")
    hands.press("Enter")
    hands.has_focus("#subject")
    hands.press("Control+Enter")
    hands.done("Split off as")


@pytest.mark.parametrize("width", [390, 1100])
def test_letters_work_at_every_width(hands: Hands, width: int):
    page = hands.page
    page.set_viewport_size({"width": width, "height": 844})
    hands.sign_in()
    hands.go(f"/tickets/{hands.numbers[0]}")
    for key, field in (("e", "#cause"), ("a", "#target-words"), ("z", "#tk-dialog [name=reason]")):
        hands.press(key)
        hands.has_focus(field)
        page.wait_for_timeout(250)
        hands.press("Escape")
        if page.locator("#tk-dialog:modal").is_visible():
            hands.press("Escape")
        expect(page.locator("#tk-dialog:modal")).to_be_hidden()
        hands.is_somewhere()
    hands.press("r")
    hands.has_focus("#tk-reply-body")
    hands.press("Escape")
    hands.is_somewhere()
    hands.press("c")
    hands.has_focus("#customer-words")

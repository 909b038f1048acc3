"""A manager makes the rules of the demo desk in a real browser, through the screen alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.demo.rules import Keys, rules_of
from helpdesk.people import guard
from helpdesk.people.access import SYSTEM
from helpdesk.people.services import sessions
from helpdesk.plans.content import Line, What
from helpdesk.plans.models import WorkPlan
from helpdesk.rules import stored
from helpdesk.rules.actions import Ask, action_of
from helpdesk.rules.draft import UNITS
from helpdesk.rules.fields import all_fields
from helpdesk.rules.models import Rule
from helpdesk.rules.operators import Takes, operator_of
from helpdesk.sla import saving
from tests import factories
from tests.sla.desk import OFFICE
from tests.support.browser import assert_accessible, assert_accessible_in_both_themes
from tests.support.server import LiveDesk

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]

# The server builds the form anew; only then the next hand is laid on it.
COUNT = """window.drawn = 0;
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id === "rule-canvas") window.drawn += 1;
});"""


@dataclass
class Screen:
    """The rule builder in a browser."""

    live: LiveDesk
    page: Page

    def open(self, path: str = "") -> Page:
        self.page.goto(f"{self.live.url}/setup/rules{path}")
        self.page.wait_for_selector("html[data-ready]")
        self.page.evaluate(COUNT)
        return self.page

    def at(self, place: str) -> Locator:
        return self.page.locator(f'[id="{place}"]')

    def _drawn(self) -> int:
        return int(self.page.evaluate("window.drawn"))

    def _wait(self, before: int) -> None:
        self.page.wait_for_function("before => window.drawn > before", arg=before)

    def press(self, act: str) -> None:
        before = self._drawn()
        self.at(act.replace(":", "-")).press("Enter")
        self._wait(before)

    def choose(self, place: str, value: object) -> None:
        """Choose from a list; some build the form anew."""
        field = self.at(place)
        if field.input_value() == str(value):
            return
        before, draws = self._drawn(), field.get_attribute("hx-post") is not None
        field.select_option(str(value))
        if draws:
            self._wait(before)

    def chip(self, place: str, words: str, *, free: bool = False) -> None:
        field = self.at(place)
        field.fill(words)
        if not free:
            option = self.page.locator("[role=option]:visible").filter(has_text=words).first
            option.wait_for()
        field.press("Enter")
        expect(field).to_have_value("")

    # ---- A whole rule, from what is to be stored ----

    def make(self, name: str, folder: str, on: bool, said: dict[str, Any]) -> None:
        self.open("/new")
        expect(self.at("rule-name")).to_be_focused()
        self.page.keyboard.type(name)
        self.choose("rule-folder", folder)
        for number, trigger in enumerate(said["when"]):
            if number:
                self.press("add-when:when")
            self._trigger(f"when-{number}", trigger)
        self._group("if", said.get("if", {"all": []}))
        for number, step in enumerate(said["then"]):
            self.press("add-then:then")
            self._step(f"then-{number}", step)
        self.at("save-on" if on else "save-off").press("Enter")
        expect(self.page.locator(".toast").last).to_contain_text("is saved and")

    def _label(self, key: str, value: Any) -> str:
        with self.live.app.test_request_context():
            choices = all_fields()[key].choices
            assert choices is not None
            return str(dict(choices())[value])

    def _trigger(self, place: str, said: dict[str, Any]) -> None:
        self.choose(f"{place}-on", said["on"])
        for name, value in said.items():
            if name == "fields":
                for one in value:
                    self.chip(f"{place}-fields", self._label("changed", one))
            elif name == "to":
                for one in value:
                    self.chip(f"{place}-to", self._label("status-class", one))
            elif name in {"by", "since", "unit", "calendar", "promise"}:
                self.choose(f"{place}-{name}", value)
            elif name != "on":
                self.at(f"{place}-{name}").fill(str(value))

    def _group(self, place: str, said: dict[str, Any]) -> None:
        [(mode, parts)] = said.items()
        self.choose(f"{place}-mode", mode)
        for number, part in enumerate(parts):
            below = f"{place}-{number}"
            if "field" in part:
                # A new group begins with a condition.
                if number or place == "if":
                    self.press(f"add-test:{place}")
                self._test(below, part)
            else:
                self.press(f"add-group:{place}")
                self._group(below, part)

    def _test(self, place: str, said: dict[str, Any]) -> None:
        self.choose(f"{place}-field", said["field"])
        self.choose(f"{place}-is", said["is"])
        of = said["of"]
        match operator_of(all_fields()[said["field"]].kind, said["is"]).takes:
            case Takes.SOME:
                for one in of:
                    self.chip(f"{place}-of", self._label(said["field"], one))
            case Takes.TEXTS:
                for one in of:
                    self.chip(f"{place}-of", one, free=True)
            case Takes.ONE_NUMBER:
                self.at(f"{place}-number").fill(str(of[0]))
            case Takes.DAYS_AND_NUMBER:
                self.at(f"{place}-days").fill(str(of[0]))
                self.at(f"{place}-number").fill(str(of[1]))
            case Takes.SECONDS:
                self.at(f"{place}-amount").fill(str(of[0] // UNITS["minutes"]))
                self.choose(f"{place}-unit", "minutes")
            case Takes.CALENDAR:
                self.choose(f"{place}-of", of[0])

    def _step(self, place: str, said: dict[str, Any]) -> None:
        self.choose(f"{place}-do", said["do"])
        for param in action_of(said["do"]).params:
            value = said.get(param.key)
            if value is None:
                continue
            if param.ask is Ask.CHOICE:
                self.choose(f"{place}-{param.key}", value)
            elif param.ask is Ask.SEVERAL:
                for one in value:
                    self.chip(f"{place}-{param.key}", one, free=True)
            else:
                self.at(f"{place}-{param.key}").fill(str(value))


@pytest.fixture
def screen(live_desk: LiveDesk, page: Page) -> Iterator[Screen]:
    app = live_desk.app
    with app.app_context():
        factories.queue("Service desk", is_default=True)
        factories.queue("Network & VPN")
        factories.category("New starter")
        line = Line(What.TICKET, "Laptop: {subject}").to_json()
        db.session.add(WorkPlan(name="New starter", lines=[line]))
        account = factories.account(factories.technician("Karen Yip"), "manager")
        with transaction():
            saving.add_calendar(SYSTEM, "Office hours", OFFICE)
            token = sessions.begin(account.id, address="127.0.0.1", user_agent="browser")
    with app.test_request_context(base_url=live_desk.url):
        name = re.sub(r"\d+$", live_desk.url.rpartition(":")[2], guard.cookie_name())
    page.context.add_cookies([{"name": name, "value": token, "url": live_desk.url}])
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield Screen(live_desk, page)
    assert not faults


def test_the_rules_of_a_real_desk_are_made_through_the_screen(screen: Screen) -> None:
    with screen.live.app.app_context():
        made = rules_of(Keys(network=2, hours=1, starter=1, starts=1))
    for name, folder, on, said in made:
        screen.make(name, folder.value, on, said)
    assert_accessible(screen.page)
    with screen.live.app.app_context():
        rows = {row.name: row for row in db.session.scalars(select(Rule))}
        for name, folder, on, said in made:
            row = rows[name]
            assert (row.folder, row.turned_on) == (folder.value, on)
            assert stored.raw_content_of(row) == said, name


def test_a_rule_is_mended_by_the_keyboard_and_its_dry_run_follows(screen: Screen) -> None:
    with screen.live.app.app_context():
        number = factories.ticket(subject="VPN drops").id
    page = screen.open()
    assert_accessible_in_both_themes(page)
    page.keyboard.press("n")
    page.wait_for_url("**/new")
    page.wait_for_selector("html[data-ready]")
    page.evaluate(COUNT)
    page.keyboard.type("VPN to Network")
    # Saved too early: what is missing is marked, and nothing is lost.
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Say what the rule does.")).to_be_visible()
    page.evaluate(COUNT)
    expect(screen.at("rule-name")).to_have_value("VPN to Network")
    screen.press("add-test:if")
    expect(screen.at("if-0-field")).to_be_focused()
    screen.choose("if-0-field", "subject")
    screen.chip("if-0-of", "VPN", free=True)
    screen.press("add-then:then")
    screen.choose("then-0-do", "set-queue")
    screen.choose("then-0-queue", 2)
    expect(page.locator("#rule-sentence")).to_contain_text("give it to Network & VPN")
    expect(page.locator(".rule-caught")).to_contain_text("caught 1 of the last 1 ticket")
    expect(page.locator("#rule-state")).to_contain_text("Not saved yet")
    page.locator("#rule-ticket").fill(str(number))
    expect(page.locator("#rule-tested")).to_contain_text("matches")
    assert_accessible_in_both_themes(page)
    # Saved from within a field, with a word that was typed and not entered.
    screen.at("if-0-of").fill("FortiClient")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast").last).to_contain_text("VPN to Network is saved and on")
    expect(page.locator("#rule-sentence")).to_contain_text("VPN or FortiClient")
    expect(page.locator("#rule-state")).to_be_empty()
    # Off is one press, and the list says so.
    page.locator("#rule-on").press("Space")
    expect(page.locator("#rules-list")).to_contain_text("Off")
    expect(page.locator("#save-off")).to_have_text("Save draft")
    assert_accessible_in_both_themes(page)

"""People and access as somebody uses them, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from helpdesk.db import db
from helpdesk.people.models import Person
from helpdesk.people.services import find_or_create_by_address, organisations, persons
from helpdesk.people.services.persons import NewContact, NewPerson
from tests.people.makers import PASSWORD, account, acting
from tests.support.browser import assert_accessible, assert_accessible_in_both_themes
from tests.support.server import LiveDesk

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

ANSWERS = re.compile(r"Failed to load resource|Response Status Error Code")
"""What the browser says about answers of 4xx that a test asked for."""


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """Every test fails when a script throws or the security policy refuses something."""
    found: list[str] = []
    page.on(
        "console",
        lambda message: (
            found.append(message.text)
            if message.type == "error" and not ANSWERS.search(message.text)
            else None
        ),
    )
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert not found


@pytest.fixture
def desk(live_desk: LiveDesk) -> LiveDesk:
    """A desk with an administrator and a few people."""
    with live_desk.app.app_context():
        boss = acting(account("administrator", login="boss@desk.example"))
        firm = organisations.create(boss, "Northline", domains=["northline.example"])
        organisations.add_site(boss, firm, "Central", address="", time_zone="Asia/Hong_Kong")
        organisations.create(boss, "Southline")
        mei = (
            NewContact("email", "mei@northline.example"),
            NewContact("phone", "+852 2345 6789"),
        )
        persons.create(boss, NewPerson("何美玲 Ho Mei-Ling", mei, {"vip": True, "title": "Clerk"}))
        persons.create(boss, NewPerson("Alan Tsang", (NewContact("email", "a@northline.example"),)))
        find_or_create_by_address("mei@home.example", "Ho Mei Ling")
        account("customer", login="kim@customer.example")
        db.session.commit()
    return live_desk


def sign_in(page: Page, desk: LiveDesk, path: str, login: str = "boss@desk.example") -> Page:
    page.goto(f"{desk.url}{path}")
    page.get_by_label("Email").fill(login)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("html")).to_have_attribute("data-ready", "true")
    return page


@pytest.fixture
def people(page: Page, desk: LiveDesk, complaints: list[str]) -> Page:
    """The list of people, as an administrator sees it."""
    signed_in = sign_in(page, desk, "/people")
    expect(signed_in.get_by_role("heading", name="Everybody")).to_be_visible()
    return signed_in


def test_typing_narrows_the_list_without_losing_the_focus(people: Page):
    field = people.get_by_role("searchbox", name="Find people")
    people.keyboard.press("/")
    people.keyboard.type("美玲")
    expect(people.locator("#people tbody tr")).to_have_count(1)
    expect(field).to_be_focused()
    expect(people).to_have_url(re.compile(r"q=%E7%BE%8E%E7%8E%B2"))
    field.fill("nobody like this")
    expect(people.get_by_text("Nobody fits")).to_be_visible()
    assert_accessible(people)


def test_details_change_in_place_with_a_toast(people: Page):
    people.get_by_role("link", name="何美玲 Ho Mei-Ling").click()
    people.get_by_role("link", name="Edit details").first.click()
    people.get_by_label("Job title").fill("Director")
    organisation = people.get_by_role("combobox", name="Organisation")
    organisation.fill("south")
    expect(people.get_by_role("option", name="Southline")).to_be_visible()
    people.keyboard.press("ArrowDown")
    people.keyboard.press("Enter")
    people.get_by_role("button", name="Save").click()
    expect(people.locator("#toasts")).to_contain_text("Saved")
    expect(people.locator(".person-h")).to_contain_text("Director")
    expect(people.locator(".person-h")).to_contain_text("Southline")
    expect(people).to_have_url(re.compile(r"/people/\d+$"))
    assert_accessible(people)


def test_a_clash_keeps_what_was_typed(people: Page, desk: LiveDesk):
    people.get_by_role("link", name="何美玲 Ho Mei-Ling").click()
    people.get_by_role("link", name="Edit details").first.click()
    people.get_by_label("Job title").fill("Mine")
    with desk.app.app_context():
        other = acting(account("administrator"))
        person = db.session.query(Person).filter_by(title="Clerk").one()
        persons.edit(other, person, person.version, {"title": "Theirs"})
        db.session.commit()
    people.get_by_role("button", name="Save").click()
    expect(people.get_by_text("saved meanwhile")).to_be_visible()
    expect(people.get_by_label("Job title")).to_have_value("Mine")
    expect(people.locator("dd", has_text="Theirs")).to_be_visible()
    assert_accessible(people)
    people.get_by_role("button", name="Save").click()
    expect(people.locator(".person-h")).to_contain_text("Mine")


def test_two_records_are_merged_and_separated(people: Page):
    people.get_by_role("link", name="何美玲 Ho Mei-Ling").click()
    people.get_by_role("button", name="More", exact=True).click()
    people.get_by_role("menuitem", name="Merge with another record").click()
    people.get_by_role("combobox").fill("mei ling")
    people.get_by_role("option", name="Ho Mei Ling").click()
    expect(people.get_by_text("mei@home.example")).to_be_visible()
    assert_accessible(people)
    people.get_by_role("button", name="Merge").press("Enter")
    asked = people.get_by_role("dialog")
    expect(asked).to_contain_text("You can undo it")
    expect(asked).to_contain_text("0 tickets")
    people.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    people.get_by_role("button", name="Merge").press("Enter")
    expect(asked.get_by_role("button", name="Merge")).to_be_focused()
    assert_accessible(people)
    people.keyboard.press("Enter")
    expect(people.locator("#toasts")).to_contain_text("is part of")
    expect(people.get_by_text("mei@home.example")).to_be_visible()
    people.get_by_role("button", name="Undo").click()
    expect(people.get_by_role("heading", level=1)).to_contain_text("Ho Mei Ling")


def test_every_page_is_accessible(people: Page, desk: LiveDesk):
    paths = (
        "/people", "/people?vip=1", "/people?left=1", "/people/1", "/people/1/edit",
        "/people/1/contacts/new", "/people/1/access", "/people/new", "/people/import",
        "/organisations", "/organisations/1", "/organisations/1/edit", "/organisations/new",
        "/account",
    )  # fmt: skip
    for path in paths:
        for width in (1440, 390):
            people.set_viewport_size({"width": width, "height": 900})
            people.goto(f"{desk.url}{path}")
            assert_accessible_in_both_themes(people)
            too_wide = people.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not too_wide, f"{path} is wider than {width} pixels"


def test_a_customer_sees_only_their_account(page: Page, desk: LiveDesk, complaints: list[str]):
    sign_in(page, desk, "/sign-in", "kim@customer.example")
    expect(page.get_by_text("The portal is not open yet")).to_be_visible()
    assert_accessible(page)
    page.goto(f"{desk.url}/people")
    expect(page.get_by_text("may not open this")).to_be_visible()
    page.goto(f"{desk.url}/account")
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert_accessible(page)

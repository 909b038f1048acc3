"""An article from its first word to its readers, and a tree of questions, in a browser."""

import base64
import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.kb import services
from helpdesk.kb.models import Article, ArticleFile, ArticleUse, Audience, Kind
from helpdesk.people.access import SYSTEM
from helpdesk.search import following
from tests import factories
from tests.journeys.test_setup import Office, office
from tests.support.browser import assert_accessible

__all__ = ["office"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]

PICTURE = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa7\x9a\xa0"
    b"\xa0\x00\x00\x00\x00IEND\xaeB`\x82"
).decode()
PASTE = """data => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "screen.png", {type: "image/png"}));
  const area = document.querySelector("textarea.kb-area");
  area.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true,
    cancelable: true}));
}"""
TREE = """Ask the caller to stay.

## Step: cable
Is the cable plugged in?
- Yes → done
- No → hand

## Step: done
Good.
- solved

## Step: hand
Log a ticket.
- hand over
"""


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]")


def the_article() -> Article:
    return db.session.scalars(select(Article).order_by(Article.id.desc())).first() or Article()


def test_an_article_is_written_published_changed_and_brought_back(office: Office) -> None:
    page, url, app = office.page, office.live.url, office.live.app
    page.goto(f"{url}/knowledge")
    ready(page)
    assert_accessible(page)
    page.keyboard.press("c")
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.type("Reset a token")
    assert_accessible(page)
    page.get_by_label("Some teams").check()
    expect(page.get_by_label("Teams", exact=True)).to_be_visible()
    page.get_by_label("All staff").check()
    expect(page.get_by_label("Teams", exact=True)).to_be_hidden()
    page.keyboard.press("Control+Enter")

    # What is typed is shown beside as readers would see it.
    area = page.locator("textarea.kb-area")
    expect(area).to_contain_text("## Before you begin")
    ready(page)
    area.fill("")
    area.focus()
    page.keyboard.type("Bold")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+b")
    expect(area).to_have_value("**Bold**")
    expect(page.locator("#kb-shown strong")).to_have_text("Bold")
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("1. Open the app\n")
    page.keyboard.type("Approve")
    expect(area).to_have_value("**Bold**\n\n1. Open the app\n2. Approve")
    expect(page.locator("#kb-shown ol.steps li")).to_have_count(2)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Callout").click()
    page.get_by_role("menuitem", name="Warning").click()
    page.keyboard.type("Careful")
    expect(page.locator("#kb-shown .callout.warning")).to_contain_text("Careful")

    # A picture is pasted where it belongs, and shown.
    page.keyboard.press("Control+End")
    page.evaluate(PASTE, PICTURE)
    expect(area).to_have_value(re.compile(re.escape("![screen](screen.png)")))
    expect(page.locator("#kb-shown img")).to_have_attribute("alt", "screen")
    expect(page.locator("#kb-files")).to_contain_text("screen.png")
    assert_accessible(page)

    # What was not saved is there again.
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", "saved")
    typed = area.input_value()
    page.reload()
    ready(page)
    expect(area).to_have_value(typed)
    expect(page.get_by_text("This is what you typed and had not saved.")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("article h1")).to_have_text("Reset a token")
    expect(page.locator("article .callout.warning")).to_contain_text("Careful")
    ready(page)
    assert_accessible(page)
    with app.app_context():
        row = the_article()
        assert (row.state, row.texts[0].published) == ("published", 2)
        assert db.session.scalars(select(ArticleFile.name)).one() == "screen.png"

    # Somebody else saves meanwhile: both are shown, and nothing is lost.
    page.keyboard.press("e")
    expect(area).to_be_visible()
    ready(page)
    with app.app_context(), transaction():
        row = the_article()
        said = services.Wording("Reset a token", "", "Theirs.")
        services.save(SYSTEM, row, row.texts[0], said, base=2)
    area.fill("Mine.")
    page.keyboard.press("Control+s")
    expect(page.locator(".kb-clash")).to_contain_text("saved version 3 meanwhile")
    expect(page.locator(".kb-clash del")).to_have_text("Theirs")
    expect(page.locator(".kb-clash del")).to_be_in_viewport()
    expect(area).to_have_value("Mine.")
    ready(page)
    assert_accessible(page)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Readers don't see this version.")).to_be_visible()

    # The difference is read, and an earlier version brought back.
    number = page.url.partition("/knowledge/")[2].partition("?")[0]
    page.goto(f"{url}/knowledge/{number}/versions")
    expect(page.locator(".kb-diff del")).to_have_text("Theirs")
    expect(page.locator(".kb-diff ins")).to_have_text("Mine")
    assert_accessible(page)
    page.get_by_role("link", name="Version 2").click()
    page.get_by_role("button", name="Bring version 2 back").click()
    expect(page.locator("article .callout.warning")).to_contain_text("Careful")


def test_questions_are_answered_by_keys(office: Office) -> None:
    page, url, app = office.page, office.live.url, office.live.app
    with app.app_context(), transaction():
        row = services.create(
            SYSTEM,
            services.NewArticle(
                services.Wording("No network", "", TREE), kind=Kind.TROUBLESHOOTING
            ),
        )
        services.publish(SYSTEM, row)
        number = row.id
    page.goto(f"{url}/knowledge/{number}")
    ready(page)
    expect(page.locator("#kb-tree")).to_contain_text("Is the cable plugged in?")
    assert_accessible(page)
    page.keyboard.press("2")
    expect(page.locator("#kb-tree")).to_contain_text("Log a ticket.")
    expect(page.locator(".kb-walked")).to_contain_text("Is the cable plugged in?")
    expect(page.locator(".kb-step")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("b")
    expect(page.locator("#kb-tree")).to_contain_text("Question 1")
    page.keyboard.press("1")
    expect(page.locator("#kb-tree")).to_contain_text("The end: solved")
    page.go_back()
    expect(page.locator("#kb-tree")).to_contain_text("Question 1")
    with app.app_context():
        assert "solved" in set(db.session.scalars(select(ArticleUse.kind)))

    # The editor says what is wrong with a tree while it is written.
    page.goto(f"{url}/knowledge/{number}/edit")
    ready(page)
    area = page.locator("textarea.kb-area")
    area.fill("## Step: a\nOn?\n- yes → b\n")
    expect(page.locator(".kb-problems")).to_contain_text("leads to “b”, which there is not")
    area.fill(TREE)
    expect(page.locator(".kb-problems")).to_contain_text("3 steps, every path comes to an end")


def test_a_tree_is_walked_without_scripts(office: Office) -> None:
    url, app = office.live.url, office.live.app
    with app.app_context(), transaction():
        row = services.create(
            SYSTEM,
            services.NewArticle(
                services.Wording("No network", "", TREE), kind=Kind.TROUBLESHOOTING
            ),
        )
        services.publish(SYSTEM, row)
        number = row.id
    browser = office.page.context.browser
    assert browser is not None
    context = browser.new_context(
        java_script_enabled=False, storage_state=office.page.context.storage_state()
    )
    page = context.new_page()
    page.goto(f"{url}/knowledge/{number}")
    page.get_by_role("link", name="Yes").click()
    expect(page.get_by_text("The end: solved")).to_be_visible()
    context.close()


def test_articles_are_found_and_put_into_an_answer(office: Office) -> None:
    page, url, app = office.page, office.live.url, office.live.app
    with app.app_context(), transaction():
        words = services.Wording("Renew the certificate", "", "1. Open the portal.\n2. Renew.\n")
        shown = services.create(SYSTEM, services.NewArticle(words, audience=Audience.PUBLIC))
        hidden = services.create(
            SYSTEM, services.NewArticle(services.Wording("Gateway passwords", "", "In the safe.\n"))
        )
        for row in (shown, hidden):
            services.publish(SYSTEM, row)
        number = factories.ticket("The certificate has run out").id
        shown_id = shown.id
    with app.app_context():
        following.rebuild()
    page.goto(f"{url}/tickets/{number}")
    ready(page)
    # What the ticket is about stands beside it; a click puts it into the answer.
    beside = page.locator("#kb-suggested")
    expect(beside).to_contain_text("Renew the certificate")
    beside.get_by_role("button", name="Insert", exact=True).click()
    reply, note = page.locator("#tk-reply-body"), page.locator("#tk-note-body")
    expect(reply).to_have_value(re.compile("1. Open the portal."))
    expect(reply).to_be_focused()
    # Another one is looked for without leaving the text.
    reply.fill("Hello,\n")
    page.keyboard.press("Control+;")
    expect(page.locator("#kb-finder-find")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("certif")
    expect(page.get_by_role("option", name="Renew the certificate")).to_be_visible()
    page.keyboard.press("Enter")
    expect(reply).to_have_value(re.compile(rf"Hello,\n.*/knowledge/{shown_id}\)", re.DOTALL))
    expect(page.locator("#kb-finder")).to_be_hidden()
    expect(reply).to_be_focused()
    # What the customer may not read goes into a note, and says so before.
    page.keyboard.press("Control+;")
    page.keyboard.type("gateway pass")
    expect(page.get_by_role("option", name="Gateway passwords")).to_contain_text("note")
    page.keyboard.press("Enter")
    expect(note).to_have_value(re.compile("/knowledge/|In the safe"))
    expect(note).to_be_focused()

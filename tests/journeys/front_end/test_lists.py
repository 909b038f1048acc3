"""Lists, their news, and what happens when the server does not answer."""

import re

from playwright.sync_api import Page, Route, expect

from tests.journeys.front_end.desk import Desk, visit
from tests.support.browser import assert_accessible

# ---- Lists ----


def current(page: Page) -> str | None:
    row: str | None = page.evaluate("document.querySelector('.cur')?.dataset.row ?? null")
    return row


def chosen(page: Page) -> list[str]:
    ids: list[str] = page.locator("[data-pick]:checked").evaluate_all("e => e.map(b => b.value)")
    return ids


def test_j_and_k_move_and_enter_opens(queue: Page, desk: Desk):
    for key in ("j", "j", "j", "k", "ArrowDown", "ArrowUp"):
        queue.keyboard.press(key)
    assert current(queue) == "2"
    expect(queue.get_by_role("link", name="Ticket 2")).to_be_focused()
    expect(queue.locator("[data-preview-pane]")).to_contain_text("Preview 2")
    queue.keyboard.press("Enter")
    expect(queue).to_have_url(f"{desk.url}/tickets/2")


def test_moving_quickly_previews_only_the_last_and_fetches_the_next_ahead(queue: Page, desk: Desk):
    queue.keyboard.press("j")
    queue.keyboard.press("j")
    queue.keyboard.press("j")
    expect(queue.locator("[data-preview-pane]")).to_contain_text("Preview 3")
    queue.wait_for_timeout(200)
    assert desk.previews == [(3, False), (4, True)]
    queue.keyboard.press("j")
    expect(queue.locator("[data-preview-pane]")).to_contain_text("Preview 4")
    queue.wait_for_timeout(200)
    assert desk.previews == [(3, False), (4, True), (5, True)]


def test_a_click_on_a_row_previews_it(queue: Page, desk: Desk):
    queue.get_by_role("link", name="Ticket 4").click()
    expect(queue.locator("[data-preview-pane]")).to_contain_text("Preview 4")
    expect(queue).to_have_url(f"{desk.url}/")
    queue.get_by_role("link", name="Ticket 4").dblclick()
    expect(queue).to_have_url(f"{desk.url}/tickets/4")


def test_rows_are_selected_by_keys_clicks_and_ranges(queue: Page, desk: Desk):
    queue.keyboard.press("j")
    queue.keyboard.press("x")
    assert chosen(queue) == ["1"]
    for key in ("j", "j", "Shift+X"):
        queue.keyboard.press(key)
    assert chosen(queue) == ["1", "2", "3"]
    expect(queue.locator("[data-bulk-count]")).to_have_text("3 selected")
    head = queue.get_by_role("checkbox", name="All")
    assert head.evaluate("h => h.indeterminate")
    assert_accessible(queue)
    queue.get_by_role("checkbox", name="Select 5").click(modifiers=["Shift"])
    assert chosen(queue) == ["1", "2", "3", "4", "5"]
    expect(head).to_be_checked()
    queue.keyboard.press("Escape")
    assert chosen(queue) == []
    expect(queue.locator("#bulk")).to_be_hidden()


def test_with_rows_selected_a_key_is_the_bulk_bars(queue: Page, desk: Desk):
    queue.get_by_role("checkbox", name="Select 2").check()
    queue.get_by_role("checkbox", name="Select 4").check()
    queue.keyboard.press("a")
    expect(queue.locator("#bulk")).to_be_hidden()
    assert desk.posted("/bulk") == [{"ticket": ["2", "4"]}]


# ---- Live ----


def test_news_changes_rows_and_new_ones_wait_while_the_list_is_used(queue: Page, desk: Desk):
    expect(queue.locator("[data-live-state]")).to_have_text("Live")
    queue.keyboard.press("j")
    queue.keyboard.press("j")
    queue.keyboard.press("x")
    desk.rows, desk.subjects = [9, 1, 2, 3, 4], {3: "Ticket 3, answered"}
    desk.announce("queue:3")
    expect(queue.get_by_role("link", name="Ticket 3, answered")).to_be_visible()
    expect(queue.get_by_role("link", name="Ticket 9")).to_have_count(0)
    expect(queue.locator("#row-5")).to_have_class(re.compile("gone"))
    assert current(queue) == "2"
    queue.get_by_role("button", name="1 new").click()
    expect(queue.get_by_role("link", name="Ticket 9")).to_be_visible()
    expect(queue.locator("#row-5")).to_have_count(0)
    assert current(queue) == "2"
    assert chosen(queue) == ["2"]


def test_a_stream_that_breaks_off_goes_on_where_it_was(queue: Page, desk: Desk):
    state = queue.locator("[data-live-state]")
    expect(state).to_have_text("Live")
    desk.announce("queue:3")
    queue.wait_for_timeout(900)
    queue.context.set_offline(True)
    expect(state).to_have_text("Offline")
    desk.rows = [9]
    desk.announce("queue:3")
    queue.mouse.move(700, 890)
    queue.context.set_offline(False)
    expect(queue.get_by_role("link", name="Ticket 9")).to_be_visible()
    expect(state).to_have_text("Live")


def test_a_list_that_nobody_uses_is_simply_up_to_date(queue: Page, desk: Desk):
    expect(queue.locator("[data-live-state]")).to_have_text("Live")
    queue.mouse.move(700, 890)
    desk.rows = [9, 1, 2]
    desk.announce("queue:3")
    expect(queue.get_by_role("link", name="Ticket 9")).to_be_visible()
    expect(queue.locator("#row-5")).to_have_count(0)


def test_where_streams_are_refused_the_page_asks(page: Page, desk: Desk, complaints: list[str]):
    desk.refuse_streams = True
    page.clock.install()
    visit(page, desk.url)
    page.clock.run_for(100)
    expect(page.locator("[data-live-state]")).to_have_text("Live")
    desk.rows = [9, 1]
    desk.announce("queue:3")
    page.mouse.move(700, 890)
    page.clock.run_for(11_000)
    expect(page.get_by_role("link", name="Ticket 9")).to_be_visible()


def test_live_updates_can_be_paused(queue: Page, desk: Desk):
    expect(queue.locator("[data-live-state]")).to_have_text("Live")
    pause = queue.get_by_role("button", name="Pause")
    pause.click()
    expect(queue.locator("[data-live-state]")).to_have_text("Paused")
    expect(pause).to_have_attribute("aria-pressed", "true")
    queue.mouse.move(700, 890)
    desk.rows = [9]
    desk.announce("queue:3")
    queue.wait_for_timeout(900)
    expect(queue.get_by_role("link", name="Ticket 9")).to_have_count(0)
    pause.click()
    queue.mouse.move(700, 890)
    expect(queue.get_by_role("link", name="Ticket 9")).to_be_visible()


# ---- Failures ----


def test_a_failure_says_so_and_leaves_the_page_alone(queue: Page):
    queue.get_by_role("button", name="Fail").click()
    expect(queue.locator("#strips")).to_contain_text("That did not work.")
    expect(queue.locator("#out")).to_have_text("Before")
    assert_accessible(queue)
    queue.get_by_role("button", name="Close").click()
    expect(queue.locator("#strips .strip")).to_have_count(0)


def test_an_error_that_knows_its_place_goes_there(queue: Page):
    queue.get_by_role("button", name="Gone").click()
    expect(queue.locator("#strips")).to_contain_text("There is nothing here.")
    expect(queue.locator("#out")).to_have_text("Before")


def test_an_invalid_form_comes_back_and_leads_to_the_mistake(writing: Page):
    writing.locator("#about button[type=submit]").click()
    expect(writing.locator("#person")).to_have_attribute("aria-invalid", "true")
    expect(writing.locator("#person")).to_be_focused()


def test_changes_wait_while_offline(queue: Page, desk: Desk):
    queue.context.set_offline(True)
    expect(queue.locator("#strips")).to_contain_text("Offline since")
    queue.get_by_role("button", name="Save").click()
    expect(queue.locator("#strips")).to_contain_text("Changes waiting for the connection: 1.")
    queue.context.set_offline(False)
    expect(queue.locator("#out")).to_have_text("Saved")
    expect(queue.locator("#strips .strip")).to_have_count(0)
    assert desk.posted("/act/save") == [{}]


def test_no_answer_offers_to_try_again(queue: Page, desk: Desk):
    def refuse(route: Route) -> None:
        route.abort("connectionrefused")

    queue.route("**/act/save", refuse)
    queue.get_by_role("button", name="Save").click()
    expect(queue.locator("#strips")).to_contain_text("The desk does not answer.")
    queue.unroute("**/act/save")
    queue.get_by_role("button", name="Try again").click()
    expect(queue.locator("#out")).to_have_text("Saved")
    assert desk.posted("/act/save") == [{}]

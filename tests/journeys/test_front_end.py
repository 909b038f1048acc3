"""What a reader does with keys, lists, dialogs, drafts and the rest, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, Route, expect

from tests.journeys.front_end_desk import Desk, serve
from tests.support.browser import assert_accessible

# What the browser itself says about answers that a test asked for.
EXPECTED = re.compile(
    r"Failed to load resource|Response Status Error Code|net::ERR_|EventSource|^htmx:"
)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    server = serve(desk)
    yield desk
    server.shutdown()
    server.server_close()


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """Every test fails when a script throws, or the security policy refuses something."""
    found: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            found.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert not found


@pytest.fixture
def queue(page: Page, desk: Desk, complaints: list[str]) -> Page:
    return visit(page, desk.url)


@pytest.fixture
def writing(page: Page, desk: Desk, complaints: list[str]) -> Page:
    return visit(page, f"{desk.url}/writing")


def visit(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page.locator("html")).to_have_attribute("data-ready", "true")
    return page


def composing_key(page: Page, key: str) -> None:
    """Press a key as an input method delivers it."""
    page.evaluate(
        """key => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", {key, keyCode: 229, isComposing: true, bubbles: true,
                                          cancelable: true}))""",
        key,
    )


# ---- Keys ----


def test_a_key_presses_its_button(queue: Page):
    queue.keyboard.press("e")
    expect(queue.locator(".toast")).to_contain_text("48213 已解決")


def test_a_key_focuses_its_field_and_escape_leaves_it(queue: Page):
    queue.keyboard.press("/")
    expect(queue.get_by_role("searchbox")).to_be_focused()
    queue.keyboard.press("Escape")
    expect(queue.get_by_role("searchbox")).not_to_be_focused()


def test_two_strokes_go_somewhere(queue: Page, desk: Desk):
    queue.keyboard.press("g")
    queue.keyboard.press("p")
    expect(queue).to_have_url(f"{desk.url}/people")


def test_letters_are_text_in_fields(queue: Page, desk: Desk):
    queue.get_by_role("searchbox").focus()
    queue.keyboard.type("ejx?")
    expect(queue.get_by_role("searchbox")).to_have_value("ejx?")
    expect(queue.locator(".cur, .toast, dialog[open]")).to_have_count(0)
    assert not desk.posts


def test_an_input_method_keeps_its_keys(queue: Page, writing: Page, desk: Desk):
    composing_key(queue, "e")
    field = writing.get_by_role("combobox", name="Customer")
    field.press_sequentially("k")
    expect(writing.get_by_role("option", name="Karen Chan")).to_be_visible()
    composing_key(writing, "Enter")
    expect(field).to_have_value("k")
    assert not desk.posts


def test_letters_can_be_switched_off(page: Page, desk: Desk, complaints: list[str]):
    desk.keys = "off"
    visit(page, desk.url)
    page.keyboard.press("e")
    page.keyboard.press("j")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    expect(page.locator(".cur, .toast")).to_have_count(0)


def test_the_list_of_keys_names_them_all(queue: Page):
    queue.keyboard.press("?")
    keys = queue.locator("dialog#all-keys")
    expect(keys).to_be_visible()
    for label in (
        "Log call",
        "People",
        "Search",
        "Next, previous",
        "Select",
        "Command palette",
        "Undo",
    ):
        expect(keys.get_by_text(label, exact=True)).to_be_visible()
    assert_accessible(queue)
    queue.keyboard.press("e")
    expect(queue.locator(".toast")).to_have_count(0)
    queue.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_ctrl_enter_sends_the_form_one_is_in(writing: Page, desk: Desk):
    writing.keyboard.press("r")
    expect(writing.locator("#reply")).to_be_focused()
    writing.keyboard.type("Hello")
    writing.keyboard.press("Control+Enter")
    writing.wait_for_timeout(300)
    assert desk.posted("/send") == [{"stamp": "", "body": "Hello"}]


def test_tabs_have_keys_and_arrows(writing: Page):
    writing.keyboard.press("i")
    expect(writing.locator("#note")).to_be_focused()
    expect(writing.locator("#reply")).to_be_hidden()
    writing.get_by_role("tab", name="Note").focus()
    writing.keyboard.press("ArrowLeft")
    expect(writing.get_by_role("tab", name="Reply")).to_be_focused()
    expect(writing.locator("#reply")).to_be_visible()


# ---- The palette ----


def test_the_palette_finds_what_to_do_and_where_to_go(queue: Page, desk: Desk):
    queue.keyboard.press("Control+k")
    palette = queue.get_by_role("dialog", name="Command palette")
    expect(palette.get_by_text("On #48213")).to_be_visible()
    queue.keyboard.type("res")
    expect(palette.get_by_role("option", name="Resolve")).to_have_attribute("aria-selected", "true")
    expect(palette.locator("b").first).to_have_text("Res")
    expect(palette.get_by_role("option", name="48097 Restore a mailbox")).to_be_visible()
    assert_accessible(queue)
    queue.keyboard.press("Tab")
    queue.keyboard.press("Tab")
    expect(palette.get_by_role("option")).to_have_count(2)
    queue.keyboard.press("ArrowDown")
    queue.keyboard.press("Enter")
    expect(queue).to_have_url(f"{desk.url}/tickets/48098")


def test_the_palette_runs_a_command(queue: Page, desk: Desk):
    queue.keyboard.press("Control+k")
    queue.keyboard.type("resol")
    queue.keyboard.press("Enter")
    expect(queue.locator("#palette")).to_be_hidden()
    expect(queue.locator(".toast")).to_be_visible()
    assert desk.posted("/act/toast") == [{}]


def test_the_palette_works_while_the_server_does_not(queue: Page):
    queue.route("**/jump?*", lambda route: route.abort())
    queue.keyboard.press("Control+k")
    queue.keyboard.type("log")
    expect(queue.get_by_role("option", name="Log call")).to_be_visible()


# ---- Menus and dialogs ----


def test_a_menu_is_used_by_keys(writing: Page):
    button = writing.get_by_role("button", name="More")
    button.focus()
    writing.keyboard.press("ArrowDown")
    expect(writing.get_by_role("menuitem", name="Merge")).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    writing.keyboard.press("End")
    expect(writing.get_by_role("menuitem", name="Mark as spam")).to_be_focused()
    writing.keyboard.press("ArrowDown")
    expect(writing.get_by_role("menuitem", name="Merge")).to_be_focused()
    writing.keyboard.type("mak")
    expect(writing.get_by_role("menuitem", name="Make it dark")).to_be_focused()
    assert_accessible(writing)
    writing.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(writing.locator("#actions")).to_be_hidden()


def test_a_menu_stays_inside_the_window(writing: Page):
    writing.set_viewport_size({"width": 390, "height": 700})
    button = writing.get_by_role("button", name="More")
    button.evaluate("b => Object.assign(b.style, {position: 'fixed', right: '4px', bottom: '4px'})")
    button.click()
    box = writing.locator("#actions").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 700
    writing.mouse.click(5, 5)
    expect(writing.locator("#actions")).to_be_hidden()


def test_a_dialog_shows_what_is_wrong_and_closes_when_it_is_right(writing: Page, desk: Desk):
    writing.get_by_role("button", name="More").click()
    writing.get_by_role("menuitem", name="Merge").click()
    dialog = writing.get_by_role("dialog", name="Merge")
    expect(dialog.get_by_label("Into")).to_be_focused()
    assert_accessible(writing)
    writing.keyboard.press("Control+Enter")
    expect(dialog.get_by_label("Into")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Into")).to_be_focused()
    writing.keyboard.type("48213")
    dialog.get_by_role("button", name="Merge them").click()
    expect(dialog).to_be_hidden()
    assert desk.posted("/merge") == [{"into": "", "told": ""}, {"into": "48213"}]


def test_a_dialog_gives_the_focus_back(writing: Page):
    button = writing.get_by_role("button", name="More")
    button.click()
    writing.get_by_role("menuitem", name="Merge").click()
    writing.keyboard.press("Escape")
    expect(writing.locator("#sure")).to_be_hidden()
    expect(button).to_be_focused()


def test_a_click_beside_a_dialog_closes_it_unless_something_is_typed(writing: Page):
    writing.get_by_role("button", name="More").click()
    writing.get_by_role("menuitem", name="Merge").click()
    writing.get_by_label("Into").fill("48")
    writing.mouse.click(5, 5)
    expect(writing.locator("#sure")).to_be_visible()
    writing.get_by_role("button", name="Cancel").click()
    expect(writing.locator("#sure")).to_be_hidden()


def test_the_theme_changes_at_once_and_is_saved(writing: Page, desk: Desk):
    writing.get_by_role("button", name="More").click()
    writing.get_by_role("menuitem", name="Make it dark").click()
    expect(writing.locator("html")).to_have_attribute("data-theme", "dark")
    writing.wait_for_timeout(100)
    assert desk.posted("/theme") == [{"theme": "dark"}]


# ---- Comboboxes and mentions ----


def test_a_person_is_found_while_typing(writing: Page, desk: Desk):
    field = writing.get_by_role("combobox", name="Customer")
    field.press_sequentially("ho")
    expect(writing.get_by_role("option", name="Ho Mei-Ling")).to_have_attribute(
        "aria-selected", "true"
    )
    assert_accessible(writing)
    writing.keyboard.press("Enter")
    expect(field).to_have_value("Ho Mei-Ling")
    expect(writing.locator("input[name=person_id]")).to_have_value("7")
    assert not desk.posted("/about")
    field.press_sequentially("x")
    expect(writing.locator("input[name=person_id]")).to_have_value("")
    expect(field).to_have_value("Ho Mei-Lingx")


def test_escape_closes_the_suggestions_and_keeps_the_text(writing: Page):
    field = writing.get_by_role("combobox", name="Customer")
    field.press_sequentially("美")
    expect(writing.get_by_role("option", name="何美玲")).to_be_visible()
    writing.keyboard.press("Escape")
    expect(writing.get_by_role("option", name="何美玲")).to_be_hidden()
    expect(field).to_have_value("美")
    expect(field).to_be_focused()


def test_suggestions_stand_above_the_dialog_they_belong_to(writing: Page):
    writing.get_by_role("button", name="More").click()
    writing.get_by_role("menuitem", name="Merge").click()
    writing.keyboard.press("Tab")
    option = writing.get_by_role("option", name="Karen Chan")
    expect(option).to_be_visible()
    writing.keyboard.press("Escape")
    expect(option).to_be_hidden()
    expect(writing.locator("#sure")).to_be_visible()
    writing.keyboard.press("ArrowDown")
    # A click where something covers the option would fail.
    option.click()
    expect(writing.get_by_role("combobox", name="Tell")).to_have_value("Karen Chan")
    expect(writing.locator("input[name=told]")).to_have_value("9")


def test_several_values_are_chips(writing: Page):
    field = writing.get_by_role("combobox", name="Tags")
    field.press_sequentially("pr")
    writing.get_by_role("option", name="Printer").click()
    field.press_sequentially("slow")
    field.press("Enter")
    values = "els => els.map(e => e.value)"
    assert writing.locator("input[name=tag]").evaluate_all(values) == ["vpn", "printer", "slow"]
    writing.get_by_role("button", name="Remove VPN").click()
    field.press("Backspace")
    assert writing.locator("input[name=tag]").evaluate_all(values) == ["printer"]
    assert_accessible(writing)


def test_somebody_is_mentioned(writing: Page):
    reply = writing.locator("#reply")
    reply.press_sequentially("Hi, @kar")
    expect(writing.get_by_role("option", name="Karen Chan")).to_be_visible()
    assert_accessible(writing)
    writing.keyboard.press("Enter")
    expect(reply).to_have_value("Hi, @[Karen Chan](person:9) ")
    reply.press_sequentially("me@kar")
    writing.wait_for_timeout(300)
    expect(writing.get_by_role("option")).to_have_count(0)


# ---- Toasts ----


def test_ctrl_z_takes_back_what_was_done(queue: Page, desk: Desk):
    queue.keyboard.press("e")
    expect(queue.locator(".toast")).to_be_visible()
    assert_accessible(queue)
    queue.keyboard.press("Control+z")
    expect(queue.get_by_role("link", name="Ticket 48213")).to_be_visible()
    assert desk.posted("/undo/g1") == [{}]
    expect(queue.locator(".toast")).to_have_text("Undone")


def test_a_toast_waits_while_it_is_looked_at(page: Page, desk: Desk, complaints: list[str]):
    desk.toasts = (
        '<template data-toast="Ticket taken" data-undo="/undo/g2" data-seconds="1"></template>'
    )
    visit(page, desk.url)
    toast = page.locator(".toast")
    toast.hover()
    page.wait_for_timeout(1500)
    expect(toast).to_be_visible()
    page.mouse.move(5, 5)
    expect(toast).to_have_count(0)


def test_what_was_done_can_be_taken_back_from_the_page_it_led_to(queue: Page, desk: Desk):
    queue.keyboard.press("e")
    expect(queue.locator(".toast")).to_be_visible()
    visit(queue, f"{desk.url}/people")
    expect(queue.locator(".toast")).to_have_count(1)
    queue.keyboard.press("Control+z")
    expect(queue.locator(".toast")).to_have_text("Undone")
    assert desk.posted("/undo/g1") == [{}]
    visit(queue, desk.url)
    expect(queue.locator(".toast").get_by_role("button")).to_have_count(0)


def test_undo_can_be_pressed_while_a_dialog_is_open(page: Page, desk: Desk, complaints: list[str]):
    desk.toasts = '<template data-toast="Ticket taken" data-undo="/undo/g3"></template>'
    visit(page, desk.url)
    expect(page.locator(".toast")).to_be_visible()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Undo", exact=True).click(timeout=3000)
    expect(page.locator(".toast")).to_have_text("Undone")
    assert desk.posted("/undo/g3") == [{}]
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # What still stands there outlives the dialog.
    expect(page.locator("body > #toasts .toast")).to_be_visible()


def test_undoing_in_a_field_is_the_fields_own(queue: Page, desk: Desk):
    queue.keyboard.press("e")
    expect(queue.locator(".toast")).to_be_visible()
    queue.get_by_role("searchbox").fill("vpn")
    queue.keyboard.press("Control+z")
    queue.wait_for_timeout(100)
    assert not desk.posted("/undo/g1")


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


# ---- Drafts and what is typed ----


def test_a_draft_is_saved_while_it_is_typed(writing: Page, desk: Desk):
    writing.locator("#reply").press_sequentially("Thanks")
    expect(writing.locator("[data-draft-status]")).to_have_text("Draft saved")
    assert desk.posted("/drafts/1/reply") == [{"stamp": "", "body": "Thanks"}]
    expect(writing.locator("input[name=stamp]")).to_have_value("s1")


def test_a_draft_survives_a_server_that_is_down(writing: Page, desk: Desk):
    desk.drafts_fail = True
    writing.locator("#reply").fill("Long answer")
    expect(writing.locator("[data-draft-status]")).to_have_text("Offline, kept in this browser")
    desk.drafts_fail = False
    desk.posts.clear()
    visit(writing, writing.url)
    expect(writing.locator("#reply")).to_have_value("Long answer")
    expect(writing.locator("[data-draft-status]")).to_have_text("Draft saved")
    assert desk.posted("/drafts/1/reply")[-1]["body"] == "Long answer"
    visit(writing, writing.url)
    expect(writing.locator("#reply")).to_have_value("")


def test_a_draft_is_over_when_it_has_been_sent(writing: Page, desk: Desk):
    desk.drafts_fail = True
    writing.locator("#reply").fill("Done")
    expect(writing.locator("[data-draft-status]")).to_have_text("Offline, kept in this browser")
    writing.get_by_role("button", name="Send").click()
    expect(writing.locator("[data-draft-status]")).to_have_text("")
    visit(writing, writing.url)
    expect(writing.locator("#reply")).to_have_value("")


def test_another_windows_text_is_shown_before_it_is_replaced(writing: Page, desk: Desk):
    desk.draft_clash = {"body": "From the other window", "stamp": "other"}
    writing.locator("#reply").fill("Mine")
    strip = writing.locator("#strips .strip")
    expect(strip).to_contain_text("From the other window")
    expect(writing.locator("#reply")).to_have_value("Mine")
    strip.get_by_role("button", name="Keep this text").click()
    expect(writing.locator("[data-draft-status]")).to_have_text("Draft saved")
    assert desk.posted("/drafts/1/reply")[-1] == {"stamp": "other", "body": "Mine"}


def test_leaving_the_page_saves_the_draft(writing: Page, desk: Desk):
    writing.locator("#reply").fill("Quick")
    visit(writing, desk.url)
    writing.wait_for_timeout(200)
    assert desk.posted("/drafts/1/reply")[-1]["body"] == "Quick"


def morph(page: Page) -> None:
    """Draw the page again from what the server says now."""
    with page.expect_response("**/writing"):
        page.evaluate(
            "htmx.ajax('GET', '/writing', {target: '#main', select: '#main', swap: 'morph'})"
        )
    page.wait_for_timeout(100)


def test_what_is_typed_is_not_morphed_away(writing: Page, desk: Desk):
    writing.locator("#reply").fill("Half a sentence")
    desk.body = "From the server"
    morph(writing)
    expect(writing.locator("#reply")).to_have_value("Half a sentence")


def test_what_nobody_touched_is_drawn_as_the_server_says(writing: Page, desk: Desk):
    desk.body = "From the server"
    morph(writing)
    expect(writing.locator("#reply")).to_have_value("From the server")


def test_how_the_reader_arranged_the_page_outlives_a_morph(writing: Page):
    writing.get_by_role("tab", name="Note").click()
    tags = writing.get_by_role("combobox", name="Tags")
    tags.press_sequentially("print")
    writing.get_by_role("option", name="Printer").click()
    writing.get_by_role("button", name="Remove VPN").click()
    writing.get_by_role("button", name="More").click()
    writing.get_by_role("menuitem", name="Merge").click()
    morph(writing)
    expect(writing.locator("#sure")).to_be_visible()
    writing.keyboard.press("Escape")
    expect(writing.locator("#note")).to_be_visible()
    expect(writing.locator("[data-chip]")).to_have_text(["Printer"])
    expect(writing.locator("input[name=tag]")).to_have_value("printer")
    tags.press_sequentially("pass")
    writing.get_by_role("option", name="Password").click()
    expect(writing.locator("[data-chip]")).to_have_text(["Printer", "Password"])


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


# ---- Files and times ----

PASTE = """([name, type, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(2048)], name, {type}));
    if (text) data.setData("text/plain", text);
    document.getElementById("reply").dispatchEvent(
        new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def test_a_pasted_picture_is_sent_and_shown_in_the_text(writing: Page, desk: Desk):
    writing.locator("#reply").focus()
    writing.evaluate(PASTE, ["shot.png", "image/png", ""])
    expect(writing.locator("#reply")).to_have_value("![shot.png](/files/shot.png)")
    expect(writing.locator("input[name=attachment]")).to_have_value("2048")
    expect(writing.locator("[data-upload-list]")).to_contain_text("2 KB")
    assert_accessible(writing)
    writing.get_by_role("button", name="Remove shot.png").click()
    expect(writing.locator("input[name=attachment]")).to_have_count(0)


def test_cells_of_a_spreadsheet_are_pasted_as_text(writing: Page, desk: Desk):
    writing.evaluate(PASTE, ["cells.png", "image/png", "a\tb"])
    writing.wait_for_timeout(200)
    assert not desk.posted("/uploads")


def test_a_refused_file_says_why(writing: Page):
    attach = writing.locator("[data-upload-input]")
    attach.set_input_files(
        {"name": "a.exe", "mimeType": "application/x-msdos-program", "buffer": b"MZ"}
    )
    expect(writing.locator("[data-upload-list]")).to_contain_text("Programs are not taken.")
    attach.set_input_files(
        {"name": "big.bin", "mimeType": "application/octet-stream", "buffer": b"0" * 300_000}
    )
    expect(writing.locator("[data-upload-list]")).to_contain_text("Too large. At most 195 KB.")
    assert_accessible(writing)


def test_times_are_the_readers(writing: Page):
    expect(writing.locator("time")).to_have_text("09:12")


def test_pages_are_accessible_in_both_themes(page: Page, desk: Desk, complaints: list[str]):
    for path in ("/", "/writing"):
        visit(page, desk.url + path)
        assert_accessible(page)
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        # Colours change over the shortest of transitions.
        page.wait_for_timeout(100)
        assert_accessible(page)

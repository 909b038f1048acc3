"""Keys, the palette, menus, dialogs and toasts."""

from playwright.sync_api import Page, Route, expect

from tests.journeys.front_end.desk import Desk, visit
from tests.support.browser import assert_accessible


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


def test_who_types_before_the_scripts_run_is_heard(page: Page, desk: Desk, complaints: list[str]):
    """A slow machine brings the field long before the scripts that find people in it."""
    held: list[Route] = []
    page.route("**/js/main.js*", lambda route: held.append(route))
    page.goto(f"{desk.url}/writing", wait_until="commit")
    field = page.get_by_label("Customer")
    field.press_sequentially("ho")
    page.wait_for_timeout(100)
    for route in held:
        route.continue_()
    expect(page.get_by_role("option", name="Ho Mei-Ling")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("input[name=person_id]")).to_have_value("7")


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

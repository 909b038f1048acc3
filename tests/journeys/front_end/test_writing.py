"""What is typed, pasted and attached."""

from playwright.sync_api import Page, expect

from tests.journeys.front_end.desk import Desk, visit
from tests.support.browser import assert_accessible

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

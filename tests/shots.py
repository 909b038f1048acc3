"""Pictures of every main screen from a fresh demo desk: ``python -m tests.shots [FOLDER]``.

Both themes, 1440 and 390 wide, three languages; for reviewing the look and for the README. The
demo desk lives in a folder of its own that is removed afterwards.
"""

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from config import PROJECT
from tests.support import browser as chromium

PASSWORD = "hearth-demo"
LANGUAGES = {"en": "en", "zh-Hans": "zh_Hans_CN", "zh-Hant": "zh_Hant_TW"}
THEMES = ("light", "dark")
WIDTHS = {1440: 900, 390: 844}

SCREENS: list[tuple[str, str, str, str]] = [
    # name, who, address, the keys to press one by one once it is there
    ("queue", "priya", "/queue?queue=2", "j"),
    ("queue-all", "priya", "/queue", ""),
    ("mine", "priya", "/queue?owner=me", ""),
    ("filtered-empty", "priya", "/queue?queue=2&priority=1&kind=change", ""),
    ("ticket", "priya", "ticket", ""),
    ("resolve", "priya", "ticket", "e"),
    ("answers", "priya", "ticket", "r Control+."),
    ("assign", "priya", "ticket", "a"),
    ("palette", "priya", "/queue?queue=2", "Control+k"),
    ("keys", "priya", "/queue?queue=2", "?"),
    ("log-call", "priya", "/tickets/new", ""),
    ("hand-over", "priya", "/queue/hand-over", ""),
    ("search", "priya", "/search?q=vpn", ""),
    ("print", "priya", "print", ""),
    ("people", "priya", "/people", ""),
    ("person", "priya", "person", ""),
    ("organisation", "priya", "/organisations/1", ""),
    ("account", "priya", "/account", ""),
    ("bin", "priya", "/queue/bin", ""),
    ("organisations", "priya", "/organisations", ""),
    ("people-new", "priya", "/people/new", ""),
    ("people-import", "sam", "/people/import", ""),
    ("views", "priya", "/queue/views", ""),
    ("bulk", "priya", "/queue?queue=2", "j x"),
    ("snooze", "priya", "ticket", "z"),
    ("not-found", "priya", "/tickets/999999", ""),
    ("setup", "sam", "/setup", ""),
    ("setup-desk", "sam", "/setup/desk", ""),
    ("setup-categories", "sam", "/setup/categories", ""),
    ("setup-statuses", "sam", "/setup/statuses", ""),
    ("setup-priorities", "sam", "/setup/priorities", ""),
    ("setup-causes", "sam", "/setup/causes", ""),
    ("setup-tags", "sam", "/setup/tags", ""),
    ("setup-teams", "sam", "/setup/teams", ""),
    ("setup-skills", "sam", "/setup/skills", ""),
    ("setup-technicians", "sam", "/setup/technicians", ""),
    ("setup-templates", "sam", "/setup/templates", ""),
    ("setup-answers", "sam", "/setup/answers", ""),
    ("setup-answer", "sam", "/setup/answers?edit=1", ""),
    ("setup-rules", "sam", "/setup/rules", ""),
    ("setup-rule", "sam", "/setup/rules/2", ""),
    ("setup-rule-new", "sam", "/setup/rules/new", ""),
    ("setup-audit", "sam", "/setup/audit", ""),
    ("setup-promises", "sam", "/setup/promises", ""),
    ("setup-promise", "sam", "/setup/promises?edit=1", ""),
    ("setup-calendars", "sam", "/setup/calendars", ""),
    ("setup-calendar", "sam", "/setup/calendars?edit=1", ""),
    ("setup-replay", "sam", "/setup/promises/replay", ""),
    ("setup-background", "sam", "/setup/background", ""),
    ("notices", "priya", "/notices", ""),
    ("knowledge", "karen", "/knowledge", ""),
    ("knowledge-article", "priya", "/knowledge/1", ""),
    ("knowledge-editor", "karen", "/knowledge/1/edit", ""),
    ("knowledge-versions", "karen", "/knowledge/1/versions", ""),
    ("knowledge-new", "priya", "/knowledge/new", ""),
    ("knowledge-categories", "sam", "/knowledge/categories", ""),
    ("knowledge-import", "sam", "/knowledge/import", ""),
    ("board", "karen", "/board", ""),
    ("board-notice", "karen", "/board/2", ""),
    ("board-new", "karen", "/board/new", ""),
    ("board-fixed", "karen", "/board/2/fixed", ""),
    ("mailbox-new", "sam", "/setup/mail/mailboxes/new", ""),
    ("mail-outbox", "sam", "/setup/mail/outbox", ""),
    ("mail-quarantine", "sam", "/setup/mail/quarantine", ""),
    ("setup-queues", "sam", "/setup/queues", ""),
    ("setup-roles", "sam", "/setup/roles", ""),
    ("setup-mailboxes", "sam", "/setup/mail", ""),
    ("no-permission", "priya", "/setup/roles", ""),
    ("sign-in", "", "/sign-in", ""),
    ("forgotten", "", "/forgotten-password", ""),
]


def main() -> None:
    """Start a demo desk, take the pictures, take the desk away."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else PROJECT / "shots")
    target.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="hearth-shots-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "HEARTH_DATA_DIR": str(folder),
        "HEARTH_PORT": str(port),
        "HEARTH_LOG_LEVEL": "WARNING",
    }
    helpdesk = str(Path(sys.executable).with_name("helpdesk"))
    server = subprocess.Popen([helpdesk, "run"], env=environment, stdout=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(base, server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(**chromium.launch_options())
            for theme, width, language in itertools.product(THEMES, WIDTHS, LANGUAGES):
                _series(browser, base, target, theme, width, language)
            browser.close()
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"The pictures are in {target}")


def _wait(base: str, server: subprocess.Popen[bytes]) -> None:
    for _try in range(600):
        if server.poll() is not None:
            raise SystemExit("the demo desk did not start")
        try:
            urllib.request.urlopen(f"{base}/sign-in", timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the demo desk did not answer")


def _series(
    browser: Browser, base: str, target: Path, theme: str, width: int, language: str
) -> None:
    pages: dict[str, Page] = {}
    for name, who, address, press in SCREENS:
        if who not in pages:
            pages[who] = _signed_in(browser, base, who, theme, width, language)
        page = pages[who]
        page.goto(base + _address(page, base, address))
        page.wait_for_load_state("networkidle") if who == "" else page.wait_for_timeout(600)
        for key in press.split():
            page.keyboard.press(key)
            page.wait_for_timeout(500)
        page.screenshot(path=target / f"{name}-{theme}-{width}-{language}.png")
    for page in pages.values():
        page.context.close()


def _signed_in(
    browser: Browser, base: str, who: str, theme: str, width: int, language: str
) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme="dark" if theme == "dark" else "light",
        locale=language,
        timezone_id="Asia/Hong_Kong",
        reduced_motion="reduce",
    )
    page = context.new_page()
    if who:
        page.goto(f"{base}/sign-in")
        page.fill("input[name=login]", f"{who}@northline.example")
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda address: "sign-in" not in address)
        page.goto(f"{base}/account")
        page.select_option("select[name=language]", LANGUAGES[language])
        page.locator("select[name=language]").evaluate("field => field.form.requestSubmit()")
        page.wait_for_timeout(500)
        # That it was saved would stand before the first pictures.
        page.evaluate("sessionStorage.clear()")
    return page


def _address(page: Page, base: str, address: str) -> str:
    """Return the address of a screen that has no fixed one."""
    if address.startswith("/"):
        return address
    if address == "person":
        page.goto(f"{base}/people?q=Mei-Ling")
        found = page.locator("main a[href^='/people/']").filter(has_text="Mei-Ling").first
    else:
        page.goto(f"{base}/search?q=VPN+drops")
        found = page.locator("main a[href^='/tickets/']").first
    path = (found.get_attribute("href") or "/").split("?")[0]
    return f"{path}/print" if address == "print" else path


if __name__ == "__main__":
    main()

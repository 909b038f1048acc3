"""A real Chromium, and axe, which looks at a page as assistive technology does."""

import os
import shutil
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.paths import PROJECT

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine exists for the browser.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def program() -> str | None:
    """Return the path of Chromium (``HEARTH_CHROMIUM`` names another), or None if there is none."""
    given = os.environ.get("HEARTH_CHROMIUM")
    return given or shutil.which("chromium") or shutil.which("chromium-browser")


def launch_options() -> dict[str, Any]:
    """Return how Playwright starts the browser; skips the test when there is none."""
    path = program()
    if path is None:
        pytest.skip("Chromium (Debian's chromium) is not installed")
    return {"executable_path": path, "args": ARGUMENTS}


@cache
def _axe() -> str:
    source = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
    return source.read_text(encoding="utf-8")


# Colours on their way from one theme to the other are nobody's choice: what moves comes to rest
# before. What axe does not object to is much, and takes longer to hand over than to find.
_OBJECTIONS = """
async ([within, rules]) => {
  const moving = document.getAnimations().filter(
    one => Number.isFinite(one.effect.getComputedTiming().endTime));
  await Promise.allSettled(moving.map(one => one.finished));
  const part = within ? document.querySelector(within) : document;
  const found = await axe.run(
    part, { resultTypes: ["violations"], ...(rules ? { runOnly: rules } : {}) });
  return found.violations.flatMap(one => one.nodes.map(node =>
    `${one.id}: ${one.help}: ${node.html.slice(0, 160)} (${node.target})`));
}
"""


def accessibility_problems(
    page: Page, within: str | None = None, rules: tuple[str, ...] = ()
) -> list[str]:
    """Return what axe objects to on the page, or in the part a selector names, a line each.

    All of its rules are asked, or those that are named.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    found: list[str] = page.evaluate(_OBJECTIONS, [within, list(rules) or None])
    return found


def assert_accessible(page: Page, within: str | None = None) -> None:
    """Fail with a readable list when axe finds anything."""
    problems = accessibility_problems(page, within)
    assert not problems, f"axe on {page.url}:\n" + "\n".join(problems)


def assert_accessible_in_both_themes(page: Page) -> None:
    """Fail when axe finds anything in the light theme, or colours hard to read in the dark.

    It is one page: only its colours differ, so only those are looked at twice.
    """
    page.emulate_media(color_scheme="light")
    assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-theme='dark']", state="attached")
    problems = accessibility_problems(page, rules=("color-contrast", "link-in-text-block"))
    page.emulate_media(color_scheme="light")
    assert not problems, f"axe on {page.url} in the dark:\n" + "\n".join(problems)

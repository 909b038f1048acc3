"""The small desk, and pages of it that complain when a script fails."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.journeys.front_end.desk import Desk, serve, visit

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

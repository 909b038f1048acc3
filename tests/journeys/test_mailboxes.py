"""An administrator connects a mailbox to an OAuth2 provider in a real browser."""

import pytest
from playwright.sync_api import expect

from helpdesk.channels.email import tokens
from tests.channels.email import post
from tests.journeys.test_setup import Office, office
from tests.support import oauth
from tests.support.browser import assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]
__all__ = ["office"]


def test_access_is_granted_at_the_provider_and_brought_back(office: Office) -> None:
    with oauth.provider() as provider:
        with office.live.app.app_context():
            key = post.mailbox(sign_in="oauth").id
        page = office.open(f"mail/mailboxes/{key}/access")
        page.select_option("#provider", "other")
        page.fill("#authorize_url", f"{provider.url}/authorize")
        page.fill("#token_url", f"{provider.url}/token")
        page.fill("#client_id", oauth.CLIENT)
        page.fill("#client_secret", oauth.SECRET)
        page.keyboard.press("Control+Enter")
        page.click("#connect")
        # Browsers lead no form to another host, so a link goes there; the cookie comes back along.
        expect(page.locator("#go")).to_be_visible()
        assert_accessible(page)
        page.click("#go")
        expect(page.get_by_role("heading", name="One step is left")).to_be_visible()
        assert_accessible(page)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Forget access")).to_be_visible()
        assert_accessible(page)
        with office.live.app.app_context():
            assert provider.is_good(tokens.token_for(key))

"""A signed-in client for tests of pages."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from helpdesk.people.models import Account
from tests.factories import sign_in
from tests.people.makers import PASSWORD

__all__ = ["post", "sign_in", "sign_in_by_form", "token"]

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def token(response: TestResponse) -> str:
    """Return the CSRF token of a page's form."""
    found = _TOKEN.search(response.text)
    assert found is not None, response.text[:500]
    return found.group(1)


def sign_in_by_form(
    client: FlaskClient, account: Account, password: str = PASSWORD, **more: str
) -> TestResponse:
    """Sign in as a person does."""
    page = client.get("/sign-in", query_string=more)
    data = {"login": account.login, "password": password, "csrf_token": token(page), **more}
    return client.post("/sign-in", data=data)


def post(client: FlaskClient, path: str, page: str | None = None, /, **data: Any) -> TestResponse:
    """Send a form with the CSRF token of the page it stands on (its own address by default)."""
    shown = client.get(page or path)
    return client.post(path, data={**data, "csrf_token": token(shown)})

"""Signing in, and what everybody does with their own account."""

import re

import pytest

from tests import factories
from tests.people.browser import post, sign_in, sign_in_by_form, token
from tests.people.makers import PASSWORD, account

HX = {"HX-Request": "true"}


@pytest.fixture
def boss(client, session):
    """An administrator who is signed in."""
    row = account("administrator")
    sign_in(client, row)
    return row


# ---- Signing in ----


def test_a_wrong_password_shows_the_form_again_without_it(client, session):
    row = account()
    answer = sign_in_by_form(client, row, "not the password")
    assert answer.status_code == 422
    assert "not right" in answer.text
    assert row.login in answer.text
    assert "not the password" not in answer.text


def test_too_many_tries_are_told_how_long_to_wait(client, session):
    row = account()
    for _ in range(5):
        sign_in_by_form(client, row, "not the password")
    answer = sign_in_by_form(client, row)
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= 901


def test_signing_in_renews_the_forms_secret(client, session):
    row = account()
    before = token(client.get("/sign-in"))
    assert sign_in_by_form(client, row).location == "/welcome"
    old = client.post("/account/theme", data={"theme": "dark"}, headers={"X-CSRFToken": before})
    assert old.status_code == 400
    assert client.get("/sign-in").status_code == 302


def test_the_answer_is_the_same_for_known_and_unknown_addresses(client, session):
    account(login="known@example.net")
    pages = []
    for login in ("known@example.net", "unknown@example.net"):
        page = post(client, "/forgotten-password", login=login).text
        pages.append(re.sub(r'(nonce|content|value)="[^"]{16,}"', "", page))
    assert pages[0] == pages[1]
    assert "on its way" in pages[0]


def test_a_dead_link_says_what_to_do(client, session):
    for path, advice in (
        ("/reset-password/nothing", "Send a new link"),
        ("/first-sign-in/nothing", "Ask an administrator"),
    ):
        answer = client.get(path)
        assert answer.status_code == 404
        assert advice in answer.text


# ---- One's own account ----


def test_everybody_changes_their_own_settings(client, session):
    row = account("technician")
    sign_in(client, row)
    page = client.get("/account")
    assert row.login in page.text
    done = post(
        client,
        "/account/details",
        "/account",
        name="Priya N",
        language="zh_Hant_TW",
        time_zone="Asia/Hong_Kong",
    )
    assert done.status_code == 303
    assert row.person.name == "Priya N"
    post(client, "/account/looks", "/account", theme="dark", density="compact")
    assert row.preferences == {"theme": "dark", "density": "compact", "keys": "off"}
    assert 'data-theme="dark"' in client.get("/account").text
    post(client, "/account/availability", "/account", availability="away")
    assert row.availability == "away"
    wrong = post(client, "/account/details", "/account", name="", time_zone="Asia/Hong_Kong")
    assert wrong.status_code == 422
    assert row.person.name == "Priya N"


def test_the_password_is_changed_only_by_who_knows_it(client, session):
    row = account()
    sign_in(client, row)
    wrong = post(client, "/account/password", "/account", old="no", password="a quite new one")
    assert wrong.status_code == 422
    assert "not your password" in wrong.text
    weak = post(client, "/account/password", "/account", old=PASSWORD, password="password123")
    assert weak.status_code == 422
    done = post(client, "/account/password", "/account", old=PASSWORD, password="a quite new one")
    assert done.status_code == 303
    assert client.get("/account").status_code == 200


def test_other_browsers_are_listed_and_signed_out(app, client, session):
    row = account()
    sign_in(client, row)
    other = app.test_client()
    sign_in(other, row)
    page = client.get("/account").text
    assert page.count("last used") == 2
    assert "This browser" in page
    post(client, "/account/sessions/end-others", "/account")
    assert other.get("/account").status_code == 303
    assert client.get("/account").text.count("last used") == 1


def test_customers_get_their_account_and_nothing_else(client, session):
    factories.ticket("Secret matter", customer=factories.person())
    row = account("customer")
    sign_in(client, row)
    page = client.get("/account")
    assert "The portal is not open yet" in page.text
    assert "Secret matter" not in page.text
    for path in (
        "/people",
        "/people/1",
        "/people/find?q=a",
        "/organisations",
        "/people/export.csv",
    ):
        assert client.get(path).status_code == 403, path

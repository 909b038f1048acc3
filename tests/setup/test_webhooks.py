"""Set up › Webhooks: adding, testing and the ledger; steps of escalations that name them."""

import pytest
from flask.testing import FlaskClient

from helpdesk.db import db
from helpdesk.notify import calls, sealing
from helpdesk.notify.models import Webhook, WebhookCall
from helpdesk.people.models import AuditEntry
from helpdesk.setup import step_fields
from tests import factories
from tests.people.browser import post
from tests.support.web import receiving

pytestmark = pytest.mark.usefixtures("session")
URL = "/setup/webhooks"
SECRET = "sixteen letters!"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    factories.desk()
    factories.sign_in(client, factories.account(factories.technician(), "administrator"))
    return client


def add(admin: FlaskClient, **more: str) -> int:
    wanted = {"name": "Pager", "url": "https://pager.example/in", "secret": SECRET, **more}
    return post(admin, URL, f"{URL}?new=1", **wanted).status_code


def test_a_webhook_is_added_and_its_secret_is_not_shown_again(admin: FlaskClient) -> None:
    assert add(admin) == 303
    row = db.session.query(Webhook).one()
    assert SECRET not in row.secret
    assert sealing.open_sealed(row.secret, calls.PURPOSE) == SECRET
    page = f"{URL}?edit={row.id}"
    assert SECRET not in admin.get(page).text
    changed = {"name": "Pager", "url": "https://pager.example/2", "secret": ""}
    assert post(admin, f"{URL}/{row.id}", page, **changed).status_code == 303
    db.session.refresh(row)
    assert row.url == "https://pager.example/2"
    assert sealing.open_sealed(row.secret, calls.PURPOSE) == SECRET
    told = [entry.changes for entry in db.session.query(AuditEntry)]
    assert SECRET not in str(told)


def test_what_may_not_be_called_is_refused_beside_the_field(admin: FlaskClient) -> None:
    assert add(admin, url="http://pager.example/in") == 422
    assert add(admin, url="https://user:x@pager.example/") == 422
    assert add(admin, secret="short") == 422
    assert db.session.query(Webhook).count() == 0


def test_the_test_button_calls_once_and_the_ledger_says_what_came_back(
    admin: FlaskClient,
) -> None:
    with receiving() as receiver:
        receiver.status = 500
        assert add(admin, url=receiver.url, private="y") == 303
        row = db.session.query(Webhook).one()
        assert post(admin, f"{URL}/{row.id}/test", URL).status_code == 303
        assert "Waiting" in admin.get(URL).text
        calls.call_webhooks.run()
        assert "500 thanks" in admin.get(URL).text
        call = db.session.query(WebhookCall).one()
        assert call.state == "failed", "a test is not tried again by itself"
        receiver.status = 200
        assert post(admin, f"{URL}/calls/{call.id}/again", URL).status_code == 303
        calls.call_webhooks.run()
        assert "Taken" in admin.get(URL).text


def test_a_step_names_a_webhook_or_an_address(admin: FlaskClient) -> None:
    add(admin)
    row = db.session.query(Webhook).one()
    said = step_fields.in_words(
        [
            ["fix", 75, None, "webhook", None, str(row.id)],
            ["fix", 75, None, "mail", None, "ops@example.net"],
            ["fix", 100, None, "mail", None],
        ],
        {},
    )
    assert "Call Pager" in said
    assert "Mail to ops@example.net" in said
    assert "Mail to the leads" in said


def test_only_who_sets_up_the_desk_may(client: FlaskClient) -> None:
    factories.desk()
    factories.sign_in(client, factories.account(factories.technician(), "lead"))
    assert client.get(URL).status_code == 403

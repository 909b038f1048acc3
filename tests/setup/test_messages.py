"""Set up › Messages to customers: switching on, editing with a preview, going back to ours."""

import re

import pytest
from flask.testing import FlaskClient

from helpdesk.db import db
from helpdesk.notify import texts
from helpdesk.notify.telling import NIGHT, SETTING, Tell, Telling, telling
from helpdesk.people.models import AuditEntry
from tests import factories
from tests.people.browser import post

pytestmark = pytest.mark.usefixtures("session")
URL = "/setup/messages"
TEXT = f"{URL}/received/en"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    factories.desk()
    factories.sign_in(client, factories.account(factories.technician(), "administrator"))
    return client


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return found[1].replace("&#34;", '"').replace("&quot;", '"') if found else ""


def test_a_new_desk_says_that_nothing_is_told_and_one_switch_changes_that(
    admin: FlaskClient,
) -> None:
    queue = factories.queue("Network")
    page = admin.get(URL).text
    assert "Nothing is told yet." in page
    sent = {
        "seen": hidden(page, "seen"),
        "kinds": ["received", "fixed"],
        "quiet_from": "22:00",
        "quiet_until": "06:30",
        "per_day": "4",
        "apart": "20",
        "without_receipt": str(queue.id),
    }
    assert post(admin, URL, URL, **sent).status_code == 303
    chosen = telling()
    assert chosen.kinds == {Tell.RECEIVED, Tell.FIXED}
    assert chosen.quiet is not None
    assert chosen.quiet.stored() == ["22:00", "06:30"]
    assert (chosen.per_day, chosen.apart, chosen.without_receipt) == (4, 20, frozenset({queue.id}))
    assert "Nothing is told yet." not in admin.get(URL).text
    row = db.session.query(AuditEntry).filter_by(action="messages-edited").one()
    assert row.changes["without_receipt"] == [[], ["Network"]]


def test_half_a_night_is_refused(admin: FlaskClient) -> None:
    sent = {"quiet_from": "22:00", "quiet_until": "", "per_day": "4", "apart": "20"}
    answer = post(admin, URL, URL, **sent)
    assert answer.status_code == 422
    assert "Say both from when and until when" in answer.text
    assert telling().quiet == NIGHT


def test_a_text_is_edited_shown_with_a_ticket_and_taken_back(admin: FlaskClient) -> None:
    ticket = factories.ticket("VPN drops")
    assert "48213" in admin.get(TEXT).text, "without a ticket there is an example"
    typed = {"subject": "Got {number}", "body": "About {subject}.", "ticket": str(ticket.id)}
    preview = post(admin, f"{TEXT}/preview", TEXT, **typed).text
    assert "About VPN drops." in preview
    assert f"Got {ticket.id}" in preview
    assert post(admin, TEXT, TEXT, **{**typed, "number": "0"}).status_code == 303
    assert texts.wording(Tell.RECEIVED, "en").subject == "Got {number}"
    assert "edited" in admin.get(URL).text
    # Somebody else's page still shows the text before.
    late = post(admin, TEXT, TEXT, **{**typed, "body": "Mine.", "number": "0"})
    assert late.status_code == 409
    assert "saved this meanwhile." in late.text
    assert "<dd>Got {number}</dd>" in late.text
    assert "Mine." in late.text
    assert post(admin, f"{TEXT}/ours", TEXT).status_code == 303
    assert texts.wording(Tell.RECEIVED, "en") == texts.shipped(Tell.RECEIVED, "en")
    assert "About {subject}." in admin.get(f"{TEXT}?version=1").text


def test_what_can_not_be_filled_in_is_refused_with_a_sentence(admin: FlaskClient) -> None:
    typed = {"subject": "x", "body": "Hello {password}", "number": "0"}
    answer = post(admin, TEXT, TEXT, **typed)
    assert answer.status_code == 422
    assert "{password} can&#39;t be filled in here." in answer.text.replace("’", "&#39;")
    assert post(admin, f"{TEXT}/preview", TEXT, **typed).status_code == 200


def test_only_who_sets_up_mail_may(client: FlaskClient) -> None:
    factories.desk()
    factories.sign_in(client, factories.account(factories.technician(), "lead"))
    assert client.get(URL).status_code == 403
    assert client.get(TEXT).status_code == 403
    assert client.get(f"{URL}/nothing/en").status_code == 403


@pytest.mark.parametrize("kind", list(Tell))
@pytest.mark.parametrize("language", ["en", "zh_Hans_CN", "zh_Hant_TW"])
def test_the_texts_that_come_along_can_be_saved(kind: Tell, language: str) -> None:
    said = texts.shipped(kind, language)
    assert texts.check(kind, said.subject, said.body) == said


def test_who_resolves_is_told_that_the_customer_reads_the_solution(client: FlaskClient) -> None:
    ticket = factories.ticket()
    factories.sign_in(client, factories.account(factories.technician(), "technician"))
    dialog = f"/tickets/{ticket.id}/resolve"
    assert "The customer is told the solution" not in client.get(dialog).text
    desk = factories.desk()
    desk.settings = {SETTING: Telling(kinds=frozenset({Tell.FIXED})).stored()}
    db.session.commit()
    assert "The customer is told the solution" in client.get(dialog).text

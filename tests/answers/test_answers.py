"""Answer templates: written in Set up, found in the composer, filled in as text."""

import pytest
from flask.testing import FlaskClient

from helpdesk.answers.filling import as_text
from helpdesk.answers.models import AnswerTemplate
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.html import markdown_to_html
from tests import factories
from tests.people.browser import post
from tests.tickets.workspace import Workspace, work

__all__ = ["work"]
pytestmark = pytest.mark.usefixtures("session")
URL = "/setup/answers"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    factories.desk()
    factories.sign_in(client, factories.account(factories.technician(), "administrator"))
    return client


def template(name: str = "Restart first", text: str = "Hello {customer}", **more: object):
    row = AnswerTemplate(name=name, text_en=text, **more)
    db.session.add(row)
    db.session.flush()
    return row


def test_a_template_is_written_previewed_changed_and_deleted(admin: FlaskClient) -> None:
    team = factories.team("Network")
    new = f"{URL}?new=1"
    wrong = {"name": "Wait", "text_en": "Dear {client}"}
    refused = post(admin, URL, new, **wrong)
    assert refused.status_code == 422
    assert "can&#39;t be filled in here" in refused.text
    assert post(admin, URL, new, name="Wait", text_en=" ").status_code == 422
    assert post(admin, URL, new, name="Wait", text_en="x" * 5001).status_code == 422
    wanted = {"name": "Wait", "folder": "Common", "text_en": "**Dear** {customer}"}
    assert post(admin, URL, new, **wanted, team_ids=str(team.id)).status_code == 303
    row = db.session.query(AnswerTemplate).one()
    assert row.team_ids == [team.id]
    page = admin.get(URL).text
    assert "Common" in page
    assert "Network" in page
    assert "not used yet" in page
    edit = f"{URL}?edit={row.id}"
    assert "<strong>Dear</strong> Mei-Ling" in admin.get(edit).text
    shown = post(admin, f"{URL}/preview", edit, text_hant="您好 {nobody}").text
    assert "can&#39;t be filled in here" in shown
    assert post(admin, f"{URL}/{row.id}", edit, **wanted).status_code == 303
    db.session.refresh(row)
    assert row.team_ids == []
    row.used, row.used_at = 1, now()
    db.session.flush()
    assert post(admin, f"{URL}/{row.id}/delete", URL).status_code == 422
    row.used, row.team_ids = 0, [team.id]
    db.session.flush()
    assert post(admin, f"{URL}/{row.id}/delete", URL).status_code == 303
    assert db.session.query(AnswerTemplate).count() == 0


def test_only_who_sets_tickets_up_writes_templates(work: Workspace) -> None:
    assert work.get(URL).status_code == 403


def test_the_composer_finds_fills_in_and_counts(work: Workspace) -> None:
    ticket = work.ticket("Screen *flickers* [here](http://x.example)")
    ticket.customer.language = "zh_Hant_TW"
    row = template(text="{me} on {queue}: {subject}\nBy {needed}.", folder="Common")
    row.text_hant = "您好，{number}：{subject}"
    other = template("Not ours")
    other.team_ids = [factories.team("Elsewhere").id]
    template("Gone", retired_at=now())
    assert "data-answers" in work.get(f"/tickets/{ticket.id}").text
    assert [one["label"] for one in work.get("/answers").get_json()] == ["Restart first"]
    assert [one["value"] for one in work.get("/answers", q="common rest").get_json()] == [row.id]
    assert work.get("/answers", q="no such").get_json() == []
    said = work.post(f"/tickets/{ticket.id}/answers/{row.id}").get_json()["text"]
    assert said.startswith(f"您好，{ticket.number}：")
    html = markdown_to_html(said)
    assert "<em>" not in html
    assert "Screen *flickers* [here](" in html
    row.text_hant = ""
    db.session.flush()
    said = work.post(f"/tickets/{ticket.id}/answers/{row.id}").get_json()["text"]
    assert said.startswith(f"{work.person.name} on {work.queue.name}")
    assert "By" not in said, "there is nothing that is needed"
    db.session.refresh(row)
    assert (row.used, row.used_at is not None) == (2, True)
    assert work.post(f"/tickets/{ticket.id}/answers/{other.id}").status_code == 404
    assert work.post(f"/tickets/999999/answers/{row.id}").status_code == 404


@pytest.mark.parametrize("value", ["# Heading", "1. item", "- item", "**a** _b_", "<b>&amp;`x`"])
def test_what_is_filled_in_is_text(value: str) -> None:
    html = markdown_to_html(as_text(value))
    for tag in ("<h1", "<li", "<strong", "<em", "<b>", "<code"):
        assert tag not in html

"""The pages of rules: made, changed, turned on, moved, read, and why something happened."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from helpdesk.db import db
from helpdesk.people.access import SYSTEM, Permission
from helpdesk.people.models import RolePermission
from helpdesk.rules import saving, stored
from helpdesk.rules.content import Content, Folder
from helpdesk.rules.models import Rule, RuleEntry, RuleVersion
from tests import factories
from tests.people.browser import token
from tests.rules.desk import about, rule

ROOT = "/setup/rules"
NEW = {
    "name": "Louder",
    "folder": "sort",
    "when-0-on": "created",
    "if-mode": "all",
    "if-0-field": "subject",
    "if-0-is": "has-any",
    "if-0-of": "VPN",
    "then-0-do": "set-priority",
    "then-0-priority": "1",
    "then": "on",
}


@pytest.fixture
def manager(client: FlaskClient, session: Any) -> FlaskClient:
    factories.queue("Service desk", is_default=True)
    _sign_in(client, "manager")
    return client


@pytest.fixture
def admin(client: FlaskClient, session: Any) -> FlaskClient:
    factories.queue("Service desk", is_default=True)
    _sign_in(client, "administrator")
    return client


def _sign_in(client: FlaskClient, role: str) -> None:
    factories.sign_in(client, factories.account(factories.technician("Sam Porter"), role))


def send(
    client: FlaskClient, path: str, data: dict[str, str], headers: dict[str, str] | None = None
) -> TestResponse:
    """Post with the token of the list's page."""
    sent = {**data, "csrf_token": token(client.get(ROOT))}
    return client.post(path, data=sent, headers=headers)


def the_rule() -> Rule:
    return db.session.scalars(select(Rule).order_by(Rule.id.desc()).limit(1)).one()


def test_an_empty_desk_says_what_rules_are(manager: FlaskClient) -> None:
    assert "Make the first rule" in manager.get(ROOT).text


def test_a_rule_is_made_turned_on_and_reads_as_a_sentence(manager: FlaskClient) -> None:
    assert "Not saved yet" in manager.get(f"{ROOT}/new").text
    answer = send(manager, f"{ROOT}/new", NEW)
    row = the_rule()
    assert answer.status_code == 303
    assert answer.location == f"{ROOT}/{row.id}"
    assert row.turned_on
    assert stored.raw_content_of(row) == {
        "when": [{"on": "created"}],
        "if": {"all": [about("subject", "has-any", "VPN")]},
        "then": [{"do": "set-priority", "priority": 1}],
    }
    text = manager.get(f"{ROOT}/{row.id}").text
    assert "subject has <b>VPN</b>" in text
    assert "Unsaved changes" not in text


def test_what_is_wrong_is_marked_and_nothing_is_lost(manager: FlaskClient) -> None:
    sent = {**NEW, "name": "", "then-0-priority": "", "if-1-mode": "any"}
    answer = send(manager, f"{ROOT}/new", sent)
    assert answer.status_code == 422
    assert "Give the rule a name." in answer.text
    assert "Still missing: Priority." in answer.text
    assert "Nothing stands in this group" in answer.text
    assert 'data-chip="VPN"' in answer.text
    assert db.session.scalar(select(Rule.id)) is None


def test_two_editors_see_each_other(manager: FlaskClient) -> None:
    row = rule("Louder", {"do": "set-priority", "priority": 1})
    saving.save(SYSTEM, row, Content.from_json({**_said(2)}))
    db.session.commit()
    answer = send(manager, f"{ROOT}/{row.id}", {**NEW, "seen": "1"})
    assert answer.status_code == 409
    assert "saved version 2 of this rule meanwhile" in answer.text
    assert "make it <b>P2" in answer.text
    assert 'data-chip="VPN"' in answer.text
    assert send(manager, f"{ROOT}/{row.id}", {**NEW, "seen": "2"}).status_code == 303
    db.session.expire_all()
    assert the_rule().version == 3


def _said(priority: int) -> dict[str, Any]:
    return {"when": [{"on": "created"}], "then": [{"do": "set-priority", "priority": priority}]}


def test_a_button_builds_the_form_anew_and_keeps_nothing(manager: FlaskClient) -> None:
    row = rule("Louder", {"do": "set-priority", "priority": 1})
    sent = {**NEW, "act": "add-group:if"}
    part = send(manager, f"{ROOT}/{row.id}/draw", sent, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="rule-canvas">')
    assert 'name="if-1-mode"' in part.text
    assert part.headers["HX-Trigger"] == "rule-drawn"
    # Without scripts it is the whole page.
    whole = send(manager, f"{ROOT}/{row.id}/draw", sent)
    assert "Unsaved changes" in whole.text
    assert 'name="if-1-0-field"' in whole.text
    assert db.session.scalars(select(RuleVersion.number)).all() == [1]


def test_it_is_tried_while_it_is_written(manager: FlaskClient) -> None:
    first = rule("Quieter", {"do": "set-priority", "priority": 4})
    caught = factories.ticket(subject="VPN is down")
    factories.ticket(subject="Printer")
    row = rule("Louder", {"do": "set-priority", "priority": 1}, on=False)
    text = send(manager, f"{ROOT}/{row.id}/try", NEW).text
    assert re.search(r"caught <b class='t18'>1</b> of the last 2 tickets", text)
    assert f"/tickets/{caught.id}" in text
    assert "“Quieter” runs first and also sets Priority" in text
    assert "Unsaved changes" in text
    assert f'id="first-{first.id}"' in text
    tested = send(manager, f"{ROOT}/{row.id}/test", {**NEW, "ticket": str(caught.id)}).text
    assert "matches" in tested
    assert "subject has <b>VPN</b>" in tested
    gone = send(manager, f"{ROOT}/{row.id}/test", {**NEW, "ticket": "99999"}).text
    assert "There is no such ticket." in gone
    send(manager, f"{ROOT}/{row.id}/move", {"before": str(first.id)})
    assert [one.id for one in _in_order()] == [row.id, first.id]


def _in_order() -> list[Rule]:
    db.session.expire_all()
    return list(db.session.scalars(select(Rule).order_by(Rule.position)))


def test_rules_run_folder_by_folder_and_move_within(manager: FlaskClient) -> None:
    tidy = rule("Tidy", {"do": "set-priority", "priority": 4})
    saving.save(SYSTEM, tidy, stored.content_of(tidy), folder=Folder.TIDY)
    first, second = (rule(name, {"do": "set-priority", "priority": 1}) for name in "AB")
    assert _in_order() == [first, second, tidy]
    send(manager, f"{ROOT}/{second.id}/move", {"way": "up"})
    assert _in_order() == [second, first, tidy]
    send(manager, f"{ROOT}/{second.id}/move", {"way": "up"})
    send(manager, f"{ROOT}/{first.id}/move", {"way": "down"})
    assert _in_order() == [second, first, tidy]


def test_a_rule_is_turned_off_restored_and_retired(manager: FlaskClient) -> None:
    row = rule("Louder", {"do": "set-priority", "priority": 1})
    saving.save(SYSTEM, row, Content.from_json(_said(2)))
    db.session.commit()
    send(manager, f"{ROOT}/{row.id}/turn", {})
    assert not the_rule().turned_on
    text = manager.get(f"{ROOT}/{row.id}/versions").text
    assert "make it <b>P1" in text
    send(manager, f"{ROOT}/{row.id}/versions/1/restore", {})
    db.session.expire_all()
    assert stored.raw_content_of(the_rule())["then"] == [{"do": "set-priority", "priority": 1}]
    assert "restored from version 1" in manager.get(f"{ROOT}/{row.id}/versions").text
    send(manager, f"{ROOT}/{row.id}/retire", {})
    assert manager.get(f"{ROOT}/{row.id}").status_code == 404


def test_a_broken_rule_says_why_and_can_be_mended(manager: FlaskClient) -> None:
    row = rule("Louder", {"do": "set-priority", "priority": 1}, on=False)
    version = db.session.scalars(select(RuleVersion)).one()
    version.content = {**version.content, "if": {"all": [about("phase-of-moon", "is")]}}
    db.session.commit()
    assert "phase-of-moon" in manager.get(ROOT).text
    text = manager.get(f"{ROOT}/{row.id}").text
    assert "This rule is broken and does not run" in text
    assert "phase-of-moon (not known any more)" in text
    asked = {"HX-Request": "true"}
    refused = send(manager, f"{ROOT}/{row.id}/turn", {"on": "yes"}, headers=asked)
    assert refused.status_code == 422
    assert send(manager, f"{ROOT}/{row.id}", {**NEW, "seen": "1"}).status_code == 303


def test_applying_asks_first_and_counts(admin: FlaskClient) -> None:
    tickets = [factories.ticket() for _ in range(3)]
    row = rule("Louder", {"do": "set-priority", "priority": 1}, on=False)
    assert "Apply to 3 tickets" in admin.get(f"{ROOT}/{row.id}/apply").text
    answer = send(admin, f"{ROOT}/{row.id}/apply", {})
    assert "Done: 3 tickets." in answer.text
    db.session.expire_all()
    assert {ticket.priority for ticket in tickets} == {1}
    assert f"/tickets/{tickets[0].id}" in admin.get(f"{ROOT}/{row.id}/runs").text


def test_an_entry_of_the_journal_says_why_it_is_there(admin: FlaskClient) -> None:
    rule("Louder", {"do": "set-priority", "priority": 1}, if_=about("subject", "has-any", "VPN"))
    ticket = factories.ticket(subject="VPN is down")
    entry_id = db.session.scalars(select(RuleEntry.entry_id)).first()
    address = f"{ROOT}/why/{ticket.id}/{entry_id}"
    assert address in admin.get(f"/tickets/{ticket.id}").text
    text = admin.get(address).text
    assert "because the ticket was created" in text
    assert "subject has <b>VPN</b>" in text
    assert "Set priority to: done" in text
    assert admin.get(f"{ROOT}/why/{ticket.id}/999999").status_code == 404


def test_who_may_not_see_rules_does_not(client: FlaskClient, session: Any) -> None:
    factories.queue("Service desk", is_default=True)
    _sign_in(client, "technician")
    assert client.get(ROOT).status_code == 403


def test_a_notice_of_a_rule_leads_to_it(client: FlaskClient, session: Any) -> None:
    queue = factories.queue("Service desk", is_default=True)
    lead = factories.technician("Karen Yip", queues=[queue], lead=True)
    factories.sign_in(client, factories.account(lead, "administrator"))
    row = rule("Tell us", {"do": "tell", "whom": "leads", "text": "Look here"})
    factories.ticket()
    text = client.get("/notices").text
    assert "Look here" in text
    assert f'href="{ROOT}/{row.id}"' in text


def test_who_may_only_see_rules_reads_and_tries_them(client: FlaskClient, session: Any) -> None:
    factories.queue("Service desk", is_default=True)
    account = factories.account(factories.technician("Sam Porter"), "manager")
    held = RolePermission.permission == Permission.RULE_EDIT.value
    db.session.execute(delete(RolePermission).where(held))
    row = rule("Louder", {"do": "set-priority", "priority": 1})
    factories.ticket()
    factories.sign_in(client, account)
    text = client.get(f"{ROOT}/{row.id}").text
    assert "You may read rules." in text
    assert "rule-form" not in text
    assert "caught <b class='t18'>1</b>" in send(client, f"{ROOT}/{row.id}/try", {}).text
    assert "You may" not in client.get(ROOT).text
    for path in (f"{row.id}", f"{row.id}/draw", f"{row.id}/turn", f"{row.id}/move", "new"):
        assert send(client, f"{ROOT}/{path}", NEW).status_code == 403
    assert send(client, f"{ROOT}/0/try", NEW).status_code == 403

"""Answers, notes, calls and drafts: nothing typed is lost, nobody answers past somebody else."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import ContactPoint
from helpdesk.tickets import services
from helpdesk.tickets.companions import CopyRecipient, Draft, Follower, Mention
from helpdesk.tickets.models import Attachment
from helpdesk.tickets.services import Heard, Said
from tests import factories
from tests.tickets.workspace import Workspace, entries, lead, newest, triggers, work

__all__ = ["lead", "work"]

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


def upload(work: Workspace, ticket: Any, name: str, data: bytes, kind: str = "reply") -> Any:
    return work.client.post(
        f"/tickets/{ticket.id}/drafts/{kind}/files",
        data={"file": (io.BytesIO(data), name)},
        content_type="multipart/form-data",
    )


# ---- Answers ----


def test_an_answer_goes_to_the_customer_and_moves_the_ticket(work: Workspace):
    ticket = work.ticket()
    waiting = factories.status("waiting-customer")
    answer = work.post(
        f"/tickets/{ticket.id}/reply",
        body="Please **reconnect**.",
        then=waiting.id,
        seen=newest(ticket),
    )
    assert answer.status_code == 200
    said = entries(ticket)[-1]
    assert (said.kind, said.public, said.body) == ("message", True, "Please **reconnect**.")
    assert said.html is not None
    assert "<strong>" in said.html
    assert said.envelope is not None
    assert said.envelope["to"] == [{"id": ticket.customer_id, "name": ticket.customer.name}]
    assert ticket.status_id == waiting.id
    assert ticket.owner_id == work.person.id
    # The parts of the page come back, the composer empty, with a toast that can undo it.
    assert "Please <strong>reconnect" in answer.text
    assert triggers(answer)["toast"]["undo"].startswith("/undo/")


def test_send_and_next_leads_to_the_next_ticket_of_the_list(work: Workspace):
    first, second = work.ticket("one"), work.ticket("two")
    inside = f"queue={work.queue.id}"
    answer = work.post(f"/tickets/{first.id}/reply", body="Hello", go="next", **{"in": inside})
    assert answer.headers["HX-Redirect"].startswith(f"/tickets/{second.id}?in=")
    last = work.post(f"/tickets/{second.id}/reply", body="Hello", go="next", **{"in": inside})
    assert "/tickets/" not in last.headers["HX-Redirect"] or str(first.id) in str(
        last.headers["HX-Redirect"]
    )


def test_send_waits_when_the_customer_has_just_written(work: Workspace):
    ticket = work.ticket()
    seen = newest(ticket)
    services.hear(ticket, Heard(ticket.customer, "It is fast again"), reopen_days=5, actor=SYSTEM)
    path = f"/tickets/{ticket.id}/reply"
    answer = work.post(path, body="Try this", seen=seen)
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#tk-clash"
    assert "It is fast again" in answer.text
    assert "Send anyway" in answer.text
    assert entries(ticket)[-1].body == "It is fast again"
    assert work.post(path, body="Try this", seen=newest(ticket)).status_code == 200


def test_a_colleagues_note_stops_an_answer_but_ones_own_does_not(work: Workspace):
    ticket = work.ticket()
    seen = newest(ticket)
    services.note(work.actor, ticket, Said("mine"))
    assert work.post(f"/tickets/{ticket.id}/reply", body="One", seen=seen).status_code == 200
    seen = newest(ticket)
    services.note(factories.actor(), ticket, Said("I am on it"))
    assert work.post(f"/tickets/{ticket.id}/note", body="Two", seen=seen).status_code == 409


def test_there_is_nothing_to_send_yet(work: Workspace):
    ticket = work.ticket()
    for kind in ("reply", "note", "call"):
        answer = work.post(f"/tickets/{ticket.id}/{kind}", body="  ")
        assert answer.status_code == 422
        assert "There is nothing to send yet." in answer.text


def test_recipients_are_people_or_typed_addresses(work: Workspace):
    ticket = work.ticket()
    known = factories.person("Ana Duarte")
    path = f"/tickets/{ticket.id}/reply"
    cc = [str(known.id), "new.person@example.org"]
    assert work.post(path, body="Hello", to=str(ticket.customer_id), cc=cc).status_code == 200
    copies = set(
        db.session.scalars(
            select(CopyRecipient.person_id).where(CopyRecipient.ticket_id == ticket.id)
        )
    )
    made = db.session.scalars(
        select(ContactPoint).where(ContactPoint.value == "new.person@example.org")
    ).one()
    assert copies == {known.id, made.person_id}
    wrong = work.post(path, body="Hello", cc="not an address")
    assert wrong.status_code == 422
    assert "not an address is no address." in wrong.text


def test_without_scripts_a_form_leads_back_to_the_ticket(work: Workspace):
    ticket = work.ticket()
    answer = work.client.post(f"/tickets/{ticket.id}/note", data={"body": "plain"})
    assert answer.status_code == 303
    assert answer.location == f"/tickets/{ticket.id}"
    assert entries(ticket)[-1].body == "plain"


def test_a_forged_form_is_refused(work: Workspace, app: Flask, monkeypatch: pytest.MonkeyPatch):
    ticket = work.ticket()
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert work.post(f"/tickets/{ticket.id}/note", body="forged").status_code == 400
    assert len(entries(ticket)) == 1


# ---- Undo ----


def test_an_answer_taken_back_is_a_draft_again(work: Workspace):
    ticket = work.ticket()
    file = upload(work, ticket, "plan.pdf", b"%PDF").json
    sent = work.post(f"/tickets/{ticket.id}/reply", body="Too early", attachment=file["id"])
    undone = work.client.post(triggers(sent)["toast"]["undo"])
    assert undone.status_code == 200
    assert "Your text is in the draft." in triggers(undone)["toast"]["text"]
    assert entries(ticket)[-2].withdrawn_at is not None
    page = work.get(f"/tickets/{ticket.id}").text
    assert ">\nToo early</textarea>" in page
    assert "plan.pdf" in page
    assert "Taken back before it was sent." in page
    again = work.client.post(triggers(sent)["toast"]["undo"])
    assert again.status_code == 422


def test_undo_after_send_and_next_goes_back_to_the_text(work: Workspace):
    ticket = work.ticket("one")
    work.ticket("two")
    inside = f"queue={work.queue.id}"
    work.post(f"/tickets/{ticket.id}/reply", body="Hello", go="next", **{"in": inside})
    group = services.latest_group(work.actor)
    undone = work.client.post(f"/undo/{group}", headers={"Referer": "http://localhost/tickets/1"})
    assert undone.headers["HX-Redirect"] == f"/tickets/{ticket.id}"


def test_undo_is_refused_when_somebody_went_on(work: Workspace):
    ticket = work.ticket()
    sent = work.post(f"/tickets/{ticket.id}/note", body="Wrong ticket")
    services.set_priority(factories.actor(), ticket, 1)
    refused = work.client.post(
        triggers(sent)["toast"]["undo"], headers={"Accept": "application/json"}
    )
    assert refused.status_code == 422
    assert refused.json == {"error": f"Somebody changed {ticket.id} since."}


# ---- Notes and calls ----


def test_a_note_names_a_colleague_who_follows_from_then_on(work: Workspace):
    ticket = work.ticket()
    karen = factories.technician("Karen Chan")
    work.post(f"/tickets/{ticket.id}/note", body=f"@[Karen Chan](person:{karen.id}) please look")
    note = entries(ticket)[-1]
    assert note.body == "@Karen Chan please look"
    assert not note.public
    assert db.session.get(Mention, (note.id, karen.id)) is not None
    assert db.session.get(Follower, (ticket.id, karen.id)) is not None
    assert "<b class=accent>@Karen Chan</b>" in work.get(f"/tickets/{ticket.id}").text


def test_a_call_has_direction_length_and_a_summary_to_share(work: Workspace):
    ticket = work.ticket()
    answer = work.post(
        f"/tickets/{ticket.id}/call",
        body="He was upset",
        direction="out",
        channel="phone",
        seconds="252",
        summary="We reconnected together.",
    )
    assert answer.status_code == 200
    call, summary = entries(ticket)[-2:]
    assert (call.kind, call.inbound, call.public, call.duration) == ("call", False, False, 252)
    assert (summary.public, summary.body) == (True, "We reconnected together.")
    assert ticket.time_spent == 252
    unanswered = work.post(f"/tickets/{ticket.id}/call", body="No luck", unanswered="1")
    assert "nobody answered" in unanswered.text


def test_a_summary_can_be_shared_later(work: Workspace):
    ticket = work.ticket()
    work.post(f"/tickets/{ticket.id}/call", body="He was upset", direction="in")
    path = f"/tickets/{ticket.id}/entries/{newest(ticket)}/summary"
    assert work.post(path, summary=" ").status_code == 422
    assert work.post(path, summary="All is well.").status_code == 200
    assert entries(ticket)[-1].public


def test_back_dating_needs_a_permission(work: Workspace):
    ticket = work.ticket()
    earlier = (now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    answer = work.post(f"/tickets/{ticket.id}/call", body="Met them", happened_at=earlier)
    assert answer.status_code == 403
    assert len(entries(ticket)) == 1


def test_who_may_back_date_does(lead: Workspace):
    ticket = lead.ticket()
    earlier = (now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    answer = lead.post(f"/tickets/{ticket.id}/call", body="Met them", happened_at=earlier)
    assert answer.status_code == 200
    call = entries(ticket)[-1]
    assert call.recorded_at - call.happened_at > timedelta(hours=1)
    assert "recorded Today" in answer.text


def test_markdown_is_shown_as_it_will_look(work: Workspace):
    shown = work.client.post("/markdown", data={"body": "**bold** <script>x</script>"}).text
    assert "<strong>bold</strong>" in shown
    assert "<script" not in shown


# ---- Drafts ----


def test_what_is_typed_is_there_on_another_machine(work: Workspace):
    ticket = work.ticket()
    ana = factories.person("Ana Duarte")
    kept = work.client.post(
        f"/tickets/{ticket.id}/drafts/reply", data={"body": "Half an ans", "cc": [ana.id]}
    )
    assert kept.json is not None
    assert kept.json["stamp"]
    page = work.get(f"/tickets/{ticket.id}").text
    assert ">\nHalf an ans</textarea>" in page
    assert "Ana Duarte" in page
    assert ">\nHalf an ans</textarea>" in work.get(f"/tickets/{ticket.id}/composer").text


def test_another_window_of_the_same_person_is_not_overwritten(work: Workspace):
    ticket = work.ticket()
    path = f"/tickets/{ticket.id}/drafts/note"
    first = work.client.post(path, data={"body": "one", "stamp": ""}).json
    assert first is not None
    second = work.client.post(path, data={"body": "one two", "stamp": first["stamp"]}).json
    assert second is not None
    clash = work.client.post(path, data={"body": "one three", "stamp": first["stamp"]})
    assert clash.status_code == 409
    assert clash.json == {"body": "one two", "stamp": second["stamp"]}
    kept = db.session.scalars(select(Draft)).one()
    assert kept.body == "one two"


def test_sending_ends_the_draft_and_refusing_keeps_it(work: Workspace):
    ticket = work.ticket()
    path = f"/tickets/{ticket.id}"
    work.client.post(f"{path}/drafts/reply", data={"body": "Hello"})
    assert work.post(f"{path}/reply", body="", attachment="").status_code == 422
    assert db.session.scalar(select(Draft.body)) == "Hello"
    assert work.post(f"{path}/reply", body="Hello there").status_code == 200
    assert db.session.scalar(select(Draft.id)) is None


def test_a_draft_is_nobody_elses(work: Workspace, app: Flask):
    ticket = work.ticket()
    file = upload(work, ticket, "salary.pdf", b"%PDF").json
    work.client.post(f"/tickets/{ticket.id}/drafts/note", data={"body": "my secret thought"})
    other = app.test_client()
    colleague = factories.technician("Karen Chan")
    factories.sign_in(other, factories.account(colleague, "technician"))
    assert "my secret thought" not in other.get(f"/tickets/{ticket.id}").text
    assert other.get(file["url"]).status_code == 404
    other.post(f"/drafts/files/{file['id']}/remove")
    assert work.get(file["url"]).status_code == 200


def test_unknown_kinds_of_draft_are_refused(work: Workspace):
    ticket = work.ticket()
    answer = work.client.post(f"/tickets/{ticket.id}/drafts/poem", data={"body": "x"})
    assert answer.status_code == 422


# ---- Files of drafts ----


def test_a_pasted_picture_stands_in_the_text(work: Workspace):
    ticket = work.ticket()
    file = upload(work, ticket, "image.png", PNG).json
    assert file["markdown"].startswith("![image.png](cid:")
    shown = work.client.post(f"/markdown?ticket={ticket.id}", data={"body": file["markdown"]}).text
    assert f"/drafts/files/{file['id']}/picture" in shown
    work.post(f"/tickets/{ticket.id}/reply", body=file["markdown"], attachment=file["id"])
    said = entries(ticket)[-1]
    [kept] = said.attachments
    assert f"/files/{kept.id}/picture" in work.get(f"/tickets/{ticket.id}").text


def test_a_file_taken_off_the_message_is_not_sent(work: Workspace):
    ticket = work.ticket()
    first = upload(work, ticket, "one.txt", b"1").json
    second = upload(work, ticket, "two.txt", b"2").json
    assert work.client.post(f"/drafts/files/{first['id']}/remove").json == {"removed": first["id"]}
    third = upload(work, ticket, "three.txt", b"3").json
    work.post(f"/tickets/{ticket.id}/reply", body="See files", attachment=[second["id"]])
    assert [file.name for file in entries(ticket)[-1].attachments] == ["two.txt"]
    assert db.session.get(Attachment, third["id"]) is None


def test_only_so_many_files_go_with_a_message(work: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("helpdesk.tickets.services.drafts.MAX_FILES", 1)
    ticket = work.ticket()
    assert upload(work, ticket, "one.txt", b"1").status_code == 200
    refused = upload(work, ticket, "two.txt", b"2")
    assert refused.status_code == 422
    assert refused.json == {"error": "A message takes at most 1 files."}
    assert work.client.post(f"/tickets/{ticket.id}/drafts/reply/files").status_code == 422

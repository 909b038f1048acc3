"""Macros: run on a ticket and on many, once, all of it or nothing, and taken back as one."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import select

from helpdesk.answers.models import AnswerTemplate
from helpdesk.db import db
from helpdesk.macros.models import Macro, MacroRun
from helpdesk.people.models import AuditEntry
from helpdesk.tickets import services
from helpdesk.tickets.companions import Draft
from helpdesk.tickets.lifecycle import BinReason, EntryKind
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.rules.desk import rule
from tests.tickets.workspace import Workspace, entries, lead, triggers, work

__all__ = ["lead", "work"]
pytestmark = pytest.mark.usefixtures("session")
HELLO = "Dear {customer}, #{number} is with us."


def macro(name: str = "To the network", *actions: dict[str, Any], **more: Any) -> Macro:
    row = Macro(name=name, actions=list(actions), **more)
    db.session.add(row)
    db.session.commit()
    return row


def previewed(work: Workspace, row: Macro, *tickets: Ticket, **more: Any) -> dict[str, Any]:
    """Return the form as it stands after the preview, with what it showed under "page"."""
    sent = {"macro": str(row.id), "ticket": [str(one.id) for one in tickets], **more}
    page = work.post("/macros/preview", **sent).text
    hidden = re.findall(r'<input type="hidden" name="(press|version|seen)" value="([^"]*)">', page)
    kept: dict[str, Any] = {"seen": [value for name, value in hidden if name == "seen"]}
    kept |= {name: value for name, value in hidden if name != "seen"}
    return {**sent, **kept, "page": page}


def run(work: Workspace, form: dict[str, Any], **more: Any) -> Any:
    return work.post(
        "/macros/run", **{key: value for key, value in form.items() if key != "page"}, **more
    )


def messages(ticket: Ticket) -> list[Entry]:
    return [one for one in entries(ticket) if one.public and one.withdrawn_at is None][1:]


def found(work: Workspace, question: str = "") -> list[str]:
    return [one["label"] for one in json.loads(work.get("/macros/find", q=question).text)]


def state(ticket: Ticket) -> tuple[Any, ...]:
    db.session.expire_all()
    return ticket.priority, ticket.status_class, ticket.owner_id, ticket.category_id


def test_a_macro_is_previewed_run_once_and_taken_back_as_one(work: Workspace) -> None:
    ticket = work.ticket(customer=factories.person("Mei-Ling Ho"))
    before = state(ticket)
    row = macro(
        "Sort and answer",
        {"do": "set-priority", "priority": 1},
        {"do": "add-tags", "tags": ["vpn"]},
        {"do": "note", "text": "Seen before"},
        says="reply",
        text_en=HELLO,
    )
    count = len(entries(ticket))
    form = previewed(work, row, ticket)
    assert "Dear Mei-Ling Ho, #" in form["page"]
    assert "Sent to Mei-Ling Ho" in form["page"]
    assert "P1" in form["page"]
    assert "vpn" in form["page"]
    assert (state(ticket), len(entries(ticket))) == (before, count)

    answer = run(work, form, text="Dear Mei-Ling, we look now.")
    assert answer.status_code == 200
    done = state(ticket)
    assert done[:3] == (1, "open", work.person.id)
    assert [one.body for one in messages(ticket)] == ["Dear Mei-Ling, we look now."]
    assert run(work, form, text="Again").status_code == 200
    assert len(messages(ticket)) == 1
    assert db.session.scalars(select(Macro.used)).one() == 1
    page = work.get(f"/tickets/{ticket.id}").text
    assert "by the macro “Sort and answer”" in page
    last = entries(ticket)[-2].id
    why = work.get(f"/macros/why/{ticket.id}/{last}").text
    assert "ran the macro “Sort and answer”" in why

    undo = triggers(answer)["toast"]["undo"]
    assert work.post(undo).status_code == 200
    assert state(ticket) == before
    assert messages(ticket) == []


def test_one_refusal_and_nothing_is_done(work: Workspace) -> None:
    ticket = work.ticket()
    first = entries(ticket)[-1].id
    row = macro(
        "Wrong number",
        {"do": "set-priority", "priority": 1},
        {"do": "set-status", "status": 10**9},
        says="reply",
        text_en="Bye",
    )
    form = previewed(work, row, ticket)
    assert "Not possible, so nothing is done" in form["page"]
    answer = run(work, form)
    assert answer.status_code == 422
    assert "gone" in answer.text
    assert [one for one in entries(ticket) if one.id > first] == []
    assert db.session.scalars(select(MacroRun)).all() == []
    assert db.session.scalars(select(Macro.used)).one() == 0
    end = macro("End it", {"do": "resolve", "outcome": "solved", "text": "Done"})
    assert "cause" in previewed(work, end, ticket)["page"]


def test_what_changed_meanwhile_is_shown_before_it_runs(work: Workspace) -> None:
    ticket = work.ticket()
    row = macro("Urgent", {"do": "set-priority", "priority": 1})
    form = previewed(work, row, ticket)
    services.set_priority(work.actor, ticket, 2)
    db.session.commit()
    answer = run(work, form)
    assert answer.status_code == 409
    assert "Somebody changed this meanwhile" in answer.text
    assert state(ticket)[0] == 2
    assert run(work, previewed(work, row, ticket)).status_code == 200
    assert state(ticket)[0] == 1
    again = previewed(work, row, ticket)
    assert "is so already" in again["page"]
    assert "all was so already" in triggers(run(work, again))["toast"]["text"]


def test_many_tickets_each_by_itself_and_one_undo(work: Workspace) -> None:
    first, second, third = (work.ticket(f"Printer {number}") for number in range(3))
    row = macro("Urgent", {"do": "set-priority", "priority": 1}, says="reply", text_en=HELLO)
    form = previewed(work, row, first, second, third, many="1")
    assert form["page"].count("Sent to") == 3
    services.bin_ticket(work.actor, third, BinReason.SPAM)
    db.session.commit()
    answer = run(work, form)
    assert [state(one)[0] for one in (first, second)] == [1, 1]
    assert state(third)[0] != 1
    assert "2 of 3 changed" in triggers(answer)["toast"]["text"]
    assert triggers(answer)["list-keep"]["numbers"] == [third.id]
    assert f"#{first.id} is" in messages(first)[0].body
    assert len(messages(second)) == 1
    assert work.post(triggers(answer)["toast"]["undo"]).status_code == 200
    assert [state(one)[0] != 1 for one in (first, second)] == [True, True]
    assert messages(first) == messages(second) == []


def test_a_text_that_is_not_sent_goes_where_it_is_typed(work: Workspace) -> None:
    one, two = work.ticket("One"), work.ticket("Two")
    template = AnswerTemplate(name="Hello", text_en=HELLO)
    db.session.add(template)
    db.session.flush()
    row = macro("Begin", says="reply", at_once=False, template_id=template.id)
    answer = run(work, previewed(work, row, one), text="Dear you")
    assert triggers(answer)["macro-text"] == {"kind": "reply", "text": "Dear you"}
    assert "undo" not in triggers(answer)["toast"]
    run(work, previewed(work, row, one, two, many="1"))
    bodies = db.session.scalars(select(Draft.body).order_by(Draft.ticket_id)).all()
    assert [
        f"#{ticket.id} is with" in body for ticket, body in zip((one, two), bodies, strict=True)
    ]
    assert messages(one) == []


def test_rules_see_what_a_macro_did(work: Workspace) -> None:
    ticket = work.ticket()
    rule(
        "Urgent is tagged",
        {"do": "add-tags", "tags": ["hot"]},
        when=[{"on": "updated", "fields": ["priority"]}],
    )
    row = macro("Urgent", {"do": "set-priority", "priority": 1})
    form = previewed(work, row, ticket)
    assert "hot" in form["page"]
    run(work, form)
    assert "The rule “Urgent is tagged”" in work.get(f"/tickets/{ticket.id}").text
    assert entries(ticket)[-1].kind == EntryKind.EVENT


def test_each_sees_their_own_their_teams_and_everybodys(work: Workspace) -> None:
    other = factories.technician("Omar Haddad")
    team, hidden = factories.team("Elsewhere"), factories.queue("HR", restricted=True)
    tag = {"do": "add-tags", "tags": ["x"]}
    mine, everybodys = macro("Mine", tag, owner_id=work.person.id), macro("All", tag, used=3)
    theirs, teams = macro("Theirs", tag, owner_id=other.id), macro("Team", tag, team_ids=[team.id])
    secret = macro("Secret", {"do": "set-queue", "queue": hidden.id})
    assert found(work) == ["All", "Mine"]
    assert found(work, "min") == ["Mine"]
    ticket = work.ticket()
    for row in (theirs, teams, secret):
        sent = {"macro": str(row.id), "ticket": str(ticket.id), "press": "p", "version": "1"}
        assert work.post("/macros/preview", **sent).status_code == 404
        assert work.post("/macros/run", **sent).status_code == 404
    assert work.get(f"/setup/macros/{everybodys.id}").status_code == 404
    assert work.get(f"/setup/macros/{theirs.id}").status_code == 404
    assert work.get(f"/setup/macros/{mine.id}").status_code == 200


def test_macros_are_written_and_a_clash_shows_both(lead: Workspace) -> None:
    url, new = "/setup/macros", "/setup/macros/new"
    wanted = {"name": "Close it", "scope": "all", "says": "reply", "text_en": HELLO, "at_once": "1"}
    steps = {"then-0-do": "set-priority", "then-0-priority": "4"}
    assert lead.post(new, name="Empty", scope="all").status_code == 422
    assert lead.post(new, **(wanted | {"text_en": "Dear {client}"})).status_code == 422
    assert (
        lead.post(new, **wanted, **{"then-0-do": "run-rule", "then-0-rule": "1"}).status_code == 422
    )
    assert lead.post(new, **wanted, **steps).status_code == 303
    row = db.session.scalars(select(Macro)).one()
    assert row.actions == [{"do": "set-priority", "priority": 4}]
    drawn = lead.post(f"{url}/{row.id}/draw", **wanted, **steps, act="add-then:then").text
    assert "then-1-do" in drawn
    changed = wanted | {"name": "Close them", "seen": "1"}
    assert lead.post(f"{url}/{row.id}", **changed, **steps).status_code == 303
    clash = lead.post(f"{url}/{row.id}", **(changed | {"name": "Mine"}), **steps)
    assert clash.status_code == 409
    assert "saved this macro meanwhile" in clash.text
    assert "Close them" in lead.get(url).text
    assert lead.post(new, **(wanted | {"name": "close THEM"}), **steps).status_code == 422
    assert lead.post(f"{url}/{row.id}/retire").status_code == 303
    assert found(lead) == []
    assert lead.post(f"{url}/{row.id}/delete").status_code == 303
    said = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert said[-4:] == ["macro-created", "macro-edited", "macro-retired", "macro-deleted"]


def test_technicians_write_only_their_own(work: Workspace) -> None:
    wanted = {"name": "Mine", "then-0-do": "set-priority", "then-0-priority": "2"}
    assert work.post("/setup/macros/new", **wanted, scope="all").status_code == 403
    sends = {"name": "Call", "then-0-do": "tell", "then-0-whom": "owner", "scope": "mine"}
    assert work.post("/setup/macros/new", **sends).status_code == 422
    assert work.post("/setup/macros/new", **wanted, scope="mine").status_code == 303
    assert db.session.scalars(select(Macro.owner_id)).one() == work.person.id
    assert "Mine" in work.get("/setup/macros").text

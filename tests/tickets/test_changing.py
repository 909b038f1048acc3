"""Changing a ticket on its page: two people never overwrite each other, every act can be undone."""

from datetime import timedelta
from typing import Any

import pytest

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import LinkType, Outcome
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Heard
from helpdesk.tickets.views.state import presets
from tests import factories
from tests.tickets.workspace import Workspace, entries, lead, newest, triggers, work

__all__ = ["lead", "work"]


def reread(ticket: Ticket) -> Ticket:
    db.session.refresh(ticket)
    return ticket


# ---- One field ----


def test_each_field_changes_where_it_stands(work: Workspace):
    ticket = work.ticket()
    category, cause = factories.category("Network"), factories.cause()
    karen = factories.technician("Karen Chan")
    for name, value, check in (
        ("status", factories.status("working").id, lambda: ticket.status.key == "working"),
        ("status", factories.status("waiting-supplier").id, lambda: ticket.hold_reason),
        ("priority", "1-1", lambda: (ticket.impact, ticket.urgency, ticket.priority) == (1, 1, 1)),
        ("priority", "p4", lambda: (ticket.impact, ticket.priority) == (1, 4)),
        ("kind", "request", lambda: ticket.kind == "request"),
        ("category", category.id, lambda: ticket.category_id == category.id),
        ("category", "", lambda: ticket.category_id is None),
        ("cause", cause.id, lambda: ticket.cause_id == cause.id),
        ("owner", karen.id, lambda: ticket.owner_id == karen.id),
        ("owner", "", lambda: ticket.owner_id is None),
        ("subject", "VPN drops at rekey", lambda: ticket.subject == "VPN drops at rekey"),
    ):
        answer = work.post(f"/tickets/{ticket.id}/set/{name}", value=value)
        assert answer.status_code == 200, (name, answer.text)
        assert check(), name
    work.post(f"/tickets/{ticket.id}/set/tags", value=["VPN", "HK-GW1"])
    assert "HK-GW1" in work.get(f"/tickets/{ticket.id}").text


def test_nonsense_is_refused_with_a_sentence(work: Workspace):
    ticket = work.ticket()
    wrong = [("status", "999"), ("priority", "9-9"), ("priority", "p9"), ("kind", "poem")]
    wrong += [("category", "x"), ("cause", "0"), ("subject", "  "), ("status", "")]
    for name, value in wrong:
        answer = work.post(f"/tickets/{ticket.id}/set/{name}", value=value)
        # An unreadable category or cause means none, which is what they are.
        assert answer.status_code in {200, 422}, name
        if answer.status_code == 422:
            assert answer.headers["HX-Retarget"] == "#strips"
    assert len(entries(ticket)) == 1
    assert work.post(f"/tickets/{ticket.id}/set/number", value="1").status_code == 404


def test_the_second_of_two_is_told_and_overwrites_nothing(work: Workspace):
    ticket = work.ticket()
    page = {"old": str(ticket.status_id)}
    karen = factories.actor(factories.technician("Karen Chan"))
    services.change_status(karen, ticket, factories.status("working"))
    waiting = factories.status("waiting-customer")
    clash = work.post(f"/tickets/{ticket.id}/set/status", value=waiting.id, **page)
    assert clash.status_code == 409
    assert "Karen Chan was faster." in clash.text
    assert "Working" in clash.text
    assert reread(ticket).status.key == "working"
    assert triggers(clash)["dialog-close"], "what is to be pressed is not covered"
    typed = work.post(f"/tickets/{ticket.id}/set/subject", old="Another", value="Typed by me")
    assert typed.status_code == 409
    assert "You typed: Typed by me" in typed.text
    assert "/edit/subject" in work.get(f"/tickets/{ticket.id}").text
    page["old"] = str(ticket.status_id)
    assert (
        work.post(f"/tickets/{ticket.id}/set/status", value=waiting.id, **page).status_code == 200
    )


def test_nothing_to_change_writes_nothing(work: Workspace):
    ticket = work.ticket()
    answer = work.post(f"/tickets/{ticket.id}/set/kind", value="incident", old="incident")
    assert answer.status_code == 200
    assert "toast" not in triggers(answer)
    assert len(entries(ticket)) == 1


def test_every_change_can_be_undone(work: Workspace):
    ticket = work.ticket()
    answer = work.post(f"/tickets/{ticket.id}/set/priority", value="1-1")
    undone = work.client.post(triggers(answer)["toast"]["undo"])
    assert triggers(undone)["toast"]["text"] == "Taken back"
    assert reread(ticket).priority == 3


def test_values_are_found_while_typing(work: Workspace):
    factories.category("Network")
    factories.category("Hardware")
    assert "Network" in work.get("/tickets/choices/category", q="net").text
    assert "Hardware" not in work.get("/tickets/choices/category", q="net").text
    causes = work.get("/tickets/choices/cause", q="hard").json
    assert causes is not None
    assert [row["label"] for row in causes] == ["Hardware fault"]
    targets = work.get("/tickets/choices/target", q="pri").json
    assert targets is not None
    assert targets[0]["label"] == "Priya Nair · Network & VPN"
    ticket = work.ticket()
    found = work.get("/tickets/choices/ticket", q=str(ticket.id)).json
    assert found is not None
    assert found[0]["value"] == ticket.id
    assert work.get("/tickets/choices/ticket", q="x", without=ticket.id).json == []


# ---- Taking and assigning ----


def test_taking_acknowledges_and_a_second_taker_is_told(work: Workspace):
    ticket = work.ticket()
    assert work.post(f"/tickets/{ticket.id}/take", old="").status_code == 200
    assert ticket.owner_id == work.person.id
    karen = factories.actor(factories.technician("Karen Chan", queues=[work.queue]))
    services.take(karen, ticket)
    clash = work.post(f"/tickets/{ticket.id}/take", old=work.person.id)
    assert clash.status_code == 409
    assert "Karen Chan" in clash.text
    assert reread(ticket).owner_id == karen.person_id


def test_acknowledging_says_when_there_is_nothing_to_acknowledge(work: Workspace):
    ticket = work.ticket()
    path = f"/tickets/{ticket.id}/acknowledge"
    assert "acknowledged" in triggers(work.post(path))["toast"]["text"]
    assert "nothing for you" in triggers(work.post(path))["toast"]["text"]


def test_hand_over_asks_why_and_can_be_returned(work: Workspace):
    ticket = work.ticket()
    services.take(work.actor, ticket)
    other = factories.queue("Field: Hong Kong")
    path = f"/tickets/{ticket.id}/assign"
    refused = work.post(path, target=str(other.id), mode="hand-over")
    assert refused.status_code == 422
    assert "Say why you hand it over." in refused.text
    assert "Field: Hong Kong" in refused.text
    done = work.post(path, target=str(other.id), mode="hand-over", reason="Needs hands")
    assert done.status_code == 200
    assert ticket.queue_id == other.id
    assert ticket.handovers == 1
    moved = ticket.assignments[-1]
    assert "Return" in work.get(f"/tickets/{ticket.id}").text
    back = work.post(f"/tickets/{ticket.id}/assignments/{moved.id}/return")
    assert back.status_code == 200
    assert reread(ticket).queue_id == work.queue.id


def test_work_is_added_beside_and_parts_end_alone(work: Workspace):
    ticket = work.ticket()
    first, second = factories.queue("Desktop"), factories.queue("ERP")
    answer = work.post(
        f"/tickets/{ticket.id}/assign",
        target=[str(first.id), str(second.id)],
        mode="add",
        first_wins="1",
        reason="Line check",
    )
    assert answer.status_code == 200
    rows = reread(ticket).assignments
    assert [row.queue_id for row in rows] == [work.queue.id, first.id, second.id]
    assert rows[1].first_wins
    finished = work.post(f"/tickets/{ticket.id}/assignments/{rows[1].id}/resolve", reason="Done")
    assert finished.status_code == 200
    assert "1 finished part" in finished.text
    assert work.get(f"/tickets/{ticket.id}/assignments/{rows[1].id}/resolve").status_code == 200
    assert work.get(f"/tickets/{ticket.id}/assignments/99999/resolve").status_code == 404
    nobody = work.post(f"/tickets/{ticket.id}/assign", mode="add")
    assert nobody.status_code == 422


def test_following_is_for_oneself_and_for_colleagues(work: Workspace):
    ticket = work.ticket()
    karen = factories.technician("Karen Chan")
    assert 'aria-pressed="true"' in work.post(f"/tickets/{ticket.id}/follow").text
    assert "Karen Chan" in work.post(f"/tickets/{ticket.id}/follow", person=karen.id).text
    work.post(f"/tickets/{ticket.id}/unfollow")
    assert "Karen Chan" in work.get(f"/tickets/{ticket.id}").text
    assert work.post(f"/tickets/{ticket.id}/follow", person=ticket.customer_id).status_code == 422


# ---- Resolving, holding, closing ----


def test_resolving_asks_for_cause_and_solution(work: Workspace):
    ticket = work.ticket()
    path = f"/tickets/{ticket.id}/resolve"
    work.client.post(f"/tickets/{ticket.id}/drafts/reply", data={"body": "Changed the gateway."})
    dialog = work.get(path).text
    assert "Changed the gateway.</textarea>" in dialog
    assert "Send my reply first" in dialog
    missing = work.post(path, outcome="solved", solution="")
    assert missing.status_code == 422
    assert "Say what fixed it" in missing.text
    assert "Choose a cause." in work.post(path, outcome="solved", solution="x").text
    done = work.post(
        path, outcome="solved", solution="Rekey", cause=factories.cause().id, send_reply="1"
    )
    assert done.status_code == 200
    assert ticket.status_class == "resolved"
    assert [entry.verb for entry in entries(ticket)] == ["log", "reply", "resolve"]
    work.client.post(triggers(done)["toast"]["undo"])
    assert reread(ticket).status_class == "new"
    assert ">\nChanged the gateway.</textarea>" in work.get(f"/tickets/{ticket.id}").text


def test_the_likeliest_cause_is_suggested(work: Workspace):
    cause = factories.cause()
    solved = work.ticket("VPN gateway drops at rekey")
    services.resolve(work.actor, solved, outcome=Outcome.SOLVED, solution="8 h", cause=cause)
    ticket = work.ticket("VPN gateway drops at rekey again")
    dialog = work.get(f"/tickets/{ticket.id}/resolve").text
    assert "Suggested" in dialog
    assert f'selected value="{cause.id}"' in dialog or f'value="{cause.id}" selected' in dialog


def test_resolving_waits_when_the_customer_has_just_written(work: Workspace):
    ticket = work.ticket()
    form: dict[str, Any] = {
        "outcome": "solved",
        "solution": "Rekey",
        "cause": factories.cause().id,
        "seen": newest(ticket),
    }
    services.hear(ticket, Heard(ticket.customer, "Worse now"), reopen_days=5, actor=SYSTEM)
    clash = work.post(f"/tickets/{ticket.id}/resolve", **form)
    assert clash.status_code == 409
    assert "Worse now" in clash.text
    assert "Rekey</textarea>" in clash.text
    assert reread(ticket).status_class == "new"
    form["seen"] = newest(ticket)
    assert work.post(f"/tickets/{ticket.id}/resolve", **form).status_code == 200


def test_open_children_hold_a_ticket_open(work: Workspace):
    parent, child = work.ticket("Gateway"), work.ticket("VPN drops")
    services.link(work.actor, parent, child, LinkType.PARENT)
    form: dict[str, Any] = {"outcome": "solved", "solution": "x", "cause": factories.cause().id}
    assert "1 linked ticket is still open." in work.get(f"/tickets/{parent.id}/resolve").text
    assert work.post(f"/tickets/{parent.id}/resolve", **form).status_code == 422
    assert work.post(f"/tickets/{parent.id}/resolve", **form, force="1").status_code == 403
    assert work.post(f"/tickets/{parent.id}/resolve", **form, with_children="1").status_code == 200
    assert reread(child).status_class == "resolved"


def test_what_is_resolved_along_is_counted(work: Workspace):
    parent, child, grandchild = work.ticket("Parent"), work.ticket("Child"), work.ticket("Below")
    services.link(work.actor, parent, child, LinkType.PARENT)
    services.link(work.actor, child, grandchild, LinkType.PARENT)
    form = {"solution": "Fixed.", "cause": str(factories.cause().id), "outcome": "solved"}
    answer = work.post(f"/tickets/{parent.id}/resolve", **form, with_children="1")
    assert triggers(answer)["toast"]["text"] == f"{parent.id} and 2 linked tickets resolved"
    db.session.expire_all()
    assert {row.status_class for row in (parent, child, grandchild)} == {"resolved"}


def test_resolve_and_next_names_the_next(work: Workspace):
    first, second = work.ticket("one"), work.ticket("two")
    answer = work.post(
        f"/tickets/{first.id}/resolve",
        outcome="withdrawn",
        solution="Not needed",
        go="next",
        **{"in": f"queue={work.queue.id}"},
    )
    assert answer.headers["HX-Redirect"].startswith(f"/tickets/{second.id}")
    assert f"{first.id} resolved. Next: {second.id}" in work.get(f"/tickets/{second.id}").text


def test_snoozing_needs_a_time_to_come(work: Workspace):
    ticket = work.ticket()
    path = f"/tickets/{ticket.id}/hold"
    assert "Tomorrow morning" in work.get(path).text
    assert work.post(path, reason="date", until="none").status_code == 422
    assert work.post(path, reason="date", until="custom").status_code == 422
    assert work.post(path, reason="date", until="rubbish").status_code == 422
    past = (now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert work.post(path, reason="date", until="custom", wake_at=past).status_code == 422
    at = (now() + timedelta(days=2)).isoformat()
    done = work.post(path, reason="date", until=at, note="After the delivery")
    assert done.status_code == 200
    assert "After the delivery" in done.text
    assert ticket.status_class == "pending"
    assert work.post(f"/tickets/{ticket.id}/wake").status_code == 200
    assert reread(ticket).status_class == "open"


def test_times_to_come_back_are_the_readers_own(work: Workspace):
    work.person.time_zone = "Asia/Hong_Kong"
    db.session.commit()
    ticket = work.ticket()
    dialog = work.get(f"/tickets/{ticket.id}/hold").text
    # Nine in the morning there is one o'clock here.
    assert "T01:00:00+00:00" in dialog


@pytest.mark.parametrize("hour", [0, 8, 15, 17, 23])
def test_presets_lie_ahead(work: Workspace, app: Any, hour: int):
    moment = now().replace(hour=hour, minute=30)
    with app.test_request_context():
        keys = [key for key, _name in presets(moment)]
    assert keys == sorted(keys)
    assert all(key > moment.isoformat() for key in keys)
    assert len(keys) == len(set(keys)) >= 1


def test_closing_and_reopening(work: Workspace):
    ticket = work.ticket()
    services.resolve(
        work.actor, ticket, outcome=Outcome.SOLVED, solution="x", cause=factories.cause()
    )
    assert work.post(f"/tickets/{ticket.id}/close").status_code == 200
    assert reread(ticket).status_class == "closed"
    again = work.post(f"/tickets/{ticket.id}/reopen", reason="It came back")
    assert again.status_code == 200
    assert "It came back" in again.text
    assert reread(ticket).status_class == "open"
    # What needs its own step says so instead of breaking.
    assert work.post(f"/tickets/{ticket.id}/close").status_code == 422


def test_the_bin_takes_spam_and_goes_on(work: Workspace):
    ticket, other = work.ticket("Cheap pills"), work.ticket("Printer")
    inside = f"queue={work.queue.id}"
    answer = work.post(f"/tickets/{ticket.id}/bin", reason="spam", **{"in": inside})
    assert answer.headers["HX-Redirect"].startswith(f"/tickets/{other.id}")
    assert reread(ticket).bin_reason == "spam"

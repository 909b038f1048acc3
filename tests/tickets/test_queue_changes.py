"""What is changed from lists: many tickets at once, views, a shift, the bin; and what leaves."""

import csv
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import AuditEntry, Person
from helpdesk.tickets import services
from helpdesk.tickets.companions import View
from helpdesk.tickets.desk import Queue, Tag, TicketTag
from helpdesk.tickets.events import TicketEvent
from helpdesk.tickets.lifecycle import BinReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries import export
from helpdesk.tickets.services import act
from tests import factories
from tests.tickets.desk import Desk, desk, no_tokens, picked_in, queue, rows_of, text_of, triggers

__all__ = ["desk", "no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session")


# ---- Bulk ----


def bulk(desk: Desk, action: str, tickets: list[Ticket], **fields: Any) -> Any:
    numbers = [str(ticket.id) for ticket in tickets]
    return desk.post(f"/queue/bulk/{action}", {"ticket": numbers, **fields})


def test_a_bulk_change_is_told_in_one_line_and_taken_back_as_one(desk: Desk, queue: Queue):
    tickets = [factories.ticket(queue_=queue) for _number in range(3)]
    response = bulk(desk, "priority", tickets, priority="1")
    assert response.status_code == 200
    fired = triggers(response)
    assert fired["toast"]["text"] == "3 tickets changed"
    assert fired["list-clear"] is True
    assert fired["list-refresh"] is True
    assert {ticket.priority for ticket in tickets} == {1}
    undone = desk.post(fired["toast"]["undo"], {})
    assert undone.status_code < 300, undone.text
    db.session.expire_all()
    assert {ticket.priority for ticket in tickets} == {3}


def test_what_somebody_changed_since_is_left_and_named_the_others_are_taken_back(
    desk: Desk, queue: Queue
):
    tickets = [factories.ticket(queue_=queue) for _number in range(3)]
    fired = triggers(bulk(desk, "priority", tickets, priority="1"))
    colleague = factories.technician("Kwame Asante", queues=[queue])
    services.set_priority(factories.actor(colleague), tickets[1], 2)
    db.session.commit()
    undone = desk.post(fired["toast"]["undo"], {})
    assert undone.status_code == 200
    assert triggers(undone)["toast"]["text"] == "Taken back for 2 of 3 tickets"
    assert undone.json == {
        "title": "1 ticket stays as it is.",
        "text": f"#{tickets[1].id}: Kwame Asante changed it since.",
    }
    db.session.expire_all()
    assert [ticket.priority for ticket in tickets] == [3, 2, 3]
    assert desk.post(fired["toast"]["undo"], {}).status_code == 422


def test_what_refuses_is_listed_and_stays_selected(desk: Desk, queue: Queue):
    cause = factories.cause()
    ready, bare = factories.ticket(queue_=queue), factories.ticket("Bare", queue_=queue)
    services.set_cause(desk.actor, ready, cause)
    db.session.commit()
    resolved = factories.status("resolved")
    response = bulk(
        desk, "status", [ready, bare], status=resolved.id, outcome="solved", solution="Done."
    )
    fired = triggers(response)
    assert fired["toast"]["text"] == "1 of 2 changed; 1 needs a cause"
    assert fired["list-keep"] == {"numbers": [bare.id]}
    assert "list-clear" not in fired
    assert "Choose a cause." in response.text
    assert "Bare" in response.text
    assert (ready.status_class, bare.status_class) == ("resolved", "new")


def test_bulk_assign_asks_a_reason_only_where_work_leaves_hands(desk: Desk, queue: Queue):
    colleague = factories.technician(queues=[queue])
    free, held = factories.ticket(queue_=queue), factories.ticket(queue_=queue)
    services.take(factories.actor(queues=[queue]), held)
    db.session.commit()
    response = bulk(desk, "assign", [free, held], technician=colleague.id)
    assert triggers(response)["toast"]["text"] == "1 of 2 changed; 1 needs a reason"
    assert free.owner_id == colleague.id
    response = bulk(desk, "assign", [free, held], technician=colleague.id, reason="Holiday")
    assert triggers(response)["toast"]["text"] == "1 ticket changed; 1 was so already"
    assert held.owner_id == colleague.id
    empty = bulk(desk, "assign", [free])
    assert empty.status_code == 422
    assert "Choose a queue or a technician." in empty.text


def test_bulk_tags_are_added_to_those_there_are_and_taken_off(desk: Desk, queue: Queue):
    ticket = factories.ticket(queue_=queue, tags=["vpn"])
    bulk(desk, "tag", [ticket], tags="gateway, urgent", how="add")
    assert tags_of(ticket) == {"vpn", "gateway", "urgent"}
    bulk(desk, "tag", [ticket], tags="urgent", how="remove")
    assert tags_of(ticket) == {"vpn", "gateway"}


def tags_of(ticket: Ticket) -> set[str]:
    return set(
        db.session.scalars(select(Tag.name).join(TicketTag).where(TicketTag.ticket_id == ticket.id))
    )


def test_bulk_category_link_and_bin(desk: Desk, queue: Queue):
    category = factories.category("Network")
    parent = factories.ticket("Gateway is down", queue_=queue)
    children = [factories.ticket(queue_=queue) for _number in range(2)]
    bulk(desk, "category", children, category=category.id)
    assert {child.category_id for child in children} == {category.id}
    bulk(desk, "link", children, parent=f"#{parent.id}")
    assert {child.id for child in services.open_children(parent)} == {c.id for c in children}
    assert bulk(desk, "link", children, parent="999999").status_code == 422
    bulk(desk, "bin", children, reason="mistake")
    assert all(child.hidden_at is not None for child in children)


def test_bulk_merge_goes_into_the_chosen_one_and_never_across_customers(desk: Desk, queue: Queue):
    customer = factories.person()
    first = factories.ticket(queue_=queue, customer=customer)
    second = factories.ticket(queue_=queue, customer=customer)
    stranger = factories.ticket(queue_=queue)
    asked = desk.get(f"/queue/bulk/merge?ticket={first.id}&ticket={second.id}")
    assert f'value="{first.id}"' in asked
    response = bulk(desk, "merge", [first, second, stranger], survivor=str(second.id))
    assert triggers(response)["list-keep"] == {"numbers": [stranger.id]}
    assert first.merged_into_id == second.id
    assert stranger.merged_into_id is None


def test_a_quiet_bulk_change_tells_nobody(
    desk: Desk, queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    heard: list[bool] = []

    def hear(event: object) -> None:
        if isinstance(event, TicketEvent):
            heard.append(event.quiet)

    monkeypatch.setattr(act, "publish", hear, raising=True)
    ticket = factories.ticket(queue_=queue)
    heard.clear()
    bulk(desk, "priority", [ticket], priority="1", quiet="1")
    bulk(desk, "priority", [ticket], priority="2")
    assert heard == [True, False]


def test_bulk_changes_reach_only_what_the_actor_may_see(desk: Desk, queue: Queue):
    secret = factories.queue(restricted=True)
    hidden = factories.ticket(queue_=secret)
    response = bulk(desk, "priority", [hidden], priority="1")
    assert response.status_code == 422
    assert hidden.priority == 3


def test_every_bulk_form_can_be_opened(desk: Desk):
    for action in ("assign", "status", "priority", "category", "tag", "merge", "link", "bin"):
        assert "<form" in desk.get(f"/queue/bulk/{action}")
    assert desk.client.get("/queue/bulk/explode").status_code == 404


# ---- Saved views ----


def test_a_list_is_kept_as_a_view_of_ones_own(desk: Desk, queue: Queue):
    assert "Save as a view" in desk.get(f"/queue/views/new?queue={queue.id}&flag=vip")
    response = desk.post(
        f"/queue/views?queue={queue.id}&flag=vip", {"name": "VIP callers", "colour": "c3"}
    )
    assert response.headers["HX-Redirect"] == f"/queue?queue={queue.id}&flag=vip"
    page = desk.get(response.headers["HX-Redirect"])
    assert '<h1 class="clip">VIP callers</h1>' in page
    view = db.session.scalars(select(View).where(View.name == "VIP callers")).one()
    assert view.owner_id == desk.person.id
    assert view.filters == {"queue": [str(queue.id)], "flag": ["vip"]}
    other = Desk(desk.client, "technician", [queue])
    assert "VIP callers" not in other.get("/queue")
    assert other.client.get(f"/queue/views/{view.id}").status_code == 404


def test_views_are_renamed_moved_and_removed(desk: Desk):
    for name in ("One", "Two", "Three"):
        desk.post("/queue/views?owner=me", {"name": name, "colour": "c1"})
    mine = select(View).where(View.owner_id == desk.person.id, View.retired_at.is_(None))
    mine = mine.order_by(View.position)
    _one, two, three = db.session.scalars(mine).all()
    desk.post(f"/queue/views/{three.id}/move", {"to": "up"}, htmx=False)
    desk.post(f"/queue/views/{two.id}", {"name": "Zwei", "colour": "c4"})
    db.session.expire_all()
    assert [view.name for view in db.session.scalars(mine)] == ["One", "Three", "Zwei"]
    desk.post(f"/queue/views/{three.id}/remove", {}, htmx=False)
    assert [view.name for view in db.session.scalars(mine)] == ["One", "Zwei"]
    assert "Zwei" in desk.get("/queue/views")
    assert desk.post("/queue/views?owner=me", {"name": " ", "colour": "c1"}).status_code == 422


def test_sharing_a_view_needs_its_permission(desk: Desk, queue: Queue):
    desk.post("/queue/views?owner=none", {"name": "Free for all", "colour": "c2", "share": "all"})
    shared = db.session.scalars(select(View).where(View.name == "Free for all")).one()
    assert shared.owner_id is None
    technician = Desk(desk.client, "technician", [queue])
    assert "Free for all" in technician.get("/queue")
    fields = {"name": "Mine now", "colour": "c1"}
    assert technician.post(f"/queue/views/{shared.id}", fields).status_code == 403
    assert technician.post(f"/queue/views/{shared.id}/remove", {}).status_code == 403
    refused = {"name": "For you", "colour": "c1", "share": "all"}
    assert technician.post("/queue/views?owner=me", refused).status_code == 403


def test_shipped_views_are_there_from_the_first_day(desk: Desk):
    shown = text_of(desk.get("/queue"))
    for name in ("Unassigned", "Customer replied", "Untouched for 3 days", "Woken up", "Reopened"):
        assert name in shown


# ---- Hand-over, bin, export ----


def test_a_shift_is_passed_on_with_a_word_on_each(desk: Desk, queue: Queue):
    colleague = factories.technician("Tom Okafor", queues=[queue])
    mine, owned, kept = (factories.ticket(queue_=queue) for _number in range(3))
    services.take(desk.actor, mine)
    services.take(desk.actor, kept)
    other = factories.actor(queues=[queue])
    services.take(other, owned)
    services.set_owner(desk.actor, owned, db.session.get_one(Person, desk.person.id))
    db.session.commit()
    assert picked_in(desk.get("/queue/hand-over")) == {mine.id, owned.id, kept.id}
    response = desk.post(
        "/queue/hand-over",
        {
            "ticket": [str(mine.id), str(owned.id)],
            f"comment-{mine.id}": "Waits for a callback",
            "queue": queue.id,
            "technician": colleague.id,
            "reason": "End of shift",
        },
        htmx=False,
    )
    assert response.status_code == 303
    assert mine.owner_id == colleague.id
    assert owned.owner_id == colleague.id
    assert kept.owner_id == desk.person.id
    # What a colleague held of the ticket is still theirs.
    assert {row.technician_id for row in owned.assignments if row.state != "withdrawn"} == {
        other.person_id,
        colleague.id,
    }
    said = db.session.scalars(
        select(Entry).where(Entry.ticket_id == mine.id, Entry.verb == "hand-over")
    ).one()
    assert said.body == "Waits for a callback\nEnd of shift"
    assert picked_in(desk.get("/queue/hand-over")) == {kept.id}


def test_a_hand_over_needs_a_reason(desk: Desk, queue: Queue):
    ticket = factories.ticket(queue_=queue)
    services.take(desk.actor, ticket)
    db.session.commit()
    fields = {"ticket": ticket.id, "queue": queue.id, "reason": ""}
    assert desk.post("/queue/hand-over", fields, htmx=False).status_code == 422
    assert ticket.owner_id == desk.person.id


def test_binned_tickets_come_back(desk: Desk, queue: Queue):
    spam, mistake = factories.ticket("You have won", queue_=queue), factories.ticket(queue_=queue)
    services.bin_ticket(desk.actor, spam, BinReason.SPAM)
    services.bin_ticket(desk.actor, mistake, BinReason.MISTAKE)
    db.session.commit()
    assert picked_in(desk.get("/queue/bin")) == {spam.id, mistake.id}
    desk.post("/queue/bin/restore", {"ticket": spam.id}, htmx=False)
    assert spam.hidden_at is None
    assert picked_in(desk.get("/queue/bin")) == {mistake.id}
    assert rows_of(desk.get(f"/queue?queue={queue.id}")) == [spam.id]


def test_a_list_is_exported_whole_and_no_cell_is_a_formula(
    desk: Desk, queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(export, "BATCH", 2)
    evil = ['=HYPERLINK("http://x")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "Plain, “text”"]
    tickets = [factories.ticket(subject, queue_=queue) for subject in evil]
    response = desk.client.get(f"/queue/export.csv?queue={queue.id}")
    assert response.mimetype == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    assert response.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"))))
    assert [int(row["number"]) for row in rows] == [ticket.id for ticket in tickets]
    assert [row["subject"] for row in rows] == [
        '\'=HYPERLINK("http://x")',
        "'+1+cmd|' /C calc'!A0",
        "'-2+3",
        "'@SUM(A1)",
        "Plain, “text”",
    ]
    assert rows[0]["queue"] == "Network & VPN"
    assert set(rows[0]) == set(export.COLUMNS)
    [logged] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "tickets-exported"))
    assert (logged.actor_id, logged.subject_label) == (desk.person.id, f"queue={queue.id}")


def test_the_bin_is_exported_as_it_is_shown(desk: Desk, queue: Queue):
    spam, mistake = (factories.ticket(name, queue_=queue) for name in ("You have won", "Twice"))
    factories.ticket("In work", queue_=queue)
    hidden = factories.ticket(queue_=factories.queue("HR", restricted=True))
    services.bin_ticket(desk.actor, spam, BinReason.SPAM)
    services.bin_ticket(desk.actor, mistake, BinReason.MISTAKE)
    services.bin_ticket(SYSTEM, hidden, BinReason.MISTAKE)
    db.session.commit()
    assert 'href="/queue/bin/export.csv"' in desk.get("/queue/bin")
    rows = list(csv.DictReader(io.StringIO(desk.get("/queue/bin/export.csv").lstrip("\ufeff"))))
    assert [(row["subject"], row["bin_reason"]) for row in rows] == [
        ("Twice", "mistake"),
        ("You have won", "spam"),
    ]
    assert rows[0]["binned"]
    [logged] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "tickets-exported"))
    assert logged.subject_label == "bin"


def test_exporting_needs_its_permission(client: FlaskClient):
    reader = Desk(client, "knowledge-editor", [])
    assert reader.client.get("/queue/bin/export.csv").status_code == 403
    assert reader.client.get("/queue/export.csv").status_code == 403


# ---- Jump and search ----


def test_the_palette_finds_tickets_people_queues_and_views(desk: Desk, queue: Queue):
    customer = factories.person("Grace Lim")
    ticket = factories.ticket("Payroll export fails", queue_=queue, customer=customer)
    by_number = json.loads(desk.get(f"/jump?q={ticket.id}"))["groups"]
    assert by_number[0]["items"][0]["url"] == f"/tickets/{ticket.id}"
    words = json.loads(desk.get("/jump?q=payroll"))["groups"]
    assert words[0]["items"][0]["label"] == f"{ticket.id} Payroll export fails"
    lists_found = json.loads(desk.get("/jump?q=vpn"))["groups"]
    assert {"label": "Network & VPN", "url": f"/queue?queue={queue.id}", "icon": "layers"} in [
        item for group in lists_found for item in group["items"]
    ]
    assert json.loads(desk.get("/jump?q=unassi"))["groups"][-1]["items"][0]["label"] == "Unassigned"


def test_search_shows_finished_work_too(desk: Desk, queue: Queue):
    ticket = factories.ticket("Projector bulb", queue_=queue)
    services.resolve(
        desk.actor, ticket, outcome=Outcome.SOLVED, solution="New bulb", cause=factories.cause()
    )
    db.session.commit()
    response = desk.client.get("/search?q=projector")
    assert response.location == "/queue?class=any&q=projector"
    assert rows_of(desk.get(response.location)) == [ticket.id]
    assert rows_of(desk.get("/queue?q=projector")) == []


# ---- The reader's own ways ----


def test_density_and_availability_are_ones_own(desk: Desk):
    desk.post("/queue/density?owner=me", {"density": "comfortable"}, htmx=False)
    page = desk.get("/queue")
    assert 'data-density="comfortable"' in page
    response = desk.post("/queue/availability", {"availability": "away"}, htmx=False)
    assert response.location == "/queue"
    assert 'class="here away"' in desk.get("/queue")

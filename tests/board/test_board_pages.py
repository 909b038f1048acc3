"""The board on screen: its pages, beside the queue, on tickets and while a call is logged."""

import html
import re

import pytest
from sqlalchemy import select

from helpdesk.board import fixing, linking, queries, writing
from helpdesk.board.models import Alert, Audience
from helpdesk.db import db
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from helpdesk.web.live import LiveEvent
from tests import factories
from tests.board.makers import alert
from tests.support.queries import count_queries
from tests.tickets.desk import Desk, desk, no_tokens, queue, text_of

__all__ = ["desk", "no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session")

FIELDS = {
    "headline": "Mail is late",
    "body": "Ask people to wait.",
    "severity": "degraded",
    "audience": "staff",
    "starts_at": "2031-03-05T09:00",
    "ends_at": "2031-03-05T17:00",
}


def seen_on(page: str) -> str:
    """Return what the form on a page remembers of what it showed."""
    found = re.search(r'name="seen"[^>]*value="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_a_notice_is_written_changed_and_fixed(desk: Desk, queue: Queue):
    ticket = factories.ticket(queue_=queue)
    page = desk.get(f"/board/new?headline=Mail+is+late&text=Wait&tickets={ticket.id}&tickets=7,8")
    assert 'value="Mail is late"' in page
    assert f'value="{ticket.id} 7 8"' in page
    assert re.search(r'name="ends_at"[^>]*value="20\d\d-', page)
    refused = desk.post("/board/new", {**FIELDS, "tickets": "99999999"})
    assert refused.status_code == 422
    assert "There is no ticket 99999999." in refused.text
    assert desk.post("/board/new", {**FIELDS, "headline": ""}).status_code == 422
    assert db.session.scalar(select(Alert)) is None
    made = desk.post("/board/new", {**FIELDS, "tickets": str(ticket.id)})
    assert made.status_code == 303
    where = made.headers["Location"]
    row = db.session.scalars(select(Alert)).one()
    assert f"#{ticket.id}" in desk.get(where)
    shown = desk.get(f"{where}/edit")
    assert 'value="2031-03-05T09:00"' in shown
    seen = seen_on(shown)
    changed = {**FIELDS, "headline": "Mail is very late", "seen": seen}
    assert desk.post(f"{where}/edit", changed).status_code == 303
    late = {**FIELDS, "headline": "Mail is stuck", "severity": "outage", "seen": seen}
    clash = desk.post(f"{where}/edit", late)
    assert clash.status_code == 409
    assert "saved this meanwhile." in clash.text
    assert "<dd>Mail is very late</dd>" in clash.text
    assert 'value="Mail is stuck"' in clash.text
    # Whoever has read that and saves again means it.
    again = {**late, "headline": "Mail is very late", "seen": seen_on(clash.text)}
    assert desk.post(f"{where}/edit", again).status_code == 303
    db.session.refresh(row)
    assert (row.headline, row.severity) == ("Mail is very late", "outage")
    assert desk.post(f"{where}/say", {"text": "We found the cause"}).status_code == 303
    page = desk.get(where)
    assert "We found the cause" in page
    assert "changed: headline" in page
    assert ticket.customer.name in desk.get(f"{where}/fixed")
    missing = desk.post(f"{where}/fixed", {"closing": " ", "expected": "1"})
    assert missing.status_code == 422
    more = desk.post(f"{where}/fixed", {"closing": "Done.", "expected": "0"})
    assert more.status_code == 422
    assert "1 people who will be told" in more.text or "Look again" in more.text
    assert desk.post(f"{where}/fixed", {"closing": "Done.", "expected": "1"}).status_code == 303
    db.session.refresh(row)
    assert row.fixed_at is not None
    assert "Done." in desk.get(f"/tickets/{ticket.id}")
    assert "Mail is very late" in text_of(desk.get("/board"))


def test_a_technician_reads_links_and_asks_but_does_not_write(client, queue, no_tokens):
    desk = Desk(client, "technician", [queue])
    row, ticket = alert(), factories.ticket(queue_=queue)
    assert "New notice" not in desk.get("/board")
    for path in ("/board/new", f"/board/{row.id}/edit", f"/board/{row.id}/fixed"):
        desk.get(path, status=403)
    assert desk.post(f"/board/{row.id}/me", {"wanted": "1"}).status_code == 303
    assert "Don't tell me" in desk.get(f"/board/{row.id}")
    link = desk.post(f"/board/{row.id}/tickets", {"number": f"{ticket.id} Printer"})
    assert link.status_code == 303
    assert len(fixing.waiting_for(row)) == 2
    unknown = desk.post(f"/board/{row.id}/tickets", {"number": "4711"})
    assert unknown.status_code == 422


def test_what_runs_stands_beside_the_queue_until_it_is_put_away(desk: Desk, queue: Queue):
    factories.ticket(queue_=queue)
    desk.get("/queue")
    with count_queries() as without:
        desk.get("/queue")
    row = alert("Gateway down")
    alert("Only for others", audience=Audience.TEAM, team_id=factories.team().id)
    with count_queries() as queries_with:
        page = desk.get("/queue")
    assert queries_with.count == without.count, queries_with
    assert page.count("Gateway down") > 1
    assert "Only for others" not in page
    gone = desk.post(f"/board/{row.id}/put-away", {"edition": str(row.edition)})
    assert "Gateway down" not in gone.text
    assert "Gateway down" not in desk.get("/board/strip")
    # In the side it stays; and what is new about it shows it again.
    assert "Gateway down" in desk.get("/board/side")
    writing.say(desk.actor, row, "The cause is found")
    assert "Gateway down" in desk.get("/board/strip")
    assert db.session.scalars(select(LiveEvent).where(LiveEvent.topic == "desk")).first()


def test_a_tickets_page_offers_what_runs_and_says_what_it_is_linked_to(desk: Desk, queue: Queue):
    ticket, row = factories.ticket(queue_=queue), alert("Gateway down")
    where = f"/tickets/{ticket.id}/trouble/{row.id}"
    assert where in desk.get(f"/tickets/{ticket.id}")
    assert desk.post(where, {}).status_code == 200
    page = desk.get(f"/tickets/{ticket.id}")
    assert "Known trouble: Gateway down" in page
    assert f"{ticket.customer.name} is told when it is fixed" in text_of(page)
    assert desk.post(f"{where}/tell", {"wanted": "0"}).status_code == 200
    assert fixing.waiting_for(row) == []
    assert desk.post(f"{where}/tell", {"wanted": "1"}).status_code == 200
    assert "linked it to a notice on the alert board" in text_of(desk.get(f"/tickets/{ticket.id}"))
    assert desk.post(f"{where}/remove", {}).status_code == 200
    assert queries.of_ticket(desk.actor, ticket) == []
    fixing.fix(desk.actor, row, "Done.", expected=0)
    assert desk.post(where, {}).status_code == 422


def test_a_call_about_known_trouble_is_linked_with_one_click(desk: Desk, queue: Queue):
    row, customer = alert("Gateway down"), factories.person("Ho Mei-Ling")
    major = factories.ticket("Gateway", queue_=queue)
    linking.link(desk.actor, row, major)
    fields = {"customer": customer.id, "subject": "VPN drops", "then": "log", "channel": "phone"}
    assert "Gateway down" in desk.get("/tickets/new")
    refused = desk.post("/tickets/new", {**fields, "subject": "", "trouble": row.id})
    assert refused.status_code == 422
    assert re.search(rf'name="trouble" value="{row.id}" checked', refused.text)
    assert desk.post("/tickets/new", {**fields, "trouble": row.id}).status_code in {200, 303}
    call = db.session.scalars(select(Ticket).where(Ticket.subject == "VPN drops")).one()
    assert queries.of_ticket(desk.actor, call) == [row]
    assert customer.id in {one.person.id for one in fixing.waiting_for(row)}

"""The pages of lists, as a browser asks for them."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.tickets import services
from helpdesk.tickets.companions import View
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import BinReason
from helpdesk.tickets.models import Entry
from helpdesk.tickets.queries import lists
from helpdesk.tickets.services import Said, Target
from tests import factories
from tests.support.queries import count_queries
from tests.tickets.desk import Desk, desk, no_tokens, queue, rows_of, text_of, triggers

__all__ = ["desk", "no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session")


# ---- The list ----


def test_a_queue_shows_its_tickets_in_groups_with_counts(desk: Desk, queue: Queue):
    low = factories.ticket("Slow Wi-Fi", queue_=queue, impact=3, urgency=3)
    high = factories.ticket("Scanners are down", queue_=queue, impact=1, urgency=1)
    page = desk.get(f"/queue?queue={queue.id}")
    assert rows_of(page) == [high.id, low.id]
    said = text_of(page)
    assert said.index("P1 Critical 1") < said.index("Scanners are down")
    assert said.index("P4 Low 1") < said.index("Slow Wi-Fi")
    assert '<h1 class="clip">Network &amp; VPN</h1>' in page


def test_the_queue_page_asks_a_fixed_number_of_questions(desk: Desk, queue: Queue):
    for _number in range(3):
        factories.ticket(queue_=queue)
    path = f"/queue?queue={queue.id}"
    desk.get(path)
    with count_queries() as few:
        desk.get(path)
    for _number in range(12):
        ticket = factories.ticket(queue_=queue, customer=factories.person(vip=True))
        services.take(factories.actor(), ticket)
    db.session.add_all(View(name=f"View {n}", filters={"priority": [str(n)]}) for n in range(1, 5))
    db.session.commit()
    with count_queries() as many:
        desk.get(path)
    # Of these, six are numbers that are remembered for two seconds outside of tests, as is what
    # runs on the alert board and the cards of what many people have; one counts the notices in
    # the frame.
    assert few.count == many.count <= 13, many
    narrow = f"{path}&priority=1,2,3,4&owner={desk.person.id}&flag=vip"
    with count_queries() as narrowed:
        desk.get(narrow)
    # One more to count the list, one for the names on its chips.
    assert narrowed.count == many.count + 2, narrowed


def test_numbers_remembered_for_two_seconds_leave_three_questions(
    desk: Desk, queue: Queue, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    factories.ticket(queue_=queue)
    desk.get("/queue")
    monkeypatch.setattr(app.extensions["hearth-counts"], "seconds", 60)
    path = f"/queue?queue={queue.id}"
    desk.get(path)
    with count_queries() as queries:
        desk.get(path)
    app.extensions["hearth-counts"].known.clear()
    # Who is asking, how many notices they have, and the list.
    assert queries.count == 3, queries


def test_more_comes_by_key_without_a_second_heading(
    desk: Desk, queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    tickets = [factories.ticket(queue_=queue) for _number in range(5)]
    # The length of a page is a default of the query and a bound of the address.
    defaults = {**(lists.page.__kwdefaults__ or {}), "limit": 2}
    monkeypatch.setattr(lists.page, "__kwdefaults__", defaults)
    monkeypatch.setattr(lists, "PAGE_ROWS", 2)
    path = f"/queue?queue={queue.id}"
    page = desk.get(path)
    found = rows_of(page)
    while more := re.search(r'hx-get="([^"]+)"[^>]*hx-target="closest tr"', page):
        page = desk.get(more[1].replace("&amp;", "&"))
        assert 'class="g"' not in page
        found += rows_of(page)
    assert found == [ticket.id for ticket in tickets]


def test_a_list_is_fetched_again_with_as_many_rows_as_were_shown(desk: Desk, queue: Queue):
    for _number in range(3):
        factories.ticket(queue_=queue)
    again = desk.get(f"/queue/list?queue={queue.id}&rows=9999")
    assert len(rows_of(again)) == 3
    assert 'id="tickets"' in again
    assert "<html" not in again


def test_what_the_address_says_wrongly_is_shown_and_left_out(desk: Desk, queue: Queue):
    ticket = factories.ticket(queue_=queue)
    page = desk.get("/queue?priority=7&owner=nobody%27s")
    assert rows_of(page) == [ticket.id]
    assert page.count("fchip bad") == 2
    assert "was not understood" in page


def test_every_filter_can_be_taken_away_by_itself(desk: Desk, queue: Queue):
    page = desk.get(f"/queue?queue={queue.id}&owner=me&priority=1")
    links = re.findall(r'<a href="([^"]+)" aria-label="Remove the filter ([^"]+)"', page)
    assert {name: parse_qs(urlsplit(url.replace("&amp;", "&")).query) for url, name in links} == {
        "Owner": {"queue": [str(queue.id)], "priority": ["1"]},
        "Priority": {"queue": [str(queue.id)], "owner": ["me"]},
    }


def test_the_editor_leads_to_the_shortest_address(desk: Desk, queue: Queue):
    address = (
        f"/queue/narrow?q=&class=open&class=new&queue={queue.id}&opened=&opened_from=2026-07-01"
        "&opened_to=2026-07-31&updated=7d&updated_from=&updated_to=&owner=me"
    )
    response = desk.client.get(address)
    assert response.status_code == 303
    assert response.location == (
        f"/queue?queue={queue.id}&class=new,open&owner=me&opened=2026-07-01..2026-07-31&updated=7d"
    )
    assert "Owner" in desk.get(f"/queue/filter?queue={queue.id}&owner=me&at=owner")


def test_an_empty_list_says_whether_work_or_a_filter_is_the_reason(desk: Desk, queue: Queue):
    other = factories.queue("Service desk")
    factories.ticket(queue_=other)
    done = text_of(desk.get(f"/queue?queue={queue.id}"))
    assert "Nothing waiting in Network & VPN" in done.replace("&amp;", "&")
    assert "Service desk has 1 without an owner." in done
    narrowed = desk.get(f"/queue?queue={other.id}&priority=1&owner=me")
    assert "There are no tickets with Owner Me, Priority P1 Critical." in text_of(narrowed)
    assert f'<a class="btn" href="/queue?queue={other.id}">Clear 2 filters</a>' in narrowed


def test_words_that_no_ticket_has_are_told_in_a_sentence(desk: Desk, queue: Queue):
    factories.ticket(queue_=queue)
    found = text_of(desk.get("/queue?q=zebra"))
    assert "No ticket here contains “zebra”." in found
    both = text_of(desk.get("/queue?q=zebra&priority=1"))
    assert "No ticket with Priority P1 Critical contains “zebra”." in both


def test_an_empty_desk_has_an_empty_list(desk: Desk):
    page = desk.get("/queue")
    assert "Nothing waiting in All queues" in text_of(page)
    assert "Connect a mailbox" not in page, "a lead does not set the desk up"


def test_who_sets_an_empty_desk_up_is_told_where_to_begin(
    client: FlaskClient, queue: Queue, no_tokens: None
):
    desk = Desk(client, "administrator", [queue])
    page = desk.get("/queue")
    assert "This desk has no tickets yet" in page
    for address in ("/setup/mail/", "/people/import", "/setup/queues"):
        assert f'href="{address}"' in page
        assert client.get(address).status_code == 200
    factories.ticket(queue_=factories.queue("Another"))
    assert "Connect a mailbox" not in desk.get(f"/queue?queue={queue.id}")


# ---- Who may see what ----


def test_a_restricted_ticket_leaks_through_no_page(desk: Desk, queue: Queue):
    secret = factories.queue("Quincejelly", restricted=True)
    member = factories.actor(queues=[secret])
    customer = factories.person("Ordinary Customer")
    ticket = factories.ticket("Quincejelly matter", queue_=secret, body="Quincejelly", by=member)
    binned = factories.ticket("Quincejelly spam", queue_=secret, by=member)
    services.bin_ticket(member, binned, BinReason.SPAM)
    services.add(member, ticket, [Target(queue)])
    # The outsider's own team now has a part in it; take that part away again.
    services.hand_over(
        member, ticket, Target(secret), assignment_id=ticket.assignments[-1].id, reason="A mistake"
    )
    db.session.commit()
    factories.ticket("Ordinary matter", queue_=queue, customer=customer)
    outsider = Desk(desk.client, "manager", [factories.queue()])
    for path in (
        "/queue",
        f"/queue?queue={secret.id}",
        "/queue?class=any",
        "/queue?q=quincejelly&class=any",
        f"/queue?q={ticket.id}",
        f"/queue/list?queue={secret.id}",
        f"/queue/more?queue={secret.id}",
        f"/queue/side?queue={secret.id}",
        f"/queue/filter?queue={secret.id}",
        f"/queue/export.csv?queue={secret.id}&class=any",
        "/queue/export.csv?class=any",
        "/jump?q=quincejelly",
        f"/jump?q={ticket.id}",
    ):
        shown = outsider.get(path)
        assert "uincejelly matter" not in shown, path
        assert "uincejelly spam" not in shown, path
        if "q=quincejelly" not in path:
            assert "Quincejelly" not in shown, path
        assert f"row-{ticket.id}" not in shown, path
    assert outsider.client.get(f"/tickets/{ticket.id}/preview").status_code == 404


def test_members_find_their_restricted_ticket_everywhere(client: FlaskClient, no_tokens: None):
    secret = factories.queue("Staff matters", restricted=True)
    desk = Desk(client, "lead", [secret])
    ticket = factories.ticket("Salary", queue_=secret)
    assert rows_of(desk.get(f"/queue?queue={secret.id}")) == [ticket.id]
    assert "Salary" in desk.get("/jump?q=salary")
    assert "Salary" in desk.get("/queue/export.csv")
    assert "Salary" in desk.get(f"/tickets/{ticket.id}/preview")


def test_who_may_only_read_gets_no_buttons_that_change(client: FlaskClient, queue: Queue):
    reader = Desk(client, "manager", [])
    factories.ticket(queue_=queue)
    page = reader.get("/queue")
    assert "Start next" not in page
    assert "data-bulk=" not in page
    assert "/take" not in page
    assert reader.client.get("/queue/bin").status_code == 403


# ---- Preview ----


def test_the_preview_shows_what_was_said_and_room_to_answer(desk: Desk, queue: Queue):
    ticket = factories.ticket("VPN drops", queue_=queue, body="Every few minutes.")
    services.note(desk.actor, ticket, Said("Gateway again."))
    shown = desk.get(f"/tickets/{ticket.id}/preview?in=queue%3D{queue.id}")
    for text in ("VPN drops", "Every few minutes.", "Gateway again.", "Send & next", "Take"):
        assert text in shown
    assert f'href="/tickets/{ticket.id}?in=queue%3D{queue.id}"' in shown


def test_an_answer_from_the_preview_goes_on_to_the_next_row(desk: Desk, queue: Queue):
    ticket = factories.ticket(queue_=queue)
    factories.ticket(queue_=queue)
    seen = db.session.scalar(select(func.max(Entry.id)).where(Entry.ticket_id == ticket.id))
    response = desk.client.post(
        f"/tickets/{ticket.id}/reply",
        data={"body": "Fixed it.", "seen": seen, "go": "next", "in": f"queue={queue.id}"},
        headers={
            "HX-Request": "true",
            "HX-Current-URL": f"http://localhost/queue?queue={queue.id}",
        },
    )
    assert response.status_code == 200
    fired = triggers(response)
    assert fired["list-next"] is True
    assert fired["toast"]["undo"].startswith("/undo/") or "undo" in fired["toast"]["undo"]
    assert "HX-Redirect" not in response.headers
    assert ticket.owner_id == desk.person.id


# ---- Start next ----


def test_start_next_takes_the_first_free_ticket_and_opens_it(desk: Desk, queue: Queue):
    taken = factories.ticket(queue_=queue, impact=1, urgency=1)
    services.take(factories.actor(queues=[queue]), taken)
    free = factories.ticket(queue_=queue)
    db.session.commit()
    response = desk.post(f"/queue/next?queue={queue.id}", {}, htmx=False)
    assert response.status_code == 303
    assert response.location == f"/tickets/{free.id}?in=queue%3D{queue.id}"
    assert free.owner_id == desk.person.id
    assert free.assignments[0].state == "acknowledged"
    # Pressed again: what is being worked on is opened, not taken once more.
    written = db.session.scalar(select(func.count(Entry.id)))
    assert desk.post("/queue/next", {}, htmx=False).location.startswith(f"/tickets/{free.id}")
    assert db.session.scalar(select(func.count(Entry.id))) == written


def test_start_next_says_when_nothing_waits(desk: Desk, queue: Queue):
    response = desk.post(f"/queue/next?queue={queue.id}", {}, htmx=False)
    assert response.location == f"/queue/next?queue={queue.id}"
    assert "Nothing in this list waits" in desk.get(response.location)

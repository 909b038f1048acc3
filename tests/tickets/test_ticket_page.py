"""The ticket's page: what it shows to whom, at which cost, and how it is kept up to date."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import services
from helpdesk.tickets.companions import Presence
from helpdesk.tickets.lifecycle import BinReason, LinkType, Outcome
from helpdesk.tickets.services import Heard, Said
from tests import factories
from tests.support.queries import Queries, count_queries
from tests.tickets.workspace import Workspace, begin, lead, newest, work

__all__ = ["lead", "work"]


def test_the_page_shows_what_the_ticket_says(work: Workspace):
    ticket = work.ticket()
    services.set_tags(work.actor, ticket, ["HK-GW1"])
    services.add_tasks(work.actor, ticket, ["Ask the supplier"], checklist="Line")
    services.note(work.actor, ticket, Said("Same pattern as **yesterday**"))
    page = work.get(f"/tickets/{ticket.id}").text
    for words in (
        f"#{ticket.id}",
        "VPN drops every few minutes",
        "HK-GW1",
        "Ask the supplier",
        "<strong>yesterday</strong>",
        ticket.customer.name,
        "Network &amp; VPN",
        "Public reply",
    ):
        assert words in page


def _cost(work: Workspace, path: str) -> Queries:
    """Count what the page asks for, once what a process remembers for a while is in its memory."""
    work.get(path)
    with count_queries() as counted:
        work.get(path)
    return counted


def test_the_cost_of_the_page_does_not_grow_with_the_ticket(work: Workspace):
    ticket = work.ticket()
    path = f"/tickets/{ticket.id}?in=queue%3D{work.queue.id}"
    # One of them asks for the clocks of what was promised, one counts the notices in the frame, two
    # ask for known trouble: the ticket's own, and what runs (remembered outside of tests), one asks
    # whose address takes no mail, two which mailbox would answer and whether it can, one which
    # articles stand beside it.
    assert _cost(work, path).count == 18
    colleagues = [factories.actor() for _ in range(3)]

    def grow() -> Queries:
        for number in range(12):
            services.note(colleagues[number % 3], ticket, Said(f"note {number}"))
            services.add_tasks(work.actor, ticket, [f"task {number}"])
            other = work.ticket(f"other {number}", customer=ticket.customer)
            services.link(work.actor, ticket, other, LinkType.RELATED)
            services.add_copy(work.actor, ticket, factories.person())
        db.session.commit()
        return _cost(work, path)

    # Links and tasks are asked for once there are any, each with one question, and so is which
    # tickets the history names and which of them the reader may see.
    many, more = grow(), grow()
    assert many.count == more.count == 22, str(more)
    services.reply(work.actor, ticket, Said("Hello"))
    services.note(work.actor, ticket, Said(f"@[Priya Nair](person:{work.person.id}) please"))
    db.session.commit()
    answered = _cost(work, path)
    # What became of the answers, and who was named: one more each, however many there are.
    assert answered.count <= 24, str(answered)


def test_who_may_only_read_gets_no_buttons(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    manager = begin(app, client, monkeypatch, "manager")
    ticket = manager.ticket()
    page = manager.get(f"/tickets/{ticket.id}").text
    assert "VPN drops" in page
    assert "data-compose" not in page
    assert "/resolve" not in page
    assert manager.post(f"/tickets/{ticket.id}/reply", body="Hello").status_code == 403


def test_a_tab_counts_what_it_shows_to_this_reader(work: Workspace):
    ticket = work.ticket()
    secret = factories.ticket("Dismissal", queue_=factories.queue("HR", restricted=True))
    services.link(SYSTEM, ticket, secret, LinkType.RELATED)
    services.link(work.actor, ticket, work.ticket("Another"), LinkType.RELATED)
    services.take(work.actor, ticket)
    said = services.reply(work.actor, ticket, Said("Too early"), hold=8)
    group = services.latest_group(work.actor)
    assert group is not None
    services.undo(work.actor, group)
    db.session.commit()
    assert said.withdrawn_at is not None
    for tab in ("messages", "activity", "assignments"):
        page = work.get(f"/tickets/{ticket.id}/timeline", show=tab).text
        shown = page.count("<article")
        name = tab.capitalize()
        assert re.search(rf'{name} <span class="cnt">{shown}</span>', page), (tab, shown)
        assert str(secret.id) not in page


def test_a_restricted_ticket_is_not_there_for_others(work: Workspace):
    secret = factories.ticket("Dismissal", queue_=factories.queue("HR", restricted=True))
    ticket = work.ticket()
    insider = factories.actor(queues=[secret.queue])
    services.link(insider, ticket, secret, LinkType.RELATED)
    db.session.commit()
    for path in ("", "/timeline", "/refresh", "/aside", "/print", "/resolve", "/unseen"):
        assert work.get(f"/tickets/{secret.id}{path}").status_code == 404
    page = work.get(f"/tickets/{ticket.id}").text
    assert "Dismissal" not in page
    assert "No other tickets." in page


def test_a_merged_number_leads_to_the_survivor(work: Workspace):
    customer = factories.person()
    survivor, merged = work.ticket(customer=customer), work.ticket(customer=customer)
    services.merge(work.actor, survivor, merged)
    answer = work.get(f"/tickets/{merged.id}")
    assert answer.status_code == 302
    assert f"/tickets/{survivor.id}" in answer.location
    assert f"#{merged.id} was merged into this ticket" in work.get(answer.location).text


def test_a_binned_ticket_says_so_and_comes_back(work: Workspace):
    ticket = work.ticket()
    services.bin_ticket(work.actor, ticket, BinReason.SPAM)
    page = work.get(f"/tickets/{ticket.id}").text
    assert "This ticket is in the bin (Spam)." in page
    assert "data-compose" not in page
    assert work.post(f"/tickets/{ticket.id}/restore").status_code == 200
    assert ticket.hidden_at is None


def test_the_list_gives_place_and_neighbours(work: Workspace):
    first, second, third = (work.ticket(f"matter {number}") for number in range(3))
    inside = {"in": f"queue={work.queue.id}"}
    page = work.get(f"/tickets/{second.id}", **inside).text
    assert "2 of 3" in page
    assert f"/tickets/{first.id}?in=" in page
    assert f"/tickets/{third.id}?in=" in page
    assert "2 of 3" not in work.get(f"/tickets/{second.id}").text
    services.resolve(
        work.actor, second, outcome=Outcome.SOLVED, solution="x", cause=factories.cause()
    )
    left = work.get(f"/tickets/{second.id}", **inside).text
    assert "Next ticket" in left
    assert " of 2" not in left


def test_tabs_and_earlier_entries_come_as_fragments(work: Workspace):
    ticket = work.ticket()
    for number in range(40):
        services.note(work.actor, ticket, Said(f"note number {number}."))
    page = work.get(f"/tickets/{ticket.id}").text
    assert "Earlier entries" in page
    assert "note number 5." not in page
    before = page.split("before=")[1].split('"')[0]
    earlier = work.get(f"/tickets/{ticket.id}/timeline", before=before).text
    assert "note number 5." in earlier
    assert "<html" not in earlier
    messages = work.get(f"/tickets/{ticket.id}/timeline", show="messages").text
    assert "It does not work." in messages
    assert "note number" not in messages
    assert work.get(f"/tickets/{ticket.id}/timeline", show="?", before="?").status_code == 200


def test_the_newest_entry_on_top_is_remembered(work: Workspace):
    ticket = work.ticket()
    services.note(work.actor, ticket, Said("the later one"))
    turned = work.get(f"/tickets/{ticket.id}/timeline", order="newest").text
    assert turned.index("the later one") < turned.index("It does not work.")
    again = work.get(f"/tickets/{ticket.id}").text
    assert again.index("the later one") < again.index("It does not work.")


def test_who_else_is_here_and_writing_is_seen(work: Workspace):
    ticket = work.ticket()
    karen = factories.technician("Karen Chan")
    db.session.add(Presence(person_id=karen.id, ticket_id=ticket.id, writing=True, seen_at=now()))
    assert "Karen Chan is writing" in work.get(f"/tickets/{ticket.id}").text
    assert "Karen Chan is writing" in work.post(f"/tickets/{ticket.id}/presence", writing="1").text
    mine = db.session.get(Presence, (work.person.id, ticket.id))
    assert mine is not None
    assert mine.writing
    assert work.post(f"/tickets/{ticket.id}/leave").status_code == 204
    assert not db.session.get_one(Presence, (work.person.id, ticket.id)).writing


def test_what_came_since_the_last_visit_is_marked_new(work: Workspace):
    ticket = work.ticket()
    work.post(f"/tickets/{ticket.id}/presence", writing="0")
    assert "data-fresh" not in work.get(f"/tickets/{ticket.id}").text
    services.hear(ticket, Heard(ticket.customer, "Any news?"), reopen_days=5, actor=SYSTEM)
    assert "data-fresh" in work.get(f"/tickets/{ticket.id}").text


def test_the_writer_is_told_what_others_wrote(work: Workspace):
    ticket = work.ticket()
    seen = newest(ticket)
    assert work.get(f"/tickets/{ticket.id}/unseen", seen=seen).text == ""
    services.hear(ticket, Heard(ticket.customer, "It is fast again"), reopen_days=5, actor=SYSTEM)
    strip = work.get(f"/tickets/{ticket.id}/unseen", seen=seen).text
    assert "It is fast again" in strip
    assert "data-send-anyway" not in strip


def test_beside_it_stand_the_customers_history_and_similar_solutions(work: Workspace):
    customer = factories.person("Ho Mei-Ling")
    solved = work.ticket("VPN gateway drops at rekey", customer=factories.person())
    services.resolve(
        work.actor,
        solved,
        outcome=Outcome.SOLVED,
        solution="Changed the rekey time to 8 hours.",
        cause=factories.cause(),
    )
    before = work.ticket("Docking station without picture", customer=customer)
    ticket = work.ticket("VPN gateway drops again at rekey", customer=customer)
    beside = work.get(f"/tickets/{ticket.id}/aside").text
    assert "Changed the rekey time to 8 hours." in beside
    assert before.subject in beside
    assert f"#{solved.id}" in beside


def test_the_printed_ticket_for_the_customer_has_nothing_internal(work: Workspace):
    ticket = work.ticket()
    services.note(work.actor, ticket, Said("Rude customer"))
    services.reply(work.actor, ticket, Said("We look into it"))
    whole = work.get(f"/tickets/{ticket.id}/print").text
    assert "Rude customer" in whole
    theirs = work.get(f"/tickets/{ticket.id}/print", **{"for": "customer"}).text
    assert "We look into it" in theirs
    assert "Rude customer" not in theirs
    assert "Priority" not in theirs


def test_paper_names_its_reader_because_others_read_it(work: Workspace):
    ticket = work.ticket()
    services.take(work.actor, ticket)
    services.reply(work.actor, ticket, Said("We look into it"))
    assert "<b>You</b> took it" in work.get(f"/tickets/{ticket.id}").text
    printed = work.get(f"/tickets/{ticket.id}/print").text
    assert "<b>Priya Nair</b> took it" in printed
    assert "You" not in printed.partition("<main")[2].partition("</main>")[0]


def test_remote_pictures_are_shown_in_a_sandbox_of_their_own(work: Workspace):
    ticket = work.ticket(html='<p>Hi<img data-remote-src="https://x.example/y.png" alt="y"></p>')
    page = work.get(f"/tickets/{ticket.id}")
    assert "Load pictures" in page.text
    assert ' src="https://x.example' not in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    shown = work.get(f"/tickets/{ticket.id}/entries/{newest(ticket)}/pictures")
    assert ' src="https://x.example/y.png"' in shown.text
    policy = shown.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy


def test_panels_on_the_pages_of_people_show_the_whole_history(lead: Workspace):
    organisation = factories.organisation("Northline")
    customer = factories.person("Ho Mei-Ling", organisation_id=organisation.id)
    numbers = [lead.ticket(f"matter {n}", customer=customer).id for n in range(30)]
    for path in (f"/people/{customer.id}", f"/organisations/{organisation.id}"):
        page = lead.get(path).text
        assert f"/tickets/{numbers[-1]}" in page
        assert f"/tickets/{numbers[0]}" not in page
    for kind, key in (("person", customer.id), ("organisation", organisation.id)):
        rows = lead.get(f"/tickets/of/{kind}/{key}", before=numbers[5]).text
        assert f"/tickets/{numbers[0]}" in rows
        assert f"/tickets/{numbers[5]}" not in rows


def test_dialogs_open_and_unknown_fields_do_not(lead: Workspace):
    ticket = lead.ticket()
    names = "resolve hold reopen bin assign links merge children broadcast customer address copies"
    for name in [*names.split(), "followers", "tasks", "time"]:
        answer = lead.get(f"/tickets/{ticket.id}/{name}")
        assert answer.status_code == 200, name
        assert 'id="tk-dialog-title"' in answer.text
    for name in ("priority", "category", "cause", "owner", "subject", "tags"):
        assert lead.get(f"/tickets/{ticket.id}/edit/{name}").status_code == 200
    assert lead.get(f"/tickets/{ticket.id}/edit/number").status_code == 404
    entry = db.session.scalars(select(Presence)).first() or newest(ticket)
    for name in ("", "/summary", "/split", "/redact"):
        assert lead.get(f"/tickets/{ticket.id}/entries/{entry}{name}").status_code == 200

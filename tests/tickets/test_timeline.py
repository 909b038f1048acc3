"""A ticket's journal is paged by key, counted by tab and keeps what was merged into it."""

from datetime import timedelta

import pytest
from flask import Flask

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.timeline import PAGE, Place, Show, entries_page, journal_of
from helpdesk.tickets.services import Said
from helpdesk.tickets.views.lines import fold, lines_of
from tests import factories

pytestmark = pytest.mark.usefixtures("session")


def noted(count: int) -> Ticket:
    ticket = factories.ticket()
    actor = factories.actor()
    for number in range(count):
        services.note(actor, ticket, Said(f"note {number}"))
    db.session.commit()
    return ticket


def test_pages_go_backwards_by_key_and_miss_nothing():
    ticket = noted(2 * PAGE + 5)
    journal = journal_of(ticket)
    page = entries_page(journal)
    seen = [entry.id for entry in page.entries]
    assert len(seen) == PAGE
    while page.earlier is not None:
        page = entries_page(journal, before=page.earlier)
        seen = [entry.id for entry in page.entries] + seen
    assert len(seen) == len(set(seen)) == 2 * PAGE + 6
    assert seen == sorted(seen)


def test_who_paged_back_keeps_what_is_shown_when_something_new_comes():
    ticket = noted(PAGE + 10)
    journal = journal_of(ticket)
    first = entries_page(journal)
    second = entries_page(journal, before=first.earlier)
    again = entries_page(journal, since=second.start)
    assert len(again.entries) == len(first.entries) + len(second.entries)
    assert again.earlier is None
    assert entries_page(journal, since=first.start).earlier is not None


def test_each_tab_counts_and_shows_its_own():
    ticket = noted(3)
    actor = factories.actor()
    services.reply(actor, ticket, Said("Hello"))
    services.log_call(actor, ticket, Said("Called"), inbound=False)
    services.take(actor, ticket)
    journal = journal_of(ticket)
    assert journal.counts == {
        Show.ALL: 7,
        Show.MESSAGES: 2,
        Show.NOTES: 3,
        Show.ASSIGNMENTS: 1,
        Show.CALLS: 1,
        Show.ACTIVITY: 1,
    }
    for show, count in journal.counts.items():
        assert len(entries_page(journal, show).entries) == count


def test_a_merged_ticket_keeps_its_timeline_in_the_survivor(app: Flask):
    customer = factories.person()
    survivor, merged = factories.ticket(customer=customer), factories.ticket(customer=customer)
    actor = factories.actor()
    services.note(actor, merged, Said("from the other one"))
    services.merge(actor, survivor, merged)
    db.session.commit()
    page = entries_page(journal_of(survivor))
    with app.test_request_context():
        lines = lines_of(page.entries, survivor, actor)
    marked = [line for line in lines if line.from_ticket == merged.id]
    assert [line.entry.body for line in marked][1] == "from the other one"


@pytest.mark.parametrize("text", ["", "x", "1-", "-1", "9" * 30 + "-1", "1-2-3", "１-２", None])
def test_a_place_that_is_none_begins_at_the_end(text: str | None):
    assert Place.parse(text) is None


def test_a_place_reads_as_it_was_written():
    place = Place(now(), 42)
    assert Place.parse(str(place)) == place


def test_a_back_dated_entry_shows_both_times(app: Flask):
    ticket = factories.ticket()
    admin = factories.actor(role="administrator")
    earlier = now() - timedelta(hours=3)
    entry = services.log_call(admin, ticket, Said("Met them", happened_at=earlier), inbound=True)
    with app.test_request_context():
        [line] = lines_of([entry], ticket, admin)
    assert line.late == entry.recorded_at


def test_what_others_said_since_the_last_visit_is_new(app: Flask):
    ticket = factories.ticket()
    actor = factories.actor()
    visit = now()
    theirs = services.hear(
        ticket, services.Heard(ticket.customer, "Any news?"), reopen_days=5, actor=SYSTEM
    )
    mine = services.note(actor, ticket, Said("Looking"))
    with app.test_request_context():
        lines = lines_of([theirs, mine], ticket, actor, last_visit=visit)
    assert [line.fresh for line in lines] == [True, False]


def test_a_telephone_hides_the_middle_but_nothing_new(app: Flask):
    ticket = noted(8)
    actor = factories.actor()
    entries = entries_page(journal_of(ticket)).entries
    with app.test_request_context():
        lines = lines_of(entries, ticket, actor)
        lines[3].fresh = True
        assert fold(lines) == "5 notes"
    assert [line.folded for line in lines] == [False, *[True] * 2, False, *[True] * 3, False, False]


def test_pictures_of_a_message_stand_in_it_and_remote_ones_wait(app: Flask):
    ticket = factories.ticket(
        html='<p>See <img data-cid="a@x" alt="Screen"> <img data-remote-src="https://x/y.png"></p>',
        files=[services.NewFile("a" * 64, "a.png", "image/png", 10, "a@x")],
    )
    entry = entries_page(journal_of(ticket)).entries[0]
    with app.test_request_context():
        [line] = lines_of([entry], ticket, factories.actor())
    assert f"/files/{entry.attachments[0].id}/picture" in line.body
    assert line.files == []
    assert line.held_back

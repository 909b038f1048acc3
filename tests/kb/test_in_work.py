"""Knowledge in the flow of work: suggested, put into answers, written from tickets, counted."""

import dataclasses
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.kb import alike, asked, services, suggesting
from helpdesk.kb.models import Article, ArticleTicket, ArticleVersion, Audience, Tie, Use
from helpdesk.kb.queries import editors, lists, ranked
from helpdesk.people.access import Actor
from helpdesk.search import asking, following
from helpdesk.tickets import services as tickets
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.kb.makers import article, writer

pytestmark = pytest.mark.usefixtures("session")

VPN = "## What people see\n\nThe VPN tunnel drops after minutes.\n\n1. Renew the certificate.\n"
PAPER = "## Steps\n\nOpen the tray of the printer and take the paper out.\n"


def indexed() -> None:
    """Let the index of this process know what is written."""
    db.session.commit()
    following.rebuild()


def some() -> tuple[Article, Article]:
    vpn = article("VPN drops every few minutes", body=VPN, summary="", publish=True)
    paper = article("Paper jam in the printer", body=PAPER, summary="", publish=True)
    indexed()
    return vpn, paper


def offered(actor: Actor, ticket: Ticket, more: str = "") -> list[int]:
    return [one.article.id for one in suggesting.for_ticket(actor, ticket, "en", more)]


@pytest.fixture
def reader() -> Actor:
    return writer()


# ---- Suggested ----


def test_a_ticket_is_offered_what_it_is_about(reader: Actor):
    vpn, paper = some()
    ticket = factories.ticket("My VPN drops all the time", body="The tunnel is gone.")
    assert offered(reader, ticket) == [vpn.id]
    jam = factories.ticket("Jam", body="There is paper stuck in the printer")
    assert offered(reader, jam) == [paper.id]
    assert offered(reader, factories.ticket("Where is the canteen?", body="I am hungry")) == []


def test_what_is_typed_counts_too_and_what_stands_there_is_not_offered_again(reader: Actor):
    vpn, paper = some()
    ticket = factories.ticket("Something else", body="Hello")
    assert offered(reader, ticket, "Please take the paper out of the printer tray") == [paper.id]
    ticket = factories.ticket("VPN drops", body="Hello")
    with transaction():
        services.tie(reader, vpn, ticket, Tie.LINKED)
    assert offered(reader, ticket) == []


def test_what_somebody_may_not_read_is_not_offered(reader: Actor):
    team = factories.team("Network")
    secret = article(
        "VPN drops: the key of the gateway",
        body=VPN,
        publish=True,
        audience=Audience.TEAMS,
        team_ids=[team.id],
    )
    draft = article("VPN drops, a draft", body=VPN)
    indexed()
    ticket = factories.ticket("VPN drops", body="The tunnel is gone")
    assert offered(reader, ticket) == []
    assert {secret.id, draft.id}
    member = dataclasses.replace(reader, team_ids=frozenset({team.id}))
    assert offered(member, ticket) == [secret.id]


def test_what_helped_with_tickets_of_the_category_comes_first(reader: Actor):
    category = factories.category("VPN")
    first, second = (
        article(f"VPN drops ({number})", body=VPN, summary="", publish=True) for number in "ab"
    )
    indexed()
    for _number in range(5):
        helped = factories.ticket("VPN", category=category)
        with transaction():
            services.tie(reader, second, helped, Tie.INSERTED)
    ticket = factories.ticket("VPN drops", body="The tunnel drops", category=category)
    assert offered(reader, ticket) == [second.id, first.id]


def test_while_typing_nothing_is_offered_for_a_word_that_has_just_begun(reader: Actor):
    vpn, _paper = some()
    assert suggesting.for_text(reader, "vp", "en") == []
    [one] = suggesting.for_text(reader, "vpn tunnel drops", "en")
    assert one.article.id == vpn.id


# ---- Put into answers ----


@pytest.fixture
def at_work(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    from tests.tickets import workspace

    return workspace.begin(app, client, monkeypatch)


def used(response) -> dict[str, str]:
    said: dict[str, str] = json.loads(response.headers["HX-Trigger"])["macro-text"]
    return said


def test_an_article_is_put_into_an_answer_and_counted(at_work):
    vpn = article(
        "VPN drops",
        body="> [!NOTE]\n> Only laptops.\n\n![the menu](menu.png)\n\n1. Renew.\n",
        publish=True,
        audience=Audience.PUBLIC,
    )
    ticket = at_work.ticket("VPN drops")
    response = at_work.post(f"/tickets/{ticket.id}/articles/{vpn.id}/use", how="text")
    said = used(response)
    assert said["kind"] == "reply"
    assert "1. Renew." in said["text"]
    assert "(the menu)" in said["text"]
    # The box has become words, and leaves no empty lines where its head was.
    assert said["text"].startswith("> Only laptops.")
    db.session.expire_all()
    [tie] = db.session.scalars(select(ArticleTicket))
    assert (tie.article_id, tie.ticket_id, tie.kind) == (vpn.id, ticket.id, "inserted")
    assert db.session.get_one(Article, vpn.id).uses == 1
    link = used(at_work.post(f"/tickets/{ticket.id}/articles/{vpn.id}/use", how="link"))
    assert f"/knowledge/{vpn.id})" in link["text"]


def test_what_the_customer_may_not_read_goes_into_a_note(at_work):
    staff = article("The gateway's address", publish=True, audience=Audience.STAFF)
    ticket = at_work.ticket("VPN drops")
    response = at_work.post(f"/tickets/{ticket.id}/articles/{staff.id}/use", how="text")
    assert used(response)["kind"] == "note"


def test_what_is_for_a_firm_is_for_its_people_only(at_work):
    firm = factories.organisation("Harbour")
    theirs = article(
        "Your contract", publish=True, audience=Audience.CUSTOMERS, organisation_ids=[firm.id]
    )
    customer = factories.person(organisation_id=firm.id)
    own, other = at_work.ticket(customer=customer), at_work.ticket()
    assert suggesting.may_be_sent(theirs, own)
    assert not suggesting.may_be_sent(theirs, other)


def test_the_column_beside_a_ticket_offers_it(at_work):
    vpn, _paper = some()
    ticket = at_work.ticket("VPN drops every minute")
    column = at_work.get(f"/tickets/{ticket.id}/aside").text
    assert "VPN drops every few minutes" in column
    assert f"/tickets/{ticket.id}/articles/{vpn.id}/use" in column
    again = at_work.post(f"/tickets/{ticket.id}/articles/suggested", body="paper in the printer")
    assert "Paper jam" in again.text
    logging = at_work.post("/knowledge/suggested", subject="Paper jam", body="")
    assert "Paper jam in the printer" in logging.text


def test_an_article_is_looked_for_where_an_answer_is_written(at_work):
    vpn, paper = some()
    draft = article("VPN for visitors")
    following.rebuild()
    ticket = at_work.ticket("VPN drops every minute", body="It drops.")
    assert 'id="kb-finder-find"' in at_work.get(f"/tickets/{ticket.id}").text
    asked = f"/tickets/{ticket.id}/articles/find"
    offered = at_work.get(asked).json
    assert [one["value"] for one in offered] == [vpn.id], "at first what the ticket is about"
    found = at_work.get(f"{asked}?q=jam+printer").json
    assert [one["value"] for one in found] == [paper.id]
    assert "note" in found[0]["hint"], "staff only"
    assert draft.id not in [one["value"] for one in at_work.get(f"{asked}?q=vpn").json]
    said = used(at_work.post(f"/tickets/{ticket.id}/articles/use", article=vpn.id, how="link"))
    assert f"/knowledge/{vpn.id})" in said["text"]
    assert at_work.post(f"/tickets/{ticket.id}/articles/use", article="x").status_code == 422
    assert at_work.post(f"/tickets/{ticket.id}/articles/use", article=draft.id).status_code == 422


# ---- Written from a ticket ----


def test_an_article_begins_with_what_the_ticket_knows(at_work):
    body = "It drops.\n\nBo wrote:\n> Hi"
    folds = {"folds": {"text": [["quote", 11, len(body)]], "html": []}}
    ticket = at_work.ticket("VPN drops every minute", body=body, envelope=folds)
    with transaction():
        tickets.resolve(
            at_work.actor,
            ticket,
            cause=factories.cause(),
            solution="Renewed the certificate.",
            outcome=Outcome.SOLVED,
        )
    page = at_work.get("/knowledge/new", ticket=ticket.id).text
    assert 'value="VPN drops every minute"' in page
    response = at_work.post(
        "/knowledge/new",
        title="VPN drops",
        kind="known-error",
        language="en",
        audience="staff",
        ticket=str(ticket.id),
    )
    assert response.status_code == 303
    body = db.session.scalars(select(ArticleVersion.body)).one()
    assert "> It drops." in body
    assert "Bo wrote" not in body
    assert "Renewed the certificate." in body
    [tie] = db.session.scalars(select(ArticleTicket))
    assert tie.kind == "written_from"


# ---- Searched for ----


def test_words_find_articles_the_best_first_with_the_piece_that_fits(reader: Actor):
    vpn, _paper = some()
    found = ranked.ranked(reader, lists.Narrow(words="tunnel"), "en")
    assert [row.id for row in found.articles] == [vpn.id]
    assert "<mark>tunnel</mark>" in found.extracts[vpn.id]
    assert ranked.ranked(reader, lists.Narrow(words="tunnel", kind="faq"), "en").articles == []


def test_the_palette_leads_to_articles_while_somebody_types(at_work):
    vpn, _paper = some()
    vault = article(
        "VPN drops in the vault",
        body=VPN,
        publish=True,
        audience=Audience.TEAMS,
        team_ids=[factories.team("Vault").id],
    )
    indexed()
    groups = json.loads(at_work.get("/jump?q=VPN+dro").text)["groups"]
    [articles] = [group["items"] for group in groups if group["title"] == "Articles"]
    assert [item["url"] for item in articles] == [f"/knowledge/{vpn.id}", "/knowledge?q=VPN+dro"]
    assert articles[0]["label"] == "VPN drops every few minutes"
    assert articles[0]["icon"] == "file-text"
    assert f"/knowledge/{vault.id}" not in str(groups)
    assert "Articles" not in at_work.get("/jump?q=").text


def test_what_is_searched_for_in_vain_is_counted_until_it_is_written(at_work):
    some()
    for question in ("Fax machine", "fax  MACHINE", "vpn"):
        at_work.post("/knowledge/searched", q=question)
    at_work.post("/knowledge/searched", q="vpn", missing="1")
    rows = {row.question: (row.times, row.failed) for row in asked.failed_searches()}
    assert rows == {"fax machine": (2, 2), "vpn": (2, 1)}
    first = asked.failed_searches()[0]
    page = at_work.get("/knowledge/editors").text
    assert "fax machine" in page
    at_work.post(
        "/knowledge/new",
        title="Fax machine",
        kind="how-to",
        language="en",
        audience="staff",
        search=str(first.id),
    )
    assert [row.question for row in asked.failed_searches()] == ["vpn"]
    at_work.post("/knowledge/searched", q="fax machine")
    assert {row.question for row in asked.failed_searches()} == {"vpn", "fax machine"}


def test_a_word_of_two_letters_is_not_counted(reader: Actor):
    asked.count_search(reader, "a ", "en", found=0)
    assert asked.failed_searches() == []


# ---- For whoever keeps it in order ----


def test_what_does_not_help_is_shown_with_what_was_said(reader: Actor):
    row, fine = article(publish=True), article("Fine", publish=True)
    for helpful in (False, False, True):
        services.vote(writer(), row, row.texts[0], helpful, comment="The menu has moved.")
        services.vote(writer(), fine, fine.texts[0], True)
    [failing] = editors.failing(reader)
    assert failing.article.id == row.id
    assert round(failing.share, 2) == 0.67
    assert failing.comments[0] == "The menu has moved."


def test_what_is_solved_without_an_article_is_a_gap(reader: Actor):
    vpn, fax = factories.category("VPN"), factories.category("Fax")
    row = article(publish=True)
    for category in (vpn, vpn, vpn, fax, fax, fax, fax):
        ticket = factories.ticket(category=category)
        with transaction():
            if category is vpn:
                services.tie(reader, row, ticket, Tie.INSERTED)
            tickets.resolve(
                reader, ticket, cause=factories.cause(), solution="Done.", outcome=Outcome.SOLVED
            )
    gaps = editors.gaps(reader)
    assert [(gap.category.id, gap.without, gap.tickets) for gap in gaps] == [(fax.id, 4, 4)]


def test_what_only_somebody_solves_is_shown_before_they_leave(reader: Actor):
    category = factories.category("Fax")
    other = writer()
    for actor in (reader, reader, reader, other):
        ticket = factories.ticket(category=category)
        with transaction():
            tickets.resolve(
                actor, ticket, cause=factories.cause(), solution="Done.", outcome=Outcome.SOLVED
            )
    assert reader.person_id is not None
    [(found, own, every)] = editors.solved_by(reader.person_id)
    assert (found.id, own, every) == (category.id, 3, 4)


def test_what_is_due_or_flagged_is_old(reader: Actor):
    due, flagged = article(publish=True), article("Flagged", publish=True)
    due.review_at = due.published_at
    services.flag(reader, flagged, "The address is wrong.")
    db.session.commit()
    assert {(one.article.id, one.why) for one in editors.old(reader)} == {
        (flagged.id, "flagged"),
        (due.id, "due"),
    }


def test_what_is_written_twice_is_found_and_may_stand(
    reader: Actor, monkeypatch: pytest.MonkeyPatch
):
    text = "Open the settings, choose the network, renew the certificate and connect again. " * 3
    one = article("Renew the certificate", body=text, publish=True)
    other = article("Certificate: renew it", body=text + "Then tell us.", publish=True)
    article("Paper jam", body=PAPER, publish=True)
    indexed()
    with monkeypatch.context() as being_made_anew:
        being_made_anew.setattr(asking, "_view", lambda: None)
        assert alike.compare_articles.run() == 0, "there is no index to find what is alike"
    assert alike.compare_articles.run() == 3
    [(first, second, share)] = alike.twice(reader)
    assert {first.id, second.id} == {one.id, other.id}
    assert share > 0.5
    assert alike.compare_articles.run() == 0, "nothing has changed since"
    with transaction():
        alike.let_both_stand(reader, other.id, one.id)
    assert alike.twice(reader) == []


def test_sharing_is_symmetric_and_whole_for_the_same():
    assert alike.shared("one two three four five", "one two three four five") == 1
    assert alike.shared("one two three four", "five six seven eight") == 0
    assert alike.shared("", "one") == 0
    a, b = "one two three four five six", "two three four five six seven"
    assert alike.shared(a, b) == alike.shared(b, a)


def test_reading_is_counted_apart_from_using(reader: Actor):
    row = article(publish=True)
    services.record_use(row, Use.READ)
    db.session.expire_all()
    assert db.session.get_one(Article, row.id).uses == 0

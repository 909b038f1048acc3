"""Several articles changed at once: what can't be changed is named, and the rest is done."""

import re

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.kb import services
from helpdesk.kb.models import State
from helpdesk.kb.services import many, shelves
from helpdesk.kb.services.many import Verb, Wish, change_many
from helpdesk.notify.models import Notice
from helpdesk.people.access import SYSTEM
from helpdesk.people.errors import Refused
from tests.kb.makers import article, writer
from tests.kb.test_pages import Plain
from tests.support.queries import count_queries
from tests.tickets.desk import Desk, no_tokens, queue

__all__ = ["no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session", "no_tokens")


def test_articles_are_handed_over_put_on_a_shelf_and_tagged(session):
    author, chief, heir = writer(), writer("lead"), writer()
    shelf = shelves.add(SYSTEM, "Network")
    rows = [article(f"Number {n}", by=author, tags=["vpn", "old"]) for n in range(3)]
    rows[0].reviewer_id = author.person_id
    rows[1].owner_id = heir.person_id
    db.session.commit()
    wish = Wish(
        owner_id=heir.person_id,
        category_id=shelf.id,
        tags=("wi-fi",),
        tags_off=("old",),
        review_months=12,
    )
    done = change_many(chief, rows, wish)
    db.session.commit()
    assert [(one.changed, one.message) for one in done] == [(True, "")] * 3
    for row in rows:
        assert row.owner_id == heir.person_id
        assert row.category_id == shelf.id
        assert {one.tag for one in row.tags} == {"vpn", "wi-fi"}
        assert row.review_months == 12
    assert rows[0].reviewer_id == heir.person_id, "who was both hands over both"
    assert [one.changed for one in change_many(chief, rows, wish)] == [False] * 3
    told = db.session.scalars(select(Notice).where(Notice.person_id == heir.person_id)).all()
    assert len(told) == 1, "the new owner is told once"


def test_what_cannot_be_changed_is_named_and_the_rest_is_done(session):
    mine, other = writer(), writer()
    own, foreign = article("Mine", by=mine), article("Theirs", by=writer(), publish=True)
    gone = article("Gone", by=mine)
    services.retire(mine, gone)
    db.session.commit()
    done = change_many(mine, [own, foreign, gone], Wish(owner_id=other.person_id))
    assert [one.changed for one in done] == [True, False, False]
    assert "owner" in done[1].message
    assert "retired" in done[2].message
    assert foreign.owner_id != other.person_id
    assert own.owner_id == other.person_id


def test_checked_and_retired_together(session):
    chief = writer("lead")
    fresh, draft = article("Fresh", publish=True), article("Draft")
    before = fresh.checked_at
    done = change_many(chief, [fresh, draft], Wish(verb=Verb.CHECKED))
    assert [one.changed for one in done] == [True, False]
    assert before is not None
    assert fresh.checked_at is not None
    assert fresh.checked_at > before
    assert all(one.changed for one in change_many(chief, [fresh, draft], Wish(verb=Verb.RETIRED)))
    assert {fresh.state, draft.state} == {State.RETIRED}


def test_nothing_asked_for_is_refused(session):
    chief, row = writer("lead"), article()
    for rows, wish in (
        ([row], Wish()),
        ([], Wish(verb=Verb.RETIRED)),
        ([row] * (many.MOST + 1), Wish(verb=Verb.RETIRED)),
    ):
        with pytest.raises(Refused):
            change_many(chief, rows, wish)


@pytest.fixture
def desk(client, queue) -> Desk:
    return Plain(client, "lead", [queue])


def test_the_page_changes_those_that_were_chosen_and_keeps_its_filter(desk: Desk):
    author, heir = writer(), writer()
    rows = [article(f"Number {n}", by=author, tags=["vpn"]) for n in range(3)]
    other = article("Another", by=heir)
    address = f"/knowledge/several?owner={author.person_id}"
    page = desk.get(address)
    assert "Number 0" in page
    assert "Another" not in page
    assert "checked" not in re.findall(r'<input[^>]*name="article"[^>]*>', page)[0]
    said = {
        "article": [str(row.id) for row in (rows[0], rows[2], other)],
        "owner": str(heir.person_id),
        "tags": "checked 2026",
    }
    answer = desk.post(address, said)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "2 articles were changed" in text
    assert "Number 1" in text
    assert "Number 0" not in text, "it is no longer this owner's"
    db.session.expire_all()
    assert [row.owner_id for row in rows] == [heir.person_id, author.person_id, heir.person_id]
    assert [one.tag for one in other.tags] == [], "what the list does not show is not changed"


def test_the_page_says_what_is_wrong_and_keeps_what_was_chosen(desk: Desk):
    row = article(tags=["vpn"])
    answer = desk.post("/knowledge/several", {"article": str(row.id)})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Say what is to be changed" in text
    assert f'value="{row.id}" checked' in text
    answer = desk.post("/knowledge/several", {"article": str(row.id), "review_months": "99"})
    assert answer.status_code == 422
    draft = article("Draft")
    answer = desk.post("/knowledge/several", {"article": str(draft.id), "verb": "checked"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "It is not published." in text
    assert f'value="{draft.id}" checked' in text, "it stays chosen for another try"


def test_only_who_writes_gets_there(client, queue):
    assert "Change several" not in Plain(client, "manager", [queue]).get("/knowledge")
    assert client.get("/knowledge/several").status_code == 403


def test_it_costs_the_same_however_many_there_are(desk: Desk):
    article("Alpha", tags=["vpn"])
    desk.get("/knowledge/several")
    with count_queries() as few:
        desk.get("/knowledge/several")
    for number in range(20):
        article(f"Number {number}", tags=["vpn"])
    desk.get("/knowledge/several")
    with count_queries() as more:
        desk.get("/knowledge/several")
    assert more.count == few.count <= 12, [one[:90] for one in more.statements]


def test_lists_are_narrowed_to_an_owner_or_nobody(desk: Desk):
    author = writer()
    article("Owned", by=author)
    stray = article("Stray")
    stray.owner_id = None
    db.session.commit()
    page = desk.get(f"/knowledge?owner={author.person_id}")
    assert ">Owned<" in page
    assert "Stray" not in page
    page = desk.get("/knowledge?owner=none")
    assert "Stray" in page
    assert ">Owned<" not in page
    assert "Stray" in desk.get("/knowledge?owner=x%27")

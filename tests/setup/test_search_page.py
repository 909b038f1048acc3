"""Set up › Search: synonyms, and how the index stands."""

import pytest
from flask.testing import FlaskClient

from helpdesk.db import db
from helpdesk.people.models import AuditEntry
from helpdesk.search import asking, following
from helpdesk.search.models import Change, Epoch, Synonym
from tests import factories
from tests.people.browser import post
from tests.search.desk import Shelf, document, searching
from tests.support.queries import count_queries

pytestmark = pytest.mark.usefixtures("session")
URL = "/setup/search"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    factories.desk()
    factories.sign_in(client, factories.account(factories.technician(), "administrator"))
    return client


def add(admin: FlaskClient, words: str, language: str = "") -> int:
    return post(admin, URL, f"{URL}?new=1", words=words, language=language).status_code


def test_synonyms_are_added_changed_retired_and_deleted(admin: FlaskClient):
    assert add(admin, "printer，  copier , printer;MFP") == 303
    row = db.session.query(Synonym).one()
    assert row.words == "printer, copier, MFP"
    assert "printer, copier, MFP" in admin.get(URL).text
    page = f"{URL}?edit={row.id}"
    assert (
        post(admin, f"{URL}/{row.id}", page, words="printer, MFP", language="en").status_code == 303
    )
    db.session.refresh(row)
    assert (row.words, row.language) == ("printer, MFP", "en")
    for act in ("retire", "restore", "retire"):
        assert post(admin, f"{URL}/{row.id}/{act}", URL).status_code == 303
    assert post(admin, f"{URL}/{row.id}/delete", URL).status_code == 303
    assert db.session.query(Synonym).count() == 0
    # Each of them is a change that every host's index follows.
    assert {each.kind for each in db.session.query(Change)} == {following.SYNONYM}
    assert db.session.query(Change).count() == 6
    told = [entry.action for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert [each for each in told if each.startswith("search")] == [
        "search-synonym-created",
        "search-synonym-edited",
        "search-synonym-retired",
        "search-synonym-back",
        "search-synonym-retired",
        "search-synonym-deleted",
    ]
    log = admin.get("/setup/audit?about=search").text
    assert "the synonym" in log


@pytest.mark.parametrize(
    ("words", "language"),
    [("printer", ""), ("printer,,", ""), (",".join(map(str, range(30))), ""), ("a, b", "tlh")],
)
def test_what_means_nothing_is_refused_beside_its_field(
    admin: FlaskClient, words: str, language: str
):
    assert add(admin, words, language) == 422
    assert db.session.query(Synonym).count() == 0


def test_two_people_who_edit_the_same_are_told(admin: FlaskClient):
    assert add(admin, "printer, copier") == 303
    row = db.session.query(Synonym).one()
    page = f"{URL}?edit={row.id}"
    seen = admin.get(page)
    assert seen.status_code == 200
    row.words = "printer, scanner"
    db.session.commit()
    form = {
        "words": "printer, fax",
        "language": "",
        "seen": '{"words": "printer, copier", "language": ""}',
    }
    answer = post(admin, f"{URL}/{row.id}", page, **form)
    assert answer.status_code == 409
    assert "printer, scanner" in answer.text


def test_the_page_says_how_the_index_stands_and_has_it_made_anew(admin: FlaskClient):
    app = admin.application
    with searching(app, Shelf([document(1, "Toner")])):
        following.follow()
        assert "up to date" in admin.get(URL).text
        assert "1 article version" in admin.get(URL).text
        assert add(admin, "toner, cartridge") == 303
        assert "catching up" in admin.get(URL).text
        following.step()
        assert [hit.id for hit in found("cartridge")] == [1]
        before = db.session.get_one(Epoch, 1).name
        assert post(admin, f"{URL}/renew", URL).status_code == 303
        assert "being made anew" in admin.get(URL).text
        assert db.session.get_one(Epoch, 1).name != before
        assert [hit.id for hit in found("cartridge")] == [1], "the present one answers meanwhile"
        following.follow()
        assert "up to date" in admin.get(URL).text
        with count_queries() as counted:
            admin.get(URL)
        assert counted.count <= 8


def found(text: str) -> list[asking.Hit]:
    return asking.search(text, kind="article", readers=("public",)).hits


def test_only_who_sets_up_the_desk_comes_here(client: FlaskClient):
    factories.desk()
    factories.sign_in(client, factories.account(factories.technician(), "technician"))
    assert client.get(URL).status_code in {403, 404}
    assert post(client, f"{URL}/renew", "/queue").status_code in {403, 404}

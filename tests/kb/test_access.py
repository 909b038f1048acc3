"""Who may see which article: a truth table, and the same rule in the words of an index."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from helpdesk.db import db
from helpdesk.kb import services
from helpdesk.kb.models import Article, ArticleText, Audience, State
from helpdesk.kb.queries.access import (
    NotFound,
    article_for,
    file_for,
    readers,
    visible,
)
from helpdesk.kb.searching import Articles
from helpdesk.kb.services import files
from helpdesk.people.access import BUILT_IN_ROLES, SYSTEM, Actor, Denied, Permission
from helpdesk.people.models import TeamMember
from tests import factories
from tests.kb.makers import article, writer

pytestmark = pytest.mark.usefixtures("session")

PLACES = [(audience, state) for audience in Audience for state in State]
# What each kind of reader sees: audiences by state. "-" none, p public, c customers, s staff,
# t teams; teams and organisations are the reader's own.
SEES = {
    "stranger": {"published": "p"},
    "customer": {"published": "p"},
    "customer of the firm": {"published": "pc"},
    "asset manager": {"published": "pcs"},
    "manager of the team": {"published": "pcst"},
    "technician": {"published": "pcs", "retired": "pcs"},
    "technician of the team": {"published": "pcst", "retired": "pcst"},
    "lead": {"draft": "pcs", "review": "pcs", "published": "pcs", "retired": "pcs"},
    "lead of the team": dict.fromkeys(("draft", "review", "published", "retired"), "pcst"),
    "editor": dict.fromkeys(("draft", "review", "published", "retired"), "pcst"),
    "owner": dict.fromkeys(("draft", "review", "published", "retired"), "pcst"),
    "reviewer": dict.fromkeys(("draft", "review", "published", "retired"), "pcst"),
    "author": dict.fromkeys(("draft", "review", "published", "retired"), "pcst"),
    "house": dict.fromkeys(("draft", "review", "published", "retired"), "pcst"),
}
LETTER = {"public": "p", "customers": "c", "staff": "s", "teams": "t"}


@pytest.fixture
def shelf(session):
    """One article of every audience in every state, and every kind of reader."""
    team, firm = factories.team("ERP"), factories.organisation("Meridian")
    people = {name: factories.technician(name) for name in ("author", "owner", "reviewer")}
    for person in people.values():
        factories.account(person, "technician")
    author = factories.actor(people["author"])
    rows = {}
    for audience, state in PLACES:
        row = article(
            f"{audience} {state}",
            by=author,
            audience=audience,
            team_ids=[team.id] if audience is Audience.TEAMS else [],
            organisation_ids=[firm.id] if audience is Audience.CUSTOMERS else [],
            owner_id=people["owner"].id,
        )
        row.reviewer_id = people["reviewer"].id
        row.state = state.value
        if state in (State.PUBLISHED, State.RETIRED):
            row.texts[0].published = 1
        rows[audience, state] = row
    db.session.commit()

    def member(role: str) -> Actor:
        who = factories.technician()
        db.session.add(TeamMember(team_id=team.id, person_id=who.id))
        db.session.commit()
        return factories.actor(who, role=role)

    def customer(**fields) -> Actor:
        who = factories.person(**fields)
        return Actor(who.id, who.name, BUILT_IN_ROLES["customer"])

    actors = {
        "stranger": None,
        "customer": customer(organisation_id=factories.organisation().id),
        "customer of the firm": customer(organisation_id=firm.id),
        "asset manager": factories.actor(role="asset-manager"),
        "manager of the team": member("manager"),
        "technician": factories.actor(),
        "technician of the team": member("technician"),
        "lead": factories.actor(role="lead"),
        "lead of the team": member("lead"),
        "editor": factories.actor(role="knowledge-editor"),
        "house": SYSTEM,
        **{name: factories.actor(person) for name, person in people.items()},
    }
    return rows, actors


@pytest.mark.parametrize("reader", SEES)
def test_who_sees_what(shelf, reader: str):
    rows, actors = shelf
    seen = set(db.session.scalars(select(Article.id).where(visible(actors[reader]))))
    expected = {
        rows[audience, state].id
        for audience, state in PLACES
        if LETTER[audience.value] in SEES[reader].get(state.value, "")
    }
    assert {key for key in PLACES if rows[key].id in seen} == {
        key for key in PLACES if rows[key].id in expected
    }
    for row in rows.values():
        if row.id in expected:
            assert article_for(actors[reader], row.id, permission=None) is row
        else:
            with pytest.raises(NotFound):
                article_for(actors[reader], row.id, permission=None)


@pytest.mark.parametrize("reader", SEES)
def test_an_index_finds_what_the_rule_shows(shelf, reader: str):
    rows, actors = shelf
    source = Articles()
    documents = {one.group: one for one in source.load(source.ids(0, 100))}
    mine = readers(actors[reader])
    for (audience, state), row in rows.items():
        found = row.id in documents and bool(documents[row.id].readers & mine)
        may = LETTER[audience.value] in SEES[reader].get(state.value, "")
        # What was retired is found by nobody who searches.
        assert found is (may and state is not State.RETIRED), (audience, state)


def test_an_unpublished_translation_is_found_by_those_who_see_drafts(session):
    author = writer()
    row = article("VPN", by=author, publish=True, audience=Audience.PUBLIC)
    services.add_language(
        author, row, "de", services.Wording("VPN einrichten", "", "Text"), translated_from=1
    )
    db.session.commit()
    source = Articles()
    by_language = {one.language: one for one in source.load(source.ids(0, 10))}
    assert readers(None) & by_language["en"].readers
    assert not readers(None) & by_language["de"].readers
    assert not readers(factories.actor()) & by_language["de"].readers
    assert readers(author) & by_language["de"].readers
    assert readers(factories.actor(role="lead")) & by_language["de"].readers


def test_without_the_permission_nothing_is_found(session):
    row = article(publish=True)
    who = factories.person()
    customer = Actor(who.id, who.name, BUILT_IN_ROLES["customer"])
    with pytest.raises(Denied):
        article_for(customer, row.id)
    with pytest.raises(Denied):
        article_for(factories.actor(role="manager"), row.id, permission=Permission.KB_WRITE)


def test_files_are_for_who_may_read_the_article(session):
    author = writer()
    row = article(by=author, audience=Audience.STAFF)
    kept = files.add(author, row, services.Upload("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 20))
    db.session.commit()
    assert file_for(author, kept.id) is kept
    for other in (None, factories.actor()):
        with pytest.raises(NotFound):
            file_for(other, kept.id)
    db.session.execute(update(Article).values(state=State.PUBLISHED.value))
    db.session.execute(update(ArticleText).values(published=1))
    db.session.commit()
    assert file_for(factories.actor(), kept.id) is kept
    with pytest.raises(NotFound):
        file_for(None, kept.id)


def test_the_rule_is_a_value_of_the_actor(session):
    actor = factories.actor()
    assert visible(actor) is visible(replace(actor))


def test_files_of_words_that_are_not_published_are_not_for_readers(session):
    author = writer()

    def picture(name: str) -> services.Upload:
        return services.Upload(name, b"\x89PNG\r\n\x1a\n" + name.encode() * 5)

    row = article(by=author, audience=Audience.PUBLIC, publish=True)
    text = row.texts[0]
    named, added = (files.add(author, row, picture(name)) for name in ("new.png", "plan.png"))
    services.save(author, row, text, services.Wording(text.title, "", "See ![it](new.png).\n"))
    db.session.commit()
    readers = (None, factories.actor(role="manager"))
    for reader in readers:
        for kept in (named, added):
            with pytest.raises(NotFound):
                file_for(reader, kept.id)
    assert file_for(author, named.id) is named
    assert files.listed(row, shown=True) == []

    services.publish(writer("knowledge-editor"), row)
    db.session.commit()
    later = files.add(author, row, picture("later.png"))
    services.save(author, row, text, services.Wording(text.title, "", "![it](later.png)\n"))
    services.add_language(
        author, row, "de", services.Wording("VPN", "", "Anders.\n"), translated_from=1
    )
    db.session.commit()
    services.publish(writer("knowledge-editor"), row, "de")
    db.session.commit()
    for reader in readers:
        assert {file_for(reader, kept.id) for kept in (named, added)} == {named, added}
        with pytest.raises(NotFound):
            file_for(reader, later.id)
    services.publish(writer("knowledge-editor"), row)
    assert file_for(None, later.id) is later

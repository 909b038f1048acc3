"""Writing, publishing and keeping articles true: what the verbs allow and leave behind."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import subscribe
from helpdesk.kb import events, leaving, services
from helpdesk.kb.models import (
    Article,
    ArticleEvent,
    ArticleTicket,
    ArticleUse,
    ArticleVersion,
    Audience,
    Kind,
    State,
    Tie,
    Use,
)
from helpdesk.kb.queries import choosing, owned, page
from helpdesk.kb.services import drafts, shelves
from helpdesk.kb.services.workflow import in_months, is_due, remind_of_reviews
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.notify import notices
from helpdesk.notify.notices import Kind as Told
from helpdesk.people.access import SYSTEM, Denied
from helpdesk.people.errors import Refused
from helpdesk.people.events import TechnicianDeactivated
from helpdesk.people.models import Person
from tests import factories
from tests.kb.makers import article, writer

pytestmark = pytest.mark.usefixtures("session")


def bodies(row: Article) -> list[str]:
    return list(db.session.scalars(select(ArticleVersion.body).order_by(ArticleVersion.number)))


def kinds(row: Article) -> list[str]:
    return list(
        db.session.scalars(
            select(ArticleEvent.kind)
            .where(ArticleEvent.article_id == row.id)
            .order_by(ArticleEvent.id)
        )
    )


def told(person_id: int | None) -> list[str]:
    actor = factories.actor(db.session.get(Person, person_id), role="administrator")
    return [str(row.data.get("what")) for row in reversed(notices.newest(actor)) if row.article]


def test_from_draft_to_retired(session):
    author, chief = writer(), writer("lead")
    row = article(by=author)
    text = row.texts[0]
    assert (row.state, row.key, text.latest, text.published) == ("draft", "connect-to-vpn", 1, None)
    services.submit(author, row, chief.person_id)
    assert row.state == State.REVIEW
    with pytest.raises(Refused):
        services.submit(author, row)
    services.send_back(chief, row, "Say which gateway")
    assert row.state == State.DRAFT
    assert row.submitted_at is None
    services.save(author, row, text, services.Wording("Connect to VPN", "", "Use SGP."), base=1)
    with pytest.raises(Denied):
        services.publish(author, row)
    services.submit(author, row)
    services.publish(chief, row)
    assert (row.state, text.published, row.submitted_at) == ("published", 2, None)
    assert row.checked_by_id == chief.person_id
    assert row.review_at is not None
    assert timedelta(days=180) < row.review_at - now() < timedelta(days=186)
    # A change is read by nobody until it is published.
    services.save(author, row, text, services.Wording("VPN", "", "Use HK."), base=2)
    assert (text.title, text.published, text.latest) == ("Connect to VPN", 2, 3)
    assert page.version_shown(text).body == "Use SGP."
    services.publish(chief, row)
    assert text.title == "VPN"
    services.retire(author, row, "Nobody uses it")
    with pytest.raises(Refused):
        services.save(author, row, text, services.Wording("VPN", "", "x"), base=3)
    services.bring_back(author, row)
    assert (row.state, text.published) == ("draft", None)
    db.session.commit()
    assert kinds(row) == [
        *("created", "submitted", "sent-back", "saved", "submitted", "published", "saved"),
        *("published", "retired", "brought-back"),
    ]
    assert told(author.person_id) == ["sent-back", "published", "published"]
    assert told(chief.person_id) == ["submitted", "submitted"]


def test_two_who_save_at_once_lose_nothing(session):
    one, two = writer(), writer("lead")
    row = article(by=one, body="First line.\n\nSecond line.", publish=True)
    text = row.texts[0]
    services.save(one, row, text, services.Wording("VPN", "", "Theirs."), base=1)
    with pytest.raises(services.SavedMeanwhile) as clash:
        services.save(two, row, text, services.Wording("VPN", "", "Mine."), base=1)
    assert clash.value.newest.body == "Theirs."
    # Whoever has read that and saves again means it; the other's stays among the versions.
    services.save(two, row, text, services.Wording("VPN", "", "Mine."), base=2)
    assert bodies(row) == ["First line.\n\nSecond line.", "Theirs.", "Mine."]
    # The same words twice are no version.
    assert services.save(one, row, text, services.Wording("VPN", "", "Mine."), base=1) is None
    made = services.restore(one, row, text, 1)
    assert made is not None
    assert (made.number, made.body) == (4, "First line.\n\nSecond line.")
    assert services.restore(one, row, text, 4) is None


def test_what_is_typed_is_kept_until_it_is_saved(session):
    author = writer()
    row = article(by=author)
    text = row.texts[0]
    draft = services.keep_draft(author, row, text, services.Wording("V", "", "half a"), base=1)
    stamp = drafts.stamp_of(draft)
    with time_machine.travel(now() + timedelta(seconds=2), tick=False):
        services.keep_draft(
            author, row, text, services.Wording("V", "", "half a sentence"), base=1, stamp=stamp
        )
    with pytest.raises(services.DraftMoved) as moved:
        services.keep_draft(
            author, row, text, services.Wording("V", "", "other window"), base=1, stamp=stamp
        )
    assert moved.value.body == "half a sentence"
    services.save(author, row, text, services.Wording("V", "", "A whole sentence."), base=1)
    assert drafts.find_draft(author, text) is None


def test_what_nobody_goes_on_with_is_forgotten(own_desk):
    with own_desk.app_context():
        author = writer()
        row = article(by=author)
        text = row.texts[0]
        for who, age in ((author, drafts.ABANDONED), (writer(), timedelta(days=1))):
            with clock.at(now() - age - timedelta(minutes=1)):
                services.keep_draft(who, row, text, services.Wording("V", "", "half"), base=1)
        db.session.commit()
        assert drafts.forget_article_drafts() == 1
        assert drafts.find_draft(author, text) is None
        assert drafts.forget_article_drafts() == 0


def test_a_translation_knows_when_it_is_out_of_date(session):
    author, chief = writer(), writer("lead")
    row = article(by=author, publish=True)
    german = services.add_language(
        author, row, "de", services.Wording("VPN", "", "Schritt"), translated_from=1
    )
    with pytest.raises(Refused):
        services.add_language(author, row, "de", services.Wording("x"), translated_from=1)
    db.session.refresh(row)
    assert choosing.readable(row, drafts=False) == [row.texts[0]]
    services.publish(chief, row, "de")
    assert choosing.chosen(row, "de").language == "de"
    assert choosing.chosen(row, "fr").language == "en"
    english = row.texts[0]
    assert page.outdated(row, german, page.version_shown(german)) is None
    services.save(author, row, english, services.Wording("VPN", "", "New."), base=1)
    # Readers of the original do not see it yet, so nothing is missing.
    assert page.outdated(row, german, page.version_shown(german)) is None
    services.publish(chief, row)
    assert page.outdated(row, german, page.version_shown(german)) == page.Outdated(1, 2)
    services.save(
        author, row, german, services.Wording("VPN", "", "Neu."), base=1, translated_from=2
    )
    assert page.outdated(row, german, page.version_shown(german, newest=True)) is None


def test_a_review_that_is_due_is_told_once_in_a_fortnight(own_desk):
    with own_desk.app_context():
        owner = writer()
        row = article(by=owner, publish=True, review_months=1)
        key = row.id
        begun = now()
        assert remind_of_reviews() == 0
        with time_machine.travel(begun + timedelta(days=32), tick=False):
            assert is_due(db.session.get_one(Article, key))
            assert remind_of_reviews() == 1
            assert remind_of_reviews() == 0
        with time_machine.travel(begun + timedelta(days=47), tick=False):
            assert remind_of_reviews() == 1
            found = notices.newest(owner)
            assert [one.kind for one in found] == [Told.ARTICLE_DUE, Told.ARTICLE_DUE, "article"]
            services.still_right(owner, db.session.get_one(Article, key))
            db.session.commit()
            assert not is_due(db.session.get_one(Article, key))
            assert remind_of_reviews() == 0


def test_months_end_with_the_month():
    start = now().replace(year=2027, month=1, day=31)
    assert (in_months(start, 1).month, in_months(start, 1).day) == (2, 28)
    assert (in_months(start, 12).year, in_months(start, 12).month) == (2028, 1)


def test_votes_are_one_a_person_and_version(session):
    row = article(publish=True)
    text = row.texts[0]
    one, two = factories.actor(), factories.actor()
    services.vote(one, row, text, True)
    services.vote(two, row, text, False, reason="outdated", comment="The menu moved")
    assert (row.helpful, row.unhelpful) == (1, 1)
    services.vote(two, row, text, True)
    assert (row.helpful, row.unhelpful) == (2, 0)
    services.save(writer(), row, text, services.Wording("VPN", "", "New."), base=1)
    services.publish(writer("lead"), row)
    services.vote(two, row, text, False, reason="nonsense")
    assert (row.helpful, row.unhelpful) == (2, 1)
    assert page.complaints_of(row) == []
    with pytest.raises(Refused):
        services.vote(one, row, text, False, comment="x" * 1001)


def test_uses_are_counted_by_the_day(session):
    row = article(publish=True)
    with time_machine.travel("2027-03-01T10:00:00Z", tick=False):
        services.record_use(row, Use.READ)
        services.record_use(row, Use.READ, 2)
        services.record_use(row, Use.INSERTED)
    with time_machine.travel("2027-03-02T10:00:00Z", tick=False):
        services.record_use(row, Use.READ)
        assert page.used(row) == {"read": 4, "inserted": 1, "used": 0, "solved": 0}
    assert len(list(db.session.scalars(select(ArticleUse)))) == 3
    assert row.uses == 1
    with time_machine.travel("2027-07-01T10:00:00Z", tick=False):
        assert page.used(row)["read"] == 0


def test_what_is_wrong_reaches_the_owner_and_comes_back(session):
    owner, reader = writer(), factories.actor()
    row = article(by=owner, publish=True)
    flag = services.flag(reader, row, "The address is the old one")
    db.session.commit()
    assert told(owner.person_id) == ["published", "flagged"]
    services.close_flag(owner, row, flag, "Put right")
    assert page.flags_of(row) == []
    assert told(reader.person_id) == ["flag-closed"]
    with pytest.raises(Refused):
        services.close_flag(owner, row, flag)
    with pytest.raises(Refused):
        services.flag(reader, row, "  ")


def test_articles_and_tickets(session):
    actor, ticket = writer(), factories.ticket()
    row = article(by=actor, publish=True)
    assert services.tie(actor, row, ticket, Tie.LINKED)
    assert not services.tie(actor, row, ticket, Tie.LINKED)
    assert services.tie(actor, row, ticket, Tie.INSERTED)
    assert not services.tie(actor, row, ticket, Tie.INSERTED)
    times = db.session.scalars(select(ArticleTicket.times).order_by(ArticleTicket.id)).all()
    assert list(times) == [1, 2]
    assert page.of_ticket(actor, ticket) == [(row, ["linked", "inserted"])]
    assert len(page.tickets_of(actor, row)) == 2
    assert row.uses == 3
    written = services.create(
        actor, services.NewArticle(services.Wording("From it")), from_ticket=ticket
    )
    assert services.untie(actor, row, ticket)
    assert not services.untie(actor, row, ticket)
    assert page.of_ticket(actor, ticket) == [(written, ["written_from"])]
    assert page.of_ticket(factories.actor(), ticket) == []


def test_a_ticket_one_may_not_see_is_not_shown(session):
    actor = writer()
    row = article(by=actor, publish=True)
    queue = factories.queue("HR", restricted=True)
    insider = factories.actor(queues=[queue])
    ticket = factories.ticket(by=insider, queue_=queue)
    services.tie(insider, row, ticket, Tie.LINKED)
    assert page.tickets_of(actor, row) == []
    assert len(page.tickets_of(insider, row)) == 1


def test_related_by_hand_and_alike(session):
    actor = writer()
    first = article("VPN", by=actor, publish=True, tags=["vpn", "remote"])
    second = article("MFA", by=actor, publish=True)
    third = article("VPN on a phone", by=actor, publish=True, tags=["VPN"])
    article("A draft", by=actor, tags=["vpn"])
    assert services.relate(actor, first, second)
    assert not services.relate(actor, second, first)
    assert page.related(actor, first) == ([second], [third])
    assert services.unrelate(actor, second, first)
    assert page.related(actor, second) == ([], [])


def test_the_tree_of_categories(session):
    editor = writer("knowledge-editor")
    network = shelves.add(editor, "Network")
    remote = shelves.add(editor, "Remote", network)
    vpn = shelves.by_path(editor, "Network/Remote/VPN")
    row = article(by=editor, category_id=vpn.id)
    assert vpn.path == "Network › Remote › VPN"
    shelves.change(editor, network, "Networks", None)
    assert vpn.path == "Networks › Remote › VPN"
    with pytest.raises(Refused):
        shelves.change(editor, network, "Networks", vpn)
    with pytest.raises(Refused):
        shelves.remove(editor, remote)
    shelves.change(editor, vpn, "VPN", None)
    assert shelves.remove(editor, vpn, to=remote) == 1
    db.session.refresh(row)
    assert row.category_id == remote.id
    deep = remote
    for name in ("a", "b", "c"):
        deep = shelves.add(editor, name, deep)
    with pytest.raises(Refused):
        shelves.add(editor, "d", deep)
    with pytest.raises(Refused):
        shelves.change(editor, network, "a › b", None)
    with pytest.raises(Denied):
        shelves.add(writer(), "Mine")


def test_details_that_two_change_at_once(session):
    author, other = writer(), writer("lead")
    row = article(by=author, tags=["vpn"])
    seen = services.details_of(row)
    assert services.change(other, row, _with(seen, tags=("mail",)), seen=seen)
    # Another field is no clash, and what the other changed stays.
    assert services.change(author, row, _with(seen, kind=Kind.FAQ), seen=seen)
    assert (row.kind, services.details_of(row).tags) == ("faq", ("mail",))
    with pytest.raises(services.DetailsClash) as clash:
        services.change(author, row, _with(seen, tags=("phone",)), seen=seen)
    assert clash.value.fields == ("tags",)
    for wrong in (
        {"audience": Audience.TEAMS},
        {"audience": Audience.CUSTOMERS, "organisation_ids": (4711,)},
        {"category_id": 4711},
        {"reviewer_id": factories.person().id},
        {"review_months": 0},
        {"tags": tuple(map(str, range(21)))},
    ):
        with pytest.raises(Refused):
            services.change(author, row, _with(services.details_of(row), **wrong))
    # Who may read it is for its owner and for those who publish.
    stranger = writer()
    with pytest.raises(Denied):
        services.change(stranger, row, _with(services.details_of(row), audience=Audience.PUBLIC))


def _with(details: services.Details, **changes) -> services.Details:
    fields = {name: getattr(details, name) for name in details.__dataclass_fields__}
    return services.Details(**{**fields, **changes})


@pytest.mark.parametrize("has_successor", [True, False])
def test_articles_of_who_leaves(session, has_successor: bool):
    leaver, heir = writer(), writer()
    row = article(by=leaver, publish=True)
    article("Another", by=leaver)
    assert owned.count_of(leaver.person_id or 0) == 2
    assert "2 articles" in (leaving.held_by(db.session.get_one(Person, leaver.person_id)) or "")
    successor = db.session.get_one(Person, heir.person_id) if has_successor else None
    event = TechnicianDeactivated(SYSTEM, db.session.get_one(Person, leaver.person_id), successor)
    leaving.on_technician_deactivated(event)
    assert row.owner_id == (heir.person_id if has_successor else None)
    assert owned.articles_of(leaver.person_id or 0) == []
    assert "2 articles" in event.said[0]


def test_a_broken_tree_is_not_published(session):
    chief = writer("lead")
    row = article(
        "No network", by=chief, kind=Kind.TROUBLESHOOTING, body="## Step: a\nOn?\n- yes → b"
    )
    with pytest.raises(Refused):
        services.publish(chief, row)
    fixed = "## Step: a\nOn?\n- yes → b\n## Step: b\nGood.\n- solved"
    services.save(chief, row, row.texts[0], services.Wording("No network", "", fixed), base=1)
    services.publish(chief, row)
    assert row.state == State.PUBLISHED


def test_news_are_published_once(session):
    heard: list[events.ArticleNews] = []
    subscribe(events.ArticleNews, heard.append)
    owner = writer()
    row = article(by=owner)
    services.publish(writer("lead"), row)
    mine = [one for one in heard if one.article_id == row.id]
    assert [(one.what, set(one.people)) for one in mine] == [
        (events.News.PUBLISHED, {owner.person_id})
    ]

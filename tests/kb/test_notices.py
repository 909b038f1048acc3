"""Notices about articles: on the page of notices, on the bell, and by mail."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.kb import services
from helpdesk.kb.events import ArticleLooked
from helpdesk.kb.models import Audience
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.notify import by_mail, notices
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.models import Account, Person, TeamMember
from tests import factories
from tests.kb.makers import article, writer
from tests.tickets.desk import Desk, no_tokens, queue, text_of

__all__ = ["no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session", "no_tokens")


def test_what_becomes_of_an_article_stands_among_the_notices(client, queue):
    desk = Desk(client, "technician", [queue])
    owner = desk.actor
    row = article("Connect to VPN", by=owner, publish=True)
    services.flag(writer(), row, "The address is old")
    db.session.commit()
    assert notices.unseen(owner) == 2
    page = text_of(desk.get("/notices"))
    assert "says something is wrong: The address is old" in page
    assert "published it" in page
    assert "Connect to VPN" in page
    desk.post(f"/knowledge/{row.id}/read", {})
    assert notices.unseen(owner) == 0


def test_who_may_not_read_it_any_more_is_not_told(session):
    team = factories.team("ERP")
    reader = writer()
    db.session.add(TeamMember(team_id=team.id, person_id=reader.person_id))
    db.session.commit()
    member = factories.actor(db.session.get_one(Person, reader.person_id))
    row = article("ERP secrets", audience=Audience.TEAMS, team_ids=[team.id], publish=True)
    flag = services.flag(member, row, "Wrong")
    services.close_flag(writer("knowledge-editor"), row, flag)
    db.session.commit()
    assert notices.unseen(member) == 1
    assert [one.article_id for one in notices.newest(member)] == [row.id]
    # A member of the team no longer: neither on the bell nor in the list.
    assert notices.unseen(reader) == 0
    assert notices.newest(reader) == []


def test_an_article_that_was_published_is_told_by_mail(session):
    factories.desk()
    owner = writer()
    account = db.session.scalars(select(Account).where(Account.person_id == owner.person_id)).one()
    account.preferences = {"mail_notices": ["article"]}
    row = article("Connect to VPN", by=owner)
    services.publish(writer("lead"), row)
    db.session.commit()
    with clock.at(now() + timedelta(minutes=5)):
        assert by_mail.mail_notices.run() == 1
    mail = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == by_mail.KIND)).one()
    assert (mail.subject or "").endswith("published it: Connect to VPN")
    assert "Connect to VPN\n" in (mail.text or "")
    assert f"/knowledge/{row.id}" in (mail.text or "")
    services.flag(writer(), row, "Old address")
    publish(ArticleLooked(owner, row.id))
    db.session.commit()
    with clock.at(now() + timedelta(minutes=5)):
        assert by_mail.mail_notices.run() == 0

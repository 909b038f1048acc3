"""The tools of the tests themselves do what the other tests rely on."""

import smtplib
import socket
from contextvars import Context
from email.message import EmailMessage

import pytest
from alembic import command
from sqlalchemy import text

from helpdesk.db import db
from tests.support import databases
from tests.support.queries import count_queries


def test_a_commit_is_undone_after_the_test(session):
    session.execute(text("CREATE TABLE left_over (n INTEGER)"))
    session.commit()
    session.execute(text("INSERT INTO left_over VALUES (1)"))
    session.commit()
    session.execute(text("INSERT INTO left_over VALUES (2)"))
    session.rollback()
    assert session.scalars(text("SELECT n FROM left_over")).all() == [1]


def test_nothing_is_left_from_the_test_before(session):
    with pytest.raises(Exception, match="left_over"):
        session.execute(text("SELECT n FROM left_over"))


def test_another_context_has_a_session_of_its_own_and_sees_what_was_committed(app, session):
    session.execute(text("CREATE TABLE seen (n INTEGER)"))
    session.commit()
    ours = session()

    def elsewhere():
        with app.app_context():
            assert db.session() is not ours
            db.session.execute(text("INSERT INTO seen VALUES (7)"))
            db.session.commit()

    Context().run(elsewhere)
    assert session.scalar(text("SELECT n FROM seen")) == 7


def test_own_desk_commits_for_real(own_desk):
    with own_desk.app_context():
        db.session.execute(text("CREATE TABLE kept (n INTEGER)"))
        db.session.execute(text("INSERT INTO kept VALUES (3)"))
        db.session.commit()
    with own_desk.app_context(), db.engine.connect() as other:
        assert other.scalar(text("SELECT n FROM kept")) == 3


def test_the_database_is_what_the_migrations_make_of_it(database_kind):
    database = databases.migrated(database_kind)
    command.check(databases.alembic_config(database.url))


def test_queries_are_counted(session):
    with count_queries() as queries:
        session.execute(text("SELECT 1"))
        session.commit()
        session.execute(text("SELECT 2"))
    assert queries.count == 2, queries


@pytest.mark.parametrize("address", [("192.0.2.1", 25), ("2001:db8::1", 25)])
def test_nothing_reaches_beyond_this_machine(address):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with (
        socket.socket(family) as sock,
        pytest.raises(pytest.fail.Exception, match="tried to reach"),
    ):
        sock.connect(address)


def test_reserved_names_resolve_nowhere():
    with pytest.raises(socket.gaierror):
        socket.create_connection(("mail.nowhere.test", 25))


@pytest.mark.imap
def test_dovecot_keeps_what_is_delivered(imap_account):
    imap_account.deliver(b"Subject: one\n\n1\n", b"Subject: two\n\n2\n")
    imap_account.deliver(b"Subject: three\n\n3\n", folder="Done")
    assert imap_account.messages() == [b"Subject: one\r\n\r\n1\r\n", b"Subject: two\r\n\r\n2\r\n"]
    assert len(imap_account.messages("Done")) == 1
    assert imap_account.messages("Nowhere") == []


@pytest.mark.imap
def test_dovecot_can_be_killed_and_comes_back_with_its_mail(own_imap_server):
    account = own_imap_server.account()
    account.deliver(b"Subject: kept\n\n\n")
    own_imap_server.kill()
    with pytest.raises(OSError):
        account.messages()
    own_imap_server.start()
    assert len(account.messages()) == 1


def _mail():
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@here.test", "b@there.test", "Hello"
    message.set_content("Text")
    return message


def test_the_mail_receiver_keeps_refuses_defers_and_hangs_up(smtp_receiver):
    def send():
        with smtplib.SMTP(smtp_receiver.host, smtp_receiver.port, timeout=5) as server:
            server.send_message(_mail())

    send()
    assert smtp_receiver.received[0].recipients == ["b@there.test"]
    assert smtp_receiver.received[0].message["Subject"] == "Hello"
    for behaviour, code in (("refuse", 550), ("defer", 451)):
        smtp_receiver.behaviour = behaviour
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send()
        assert refused.value.recipients["b@there.test"][0] == code
    smtp_receiver.behaviour = "drop"
    with pytest.raises((smtplib.SMTPServerDisconnected, smtplib.SMTPDataError)):
        send()
    assert len(smtp_receiver.received) == 1


@pytest.mark.browser
def test_the_browser_reaches_the_live_desk(live_desk, page):
    answer = page.goto(live_desk.url)
    assert answer is not None
    assert answer.status < 500

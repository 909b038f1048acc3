"""Mailboxes that sign in with OAuth2: real mail servers, and a provider on loopback."""

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from helpdesk.channels.email import alarms, granting, tokens
from helpdesk.channels.email.granting import GrantSettings
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.oauth import Away, Dead, _understood, sign_in_link
from helpdesk.channels.email.send import send_mail
from helpdesk.channels.email.source_models import Flow, MailGrant
from helpdesk.channels.email.trouble import Trouble
from helpdesk.channels.email.views.alarms import Quiet
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.services import Refused
from tests import factories
from tests.channels.email import post
from tests.setup.makers import Visitor, last_log, visitor
from tests.support import dovecot, oauth, smtp
from tests.support.queries import count_queries


@pytest.fixture
def provider() -> Iterator[oauth.Provider]:
    with oauth.provider() as running:
        yield running


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue("Service desk", is_default=True)


def settings(provider: oauth.Provider, **changes: Any) -> GrantSettings:
    given: dict[str, Any] = {
        "provider": "other",
        "authorize_url": f"{provider.url}/authorize",
        "token_url": f"{provider.url}/token",
        "scope": "mail offline_access",
        "client_id": oauth.CLIENT,
        "client_secret": oauth.SECRET,
    }
    return GrantSettings(**{**given, **changes})


def granted(box: Mailbox, provider: oauth.Provider, **changes: Any) -> MailGrant:
    """Let a person grant access to a mailbox, as the pages do."""
    actor = factories.actor(role="administrator")
    with transaction():
        granting.save(actor, db.session.get_one(Mailbox, box.id), settings(provider, **changes))
    if changes.get("flow") == Flow.CLIENT:
        with transaction():
            granting.ask_as_program(actor, db.session.get_one(Mailbox, box.id))
        return grant_of(box)
    with transaction():
        link = granting.begin(actor, db.session.get_one(Mailbox, box.id))
    asked = {name: one[0] for name, one in parse_qs(urlsplit(link).query).items()}
    back = parse_qs(urlsplit(provider.authorize(asked)).query)
    with transaction():
        granting.finish(actor, back["state"][0], back["code"][0])
    return grant_of(box)


def grant_of(box: Mailbox) -> MailGrant:
    db.session.rollback()
    return db.session.get_one(MailGrant, box.id, populate_existing=True)


def ends(box: Mailbox) -> None:
    """Let the token of a mailbox end in a minute."""
    with transaction():
        grant_of(box).access_until = now() + timedelta(seconds=60)


@pytest.fixture
def token_server(
    provider: oauth.Provider, request: pytest.FixtureRequest
) -> Iterator[dovecot.Dovecot]:
    dovecot.require()
    folder = Path(tempfile.mkdtemp(prefix="hearth-oauth-"))
    folder.chmod(0o755)
    mechanisms = getattr(request, "param", "xoauth2 oauthbearer")
    server = dovecot.Dovecot(folder, f"{provider.url}/tokeninfo?access_token=", mechanisms)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.imap
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_mail_is_read_and_answered_with_tokens_alone(
    session, queue: Queue, provider: oauth.Provider, token_server: dovecot.Dovecot
) -> None:
    with smtp.smtp_server(token_is_good=provider.is_good) as receiver:
        box = post.mailbox(
            dovecot.Account(token_server, provider.user),
            receiver,
            queue=queue,
            sign_in="oauth",
            imap_password=None,
            smtp_user=provider.user,
        )
        with pytest.raises(Trouble, match="Access is not granted yet"):
            fetch_once(box.id)
        granted(box, provider)
        assert fetch_once(box.id) == []
        assert not db.session.get_one(Mailbox, box.id).failing_since
        ticket = factories.ticket(
            customer=factories.person(email="mei@customer.example"), queue_=queue
        )
        post.answer(ticket)
        with time_machine.travel(now() + timedelta(seconds=30), tick=False):
            send_mail.run()
        assert len(receiver.received) == 1
        assert receiver.signed_in[0][0] == provider.user
        # Revoked, the servers refuse the token; a new one is asked for, and that is refused too.
        provider.revoke()
        with pytest.raises(Trouble, match="did not take the provider's token"):
            fetch_once(box.id)
        with pytest.raises(Trouble, match="The provider took access back"):
            fetch_once(box.id)
        assert alarms.alarms()[0].is_grave


@pytest.mark.imap
@pytest.mark.one_database
@pytest.mark.parametrize("token_server", ["oauthbearer"], indirect=True)
def test_a_server_that_knows_only_oauthbearer_is_read(
    session, queue: Queue, provider: oauth.Provider, token_server: dovecot.Dovecot
) -> None:
    box = post.mailbox(
        dovecot.Account(token_server, provider.user),
        queue=queue,
        sign_in="oauth",
        imap_password=None,
    )
    granted(box, provider)
    assert fetch_once(box.id) == []
    provider.tokens.clear()
    with pytest.raises(Trouble, match="did not take the provider's token"):
        fetch_once(box.id)
    # Only the token was taken back: with a new one all is well.
    assert fetch_once(box.id) == []


def test_what_ends_is_renewed_before_and_the_new_refresh_token_is_kept(
    session, queue: Queue, provider: oauth.Provider
) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth")
    granted(box, provider)
    first = tokens.token_for(box.id)
    assert tokens.token_for(box.id) == first
    for _again in range(3):
        ends(box)
        renewed = tokens.token_for(box.id)
        assert renewed != first
        assert provider.is_good(renewed)
        first = renewed
    # The provider takes each refresh token once.
    assert [one["grant_type"] for one in provider.asked] == [
        "authorization_code",
        *["refresh_token"] * 3,
    ]
    sealed = grant_of(box)
    assert first not in sealed.access_token
    assert oauth.SECRET not in sealed.client_secret


def test_two_workers_never_ask_at_once(own_desk: Flask, provider: oauth.Provider) -> None:
    with own_desk.app_context():
        box = post.mailbox(sign_in="oauth")
        granted(box, provider)
        box_id = box.id
        with transaction():
            grant_of(box).access_until = now() - timedelta(seconds=1)
    provider.asked.clear()
    provider.pause = 0.5
    heard: list[str] = []

    def ask() -> None:
        with own_desk.app_context():
            heard.append(tokens.token_for(box_id))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 4
    assert len(set(heard)) == 1
    assert len(provider.asked) == 1


def test_while_a_provider_is_away_the_old_token_is_used_on(
    session, queue: Queue, provider: oauth.Provider
) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth")
    granted(box, provider)
    before = tokens.token_for(box.id)
    provider.status = 503
    ends(box)
    assert tokens.token_for(box.id) == before
    assert alarms.alarms() == []
    with transaction():
        row = grant_of(box)
        row.access_until, row.busy_until = now(), None
    with pytest.raises(Trouble, match="does not answer"):
        tokens.token_for(box.id)
    provider.status = 200
    assert provider.is_good(tokens.token_for(box.id))


def test_an_answer_that_comes_too_late_is_not_written_over_a_newer_grant(
    session, queue: Queue, provider: oauth.Provider
) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth")
    generation = granted(box, provider).generation
    granted(box, provider)
    newest = tokens.token_for(box.id)
    tokens._settle(box.id, generation, {"refused_at": now(), "refused": str(Dead("x"))})
    assert tokens.token_for(box.id) == newest


def test_a_program_asks_in_its_own_name(session, queue: Queue, provider: oauth.Provider) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth")
    granted(box, provider, flow=Flow.CLIENT)
    assert grant_of(box).refresh_token == ""
    ends(box)
    assert provider.is_good(tokens.token_for(box.id))
    assert {one["grant_type"] for one in provider.asked} == {"client_credentials"}


def test_administrators_are_warned_before_anything_ends_and_once_a_stage(
    session, queue: Queue, provider: oauth.Provider
) -> None:
    factories.desk()
    boss = factories.technician("Judith Brenner", queues=[queue])
    account = factories.account(boss, "administrator")
    account.login = "judith@desk.example"
    db.session.commit()
    box = post.mailbox(queue=queue, sign_in="oauth")
    today = now().date()
    granted(box, provider, secret_ends_on=today + timedelta(days=40))
    assert alarms.alarms() == []
    with transaction():
        grant_of(box).secret_ends_on = today + timedelta(days=6)
    (alarm,) = alarms.alarms()
    assert alarm.is_grave
    assert "The client secret ends on" in alarm.words
    alarms.keep_access.run()
    alarms.keep_access.run()
    (mail,) = post.outbox()
    assert mail.recipients == ["judith@desk.example"]
    assert f"/setup/mail/mailboxes/{box.id}/access" in (mail.text or "")
    # Refused: said at once, and again by mail.
    provider.refusal = "invalid_grant"
    with transaction():
        row = grant_of(box)
        row.access_until, row.busy_until = now() - timedelta(seconds=1), None
    alarms.keep_access.run()
    assert "The provider took access back" in alarms.alarms()[0].words
    assert len(post.outbox()) == 2


def test_a_refresh_token_that_is_not_renewed_is_warned_of_and_one_that_is_is_not(
    session, queue: Queue, provider: oauth.Provider
) -> None:
    provider.refresh_life = 7 * 86400
    box = post.mailbox(queue=queue, sign_in="oauth")
    granted(box, provider)
    assert alarms.alarms() == []
    with transaction():
        grant_of(box).refresh_until = now() + timedelta(days=2)
    assert "What the provider granted ends at" in alarms.alarms()[0].words
    # Renewed with its use, it has its whole life before it again.
    ends(box)
    tokens.token_for(box.id)
    assert alarms.alarms() == []
    provider.offline = False
    granted(box, provider)
    assert "Sign in there again" in alarms.alarms()[0].words


# ---- The pages ----


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    return visitor(client)


def test_access_is_granted_on_the_pages(
    admin: Visitor, queue: Queue, provider: oauth.Provider
) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth", imap_user=provider.user)
    path = f"/setup/mail/mailboxes/{box.id}"
    typed = settings(provider)
    fields = {
        "provider": "other",
        "flow": "code",
        "authorize_url": typed.authorize_url,
        "token_url": typed.token_url,
        "scope": typed.scope,
        "client_id": typed.client_id,
        "client_secret": typed.client_secret,
        "secret_ends_on": str(date(2031, 1, 31)),
    }
    refused = admin.send(f"{path}/access", **{**fields, "token_url": "http://mail.example/token"})
    assert refused.status_code == 422
    assert "Type an address that begins with https://." in refused.text
    assert admin.send(f"{path}/access", **fields).status_code == 303
    assert "client-secret" not in admin.get(f"{path}/access")
    assert "client-secret" not in str(last_log())

    page = admin.send(f"{path}/connect").get_data(as_text=True)
    link = re.search(r'id="go" href="([^"]+)"', page)
    assert link is not None
    asked = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["login_hint"] == [provider.user]
    back = provider.authorize({name: one[0] for name, one in asked.items()})
    landing = urlsplit(back)
    page = admin.get(f"{landing.path}?{landing.query}")
    assert "One step is left" in page
    # Opening the address did nothing; the button does, once.
    assert grant_of(box).granted_at is None
    given = {name: one[0] for name, one in parse_qs(landing.query).items()}
    assert admin.send("/setup/mail/connected", **given).status_code == 303
    assert "Access is granted." in admin.get(f"{path}/access")
    assert provider.is_good(tokens.token_for(box.id))
    again = admin.send("/setup/mail/connected", **given)
    assert again.headers["Location"].endswith("/setup/mail/")

    admin.send(f"{path}/disconnect")
    assert grant_of(box).refresh_token == ""


def test_nobody_else_can_come_back_in_somebodys_place(
    admin: Visitor, queue: Queue, provider: oauth.Provider
) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth")
    actor = factories.actor(role="administrator")
    with transaction():
        granting.save(SYSTEM, db.session.get_one(Mailbox, box.id), settings(provider))
        link = granting.begin(actor, db.session.get_one(Mailbox, box.id))
    state = parse_qs(urlsplit(link).query)["state"][0]
    assert "Access was not granted" in admin.get(f"/setup/mail/connected?state={state}&code=x")
    admin.send("/setup/mail/connected", state=state, code="x")
    assert grant_of(box).granted_at is None
    assert provider.asked == []


def test_an_alarm_stands_above_every_page_of_administrators_only(
    admin: Visitor, queue: Queue, provider: oauth.Provider
) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth")
    granted(box, provider)
    with transaction():
        row = grant_of(box)
        row.refused_at, row.refused = now(), "invalid_grant: password changed"
    page = admin.get("/account")
    assert "Mailbox Northline IT needs you." in page
    assert "password changed" in page
    other = visitor(admin.client, "technician")
    assert "needs you" not in other.get("/account")


def test_pages_do_not_look_for_alarms_while_nothing_is_wrong(
    admin: Visitor, queue: Queue, provider: oauth.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth")
    granted(box, provider)
    known = Quiet(seconds=20)
    monkeypatch.setitem(admin.client.application.extensions, "hearth-mail-alarms", known)
    with count_queries() as first:
        admin.get("/account")
    with count_queries() as second:
        admin.get("/account")
    assert second.count == first.count - 1
    with transaction():
        grant_of(box).refused_at = now()
    # At most so many seconds late, and then on every page until it has ended.
    assert known.until - time.monotonic() <= 20
    known.until = time.monotonic()
    for _time in range(2):
        assert "needs you" in admin.get("/account")
    with transaction():
        grant_of(box).refused_at = None
    assert "needs you" not in admin.get("/account")


def test_a_removed_mailbox_takes_its_tokens_along(
    admin: Visitor, queue: Queue, provider: oauth.Provider
) -> None:
    box = post.mailbox(queue=queue, sign_in="oauth")
    granted(box, provider)
    admin.send(f"/setup/mail/mailboxes/{box.id}/remove")
    assert db.session.query(MailGrant).count() == 0


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"provider": "google", "flow": "client", "client_secret": "x"}, "flow"),
        ({"provider": "google", "tenant": "desk.example"}, "tenant"),
        ({"provider": "google", "scope": "more"}, "scope"),
        ({"provider": "microsoft", "flow": "client", "client_secret": "x"}, "tenant"),
        ({"provider": "microsoft", "tenant": "../evil"}, "tenant"),
        ({"provider": "other", "token_url": "https://login.example/t"}, "authorize_url"),
    ],
)
def test_what_a_provider_does_not_know_is_refused(typed: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        granting.checked(GrantSettings(client_id="hearth", **typed), has_secret=False)
    assert refused.value.field == field


def test_what_is_known_of_microsoft_and_google_is_filled_in() -> None:
    theirs = GrantSettings(provider="microsoft", tenant="desk.example", client_id="hearth")
    granting.checked(theirs, has_secret=False)
    assert theirs.authorize_url.startswith("https://login.microsoftonline.com/desk.example/")
    assert "IMAP.AccessAsUser.All" in theirs.scope
    assert "offline_access" in theirs.scope
    google = GrantSettings(provider="google", client_id="hearth")
    granting.checked(google, has_secret=False)
    link = sign_in_link(
        google.authorize_url,
        provider="google",
        client_id="hearth",
        scope=google.scope,
        redirect_uri="https://desk.example/setup/mail/connected",
        state="s",
        verifier="v" * 43,
        user="support@desk.example",
    )
    # Without these there is no refresh token.
    assert {"access_type=offline", "prompt=consent"} <= set(urlsplit(link).query.split("&"))


@pytest.mark.parametrize(
    "said",
    [b"", b"<html>", b"[]", b'{"access_token": 5}', b'{"access_token": "a b"}', b'{"a": 1}'],
)
def test_an_answer_that_makes_no_sense_is_no_token(said: bytes) -> None:
    with pytest.raises(Away):
        _understood(200, said)

import threading
import time
from contextvars import Context
from datetime import timedelta

import pytest
import time_machine
from flask import Blueprint, Flask, g, request
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.guard import PUBLIC, access_of, public, require
from helpdesk.people.models import SignInSession
from helpdesk.people.seed import ensure_roles
from helpdesk.people.services import accounts, roles, sessions, teams
from tests import factories
from tests.people.browser import post, sign_in, sign_in_by_form, token
from tests.people.makers import account, acting, administrator
from tests.support.queries import count_queries


def cookie(client):
    return next(c for c in client._cookies.values() if c.key.startswith("hearth-sign-in"))


def actor_of(app: Flask, client):
    """Return the actor that a request with this client's cookies has."""
    db.session.commit()

    def load():
        with app.test_request_context(headers=cookie_header(client)):
            return guard.actor_or_none()

    # A context of its own, as in SeparateClient: else the request would share the test's `g`.
    return Context().run(load)


def cookie_header(client) -> dict[str, str]:
    kept = cookie(client)
    return {"Cookie": f"{kept.key}={kept.value}"}


# ---- Marks ----


def test_every_route_says_who_may_enter(app):
    unmarked = [
        endpoint for endpoint, view in app.view_functions.items() if access_of(view) is None
    ]
    assert unmarked == []


def test_marks_can_be_read():
    @require(Permission.TICKET_READ, Permission.TICKET_WORK)
    def worked() -> None: ...

    @public
    def shown() -> None: ...

    def plain() -> None: ...

    plain_words = type("View", (), {"__hearth_access__": ("self:use",)})()
    assert access_of(worked) == (Permission.TICKET_READ, Permission.TICKET_WORK)
    assert access_of(shown) == ()
    assert getattr(shown, guard.MARK) == PUBLIC
    assert access_of(plain) is None
    assert access_of(plain_words) == (Permission.SELF_USE,)
    with pytest.raises(TypeError):
        require()


@pytest.fixture
def gate_app(own_desk: Flask) -> Flask:
    """An application with a few routes of its own."""
    bp = Blueprint("trial", __name__)

    @bp.get("/trial/open")
    @public
    def open_view() -> str:
        return "open"

    @bp.route("/trial/tickets", methods=["GET", "POST"])
    @require(Permission.TICKET_READ)
    def tickets_view() -> str:
        return f"{guard.current_actor().name} {request.method}"

    @bp.get("/trial/audit")
    @require(Permission.AUDIT_READ)
    def audit_view() -> str:
        return "the log"

    @bp.get("/trial/forgotten")
    def forgotten_view() -> str:
        return "nobody said who may see this"

    own_desk.register_blueprint(bp)
    return own_desk


def test_a_view_that_says_nothing_is_shut(gate_app):
    with gate_app.app_context():
        row = account("administrator")
        client = gate_app.test_client()
        sign_in(client, row)
    assert client.get("/trial/forgotten").status_code == 403


def test_strangers_are_led_to_sign_in_and_back(gate_app):
    client = gate_app.test_client()
    assert client.get("/trial/open").text == "open"
    answer = client.get("/trial/tickets?queue=3")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/trial/tickets%3Fqueue%3D3"
    with gate_app.app_context():
        row = account()
        name = row.person.name
        assert 'value="/trial/tickets?queue=3"' in client.get(answer.location).text
        done = sign_in_by_form(client, row, next="/trial/tickets?queue=3")
    assert done.status_code == 303
    assert done.location == "/trial/tickets?queue=3"
    assert name in client.get(done.location).text


def test_scripts_are_told_not_redirected(gate_app):
    client = gate_app.test_client()
    read = client.get(
        "/trial/tickets", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/q?x=1"}
    )
    assert read.status_code == 401
    assert read.headers["HX-Redirect"] == "/sign-in?next=/q%3Fx%3D1"
    stream = client.get("/trial/tickets", headers={"Accept": "text/event-stream"})
    assert stream.status_code == 401
    assert "HX-Redirect" not in stream.headers


def test_a_signed_out_sender_keeps_what_they_typed(gate_app):
    with gate_app.app_context():
        row = account()
        client = gate_app.test_client()
        sign_in(client, row)
        page = client.get("/account")
        sessions.revoke_all(None, row.id)
        db.session.commit()
    sent = client.post("/trial/tickets", headers={"HX-Request": "1", "X-CSRFToken": token(page)})
    assert sent.status_code == 401
    assert "HX-Redirect" not in sent.headers


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x", "/sign-in"],
)
def test_signing_in_leads_nowhere_else(client, session, path):
    row = account()
    done = sign_in_by_form(client, row, next=path)
    assert done.location == "/welcome"


def test_who_lacks_the_permission_gets_a_page_that_says_so(gate_app):
    with gate_app.app_context():
        client = gate_app.test_client()
        sign_in(client, account("technician"))
    answer = client.get("/trial/audit")
    assert answer.status_code == 403
    assert "may not open this" in answer.text


# ---- The cookie ----


def test_the_cookie_is_for_us_alone(client, session):
    sign_in_by_form(client, account())
    kept = cookie(client)
    assert kept.http_only
    assert kept.same_site == "Lax"
    assert kept.path == "/"
    assert not kept.secure  # plain http on loopback
    assert len(kept.value) == 43


def test_over_tls_the_cookie_is_bound_to_the_host(app, monkeypatch):
    settings = app.config["SETTINGS"]
    secure = type(settings)(
        **{name: getattr(settings, name) for name in settings.__dataclass_fields__}
        | {"base_url": "https://desk.example"}
    )
    monkeypatch.setitem(app.config, "SETTINGS", secure)
    with app.test_request_context():
        response = app.make_response("")
        guard.remember(response, "token")
        header = response.headers["Set-Cookie"]
    assert header.startswith("__Host-hearth-sign-in=token;")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in header
    assert "Domain" not in header


def test_signing_out_ends_the_session_not_only_the_cookie(client, session, app):
    row = account()
    sign_in(client, row)
    kept = cookie(client)
    done = post(client, "/sign-out", "/account")
    assert done.status_code == 303
    client.set_cookie(kept.key, kept.value)
    assert client.get("/account").status_code == 303
    assert session.scalars(select(SignInSession)).one().revoked_at is not None


# ---- Loading ----


def test_the_actor_costs_one_query_a_request(client, session, app):
    sign_in(client, account("technician"))
    client.get("/account")

    def load():
        with app.test_request_context(headers=cookie_header(client)):
            first = guard.current_actor()
            assert guard.current_actor() is first

    with count_queries() as queries:
        Context().run(load)
    assert queries.count == 1, str(queries)


def test_pages_for_everybody_do_not_ask_who_it_is(gate_app):
    with gate_app.app_context():
        client = gate_app.test_client()
        sign_in(client, account())
    with count_queries() as queries:
        client.get("/trial/open")
    assert queries.count == 0, str(queries)


def test_loading_the_actor_takes_little_time(client, session, app, database_kind):
    sign_in(client, account("technician"))
    spent = []

    def load():
        with app.test_request_context(headers=cookie_header(client)):
            before = time.thread_time()
            guard.current_actor()
            spent.append(time.thread_time() - before)

    for _ in range(60):
        Context().run(load)
    middle = sorted(spent)[len(spent) // 2]
    print(f"{database_kind}: {middle * 1000:.2f} ms of CPU")
    assert middle < 0.003


def test_the_actor_has_what_their_roles_and_teams_give(client, session, app):
    boss = administrator()
    row = account("technician", "lead")
    team, other = factories.team(), factories.team()
    queue = factories.queue(of=team)
    factories.queue(of=other)
    teams.set_members(boss, team, {row.person_id: True})
    row.person.language, row.person.time_zone = "zh_Hant_TW", "Asia/Hong_Kong"
    row.preferences = {"theme": "dark"}
    session.commit()
    sign_in(client, row)
    actor = actor_of(app, client)
    assert actor.person_id == row.person_id
    assert actor.can(Permission.TICKET_BROADCAST)
    assert not actor.can(Permission.SETUP_ROLES)
    assert (actor.team_ids, actor.lead_team_ids) == ({team.id}, {team.id})
    assert actor.queue_ids == {queue.id}
    assert (actor.language, actor.time_zone) == ("zh_Hant_TW", "Asia/Hong_Kong")
    assert actor.preferences == {"theme": "dark", "availability": "available"}


def test_a_change_of_roles_or_teams_holds_from_the_next_request_on(client, session, app):
    boss = administrator()
    row = account("technician")
    sign_in(client, row)
    assert not actor_of(app, client).can(Permission.TICKET_FORCE)
    accounts.set_roles(boss, row, [ensure_roles()["lead"]])
    session.commit()
    assert actor_of(app, client).can(Permission.TICKET_FORCE)
    roles.set_permissions(boss, ensure_roles()["lead"], [Permission.SELF_USE])
    session.commit()
    assert actor_of(app, client).permissions == {Permission.SELF_USE}
    team = factories.team()
    teams.set_members(boss, team, {row.person_id: False})
    session.commit()
    assert actor_of(app, client).team_ids == {team.id}
    accounts.deactivate(boss, row)
    session.commit()
    assert actor_of(app, client) is None


def test_sessions_end_by_age_by_rest_and_by_hand(client, session, app):
    row = account()
    with time_machine.travel("2026-03-02 09:00Z", tick=False) as travel:
        sign_in(client, row)
        assert actor_of(app, client) is not None
        travel.shift(sessions.IDLE + timedelta(seconds=1))
        assert actor_of(app, client) is None
    with time_machine.travel("2026-03-02 09:00Z", tick=False) as travel:
        sign_in(client, row)
        days = app.config["SETTINGS"].session_days
        for _ in range(days - 1):
            travel.shift(timedelta(days=1))
            assert actor_of(app, client) is not None
        travel.shift(timedelta(days=1, seconds=1))
        assert actor_of(app, client) is None


def test_when_a_session_was_used_is_written_every_five_minutes(client, session, app):
    with time_machine.travel("2026-03-02 09:00Z", tick=False) as travel:
        sign_in(client, account())
        session.commit()

        def seen():
            session.expire_all()
            return session.scalars(select(SignInSession)).one().seen_at

        first = seen()
        travel.shift(timedelta(minutes=4))
        client.get("/account")
        assert seen() == first
        travel.shift(timedelta(minutes=2))
        client.get("/account")
        assert seen() == first + timedelta(minutes=6)


def test_many_requests_at_once_load_their_own_actors(own_desk):
    with own_desk.app_context():
        rows = [account("technician" if n % 2 else "lead") for n in range(6)]
        clients = []
        for row in rows:
            client = own_desk.test_client()
            sign_in(client, row)
            clients.append((row.person.name, client))
    wrong: list[str] = []

    def look(name: str, client) -> None:
        wrong.extend(name for _ in range(10) if name not in client.get("/account").text)

    threads = [threading.Thread(target=look, args=pair) for pair in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_made_up_token_is_nobody(client, session, app):
    factories.desk()
    with app.test_request_context(headers={"Cookie": f"hearth-sign-in-8321={'x' * 43}"}):
        assert guard.actor_or_none() is None
        assert g.actor is None


def test_nothing_is_done_without_the_forms_token(client, session):
    row = account()
    data = {"login": row.login, "password": "correct horse battery"}
    assert client.post("/sign-in", data=data).status_code == 400
    sign_in(client, row)
    assert client.post("/account/theme", data={"theme": "dark"}).status_code == 400
    assert client.post("/sign-out").status_code == 400
    old = token(client.get("/account"))
    sent = client.post("/account/theme", data={"theme": "dark"}, headers={"X-CSRFToken": old})
    assert sent.status_code == 204
    assert acting(row).account_id is not None
    session.refresh(row)
    assert row.preferences == {"theme": "dark"}

import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.events import subscribe
from helpdesk.lib.clock import now
from helpdesk.people import passwords, tokens
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.events import PasswordResetAsked
from helpdesk.people.models import Account, SignInSession, SingleUseLink
from helpdesk.people.services import accounts, links, sessions, sign_in, throttle
from helpdesk.people.services.links import Purpose
from helpdesk.people.services.throttle import TooMany
from tests import factories
from tests.people.makers import PASSWORD, account, acting, logged

HERE = {"address": "192.0.2.7", "user_agent": "Firefox"}

asked: list[PasswordResetAsked] = []


def enter(login: str, password: str = PASSWORD) -> sign_in.SignedIn:
    """Sign in and commit, as the web edge does."""
    done = sign_in.sign_in(login, password, **HERE)
    db.session.commit()
    return done


@pytest.fixture(autouse=True)
def _collect_resets():
    asked.clear()
    subscribe(PasswordResetAsked, asked.append)


def test_the_right_password_opens_a_session_and_is_logged(session):
    row = account(login="mei-ling@northline.example")
    done = sign_in.sign_in("Mei-Ling@Northline.Example ", PASSWORD, **HERE)
    stored = session.scalars(select(SignInSession)).one()
    assert stored.account_id == done.account_id == row.id
    assert stored.token_hash == tokens.digest(done.token)
    assert done.token not in stored.token_hash
    assert row.last_sign_in_at is not None
    assert logged("signed-in")[0].address == "192.0.2.7"


def test_a_wrong_password_says_no_more_than_an_unknown_login(session):
    account(login="known@example.net")
    messages = set()
    for login, password in (("known@example.net", "wrong password"), ("nobody@example.net", "x")):
        with pytest.raises(Refused) as refusal:
            sign_in.sign_in(login, password, **HERE)
        messages.add(str(refusal.value))
    assert len(messages) == 1
    session.rollback()
    assert [entry.subject_label for entry in logged("sign-in-failed")] == [
        "known@example.net",
        "nobody@example.net",
    ]


def test_a_password_typed_into_the_login_field_is_not_logged(session):
    account()
    with pytest.raises(Refused):
        sign_in.sign_in("my secret password", "", **HERE)
    assert [entry.subject_label for entry in logged("sign-in-failed")] == ["?"]


def test_a_deactivated_account_is_refused_like_a_wrong_password(session):
    row = account()
    row.deactivated_at = now()
    session.commit()
    with pytest.raises(Refused, match="not right"):
        sign_in.sign_in(row.login, PASSWORD, **HERE)


def test_five_failures_close_the_pair_of_login_and_address_for_a_while(session):
    row = account()
    login = row.login
    with time_machine.travel("2026-03-02 09:00Z", tick=False) as travel:
        for _ in range(throttle.PER_PAIR):
            with pytest.raises(Refused):
                sign_in.sign_in(login, "wrong password", **HERE)
        with pytest.raises(TooMany) as blocked:
            sign_in.sign_in(login, PASSWORD, **HERE)
        assert 0 < blocked.value.seconds <= throttle.WINDOW.total_seconds() + 1
        # Somebody else's guessing does not lock the owner out of their own machine.
        sign_in.sign_in(login, PASSWORD, address="198.51.100.1", user_agent="")
        travel.shift(throttle.WINDOW + timedelta(seconds=2))
        sign_in.sign_in(login, PASSWORD, **HERE)


def test_hammering_is_logged_once_not_each_time(session):
    login = account().login
    for _ in range(throttle.PER_PAIR):
        with pytest.raises(Refused):
            sign_in.sign_in(login, "wrong password", **HERE)
    for _ in range(4):
        with pytest.raises(TooMany):
            sign_in.sign_in(login, PASSWORD, **HERE)
    assert len(logged("sign-in-failed")) == throttle.PER_PAIR
    assert len(logged("sign-in-blocked")) == 1


def test_one_address_may_not_try_many_logins(session, monkeypatch):
    monkeypatch.setattr(throttle, "PER_ADDRESS", 6)
    for number in range(6):
        with pytest.raises(Refused):
            sign_in.sign_in(f"person{number}@example.org", "guess", **HERE)
    row = account()
    with pytest.raises(TooMany):
        sign_in.sign_in(row.login, PASSWORD, **HERE)


def test_addresses_of_one_ipv6_network_count_together(session):
    login = account().login
    for number in range(throttle.PER_PAIR):
        with pytest.raises(Refused):
            sign_in.sign_in(login, "no", address=f"2001:db8:1:2::{number + 1}", user_agent="")
    with pytest.raises(TooMany):
        sign_in.sign_in(login, PASSWORD, address="2001:db8:1:2:ffff::9", user_agent="")
    sign_in.sign_in(login, PASSWORD, address="2001:db8:1:3::1", user_agent="")


def test_success_forgives_the_earlier_mistypings(session):
    login = account().login
    for _ in range(3):
        for _ in range(throttle.PER_PAIR - 1):
            with pytest.raises(Refused):
                sign_in.sign_in(login, "wrong password", **HERE)
        enter(login)


def test_a_hash_of_an_older_release_is_made_anew(session):
    row = account()
    before = row.password_hash
    sign_in.sign_in(row.login, PASSWORD, **HERE)
    assert row.password_hash != before
    assert not passwords.is_outdated(row.password_hash or "")


def test_waiting_sign_ins_do_not_pile_up(own_desk, monkeypatch):
    monkeypatch.setattr(passwords, "SLOT_WAIT", 0.05)
    with own_desk.app_context():
        login = account().login
        slots = own_desk.extensions["hearth-password-slots"]
        held = [slots.acquire(blocking=False) for _ in range(20)].count(True)
        try:
            with pytest.raises(passwords.Busy):
                sign_in.sign_in(login, PASSWORD, **HERE)
        finally:
            for _ in range(held):
                slots.release()
        sign_in.sign_in(login, PASSWORD, **HERE)
        db.session.rollback()


def test_parallel_guesses_get_no_more_tries_than_the_limit_and_the_slots(own_desk):
    outcomes: list[type] = []

    def guess(login: str) -> None:
        with own_desk.app_context():
            try:
                sign_in.sign_in(login, "wrong password", **HERE)
            except (Refused, TooMany, passwords.Busy) as error:
                outcomes.append(type(error))

    with own_desk.app_context():
        login = account().login
    threads = [threading.Thread(target=guess, args=(login,)) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settings = own_desk.config["SETTINGS"]
    assert len(outcomes) == 24
    assert outcomes.count(Refused) <= throttle.PER_PAIR + settings.password_slots


# ---- Passwords ----


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password-short"),
        ("x" * 201, "password-long"),
        ("mei-ling@northline.example", "password-is-login"),
        ("HoMeiLing2024", "password-is-login"),
        ("Password123!", "password-common"),
        ("qwertyuiop", "password-common"),
        ("aaaaaaaaaaaaab", "password-common"),
    ],
)
def test_bad_passwords_are_refused_with_a_reason(password, code):
    with pytest.raises(Refused) as refusal:
        passwords.check_new(password, login="mei-ling@northline.example", name="Ho Mei Ling")
    assert refusal.value.code == code
    assert refusal.value.field == "password"


@pytest.mark.parametrize(
    "password", ["correct horse battery", "我的密码是一句很长的话", "Tr0ub4dor&3!x"]
)
def test_good_passwords_need_no_signs_and_digits(password):
    passwords.check_new(password, login="mei-ling@northline.example", name="Ho Mei Ling")


def test_the_same_characters_from_another_keyboard_are_the_same_password():
    kept = passwords.hash_password("ﬁne café password")
    assert passwords.matches(kept, "fine cafe\u0301 password")


def test_changing_the_password_signs_out_the_other_browsers(session):
    row = account()
    here, elsewhere = enter(row.login), enter(row.login)
    actor = acting(row)
    with pytest.raises(Refused) as wrong:
        sign_in.change_password(
            actor, old="not it at all", new="a quite new one", keep_token=here.token, address=""
        )
    assert wrong.value.field == "old"
    sign_in.change_password(
        actor, old=PASSWORD, new="a quite new one", keep_token=here.token, address=""
    )
    session.commit()
    left = [one.token_hash for one in sessions.open_sessions(actor)]
    assert left == [tokens.digest(here.token)]
    assert tokens.digest(elsewhere.token) not in left
    sign_in.sign_in(row.login, "a quite new one", **HERE)
    with pytest.raises(Refused):
        sign_in.sign_in(row.login, PASSWORD, **HERE)
    assert logged("password-changed")[0].actor_id == row.person_id


# ---- Sessions ----


def test_sessions_end_when_idle_and_when_old(session):
    row = account()
    actor = acting(row)
    with time_machine.travel("2026-03-02 09:00Z", tick=False) as travel:
        sign_in.sign_in(row.login, PASSWORD, **HERE)
        session.commit()
        assert len(sessions.open_sessions(actor)) == 1
        travel.shift(sessions.IDLE + timedelta(seconds=1))
        assert sessions.open_sessions(actor) == []


def test_nobody_ends_somebody_elses_session(session):
    row, other = account(), account()
    sign_in.sign_in(row.login, PASSWORD, **HERE)
    mine = session.scalars(select(SignInSession)).one()
    with pytest.raises(Missing):
        sessions.revoke(acting(other), mine.id)
    sessions.revoke(acting(row), mine.id)
    session.commit()
    assert sessions.open_sessions(acting(row)) == []
    assert len(logged("session-ended")) == 1


def test_signing_out_everywhere_counts_the_browsers(session):
    row = account()
    for _ in range(3):
        enter(row.login)
    assert sessions.revoke_all(acting(row), row.id) == 3
    assert logged("sessions-ended")[0].changes == {"count": [None, 3]}


def test_ended_sessions_are_swept_away_after_a_month(session):
    row = account()
    with time_machine.travel("2026-01-01 09:00Z"):
        sign_in.sign_in(row.login, PASSWORD, **HERE)
        session.commit()
    with time_machine.travel("2026-03-15 09:00Z"):
        sign_in.sign_in(row.login, PASSWORD, **HERE)
        session.commit()
        assert sessions.sweep() == 1


# ---- Links ----


def _token(event: PasswordResetAsked) -> str:
    return event.link.rpartition("/")[2]


def test_a_forgotten_password_is_set_by_a_link_that_works_once(session):
    row = account(login="mei-ling@northline.example")
    sign_in.ask_reset("Mei-Ling@northline.example", address="192.0.2.7")
    session.commit()
    [event] = asked
    assert event.address == "mei-ling@northline.example"
    assert "/reset-password/" in event.link
    token = _token(event)
    assert links.account_of(token, Purpose.RESET) is not None
    assert session.scalars(select(SingleUseLink)).one().token_hash == tokens.digest(token)
    done = sign_in.set_password_by_link(token, Purpose.RESET, "a quite new one", **HERE)
    session.commit()
    assert done.account_id == row.id
    with pytest.raises(Missing):
        sign_in.set_password_by_link(token, Purpose.RESET, "and another one", **HERE)
    sign_in.sign_in(row.login, "a quite new one", **HERE)


def test_a_bad_new_password_does_not_use_the_link_up(session):
    account(login="mei-ling@northline.example")
    sign_in.ask_reset("mei-ling@northline.example", address="")
    session.commit()
    token = _token(asked[0])
    with pytest.raises(Refused):
        sign_in.set_password_by_link(token, Purpose.RESET, "short", **HERE)
    assert links.account_of(token, Purpose.RESET) is not None


def test_a_new_link_replaces_the_old_and_a_late_one_does_not_work(session):
    account(login="mei-ling@northline.example")
    with time_machine.travel("2026-03-02 09:00Z", tick=False) as travel:
        for _ in range(2):
            sign_in.ask_reset("mei-ling@northline.example", address="")
            session.commit()
        first, second = (_token(event) for event in asked)
        assert links.account_of(first, Purpose.RESET) is None
        assert links.account_of(second, Purpose.FIRST) is None
        assert links.account_of(second, Purpose.RESET) is not None
        travel.shift(timedelta(hours=2, seconds=1))
        assert links.account_of(second, Purpose.RESET) is None
        assert links.use(second, Purpose.RESET) is False


def test_asking_for_an_unknown_login_does_nothing_but_count(session):
    factories.desk()
    sign_in.ask_reset("nobody@example.net", address="192.0.2.7")
    session.commit()
    assert asked == []
    assert len(logged("password-reset-asked")) == 1


def test_nobody_is_flooded_with_reset_mails(session):
    account(login="mei-ling@northline.example")
    for _ in range(throttle.RESETS_PER_LOGIN):
        sign_in.ask_reset("mei-ling@northline.example", address="192.0.2.7")
        session.commit()
    with pytest.raises(TooMany):
        sign_in.ask_reset("mei-ling@northline.example", address="198.51.100.2")
    assert len(asked) == throttle.RESETS_PER_LOGIN


def test_of_two_who_use_one_link_at_once_one_wins(own_desk):
    with own_desk.app_context():
        row = account()
        token = links.issue(row, Purpose.FIRST).token
        db.session.commit()
    results: list[bool] = []
    start = threading.Barrier(6)

    def use() -> None:
        with own_desk.app_context():
            start.wait()
            with transaction():
                results.append(links.use(token, Purpose.FIRST))

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 5 + [True]


def test_the_first_sign_in_link_is_for_accounts_that_are_on(session):
    person = factories.person(email="new@northline.example")
    boss = acting(account("administrator"))
    row = accounts.make_technician(boss, person)
    made = accounts.send_sign_in_link(boss, row, mail=False)
    session.commit()
    assert "/first-sign-in/" in made.url
    done = sign_in.set_password_by_link(made.token, Purpose.FIRST, "a quite new one", **HERE)
    session.commit()
    assert session.get_one(Account, done.account_id).login == "new@northline.example"
    accounts.deactivate(boss, row)
    with pytest.raises(Refused):
        accounts.send_sign_in_link(boss, row)

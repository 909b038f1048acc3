"""What customers are told by itself: once, in their words, at a good hour, if it is true."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.notify import customers, texts
from helpdesk.notify.models import OutboxMessage
from helpdesk.notify.telling import NIGHT, SETTING, Tell, Telling
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.people.models import Person
from helpdesk.sla import saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.keeping import clocks_of
from helpdesk.sla.policy import Scope
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import BinReason, HoldReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.inbound import Heard
from tests import factories
from tests.sla.desk import monday, office, terms

pytestmark = pytest.mark.usefixtures("session")

EVERYTHING = Telling(kinds=frozenset(Tell), quiet=None, apart=0)


def choose(chosen: Telling) -> None:
    desk = factories.desk()
    desk.settings = {**desk.settings, SETTING: chosen.stored()}
    db.session.commit()


@pytest.fixture
def queue() -> Queue:
    choose(EVERYTHING)
    return factories.queue("Network & VPN")


@pytest.fixture
def priya(queue: Queue) -> Actor:
    return factories.actor(factories.technician("Priya Nair", queues=[queue]))


@pytest.fixture
def mei() -> Person:
    return factories.person("Ho Mei-Ling", call_name="Mei-Ling", email="mei@example.net")


def log(customer: Person, at: str = "10:00", **fields: object) -> Ticket:
    """A mail opens a ticket."""
    with clock.at(monday(at)):
        return factories.ticket("VPN drops", by=SYSTEM, customer=customer, **fields)  # type: ignore[arg-type]


def act(at: str, verb: Callable[[], object]) -> None:
    with clock.at(monday(at)):
        verb()
    db.session.commit()


def tell(at: str | datetime) -> int:
    db.session.commit()
    with clock.at(at if isinstance(at, datetime) else monday(at)):
        return customers.tell_customers.run()  # type: ignore[return-value]


def rows(kind: str = "") -> list[OutboxMessage]:
    found = select(OutboxMessage).where(OutboxMessage.kind != "").order_by(OutboxMessage.id)
    return [row for row in db.session.scalars(found) if kind in {"", row.kind}]


def states(kind: str = "") -> list[tuple[str, str, str]]:
    return [(row.kind, row.state, row.reason) for row in rows(kind)]


def resolve(actor: Actor, ticket: Ticket) -> None:
    services.resolve(
        actor,
        ticket,
        outcome=Outcome.SOLVED,
        cause=factories.cause(),
        solution="Renewed the certificate.",
    )


def test_a_ticket_is_told_of_from_receipt_to_solution(
    queue: Queue, priya: Actor, mei: Person
) -> None:
    saving.add_policy(SYSTEM, "Standard", Scope.TICKET, terms(office(), fix=4))
    ticket = log(mei, queue_=queue)
    assert tell("10:05") == 1
    (receipt,) = rows()
    assert (receipt.state, receipt.to, receipt.recipients) == (
        "queued",
        [["Ho Mei-Ling", "mei@example.net"]],
        ["mei@example.net"],
    )
    assert receipt.subject == f"Received: VPN drops [#{ticket.number}]"
    assert "Hello Mei-Ling," in (receipt.text or "")
    assert "Monday 23 November, 14:00 (Coordinated Universal Time)" in (receipt.text or "")
    act("10:20", lambda: services.take(priya, ticket))
    assert tell("10:21") == 1
    act("10:30", lambda: services.hold(priya, ticket, HoldReason.CUSTOMER, note="your serial no."))
    assert tell("10:31") == 1
    assert "What we need: your serial no." in (rows("waiting")[0].text or "")
    heard = Heard(author=mei, body="It is 4711")
    act("10:40", lambda: services.hear(ticket, heard, reopen_days=5))
    act("11:00", lambda: resolve(priya, ticket))
    assert tell("11:01") == 1
    assert "Renewed the certificate." in (rows("fixed")[0].text or "")
    assert [row.kind for row in rows()] == ["received", "taken", "waiting", "fixed"]
    assert tell("12:00") == 0
    # Small lines of the journal, which no clock takes for an answer.
    lines = db.session.scalars(select(Entry).where(Entry.verb == "tell")).all()
    assert [line.kind for line in lines] == ["event"] * 4
    assert ticket.first_reply_at is None


def test_a_receipt_does_not_stop_the_clock_of_the_first_reply(queue: Queue, mei: Person) -> None:
    saving.add_policy(SYSTEM, "Standard", Scope.TICKET, terms(office(), first_reply=2))
    ticket = log(mei, queue_=queue)
    tell("10:05")
    assert clocks_of(ticket.id)[Promise.FIRST_REPLY].met_at is None


def test_a_new_desk_tells_nobody(mei: Person) -> None:
    log(mei, queue_=factories.queue())
    assert rows() == []


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh_Hans_CN", "您好！"), ("zh_Hant_TW", "您好："), ("zh-HK", "您好："), (None, "Hello ")],
)
def test_everybody_is_told_in_their_language(queue: Queue, language: str | None, said: str) -> None:
    log(factories.person(language=language), queue_=queue)
    tell("10:05")
    assert said in (rows()[0].text or "")


def test_what_was_undone_or_overtaken_is_not_told(queue: Queue, priya: Actor, mei: Person) -> None:
    ticket = log(mei, queue_=queue)
    act("10:00", lambda: services.reply(priya, ticket, services.Said("It is the gateway.")))
    tell("10:05")
    assert states() == [("received", "cancelled", "answered")]
    act("10:10", lambda: resolve(priya, ticket))
    act("10:10", lambda: services.reopen(priya, ticket))
    tell("10:15")
    assert states("fixed") == [("fixed", "cancelled", "overtaken")]


def test_who_is_told_nothing(queue: Queue, priya: Actor, mei: Person) -> None:
    quiet = services.NewTicket(customer=mei, subject="Tidy", channel="email", queue=queue)
    services.log(SYSTEM, quiet, quiet=True)
    log(mei, queue_=queue, channel="staff")
    log(mei, queue_=queue, envelope={"automatic": "auto-submitted"})
    assert rows() == []
    spam = log(mei, queue_=queue)
    act("10:00", lambda: services.bin_ticket(priya, spam, BinReason.SPAM))
    tell("10:05")
    assert states() == [("received", "cancelled", "binned")]
    program = log(mei, queue_=queue, envelope={"automatic": "list"})
    act("10:10", lambda: resolve(priya, program))
    tell("10:15")
    assert states("fixed") == [("fixed", "cancelled", "automatic")]


def test_of_a_restricted_ticket_only_who_wrote_is_told(mei: Person) -> None:
    choose(EVERYTHING)
    secret = factories.queue("People matters", restricted=True)
    hr = factories.actor(factories.technician(queues=[secret]))
    theirs = log(mei, queue_=secret)
    about = services.log(
        hr, services.NewTicket(customer=mei, subject="About her", channel="phone", queue=secret)
    )
    db.session.commit()
    tell(clock.now() + timedelta(minutes=1))
    assert {row.ticket_id: row.reason for row in rows()} == {theirs.id: "", about.id: "not-theirs"}


def test_two_programs_do_not_answer_each_other_for_ever(queue: Queue, mei: Person) -> None:
    for minute in range(10, 16):
        log(mei, f"10:{minute}", queue_=queue)
        tell(f"10:{minute + 1}")
    assert [row.state for row in rows()].count("queued") == 1
    assert {row.reason for row in rows()} == {"", "loop"}
    log(mei, "10:40", queue_=queue)
    assert tell("10:41") == 1


def test_nobody_is_told_at_night_and_in_the_morning_only_what_is_still_true(
    queue: Queue, priya: Actor
) -> None:
    choose(replace(EVERYTHING, quiet=NIGHT))
    # Ten in the morning in London is six in the evening in Hong Kong, and five hours later night.
    mei = factories.person(time_zone="Asia/Hong_Kong")
    solved, open_ = log(mei, "15:00", queue_=queue), log(mei, "15:20", queue_=queue)
    assert tell("15:30") == 0
    assert states() == [("received", "held", "quiet-hours")] * 2
    assert rows()[0].next_try_at == monday("23:00")
    act("16:00", lambda: resolve(priya, solved))
    assert tell("22:59") == 0
    assert tell("23:00") == 2
    told = [(row.ticket_id, row.kind, row.reason) for row in rows()]
    assert told == [
        (solved.id, "received", "overtaken"),
        (open_.id, "received", ""),
        (solved.id, "fixed", ""),
    ]


def test_receipts_may_be_sent_at_night(queue: Queue) -> None:
    choose(replace(EVERYTHING, quiet=NIGHT, receipts_always=True))
    log(factories.person(time_zone="Asia/Hong_Kong"), "15:00", queue_=queue)
    assert tell("15:01") == 1


def test_what_is_not_essential_waits_for_its_turn(queue: Queue, priya: Actor, mei: Person) -> None:
    choose(replace(EVERYTHING, apart=30))
    ticket = log(mei, queue_=queue)
    tell("10:01")
    act("10:05", lambda: services.take(priya, ticket))
    assert tell("10:06") == 0
    assert states("taken") == [("taken", "held", "pace")]
    assert tell("10:32") == 1
    # The day is full: one told, and there is room for no other.
    choose(replace(EVERYTHING, per_day=2))
    other = log(mei, "11:00", queue_=queue)
    assert tell("11:01") == 1
    act("11:05", lambda: services.take(priya, other))
    assert tell("11:06") == 0
    act("11:10", lambda: resolve(priya, other))
    assert tell("11:11") == 1, "that it is fixed is told all the same"


def test_who_takes_it_again_is_not_told_again(queue: Queue, priya: Actor, mei: Person) -> None:
    karen = factories.actor(factories.technician("Karen Chan", queues=[queue]))
    ticket = log(mei, queue_=queue)
    act("10:05", lambda: services.take(priya, ticket))
    tell("10:06")
    act("10:10", lambda: services.take(karen, ticket))
    tell("10:11")
    assert states("taken") == [("taken", "queued", ""), ("taken", "cancelled", "told-already")]


def test_an_edited_text_is_used_and_ours_comes_back(queue: Queue, mei: Person) -> None:
    admin = factories.actor(role="administrator")
    texts.save(admin, Tell.RECEIVED, "en", "Got it", "{customer}: {expected}\nYour {subject}.")
    ticket = log(mei, queue_=queue)
    tell("10:05")
    # Nothing is promised, so the line about it is left out; the number is added.
    assert (rows()[0].subject, rows()[0].text) == (
        f"Got it [#{ticket.number}]",
        "Your VPN drops.\n",
    )
    assert texts.back_to_ours(admin, Tell.RECEIVED, "en")
    assert texts.wording(Tell.RECEIVED, "en") == texts.shipped(Tell.RECEIVED, "en")
    assert [row.number for row in texts.versions(Tell.RECEIVED, "en")] == [2, 1]


def test_words_in_braces_of_a_customer_stay_words(queue: Queue, mei: Person) -> None:
    with clock.at(monday("10:00")):
        factories.ticket("Mail merge prints {customer}", by=SYSTEM, customer=mei, queue_=queue)
    tell("10:05")
    assert "Mail merge prints {customer}" in rows()[0].subject


def test_another_expected_time_is_told_and_only_the_last_one(
    queue: Queue, priya: Actor, mei: Person
) -> None:
    ticket = log(mei, queue_=queue)
    tell("10:05")
    act("10:10", lambda: services.expect(priya, ticket, monday("15:00")))
    act("10:10", lambda: services.expect(priya, ticket, monday("16:30")))
    assert tell("10:11") == 1
    assert states("expected") == [
        ("expected", "cancelled", "overtaken"),
        ("expected", "queued", ""),
    ]
    assert "by Monday 23 November, 16:30" in (rows("expected")[1].text or "")

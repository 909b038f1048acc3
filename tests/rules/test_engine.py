"""What rules do when something happens, what holds them back, and what is written down."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, scoped_session

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.notify.models import Notice, OutboxMessage
from helpdesk.people.access import SYSTEM, Denied
from helpdesk.people.models import Absence, Account, PersonSkill, Skill
from helpdesk.rules import history, saving
from helpdesk.rules.content import Content
from helpdesk.rules.models import Rule, RuleRun, RuleVersion
from helpdesk.tickets import services
from helpdesk.tickets.brake import Brake
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import many_for
from helpdesk.tickets.sentences import sentence
from helpdesk.tickets.services.open import NewTicket
from tests import factories
from tests.rules.desk import about, rule

pytestmark = pytest.mark.usefixtures("session")


def test_a_new_ticket_goes_where_the_rule_sends_it_and_the_journal_says_why() -> None:
    desk, network = factories.queue("Desk"), factories.queue("Network")
    lead = factories.technician(queues=[network], lead=True)
    vpn = rule(
        "HK VPN to Network",
        {"do": "set-queue", "queue": network.id},
        {"do": "raise-priority", "priority": 2},
        {"do": "add-tags", "tags": ["vpn"]},
        {"do": "tell", "whom": "leads"},
        if_={
            "all": [
                about("subject-or-message", "has-any", "VPN", "斷線"),
                {"any": [about("priority", "is-one-of", 1), about("vip", "is")]},
            ]
        },
    )
    other = factories.ticket("VPN again", queue_=desk)
    ticket = factories.ticket("網路斷線", queue_=desk, customer=factories.person(vip=True))
    assert other.queue is desk
    assert (ticket.queue, ticket.priority, ticket.handovers) == (network, 2, 0)
    moved = db.session.scalars(
        select(Entry).where(Entry.ticket_id == ticket.id, Entry.verb == "assign")
    ).one()
    assert "The rule “HK VPN to Network”" in sentence(moved, None)
    run = history.why([moved.id])[moved.id]
    assert run.cause is not None
    assert (run.rule_id, run.version, run.outcome, run.cause.verb) == (vpn.id, 1, "done", "log")
    assert db.session.scalars(select(Notice.person_id).where(Notice.kind == "rule")).all() == [
        lead.id
    ]


def test_rules_run_from_top_to_bottom_and_see_what_those_above_did() -> None:
    first = rule("First", {"do": "set-priority", "priority": 1})
    last = rule(
        "Second", {"do": "add-tags", "tags": ["urgent"]}, if_=about("priority", "is-one-of", 1)
    )
    ticket = factories.ticket()
    assert db.session.scalar(select(func.count(RuleRun.id))) == 2
    saving.move(SYSTEM, last, first)
    db.session.commit()
    factories.ticket()
    runs = select(RuleRun.rule_id).where(RuleRun.ticket_id != ticket.id)
    assert db.session.scalars(runs).all() == [first.id]


def test_saving_a_rule_never_makes_it_act() -> None:
    tickets = [factories.ticket() for _ in range(3)]
    row = rule("Louder", {"do": "set-priority", "priority": 1}, when={"on": "updated"})
    louder = Content.from_json(
        {"when": [{"on": "updated"}], "then": [{"do": "set-priority", "priority": 2}]}
    )
    saving.save(SYSTEM, row, louder)
    saving.restore(SYSTEM, row, 1)
    db.session.commit()
    assert {ticket.priority for ticket in tickets} == {3}
    assert db.session.scalars(select(RuleVersion.number).order_by(RuleVersion.number)).all() == [
        1,
        2,
        3,
    ]
    services.set_subject(factories.actor(), tickets[0], "Changed")
    assert [ticket.priority for ticket in tickets] == [1, 3, 3]


def test_rules_that_call_each_other_end() -> None:
    rule("Up", {"do": "set-priority", "priority": 1}, when={"on": "updated"})
    rule("Down", {"do": "set-priority", "priority": 4}, when={"on": "updated"})
    ticket, agent = factories.ticket(), factories.actor()
    services.set_subject(agent, ticket, "Changed")
    assert ticket.priority == 4
    assert db.session.scalar(select(func.count(RuleRun.id))) == 2


def test_a_rule_that_comes_back_too_often_rests_at_that_ticket() -> None:
    manager = factories.account(factories.person(), "manager")
    tags = {"do": "note", "text": "Seen"}
    rule("Talkative", tags, when={"on": "updated", "fields": ["subject"]})
    ticket, agent = factories.ticket(), factories.actor()
    for number in range(9):
        services.set_subject(agent, ticket, f"Number {number}")
    outcomes = db.session.scalars(select(RuleRun.outcome).order_by(RuleRun.id)).all()
    assert outcomes == ["done"] * 5 + ["rests"]
    told = select(Notice.person_id).where(Notice.kind == "rule-stopped")
    assert db.session.scalars(told).all() == [manager.person_id]
    with clock.at(now() + timedelta(hours=2)):
        services.set_subject(agent, ticket, "Later")
    assert db.session.scalar(select(func.count(RuleRun.id))) == 7


def test_the_brake_turns_a_rule_off_and_the_act_stands() -> None:
    manager = factories.account(factories.person(), "manager")
    factories.desk()
    saving.set_brake(SYSTEM, Brake(tickets=3, messages=100))
    row = rule("Floods", {"do": "set-priority", "priority": 1})
    tickets = [factories.ticket() for _ in range(5)]
    db.session.refresh(row)
    assert [ticket.priority for ticket in tickets] == [1, 1, 1, 3, 3]
    assert (row.turned_on, row.off_reason) == (False, "brake")
    outcomes = db.session.scalars(select(RuleRun.outcome).order_by(RuleRun.id)).all()
    assert outcomes == ["done"] * 3 + ["braked"]
    told = select(Notice.person_id).where(Notice.kind == "rule-stopped")
    assert db.session.scalars(told).all() == [manager.person_id]
    # Whoever turns it on again has looked at it: it begins to count anew.
    with clock.at(now() + timedelta(seconds=1)):
        saving.turn(SYSTEM, row, True)
        db.session.commit()
        assert factories.ticket().priority == 1


def test_what_is_refused_is_undone_alone_and_said() -> None:
    rule(
        "Half",
        {"do": "set-priority", "priority": 1},
        {"do": "resolve", "outcome": "solved", "text": "By itself"},
        {"do": "add-tags", "tags": ["kept"]},
    )
    ticket = factories.ticket()
    run = db.session.scalars(select(RuleRun)).one()
    assert run.outcome == "refused"
    assert [step["said"] for step in run.steps][::2] == ["", ""]
    assert run.steps[1] == {"do": "resolve", "said": "refused", "why": "cause-missing"}
    assert (ticket.priority, ticket.status_class) == (1, "new")


def test_the_customer_is_written_to_in_their_language_and_not_at_night() -> None:
    factories.desk()
    rule(
        "Receipt",
        {
            "do": "send",
            "text": "We have it: {number}, {nothing}",
            "text_zh_Hant_TW": "已收到：{number}",
        },
        when=[{"on": "created"}, {"on": "replied", "by": "customer"}],
    )
    customer = factories.person(language="zh_Hant_TW", time_zone="Asia/Hong_Kong")
    # Ten in the evening there.
    with clock.at(now().replace(hour=14, minute=0, second=0, microsecond=0)):
        ticket = factories.ticket(customer=customer)
        sent = db.session.scalars(select(OutboxMessage)).one()
        assert sent.entry is not None
        assert sent.entry.body == f"已收到：{ticket.id}"
        assert sent.next_try_at - now() == timedelta(hours=9)
        # It answers nothing: the customer still waits.
        assert ticket.unanswered_since is not None
        assert ticket.first_reply_at is None
        plain = factories.ticket()
        assert (
            db.session.scalars(select(Entry.body).where(Entry.ticket_id == plain.id)).all()[1]
            == f"We have it: {plain.id}, {{nothing}}"
        )
        # A machine that answers is not answered.
        heard = services.Heard(customer, "Out of office", envelope={"automatic": True})
        services.hear(ticket, heard, reopen_days=7)
    said = db.session.scalars(select(RuleRun.steps).order_by(RuleRun.id)).all()
    assert [steps[0]["said"] for steps in said] == ["", "", "automatic"]


def test_quiet_changes_and_old_mail_send_nothing() -> None:
    rule(
        "Loud",
        {"do": "send", "text": "Hello"},
        {"do": "add-tags", "tags": ["seen"]},
        when=[{"on": "created"}, {"on": "updated", "fields": ["priority"]}],
    )
    old = now() - timedelta(days=30)
    ticket = factories.ticket(happened_at=old, by=factories.actor(role="lead"))
    agent = factories.actor()
    services.change_many(
        agent,
        many_for(agent, [ticket.id]),
        lambda one: services.set_priority(agent, one, 1),
        quiet=True,
    )
    steps = db.session.scalars(select(RuleRun.steps)).all()
    assert [one[0]["said"] for one in steps] == ["quiet", "quiet"]
    assert db.session.scalar(select(func.count(OutboxMessage.id))) == 0


def test_work_goes_to_who_can_begin_or_stays_with_the_queue() -> None:
    queue = factories.queue()
    people = [factories.technician(name, queues=[queue]) for name in "ABCD"]
    for person in people[:3]:
        factories.account(person, "technician")
    skill = Skill(name="VPN")
    db.session.add(skill)
    db.session.flush()
    db.session.add(PersonSkill(person_id=people[1].id, skill_id=skill.id, level=2))
    away = Absence(
        person_id=people[2].id, starts_at=now() - timedelta(hours=1), ends_at=now() + timedelta(1)
    )
    db.session.add(away)
    row = rule("Round", {"do": "assign", "way": "in-turn"})
    owners = [factories.ticket(queue_=queue).owner for _ in range(3)]
    assert owners == [people[0], people[1], people[0]]

    def say(**given: object) -> None:
        then = [{"do": "assign", **given}]
        saving.save(SYSTEM, row, Content.from_json({"when": [{"on": "created"}], "then": then}))
        db.session.commit()

    say(way="least-busy")
    assert factories.ticket(queue_=queue).owner is people[1]
    say(way="skill", skill=skill.id)
    assert factories.ticket(queue_=queue).owner is people[1]
    for account in db.session.scalars(select(Account)):
        account.availability = "busy"
    db.session.commit()
    alone = factories.ticket(queue_=queue)
    assert (alone.owner, alone.queue) == (None, queue)
    last = db.session.scalars(select(RuleRun).order_by(RuleRun.id.desc())).first()
    assert last is not None
    assert last.steps == [{"do": "assign", "said": "nobody-with-skill"}]


def test_mails_of_one_trouble_become_one_ticket() -> None:
    rule("Gather", {"do": "gather", "hours": 2}, when={"on": "created", "channels": ["email"]})
    probe, other = factories.person(), factories.person()
    first = factories.ticket("PROBLEM: disk full on db-01 at 10:01", customer=probe)
    second = factories.ticket("RECOVERY: disk full on db-01 at 10:07", customer=probe)
    factories.ticket("PROBLEM: disk full on db-01 at 10:01", customer=other)
    with clock.at(now() + timedelta(hours=3)):
        late = factories.ticket("PROBLEM: disk full on db-01 at 13:01", customer=probe)
    assert second.merged_into_id == first.id
    assert late.merged_into_id is None
    assert db.session.scalar(select(func.count()).where(Ticket.merged_into_id.is_not(None))) == 1


def test_other_occasions_are_told_apart() -> None:
    occasions: dict[str, dict[str, Any]] = {
        "replied": {"on": "replied", "by": "staff"},
        "assigned": {"on": "assigned"},
        "acknowledged": {"on": "acknowledged"},
        "waits": {"on": "status", "to": ["pending"]},
    }
    for name, when in occasions.items():
        rule(name, {"do": "note", "text": name}, when=when)
    queue = factories.queue()
    colleague, agent = factories.technician(), factories.actor(queues=[queue])
    ticket = factories.ticket(queue_=queue)
    target = services.Target(queue, colleague)

    def acts(act: object) -> set[str]:
        names = select(Rule.name).join(RuleRun, RuleRun.rule_id == Rule.id)
        return set(db.session.scalars(names))

    assert acts(services.hand_over(agent, ticket, target)) == {"assigned"}
    assert acts(services.acknowledge(factories.actor(colleague), ticket)) >= {"acknowledged"}
    assert "replied" not in acts(services.hear(ticket, _heard(ticket), reopen_days=7))
    assert "replied" in acts(services.reply(agent, ticket, services.Said("So it is")))
    assert "waits" in acts(services.hold(agent, ticket, HoldReason.CUSTOMER))


def _heard(ticket: Ticket) -> services.Heard:
    return services.Heard(ticket.customer, "Still broken")


def test_a_broken_rule_does_not_run_and_the_others_do(
    session: scoped_session[Session], caplog: pytest.LogCaptureFixture
) -> None:
    broken = rule("Broken", {"do": "set-priority", "priority": 1})
    version = db.session.scalars(select(RuleVersion).where(RuleVersion.rule_id == broken.id)).one()
    version.content = {**version.content, "if": about("colour", "is-one-of", "red")}
    db.session.commit()
    rule("Whole", {"do": "add-tags", "tags": ["seen"]})
    ticket = factories.ticket()
    assert ticket.priority == 3
    assert db.session.scalar(select(func.count(RuleRun.id))) == 1
    assert "colour" in caplog.text


def test_only_who_may_changes_rules() -> None:
    row = rule("Mine", {"do": "set-priority", "priority": 1})
    agent, manager = factories.actor(), factories.actor(role="manager")
    with pytest.raises(Denied):
        saving.turn(agent, row, False)
    with pytest.raises(Denied):
        saving.rule_for(agent, row.id)
    assert saving.turn(manager, row, False)


def test_a_ticket_begins_with_its_tags() -> None:
    rule("Tagged", {"do": "set-priority", "priority": 1}, if_=about("tags", "is-empty"))
    new = NewTicket(customer=factories.person(), subject="Tagged", channel="email", tags=["a"])
    factories.queue()
    assert services.log(factories.actor(), new).priority == 3

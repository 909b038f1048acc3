"""Trying a rule: on old tickets, against others, on one ticket, and on what is there now."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM, Denied
from helpdesk.rules import saving, stored, trying
from helpdesk.rules.content import Content
from helpdesk.rules.models import RuleRun
from helpdesk.tickets.brake import Brake
from helpdesk.tickets.models import Entry
from tests import factories
from tests.rules.desk import about, rule
from tests.support.queries import count_queries

pytestmark = pytest.mark.usefixtures("session")


def vpn(**then: object) -> Content:
    """Return a rule about VPN."""
    return Content.from_json(
        {
            "when": [{"on": "created"}],
            "if": {
                "all": [
                    about("subject", "has-word", "vpn"),
                    about("came-by", "is-one-of", "email"),
                ]
            },
            "then": [then or {"do": "set-priority", "priority": 2}, {"do": "send", "text": "Hi"}],
        }
    )


def test_a_dry_run_shows_what_would_change_and_changes_nothing() -> None:
    manager = factories.actor(role="manager")
    factories.queue()
    secret = factories.queue(restricted=True)
    with clock.at(now() - timedelta(days=1)):
        first = factories.ticket("VPN drops")
    others = [factories.ticket("Printer"), factories.ticket("vpn: slow")]
    factories.ticket("VPN of the board", queue_=secret)
    entries = db.session.scalar(select(func.count(Entry.id)))
    found = trying.dry_run(manager, vpn())
    assert (found.looked_at, found.caught) == (3, (others[1].id, first.id))
    assert list(found.days.values()) == [(1, 1), (2, 1)]
    assert [(s.ticket.id, s.changes[0].old, s.changes[0].new) for s in found.samples] == [
        (others[1].id, 3, 2),
        (first.id, 3, 2),
    ]
    # By which channel it came is only known when it comes.
    assert (found.messages, found.left_out) == (2, 1)
    assert db.session.scalar(select(func.count(Entry.id))) == entries
    with pytest.raises(Denied):
        trying.dry_run(factories.actor(), vpn())


def test_a_dry_run_asks_the_same_however_many_tickets_there_are() -> None:
    manager = factories.actor(role="manager")
    for _ in range(3):
        factories.ticket("VPN drops")
    with count_queries() as few:
        trying.dry_run(manager, vpn())
    for _ in range(8):
        factories.ticket("VPN drops")
    with count_queries() as many:
        trying.dry_run(manager, vpn())
    assert many.count == few.count <= 4


def test_rules_that_disagree_are_named_with_who_wins() -> None:
    manager, network = factories.actor(role="manager"), factories.queue()
    for subject in ("VPN drops", "VPN slow", "Printer"):
        factories.ticket(subject, customer=factories.person(vip="slow" in subject))
    above = rule("VIP first", {"do": "set-priority", "priority": 1}, if_=about("vip", "is"))
    rule("Same", {"do": "set-priority", "priority": 2}, if_=about("subject", "has-any", "vpn"))
    rule("Elsewhere", {"do": "set-queue", "queue": network.id})
    found = trying.dry_run(manager, vpn())
    met = trying.clashes(manager, vpn(), found.caught, trying.others(None))
    assert [(one.rule_id, one.tickets, one.fields, one.this_wins) for one in met] == [
        (above.id, 1, ("priority",), True)
    ]
    met = trying.clashes(manager, vpn(), found.caught, trying.others(None), position=0)
    assert [one.this_wins for one in met] == [False]


def test_one_ticket_says_of_each_condition_whether_it_holds() -> None:
    manager = factories.actor(role="manager")
    ticket = factories.ticket("VPN drops")
    content = Content.from_json(
        {
            "when": [{"on": "created"}],
            "if": {
                "all": [
                    about("subject", "has-word", "vpn"),
                    {"any": [about("vip", "is"), about("priority", "is-one-of", 1)]},
                ]
            },
            "then": [{"do": "set-priority", "priority": 1}],
        }
    )
    found = trying.try_on(manager, content, ticket.id)
    assert not found.holds
    assert [part.holds for part in found.reason.parts] == [True, False]
    assert [part.holds for part in found.reason.parts[1].parts] == [False, False]


def test_what_is_there_is_changed_only_when_somebody_asks() -> None:
    factories.desk()
    tickets = [factories.ticket("VPN drops") for _ in range(4)]
    saving.set_brake(SYSTEM, Brake(tickets=3, messages=10))
    row = rule(
        "VPN",
        {"do": "set-priority", "priority": 2},
        if_=about("subject", "has-any", "vpn"),
    )
    boss = factories.actor(role="administrator")
    assert trying.reach(boss, stored.content_of(row)) == 4
    assert {ticket.priority for ticket in tickets} == {3}
    with pytest.raises(Denied):
        trying.apply_to_what_is_there(factories.actor(role="manager"), row)
    done = trying.apply_to_what_is_there(boss, row)
    assert done.outcomes == {"done": 3, "braked": 1}
    assert [ticket.priority for ticket in tickets] == [2, 2, 2, 3]
    assert set(db.session.scalars(select(RuleRun.why))) == {"applied"}

"""Rules in words, in the list and on the command line."""

import json

import pytest
from flask import Flask
from flask_babel import force_locale

from helpdesk.people.access import SYSTEM
from helpdesk.rules import listed, stored
from helpdesk.rules.commands import rules
from helpdesk.rules.sentence import sentence
from helpdesk.sla import saving as promises
from helpdesk.sla.clocks import Promise
from helpdesk.sla.policy import Do, Scope, Step
from tests import factories
from tests.rules.desk import about, rule
from tests.sla.desk import office, terms

pytestmark = pytest.mark.usefixtures("session")


def test_a_rule_reads_as_one_sentence() -> None:
    network = factories.queue("Network & VPN")
    row = rule(
        "HK VPN",
        {"do": "set-queue", "queue": network.id},
        {"do": "raise-priority", "priority": 2},
        {"do": "tell-unless-acknowledged", "minutes": 20, "whom": "leads"},
        if_={
            "all": [
                about("subject-or-message", "has-any", "VPN", "斷線"),
                {"any": [about("priority", "is-one-of", 1, 2), about("vip", "is")]},
            ]
        },
    )
    said = sentence(stored.content_of(row))
    assert "<b>Network &amp; VPN</b>" in said
    with force_locale("en"):
        assert said.striptags() == (
            "When a ticket is created and subject or message has VPN or 斷線 and"
            " (priority is P1 Critical or P2 High or customer is VIP):"
            " give it to Network & VPN, make it at least P2 High and"
            " tell the team lead if nobody acknowledges it in 20 minutes."
        )


def test_steps_of_policies_stand_in_the_list() -> None:
    factories.desk()
    steps = (Step(Promise.FIX, 75, None, Do.TELL_LEADS),)
    hours = office()
    said = terms(hours, steps=steps, fix=8)
    policy = promises.add_policy(SYSTEM, "Standard", Scope.TICKET, said)
    promises.add_policy(SYSTEM, "Plain", Scope.TICKET, terms(hours, fix=8))
    assert [(one.policy, tuple(one.steps)) for one in listed.policy_steps(SYSTEM)] == [
        (policy, steps)
    ]


def test_the_command_lists_checks_and_tries(app: Flask) -> None:
    row = rule("Louder", {"do": "set-priority", "priority": 1})
    runner = app.test_cli_runner()
    said = runner.invoke(rules, ["list", "--json"], obj=lambda: app)
    line = json.loads(said.output)
    assert (line["id"], line["state"]) == (row.id, "on")
    assert runner.invoke(rules, ["check"], obj=lambda: app).exit_code == 0
    tried = runner.invoke(rules, ["dry-run", str(row.id), "--json"], obj=lambda: app)
    assert json.loads(tried.output.splitlines()[-1])["looked_at"] == 0
    assert runner.invoke(rules, ["dry-run", "999"], obj=lambda: app).exit_code == 2

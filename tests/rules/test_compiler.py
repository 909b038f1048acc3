"""The two ways of asking a condition agree, and what is no condition is refused by name."""

import json
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.folded import fold
from helpdesk.rules import compiler, conditions, fields
from helpdesk.rules.conditions import All, Comparison, Not, Some, WrongRule
from helpdesk.rules.facts import Facts
from helpdesk.rules.fields import Field
from helpdesk.rules.models import RuleText
from helpdesk.rules.operators import Takes
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
from tests import factories

TEXTS = [
    "",
    "VPN",
    "ＶＰＮ 斷線",
    "printer 打印机坏了",
    "Straße",
    "STRASSE",
    "İstanbul",
    "istanbul",
    "100% _done_",
    "c++ / a.b\\c'd",
    "é e\u0301 ﬁ",
    "斷線",
]
SECONDS = [0, 60, 86_400, 400 * 86_400]


@pytest.fixture
def tickets(session: scoped_session[Session]) -> list[Ticket]:
    """Tickets that differ in whatever a field may ask for."""
    factories.desk()
    agent = factories.actor(factories.technician())
    queues = [factories.queue(), factories.queue()]
    parent = factories.category("Network")
    child = factories.category("VPN", parent_id=parent.id)
    child.path = "Network › VPN"
    org = factories.organisation()
    org.support_level = "Gold"
    lapsed = factories.organisation()
    lapsed.support_level, lapsed.support_until = "Gold", now().date() - timedelta(days=1)
    people = [
        factories.person(vip=True, language="", organisation_id=org.id),
        factories.person(language="zh_Hant_TW", organisation_id=lapsed.id),
        factories.person(),
    ]
    numbers = count()
    made = []
    for text in TEXTS:
        n = next(numbers)
        ticket = factories.ticket(
            text or "?",
            by=agent,
            customer=people[n % 3],
            queue_=queues[n % 2],
            category=[None, parent, child][n % 3],
            body=TEXTS[-n],
            tags=[["a"], ["a", "b"], []][n % 3],
            channel=["email", "phone"][n % 2],
            language=["", None, "en"][n % 3],
        )
        if n % 4 == 1:
            services.take(agent, ticket)
        if n % 5 == 2:
            services.reply(agent, ticket, services.Said("Done?"))
        ticket.opened_at -= timedelta(days=n * 40)
        ticket.due_at = [None, now() + timedelta(hours=1), now() - timedelta(hours=1)][n % 3]
        ticket.risk = ["", "old", "old unowned"][n % 3]
        ticket.handovers = n % 4
        made.append(ticket)
    db.session.commit()
    return made


def _operands(field: Field, takes: Takes, keys: list[object]) -> st.SearchStrategy[list[object]]:
    match takes:
        case Takes.NOTHING:
            return st.just([])
        case Takes.TEXTS:
            found = st.sampled_from([text for text in TEXTS if fold(text)])
            part = found.flatmap(
                lambda text: st.builds(
                    lambda a, b: text[min(a, b) : max(a, b) + 1],
                    st.integers(0, len(text) - 1),
                    st.integers(0, len(text) - 1),
                )
            ).filter(lambda text: bool(fold(text)))
            return st.lists(part | found, min_size=1, max_size=3)
        case Takes.SOME:
            return st.lists(st.sampled_from(keys), min_size=1, max_size=3)
        case Takes.ONE_NUMBER:
            return st.lists(st.integers(0, 3), min_size=1, max_size=1)
        case Takes.SECONDS:
            return st.lists(st.sampled_from(SECONDS), min_size=1, max_size=1)
        case Takes.CALENDAR:
            return st.just([12345])
        case Takes.DAYS_AND_NUMBER:
            return st.tuples(st.sampled_from([1, 30, 366]), st.integers(0, 4)).map(list)


@st.composite
def _tests(draw: st.DrawFn, known: list[Facts]) -> Comparison:
    field = draw(st.sampled_from(list(fields.all_fields().values())))
    operator = draw(st.sampled_from(field.operators))
    keys: list[object] = []
    if operator.takes is Takes.SOME:
        values = [field.value(one) for one in known]
        for value in values:
            keys.extend(value if isinstance(value, frozenset) else [value])
        keys = [key for key in dict.fromkeys(keys) if key is not None]
        keys.append(7 if field.numbers else "nothing")
    return Comparison(field.key, operator.key, tuple(draw(_operands(field, operator.takes, keys))))  # type: ignore[arg-type]


def test_memory_and_database_agree(tickets: list[Ticket]) -> None:
    moment = now()
    known = [Facts(ticket, moment=moment) for ticket in tickets]
    trees = st.recursive(
        _tests(known),
        lambda inner: (
            st.builds(Not, inner)
            | st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts)))
            | st.lists(inner, max_size=3).map(lambda parts: Some(tuple(parts)))
        ),
        max_leaves=6,
    )

    @settings(max_examples=250, suppress_health_check=list(HealthCheck))
    @given(trees)
    def agree(tree: conditions.Condition) -> None:
        written = json.dumps(conditions.to_json(All((tree,))))
        assert conditions.from_json(json.loads(written)) == All((tree,))
        check = compiler.compile_check(tree)
        found = set(db.session.scalars(select(Ticket.id).where(compiler.to_sql(tree, moment))))
        assert {one.ticket.id for one in known if check(one)} == found
        assert {one.ticket.id for one in known if compiler.explain(tree, one).holds} == found

    agree()


@pytest.mark.parametrize(
    ("text", "operator", "looked_for", "holds"),
    [
        ("ＶＰＮ 斷線了", "has-any", "vpn", True),
        ("VPN斷線了", "has-word", "VPN", True),
        ("VPN斷線了", "has-word", "斷線", True),
        ("the printer is out", "has-word", "print", False),
        ("the printer is out", "has-any", "print", True),
        ("STRASSE", "has-any", "straße", True),
        ("100 of them", "has-any", "1%", False),
        ("Re: broken", "begins-with", "broken", False),
        ("  Broken\t screen", "begins-with", "broken SCREEN", True),
        ("c++ compiler", "has-word", "C++", True),
    ],
)
def test_words_are_found_in_every_script(
    tickets: list[Ticket], text: str, operator: str, looked_for: str, holds: bool
) -> None:
    ticket = tickets[0]
    services.set_subject(factories.actor(), ticket, text)
    test = Comparison("subject", operator, (looked_for,))
    assert compiler.compile_check(test)(Facts(ticket)) is holds
    found = db.session.scalars(select(Ticket.id).where(compiler.to_sql(test, now()))).all()
    assert (ticket.id in found) is holds
    kept = db.session.get_one(RuleText, ticket.id)
    assert kept.subject == fold(text)


@pytest.mark.parametrize(
    ("stored", "named"),
    [
        ({"field": "colour", "is": "is-one-of", "of": ["red"]}, "colour"),
        ({"field": "priority", "is": "smells-of", "of": [1]}, "smells-of"),
        ({"field": "priority", "is": "is-one-of", "of": ["high"]}, "priority"),
        ({"field": "subject", "is": "has-any", "of": [" "]}, "subject"),
        ({"all": {}}, "if.all"),
        ({"some": []}, "some"),
        ({"all": [[]]}, "if.all.1"),
        ({"field": "subject", "is": "has-any", "of": ["a\x00b"]}, "stored"),
        ({"not": {"all": [{"any": [{"all": [{"any": [{"all": []}]}]}]}]}}, "deep"),
        ({"all": [{"field": "major", "is": "is"}] * 61}, "60"),
    ],
)
def test_what_is_wrong_is_named(app: object, stored: object, named: str) -> None:
    with pytest.raises(WrongRule, match=named):
        compiler.check_words(conditions.from_json(stored))


def test_what_is_too_big_is_not_even_read() -> None:
    with pytest.raises(WrongRule, match="characters"):
        conditions.loads(" " * 70_000)
    with pytest.raises(WrongRule, match="deep"):
        conditions.loads("[" * 5_000)

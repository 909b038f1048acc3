"""The audit log as a page."""

import re
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text

from helpdesk.db import db, is_postgresql
from helpdesk.people import audit
from helpdesk.people.models import AuditEntry, Person
from helpdesk.setup import audit_words, queries
from tests import factories
from tests.setup.makers import Visitor, administrator, visitor
from tests.support.queries import count_queries


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    return visitor(client)


def one(model, **where):
    return db.session.scalars(select(model).filter_by(**where)).one()


# ---- The audit log ----


def at(day: int, actor, action: str, label: str, **changes) -> AuditEntry:
    entry = audit.record(actor, action, changes=changes, label=label)
    entry.at = datetime(2026, 3, day, 12, tzinfo=UTC)
    return entry


def test_the_log_reads_as_sentences(admin):
    boss = administrator("Ada Min")
    at(1, boss, "queue-edited", "ERP", name=["SAP", "ERP"], restricted=[False, True])
    at(2, boss, "people-merged", "Ho Mei-Ling")
    at(3, boss, "team-members-changed", "Desktop", members=[[], ["Priya", "Tom"]])
    db.session.commit()
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", admin.get("/setup/audit")))
    assert "Ada Min changed the queue ERP" in page
    assert "Restricted No Yes" in page
    assert "Ada Min merged another record into Ho Mei-Ling" in page
    assert "Ada Min changed the members of Desktop" in page
    assert "Priya, Tom" in page


def test_the_log_is_narrowed(admin):
    boss, other = administrator("Ada Min"), administrator("Bo Ss")
    factories.account(one(Person, id=boss.person_id), "administrator")
    at(1, boss, "queue-created", "Early queue")
    at(5, boss, "cause-created", "Middle cause")
    at(9, other, "queue-created", "Late queue")
    db.session.commit()
    assert f'value="{boss.person_id}"' in admin.get("/setup/audit")

    def shown(query: str) -> list[str]:
        page = admin.get(f"/setup/audit?{query}")
        names = ("Early queue", "Middle cause", "Late queue")
        return [name for name in names if name in page]

    assert shown(f"person={boss.person_id}") == ["Early queue", "Middle cause"]
    assert shown("topic=queues") == ["Early queue", "Late queue"]
    assert shown("since=2026-03-05") == ["Middle cause", "Late queue"]
    assert shown("until=2026-03-05") == ["Early queue", "Middle cause"]
    assert shown("since=2026-03-02&until=2026-03-08&topic=causes") == ["Middle cause"]
    assert shown("topic=nonsense&since=tomorrow") == ["Early queue", "Middle cause", "Late queue"]
    assert shown("since=9999-12-31&until=0001-01-01") == shown("")
    assert "Nothing was done that fits" in admin.get("/setup/audit?topic=tags")


def test_the_log_pages_by_key(admin):
    boss = administrator()
    for number in range(1, 121):
        audit.record(boss, "cause-created", label=f"cause <{number:03}>")
    db.session.commit()
    seen: list[str] = []
    address: str | None = "/setup/audit?topic=causes"
    pages = 0
    while address:
        page = admin.get(address)
        seen += re.findall(r"cause &lt;(\d{3})", page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        address = older[1].replace("&amp;", "&") if older else None
        pages += 1
    assert seen == [f"{number:03}" for number in range(120, 0, -1)]
    assert pages == 3


def test_a_long_log_narrowed_to_a_topic_reads_its_index(session):
    """Whatever is asked for, common or rare, the rest of the log is not read."""
    reader = administrator()
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    common, rare = audit_words.actions_of("queues")[:2]
    rows = [
        {"at": moment, "action": "signed-in" if number % 3 else common} for number in range(40_000)
    ]
    db.session.execute(insert(AuditEntry), [*rows, {"at": moment, "action": rare}])
    db.session.execute(text("ANALYZE audit_entry"))
    topic = queries.AuditFilter(actions=audit_words.actions_of("queues"))
    with count_queries() as asked:
        entries, more = queries.audit_page(reader, topic)
    assert (entries[0].action, entries[1].action, more) == (rare, common, True)
    [statement] = (one for one in asked.seen if "audit_entry" in one[0])
    explain = "EXPLAIN" if is_postgresql() else "EXPLAIN QUERY PLAN"
    connection = db.session.connection()
    steps = [str(row[-1] if not is_postgresql() else row[0]) for row in
             connection.exec_driver_sql(f"{explain} {statement[0]}", statement[1])]  # fmt: skip
    # What a third of the log is, PostgreSQL may as well look for from its end on.
    by_action = sum("ix_audit_entry_action" in step for step in steps)
    assert by_action >= len(topic.actions) - 1, steps
    read_whole = ("SCAN audit_entry", "Seq Scan on audit_entry")
    assert not [step for step in steps if any(words in step for words in read_whole)], steps


def test_every_action_has_words(session):
    for _heading, group in audit_words.topics():
        for key, _name in group:
            for action in audit_words.actions_of(key):
                assert "-" not in audit_words.sentence(action).replace("sign-in link", "")
    assert audit_words.sentence("time-travelled") == "time travelled"
    assert audit_words.value({"a": [1, True, None]}) == "a: 1, Yes, "


def test_the_log_can_be_taken_along_as_it_is_narrowed(admin):
    boss = administrator("Ada Min")
    at(1, boss, "queue-created", "Early queue", name=[None, "Early queue"])
    at(9, boss, "cause-created", "=Late cause")
    db.session.commit()
    header, *lines = admin.get("/setup/audit/export.csv").splitlines()
    assert header.endswith("Time,Who,Action,Type,Number,Name,Changes,Address")
    assert any(line.startswith("2026-03-01T12:00:00+00:00,Ada Min,queue-created") for line in lines)
    # A spreadsheet must not take a name for a formula.
    assert not any(",=Late" in line for line in lines)
    assert "audit-exported" in admin.get("/setup/audit/export.csv")
    narrowed = admin.get("/setup/audit/export.csv?since=2026-03-08&until=2026-03-10").splitlines()
    assert len(narrowed) == 2
    assert "cause-created" in narrowed[1]

"""Events of the journal read as sentences, in every language, whatever was written."""

from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.tickets import sentences
from helpdesk.tickets.models import Entry
from helpdesk.tickets.queries.timeline import ASSIGNMENT_VERBS
from helpdesk.web.i18n import LANGUAGES
from tests import factories

TICKET = {"id": 10002, "name": "Gateway", "type": "parent", "outward": True}
PART_WAITS = {
    "7": {
        "supplier": {"id": 1, "name": "Harbour Cables"},
        "reference": "HC-1",
        "promised_at": "2026-11-23T09:00:00+00:00",
        "part": "Network",
    }
}
CHANGES: dict[str, dict[str, Any] | None] = {
    "log": None,
    "assign": {"assigned": [None, ["Network & VPN: Priya", "Field"]], "status": [None, "?"]},
    "hand-over": {"assigned": ["Desktop", "Network & VPN"]},
    "return": {"assigned": ["Network & VPN", "Desktop"]},
    "pass-on": {"assigned": ["Priya Nair", None]},
    "acknowledge": {"acknowledged": [None, ["Network & VPN"]]},
    "take": {"owner": [None, {"id": 1, "name": "Priya"}]},
    "resolve-assignment": {"assignment": ["Desktop", "resolved"]},
    "set-owner": {"owner": [{"id": 1, "name": "Priya"}, None]},
    "change-status": {"status": [{"id": 1, "name": "New"}, {"id": 3, "name": "Working"}]},
    "hold": {"wake_at": [None, "2026-11-23T09:00:00+00:00"], "hold_reason": [None, "date"]},
    "set-supplier": {"supplier_reference": ["", "HC-1"]},
    "part-waits": {"part_waits": [{"7": None}, PART_WAITS]},
    "set-part-supplier": {"part_waits": [PART_WAITS, PART_WAITS]},
    "part-works": {"part_waits": [PART_WAITS, {"7": None}]},
    "hear-supplier": None,
    "hear-automatic": None,
    "link-article": {"article": [None, 3]},
    "unlink-article": {"article": [3, None]},
    "write-aside": None,
    "hear-aside": None,
    "close-aside": {"side_talk": [None, {"id": 1}]},
    "reopen-aside": {"side_talk": [{"id": 1}, None]},
    "hear-doubted": None,
    "wake": {"status": [{"id": 1, "name": "Waiting"}, {"id": 3, "name": "Working"}]},
    "resolve": {"outcome": [None, "solved"], "cause": [None, {"id": 1, "name": "Cable"}]},
    "close": {"status": [{"id": 1, "name": "Resolved"}, {"id": 2, "name": "Closed"}]},
    "reopen": {"outcome": ["solved", None]},
    "bin": {"hidden_at": [None, "2026-11-22T09:00:00+00:00"], "bin_reason": [None, "spam"]},
    "restore": {"hidden_at": ["2026-11-22T09:00:00+00:00", None]},
    "set-priority": {"priority": [3, 1], "impact": [3, 1], "urgency": [2, 1]},
    "set-category": {"category": [None, {"id": 1, "name": "Network › VPN"}]},
    "set-kind": {"kind": ["incident", "request"]},
    "set-cause": {"cause": [{"id": 1, "name": "Cable"}, None]},
    "set-subject": {"subject": ["Old", "New"]},
    "set-customer": {"customer": [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}]},
    "set-tags": {"tags": [["a"], ["b"]]},
    "add-copy": {"copies": [None, {"id": 1, "name": "Ana"}]},
    "remove-copy": {"copies": [{"id": 1, "name": "Ana"}, None]},
    "link": {"link": [None, TICKET]},
    "unlink": {"link": [TICKET, None]},
    "merge": {"merged": [None, TICKET]},
    "merged": {"merged_into": [None, TICKET]},
    "split": {"split": [None, TICKET]},
    "refile": {"refiled": [None, TICKET]},
    "set-major": {"major": [False, True]},
    "add-tasks": {"tasks": [None, ["one", "two"]]},
    "task-done": {"task": ["one", "done"]},
    "task-open": {"task": ["one", "open"]},
    "edit-task": {"task": ["one", "two"]},
    "remove-task": {"task": ["one", None]},
    "add-time": {"time": [None, 900]},
    "redact": {"redacted": [None, {"entry": 1}]},
    "undo": {"undone": [None, {"verb": "reply", "entry": 1}]},
    "reply": None,
    "broadcast": None,
    "note": None,
    "call": None,
    "call-attempt": None,
    "call-summary": None,
    "hear": None,
    "link-alert": None,
    "unlink-alert": None,
    "tell-when-fixed": None,
    "tell-no-more": None,
    "explain-miss": {"missed": [None, {"promises": ["fix"], "reason": "hard"}]},
    "expect": {"expected_at": [None, "2026-11-23T10:00:00+00:00"]},
    "mistaken": {"mistaken": [None, {"entry": 1, "verb": "hold"}]},
    "replay": {
        "promises": [
            None,
            [
                {"promise": "fix", "due": ["2026-11-23T09:00:00+00:00", None], "met": [None, None]},
                {"promise": "first-reply", "due": [None, None], "met": [None, "2026-11-23"]},
            ],
        ]
    },
}
ALONE: dict[str, dict[str, Any] | None] = {
    "bounce": {
        "undelivered": [
            None,
            [{"address": "a@b.example", "reason": "moved", "status": "5.1.6", "temporary": False}],
        ]
    },
    "tell": {
        "told": [
            None,
            {"notice": "received", "person": {"id": 1, "name": "Ho Mei-Ling"}, "expected": None},
        ]
    },
    "expected-passed": {"passed": [None, "2026-11-23T10:00:00+00:00"]},
    "promise-missed": {"promise": [None, {"promise": "fix"}]},
    "promise-warned": {"promise": [None, {"promise": "fix", "percent": 80}]},
    "promise-reminded": {"promise": [None, {"promise": "fix", "whose": "Harbour Cables"}]},
}
"""Verbs of what happens by itself, whose sentences name nobody."""


def entry(verb: str, changes: Any = None, *, author: Person | None = None, **more: Any) -> Entry:
    moment = now()
    return Entry(
        verb=verb,
        kind="event",
        changes=changes,
        author=author,
        author_id=author.id if author is not None else None,
        channel="staff",
        happened_at=moment,
        recorded_at=moment,
        **{"body": "", **more},
    )


def said(app: Flask, one: Entry, language: str = "en") -> str:
    reader = factories.actor()
    with app.test_request_context(), force_locale(language):
        return str(sentences.sentence(one, reader))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("session")
def test_every_verb_reads_as_a_sentence_in_every_language(app: Flask, language: str):
    author = factories.technician("Karen Chan")
    for verb, changes in CHANGES.items():
        text = said(app, entry(verb, changes, author=author), language)
        assert "Karen Chan" in text, verb
        assert _is_clean(text), text
    for verb, changes in ALONE.items():
        text = said(app, entry(verb, changes), language)
        assert "<b>" in text, verb
        assert _is_clean(text), text


def _is_clean(text: str) -> bool:
    """Whether nothing of the tables shows: no placeholder, no key, no Python."""
    return not any(mark in text for mark in ("%(", "{'", "None", "lazy"))


def test_the_list_of_verbs_here_is_complete():
    assert set(CHANGES) | set(ALONE) >= set(sentences._SENTENCES)
    assert set(CHANGES) >= ASSIGNMENT_VERBS


@pytest.mark.usefixtures("session")
def test_what_is_unknown_or_damaged_still_reads(app: Flask):
    author = factories.technician("Karen Chan")
    for changes in (None, {}, {"assigned": "?"}, {"status": [1]}, {"x": [None, None]}, {"tags": 3}):
        for verb in [*CHANGES, "a-verb-of-next-year"]:
            assert "Karen Chan" in said(app, entry(verb, changes, author=author))


@pytest.mark.usefixtures("session")
def test_one_reads_oneself_as_you_and_the_house_by_its_name(app: Flask):
    reader = factories.actor()
    mine = entry("take", CHANGES["take"])
    mine.author_id = reader.person_id
    with app.test_request_context():
        assert str(sentences.sentence(mine, reader)) == "<b>You</b> took it"
    assert said(app, entry("wake")).startswith("<b>Hearth</b> brought it back")


@pytest.mark.usefixtures("session")
def test_what_others_typed_can_not_become_markup(app: Flask):
    evil = "<script>alert(1)</script>"
    author = factories.technician(evil)
    for verb in ("set-subject", "set-tags", "hand-over", "task-done", "add-copy", "link"):
        changes: dict[str, Any] = {
            "subject": [evil, evil],
            "tags": [[], [evil]],
            "assigned": [evil, evil],
            "task": [evil, "done"],
            "copies": [None, {"id": 1, "name": evil}],
            "link": [None, {"id": evil, "name": evil, "type": evil}],
        }
        assert "<script" not in said(app, entry(verb, changes, author=author, body=evil))


@pytest.mark.usefixtures("session")
def test_a_link_never_tells_the_subject_of_the_other_ticket(app: Flask):
    text = said(app, entry("link", {"link": [None, {**TICKET, "name": "Dismissal of X"}]}))
    assert "#10002" in text
    assert "Dismissal" not in text

"""A rule in the editor: what is stored, shown and sent again is the same, and nothing is lost."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from helpdesk.rules import draft
from helpdesk.rules.content import Content
from helpdesk.rules.draft import Draft, Group, Row
from helpdesk.rules.drafted import Faulty, content_of
from tests.rules.desk import about

CREATED = [{"on": "created"}]
TAG = [{"do": "add-tags", "tags": ["a", "b"]}]


def sent(shown: Draft) -> MultiDict[str, str]:
    """Return what a browser would send for what is shown."""
    found: MultiDict[str, str] = MultiDict()

    def add(row: Row | Group) -> None:
        if isinstance(row, Group):
            found.add(f"{row.place}-mode", row.mode)
            for part in row.parts:
                add(part)
        else:
            for name, values in row.values.items():
                for value in values:
                    found.add(f"{row.place}-{name}", value)

    rows: list[Row | Group] = [*shown.when, shown.condition, *shown.then]
    for row in rows:
        add(row)
    return found


@pytest.mark.parametrize(
    "said",
    [
        {"when": CREATED, "if": {"all": []}, "then": TAG},
        {
            "when": [
                {"on": "created", "channels": ["email", "phone"]},
                {"on": "updated", "fields": ["priority"]},
                {"on": "replied", "by": "customer"},
                {"on": "status", "to": ["open"]},
                {"on": "clock", "promise": "fix", "percent": 90},
                {"on": "after", "since": "status", "amount": 2, "unit": "days", "calendar": 3},
                {"on": "schedule", "weekdays": [0, 4], "at": "08:30"},
                {"on": "acknowledged"},
            ],
            "if": {
                "all": [
                    about("subject", "has-any", "VPN", "斷線"),
                    {"any": [about("priority", "is-one-of", 1, 2), about("vip", "is")]},
                    {"not": about("has-owner", "is")},
                    {"not": {"all": [about("reopenings", "at-least", 2), about("major", "is")]}},
                    {"not": {"any": [about("opened", "more-than", 5400), about("vip", "is")]}},
                    about("repeat-contact", "at-least-within", 7, 3),
                    about("business-hours", "closed", 1),
                ]
            },
            "then": [
                {"do": "set-queue", "queue": 3},
                {"do": "assign", "way": "least-busy"},
                {"do": "tell", "whom": "team", "text": "Look"},
                {"do": "send", "text": "Hello\nthere"},
                {"do": "hold", "hours": 4},
            ],
        },
        {"when": CREATED, "if": {"not": {"any": [about("vip", "is"), about("major", "is")]}}}
        | {"then": TAG},
    ],
)
def test_what_is_shown_and_sent_again_says_the_same(app: Any, said: dict[str, Any]) -> None:
    stored = Content.from_json(said).to_json()
    with app.test_request_context():
        again = draft.read(sent(draft.from_stored(stored)))
        assert content_of(again).to_json() == stored


def test_rows_come_go_and_move(app: Any) -> None:
    shown = draft.begin()
    for act in ("add-test:if", "add-group:if", "add-test:if-1", "add-then:then", "add-when:when"):
        draft.change(shown, act)
    assert [row.place for row in shown.when] == ["when-0", "when-1"]
    group = shown.condition.parts[1]
    assert isinstance(group, Group)
    assert [part.place for part in group.parts] == ["if-1-0", "if-1-1"]
    draft.change(shown, "up:if-1")
    assert shown.condition.parts[0] is group
    assert group.parts[1].place == "if-0-1"
    draft.change(shown, "remove:if-0-1")
    assert len(group.parts) == 1
    draft.change(shown, "to:if-0:1")
    assert shown.condition.parts[1] is group
    for nonsense in ("", "up", "remove:if-9", "add-test:then", "to:if-0:x", "up:if-0-0-0"):
        draft.change(shown, nonsense)
    assert len(shown.condition.parts) == 2


def test_everything_that_is_wrong_is_said_in_its_place(app: Any) -> None:
    shown = draft.begin()
    for act in ("add-test:if", "add-group:if", "add-then:then"):
        draft.change(shown, act)
    shown.condition.parts[0] = Row({"field": ["subject"], "is": ["has-any"]})
    shown.then[0].values["do"] = ["set-queue"]
    with app.test_request_context(), pytest.raises(Faulty) as caught:
        content_of(shown.place())
    assert set(caught.value.wrong) == {"if-0", "if-1-0", "then-0"}
    assert "Queue" in caught.value.wrong["then-0"]


def test_what_was_typed_and_not_entered_counts(app: Any) -> None:
    shown = draft.begin()
    shown.condition.parts = [
        Row({"field": ["subject"], "of": ["VPN"], "typed": ["wifi"]}),
        Row({"field": ["priority"], "typed": ["whatever"]}),
    ]
    shown.then = [Row({"do": ["add-tags"], "tags_typed": ["x"]})]
    with app.test_request_context():
        with pytest.raises(Faulty) as caught:
            content_of(shown.place())
        shown.condition.parts.pop()
        said = content_of(shown.place()).to_json()
    assert set(caught.value.wrong) == {"if-1"}
    assert said["if"]["all"][0]["of"] == ["VPN", "wifi"]
    assert said["then"] == [{"do": "add-tags", "tags": ["x"]}]


def test_another_field_forgets_what_was_said_about_the_one_before() -> None:
    shown = draft.read(
        MultiDict({"if-0-field": "priority", "if-0-was": "subject", "if-0-of": "VPN"})
    )
    row = shown.condition.parts[0]
    assert isinstance(row, Row)
    assert row.many("of") == []

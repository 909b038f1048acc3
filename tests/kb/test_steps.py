"""Troubleshooting trees: what is read, what is found wrong, and where a path leads."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.kb import steps
from helpdesk.kb.steps import End, Wrong

TREE = """Ask the caller to stay.

## Step: Cable
Is it plugged in?

```
## Step: not one
```
- Yes → wifi
- No -> plug in

## step : plug in
Plug it in.
* It works => DONE
* Still not → wifi

### Step: wifi
- look at the lamp
- then wait

Does it connect?
- yes → done
- no → hand

## Step: done
Good.
- solved

## Step: hand
Log a ticket.
- Hand over
"""


def wrong(body: str) -> list[tuple[str, int]]:
    return [(one.wrong.value, one.line) for one in steps.read(body).problems]


def test_a_tree_is_read():
    tree = steps.read(TREE)
    assert tree.problems == []
    assert tree.beginning == "Ask the caller to stay."
    assert list(tree.steps) == ["cable", "plug in", "wifi", "done", "hand"]
    cable = tree.steps["cable"]
    assert "not one" in cable.text
    assert [(one.label, one.to) for one in cable.answers] == [("Yes", "wifi"), ("No", "plug in")]
    assert tree.steps["wifi"].text.startswith("- look at the lamp")
    assert tree.steps["done"].end is End.SOLVED
    assert tree.steps["hand"].end is End.HAND_OVER


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Nothing", [("no-steps", 1)]),
        ("## Step: a\nOn?\n- yes → b", [("unknown", 3)]),
        ("## Step: a\nOn?", [("dead-end", 1)]),
        ("## Step: a\n- solved", [("empty", 1)]),
        ("## Step:\nOn?\n- solved", [("no-name", 1)]),
        ("## Step: a\nOn?\n- solved\n## Step: A\nOff?\n- solved", [("twice", 4)]),
        ("## Step: a\nOn?\n- solved\n## Step: b\nOff?\n- solved", [("unreachable", 4)]),
        ("## Step: a\nOn?\n- → a\n- no → b\n## Step: b\nOff?\n- solved", [("no-label", 3)]),
        (
            "## Step: a\nOn?\n- yes → b\n- solved\n## Step: b\nOff?\n- solved",
            [("both", 1)],
        ),
        (
            "## Step: a\nOn?\n- yes → b\n## Step: b\nOff?\n- no → a",
            [("endless", 1), ("endless", 4)],
        ),
        (
            "## Step: a\nOn?\n" + "- yes → b\n" * 10 + "## Step: b\nOff?\n- solved",
            [("many-answers", 1)],
        ),
        ("## Step: a\nOn?\n- solved\n" * 201, None),
    ],
)
def test_what_is_wrong_is_found(body: str, expected: list[tuple[str, int]] | None):
    if expected is None:
        assert Counter(kind for kind, _line in wrong(body))["many-steps"] == 1
    else:
        assert wrong(body) == expected


NAMES = "abcdef"
GRAPHS = st.lists(
    st.one_of(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), st.none()),
    min_size=1,
    max_size=6,
)


@given(GRAPHS)
def test_ways_are_judged_as_walking_them_all_would(graph: list[list[str] | None]):
    """The slow, obvious twin: follow every path as long as it can be."""
    ways = {NAMES[at]: list(row or []) for at, row in enumerate(graph)}
    lines = []
    for name, row in zip(NAMES, graph, strict=False):
        lines += [f"## Step: {name}", "Well?", *(f"- go → {to}" for to in row or [])]
        lines += ["- solved"] if row is None else []
    problems = steps.read("\n".join(lines)).problems
    known = set(ways)

    def reachable(start: str) -> set[str]:
        met: set[str] = set()
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if here in known and here not in met:
                met.add(here)
                waiting.extend(ways[here])
        return met

    from_first = reachable("a")
    unknown = [to for row in ways.values() for to in row if to not in known]
    assert [one.word for one in problems if one.wrong is Wrong.UNKNOWN].sort() == unknown.sort()
    assert {one.step for one in problems if one.wrong is Wrong.UNREACHABLE} == known - from_first
    endless = {
        name
        for name in from_first
        if not any(not ways[other] for other in reachable(name))
        and all(to in known for to in ways[name])
    }
    assert {one.step for one in problems if one.wrong is Wrong.ENDLESS} == endless


def test_a_path_is_walked():
    tree = steps.read(TREE)
    path = steps.walk(tree, steps.way_from("2.2.2"))
    assert [one.step.name for one in path] == ["Cable", "plug in", "wifi", "hand"]
    assert [one.answer.label if one.answer else None for one in path] == [
        *("No", "Still not", "no"),
        None,
    ]
    assert steps.way_of([1, 1, 1]) == "2.2.2"
    # What leads nowhere ends the walk where it stands.
    assert [one.step.name for one in steps.walk(tree, steps.way_from("9.1"))] == ["Cable"]
    for nonsense in ("", None, "a", "1.", "1.-1", "٣", "1" * 900, "1.999"):
        assert len(steps.walk(tree, steps.way_from(nonsense))) >= 1
    assert steps.walk(steps.read("x"), [0]) == []


@given(st.text(alphabet="#Step: ab\n-→>`~ solved", max_size=200))
def test_reading_never_fails(body: str):
    tree = steps.read(body)
    for path in ([], [0], [0, 0, 0]):
        steps.walk(tree, path)


@pytest.mark.timeout(10)
def test_a_very_long_tree_is_read_in_time():
    steps.read("## Step: a\n- x → a\n" * 50_000)
    steps.read("- x → a\n" * 100_000)


def test_answers_lead_to_their_steps_where_all_of_it_is_on_one_page():
    body = "## Step: a [1]\nOn?\n- Yes → B  c\n- No → a [1]\n- Else → d\n\n"
    body += "## Step: b c\nx → b c\n- solved"
    shown = steps.linked(body, {"Step: b c": "s-step-b-c", "Step: a [1]": "s-a", "d": "s-d"})
    changed = [
        line for line, was in zip(shown.split("\n"), body.split("\n"), strict=True) if line != was
    ]
    assert changed == ["- Yes → [B  c](#s-step-b-c)"]

"""What changed between two texts: the pieces make up both of them, and little is shown twice."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.worddiff import Change, changed_words, differences, lines_of

TEXTS = st.text(alphabet="ab c\n,一二", max_size=60)


def side(pieces, change: Change) -> str:
    return "".join(one.text for one in pieces if one.change in (Change.SAME, change))


@given(TEXTS, TEXTS)
def test_the_pieces_make_up_both_texts(old: str, new: str):
    pieces = differences(old, new)
    assert side(pieces, Change.OLD) == old
    assert side(pieces, Change.NEW) == new
    assert all(one.text for one in pieces)
    assert all(a.change is not b.change for a, b in pairwise(pieces))
    assert (old == new) == all(one.change is Change.SAME for one in pieces)


@given(TEXTS, TEXTS, st.integers(0, 3))
def test_lines_leave_out_only_what_is_the_same(old: str, new: str, around: int):
    pieces = differences(old, new)
    lines = lines_of(pieces, around)
    shown = [piece for line in lines for piece in line.pieces]
    for change in (Change.OLD, Change.NEW):
        said = "".join(one.text for one in shown if one.change is change)
        assert said == "".join(one.text for one in pieces if one.change is change)


@pytest.mark.parametrize(
    ("old", "new", "out", "put"),
    [
        ("Use the Hong Kong gateway.", "Use the Singapore gateway.", 2, 1),
        ("選擇香港閘道", "選擇新加坡閘道", 2, 3),
        ("one\ntwo\nthree\n", "one\nthree\n", 1, 0),
        ("same", "same", 0, 0),
    ],
)
def test_words_are_counted(old: str, new: str, out: int, put: int):
    assert changed_words(differences(old, new)) == (out, put)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\n" * 50_000, "b\n" * 50_000),
        ("a\n" * 40_000, "a\nb\n" * 20_000),
        tuple("\n".join(str(n % part) for n in range(3000)) for part in (350, 349)),
        ("a b " * 20_000, "b a " * 20_000),
    ],
)
@pytest.mark.timeout(10)
def test_hostile_texts_are_compared_in_time(old: str, new: str):
    pieces = differences(old, new)
    assert (side(pieces, Change.OLD), side(pieces, Change.NEW)) == (old, new)

"""Words for searching: most text is plain, and is cut as everything else is, only quicker."""

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.bigrams import expand, words


@given(st.text(st.characters(max_codepoint=127), max_size=200))
def test_plain_text_is_cut_like_any_other(text: str):
    other = f"{text} \u5b57"
    assert words(text) == words(other)[:-1]
    assert expand(text).split() == expand(other).split()[:-1]


def test_what_is_long_is_cut_off_and_case_does_not_matter():
    assert words("VPN-Gateway_2 " + "x" * 99) == ["vpn", "gateway", "2", "x" * 64]
    assert expand("a b c", limit=3) == "a b"

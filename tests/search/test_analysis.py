"""Terms: whatever was written is found by the same words, and spelling is measured right."""

from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.search import analysis, folding, question, spelling, tongues

TONGUES = ("en", "de", "fr", "es", "it", "nl", "pt", "sv", "ru", "tr", "zh", "ja", "xx", "")
LATIN = st.text(
    st.characters(categories=["L", "M", "N", "P", "Zs"], max_codepoint=0x24F), max_size=40
)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def bag_of(text: str, tongue: str) -> analysis.Bag:
    bag = analysis.Bag()
    analysis.fill(bag, text, tongue)
    return bag


def has(bag: analysis.Bag, term: analysis.Term) -> bool:
    return any(text in getattr(bag, term.field) for text in term.texts)


@settings(max_examples=300)
@given(text=LATIN, written=st.sampled_from(TONGUES), asked=st.sampled_from(TONGUES))
def test_no_word_is_lost_whatever_the_languages(text: str, written: str, asked: str):
    bag = bag_of(text, written)
    for piece in analysis.pieces(text):
        terms = analysis.asked(piece.text, asked, (written,))
        assert any(has(bag, term) for term in terms), piece


@settings(max_examples=200)
@given(text=ANY, tongue=st.sampled_from(TONGUES))
def test_a_text_has_every_term_of_itself(text: str, tongue: str):
    bag = bag_of(text, tongue)
    for term in analysis.asked(text, tongue):
        assert has(bag, term), term


@settings(max_examples=200)
@given(text=ANY)
def test_folding_twice_changes_nothing(text: str):
    plain = folding.plain(text)
    once = folding.fold(plain)
    assert folding.fold(once) == once


@settings(max_examples=200)
@given(text=st.text('ab"-: ORtitle(打', max_size=60))
def test_a_question_is_read_whatever_it_is(text: str):
    read = question.read(text)
    for group in (*read.musts, read.nots):
        assert all(any(map(str.isalnum, part.text)) for part in group)


def slow_distance(one: str, other: str) -> int:
    """The definition, by recursion."""
    if not one or not other:
        return len(one) + len(other)
    best = min(
        slow_distance(one[1:], other) + 1,
        slow_distance(one, other[1:]) + 1,
        slow_distance(one[1:], other[1:]) + (one[0] != other[0]),
    )
    if len(one) > 1 < len(other) and one[0] == other[1] and one[1] == other[0]:
        best = min(best, slow_distance(one[2:], other[2:]) + 1)
    return best


@settings(max_examples=150)
@given(one=st.text("abc", max_size=5), other=st.text("abc", max_size=5))
def test_the_distance_of_words_is_its_definition(one: str, other: str):
    assert spelling.distance(one, other) == slow_distance(one, other)


def test_languages_are_told_apart():
    assert tongues.guess("How do I reset the password of my account?") == "en"
    assert tongues.guess("Wie kann ich das Passwort für mein Konto zurücksetzen?") == "de"
    assert (
        tongues.guess("Comment est-ce que je peux changer le mot de passe de mon compte ?") == "fr"
    )
    assert tongues.guess("如何重置密码") == "zh"
    assert tongues.guess("パスワードを忘れました") == "ja"
    assert tongues.guess("印刷不能", otherwise="ja") == "ja"
    assert tongues.guess("비밀번호를 잊었어요") == "ko"
    assert tongues.guess("VPN", otherwise="de") == "de"
    assert tongues.guess("", otherwise="de") == "de"


def test_forms_of_characters_that_are_one():
    for same in (
        "打印機 打印机",
        "圖書館 图书馆 図書館",
        "國 国",
        "體 体",
        "ＡＢＣ abc",
        "ﾌﾟﾘﾝﾀ プリンタ",
    ):
        assert len({folding.fold(folding.plain(each)) for each in same.split()}) == 1, same

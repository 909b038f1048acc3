"""What somebody typed into a search box: words, and a few marks that mean something.

``"two words"`` stand together; ``-word`` must be absent; ``title:``, ``tag:`` and ``category:``
look there alone; ``OR`` between two of these asks for either. Nothing else is special, and no
question is an error. A question is read in one pass, however it is nested or quoted.
"""

import re
import unicodedata
from dataclasses import dataclass, field

LONGEST = 2000
"""Characters of a question that are read; a ticket's text is cut elsewhere."""
MOST_PARTS = 64

FIELDS = {
    "title": "title", "titel": "title", "titre": "title", "título": "title", "titolo": "title",
    "标题": "title", "標題": "title", "タイトル": "title",
    "tag": "tags", "tags": "tags", "标签": "tags", "標籤": "tags", "タグ": "tags",
    "category": "category", "kategorie": "category", "catégorie": "category",
    "分类": "category", "分類": "category", "カテゴリ": "category",
}  # fmt: skip
"""What may stand before a colon, and the field it means."""

_QUOTES = dict.fromkeys(map(ord, "“”„‟«»「」『』〝〞＂"), '"')
_PART = re.compile(
    r"(?P<minus>-)?(?:(?P<field>[^\W\d_]+):)?(?:\"(?P<phrase>[^\"]*)\"?|(?P<word>[^\s\"]+))"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A word or phrase that was asked for; ``field`` is "" for anywhere."""

    text: str
    field: str = ""
    phrase: bool = False


@dataclass(slots=True)
class Question:
    """What was asked. Documents must have one of each of ``musts``, and none of ``nots``."""

    text: str = ""
    """All that ranks, as text."""
    musts: list[list[Part]] = field(default_factory=list)
    nots: list[Part] = field(default_factory=list)


def read(text: str) -> Question:
    """Read a question."""
    text = unicodedata.normalize("NFKC", text[:LONGEST].translate(_QUOTES))
    question = Question()
    groups: list[list[Part]] = []
    either = False
    for found in list(_PART.finditer(text))[:MOST_PARTS]:
        if found["word"] == "OR" and not (found["minus"] or found["field"]):
            either = bool(groups)
            continue
        part = _part(found)
        if not any(map(str.isalnum, part.text)):
            continue
        # A dash within a word is none: the pattern would take it for one after a quote only.
        if found["minus"] and (found.start() == 0 or text[found.start() - 1].isspace()):
            question.nots.append(part)
            either = False
            continue
        if either:
            groups[-1].append(part)
        else:
            groups.append([part])
        either = False
    question.musts = [
        group for group in groups if len(group) > 1 or group[0].phrase or group[0].field
    ]
    # A tag or category says where to look, not what about.
    question.text = " ".join(
        part.text for group in groups for part in group if part.field in {"", "title"}
    )
    return question


def _part(found: re.Match[str]) -> Part:
    name = (found["field"] or "").casefold()
    known = FIELDS.get(name, "")
    said = found["word"] if found["phrase"] is None else found["phrase"]
    if name and not known:
        # "error:0x80070005" is a word like any other.
        said = f"{found['field']}:{said}"
    return Part(said, known, phrase=found["phrase"] is not None)

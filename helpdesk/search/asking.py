"""Asking the index: what is found, what is suggested while typing, and what is like a text."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from helpdesk.search import analysis, folding, place, plainly, question, ranking, store, tongues
from helpdesk.search.analysis import Term
from helpdesk.search.masking import Scope, masking, others
from helpdesk.search.reading import View
from helpdesk.search.spelling import did_you_mean
from helpdesk.search.synonyms import with_synonyms

log = logging.getLogger(__name__)

MOST_TERMS = 200
"""Terms of a question that are looked up; a question of ten thousand words has no more."""
MOST_LIKE = 24
"""Words of a longer text by which others like it are found."""
LIKE_TEXT = 20_000
COMMON = 0.3
"""Share of all documents that have a word which tells none of them apart."""
MOST_ENDINGS = 24
"""Words that the beginning of a word is taken for."""
MOST_ENDED = 20_000
"""Postings of such words that are read, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document that was found: of a thing in several languages the best version."""

    kind: str
    id: int
    group: int
    score: float
    language: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, the best first.

    ``total`` counts all that matched, up to about ``ranking.KEPT``; ``words`` is what
    ``extracts.extract`` marks; ``did_you_mean`` is the question in other letters, or "". Without
    an index, while it is made anew, ``ready`` is False: then the newest documents were looked
    through plainly, and there may be others.
    """

    hits: list[Hit] = field(default_factory=list)
    did_you_mean: str = ""
    total: int = 0
    words: frozenset[str] = frozenset()
    ready: bool = True


def search(
    text: str,
    *,
    kind: str,
    readers: Collection[str],
    language: str = "",
    only: str = "",
    tags: Collection[str] = (),
    category: str = "",
    limit: int = 20,
    after: int = 0,
    without: Collection[int] = (),
) -> Found:
    """Find documents by what somebody typed (``question`` says what is special in it).

    Only those that name one of ``readers`` exist for the question. ``language`` is the asker's:
    it says how words are read, and its documents come a little earlier; ``only`` leaves out other
    languages. All of ``tags`` must be there, and all words of ``category``. ``after`` skips hits
    that were shown already; ``without`` leaves out ids.
    """
    asked = question.read(text)
    for tag in tags:
        asked.musts.append([question.Part(tag, "#")])
    if category:
        asked.musts.append([question.Part(category, "category")])
    view = _view()
    if view is None:
        return _plainly(asked.text, kind, readers, only, limit, after, without)
    scope = Scope(kind, frozenset(readers), only, frozenset(without))
    return search_in(view, asked, scope, language, limit, after)


def search_in(
    view: View,
    asked: question.Question,
    scope: Scope,
    language: str = "",
    limit: int = 20,
    after: int = 0,
) -> Found:
    """Find documents in one state of an index."""
    tongue = _tongue(view, asked.text, scope.only or language)
    terms = _terms(view, asked.text, tongue)
    mask = masking(view, scope, asked, tongue)
    if not terms and asked.musts:
        # Nothing but a tag or the like was asked for: all that have it are as good.
        terms = [Term("has", (store.KIND + scope.kind,), 1.0, main=True)]
    found = _found(
        ranking.rank(view, terms, mask, prefer=language), scope.kind, limit, after, terms
    )
    if after:
        return found
    return replace(found, did_you_mean=did_you_mean(view, asked.text, tongue, mask))


def suggest(
    text: str,
    *,
    kind: str,
    readers: Collection[str],
    language: str = "",
    limit: int = 6,
) -> Found:
    """Find documents while somebody types: the last word may go on."""
    asked = question.read(text)
    view = _view()
    if view is None:
        return _plainly(asked.text, kind, readers, "", limit, 0, ())
    tongue = _tongue(view, asked.text, language)
    terms = _terms(view, asked.text, tongue)
    if text[-1:].isalnum():
        terms += _endings(view, asked.text)
    mask = masking(view, Scope(kind, frozenset(readers)), asked, tongue)
    # What was not typed to its end may still become the rare word.
    found = ranking.rank(view, terms, mask, prefer=language)
    return _found(found, kind, limit, 0, terms)


def like(
    text: str,
    *,
    kind: str,
    readers: Collection[str],
    language: str = "",
    limit: int = 5,
    without: Collection[int] = (),
) -> Found:
    """Find documents about what a longer text is about, by the words that tell it apart.

    Documents need not have all of the words; ``without`` leaves out ids.
    """
    text = text[:LIKE_TEXT]
    view = _view()
    if view is None:
        return Found(ready=False)
    tongue = _tongue(view, text, language)
    rare = []
    for term in analysis.asked(text, tongue, others(view, tongue)):
        # A word is enough: its form and its parts say the same again.
        if term.main and term.field == "words":
            count = view.frequency(term.field, term.texts)
            if 0 < count <= max(3, COMMON * view.count):
                rare.append((count, term.texts, term))
    rare.sort(key=lambda each: each[:2])
    terms = [term for _count, _texts, term in rare[:MOST_LIKE]]
    scope = Scope(kind, frozenset(readers), without=frozenset(without))
    mask = masking(view, scope, question.Question(), tongue)
    return _found(ranking.rank(view, terms, mask, prefer=language, tail=0.3), kind, limit, 0, terms)


# ---- What they share ----


def _view() -> View | None:
    try:
        view = place.view()
    except place.Missing as missing:
        log.warning("Searching without the index: %s", missing)
        return None
    return view if view.state.get("version") == store.VERSION else None


def _tongue(view: View, text: str, language: str) -> str:
    own = tongues.of(language) or "en"
    return tongues.guess(text, {own, *view.tongues}, otherwise=own)


def _terms(view: View, text: str, tongue: str) -> list[Term]:
    terms = analysis.asked(text, tongue, others(view, tongue))
    if len(terms) > MOST_TERMS:
        # What was asked for first, and the words before what only helps to rank.
        terms = sorted(terms, key=lambda term: not (term.main and term.field == "words"))
        terms = terms[:MOST_TERMS]
    return with_synonyms(view, text, tongue, terms)


def _endings(view: View, text: str) -> list[Term]:
    """Return the term that stands for every word which the last one may become."""
    pieces = list(analysis.pieces(text))
    if not pieces or pieces[-1].dense:
        return []
    form = folding.fold(pieces[-1].text)
    if len(form) < 3:
        # Half of all words begin with a letter; in a title they are few.
        field_name, begin = "title", f"={form}"
    else:
        field_name, begin = "forms", form
    words = {
        word
        for part in view.parts
        for word in part.segment.starting(field_name, begin, 8 * MOST_ENDINGS)
    }
    counted = sorted(((view.frequency(field_name, [word]), word) for word in words), reverse=True)
    kept: list[str] = []
    room = MOST_ENDED
    for count, word in counted[:MOST_ENDINGS]:
        room -= count
        if room < 0 and kept:
            break
        kept.append(word)
    return [Term(field_name, tuple(kept), 1.0, main=True)] if kept else []


def _found(
    result: Sequence[ranking.Ranked], kind: str, limit: int, after: int, terms: Sequence[Term]
) -> Found:
    """Bring the language versions of a thing together and take the page that was asked for."""
    hits: list[Hit] = []
    known: set[int] = set()
    for ranked in result:
        segment = ranked.part.segment
        group = segment.groups[ranked.at]
        if group in known:
            continue
        known.add(group)
        language = segment.languages[ranked.at]
        number = segment.numbers[ranked.at]
        hits.append(Hit(kind, number, group, round(ranked.score, 6), language))
    words = frozenset(
        word.removeprefix("=")
        for term in terms
        if term.field in {"words", "forms", "title"}
        for word in term.texts
    )
    return Found(hits[after : after + limit], "", len(hits), words)


def _plainly(
    text: str,
    kind: str,
    readers: Collection[str],
    only: str,
    limit: int,
    after: int,
    without: Collection[int],
) -> Found:
    """Answer from the database, while there is no index."""
    documents, words = plainly.look_through(text, kind, frozenset(readers), only, without)
    hits = [
        Hit(kind, each.id, each.group or each.id, score, each.language) for score, each in documents
    ]
    return Found(hits[after : after + limit], "", len(hits), words, ready=False)

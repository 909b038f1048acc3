"""Which language version of an article somebody reads: their own, else the original."""

from collections.abc import Iterable

from helpdesk.kb.models import Article, ArticleText

_KIN = {"zh_Hans_CN": "zh_Hant_TW", "zh_Hant_TW": "zh_Hans_CN"}
"""Who reads the one can read the other, when there is nothing better."""


def chosen(
    article: Article, language: str, texts: Iterable[ArticleText] | None = None
) -> ArticleText:
    """Return the text of an article that a reader of ``language`` is shown.

    Among ``texts`` (all of the article's, unless given): theirs, a kindred one, the original,
    else the first there is. The article has at least one.
    """
    known = {text.language: text for text in (article.texts if texts is None else texts)}
    for wanted in (language, _KIN.get(language, ""), article.language):
        if wanted in known:
            return known[wanted]
    return next(iter(known.values()))


def readable(article: Article, *, drafts: bool) -> list[ArticleText]:
    """Return the texts that a reader has: the published ones, or all for who sees drafts."""
    published = [text for text in article.texts if text.published is not None]
    return list(article.texts) if drafts or not published else published


def title_of(article: Article, language: str) -> str:
    """Return what an article is called for a reader of ``language``."""
    return chosen(article, language, readable(article, drafts=False)).title

"""Articles as files hold them: front matter and Markdown, HTML pages, lines of a table."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from flask_babel import lazy_gettext as _l

from helpdesk.kb.models import Kind
from helpdesk.kb.naming import ADDRESS
from helpdesk.kb.services.files import fit_name
from helpdesk.kb.services.importing.folder import Folder, is_article
from helpdesk.kb.services.writing import LANGUAGES, key_from
from helpdesk.lib import csvfile
from helpdesk.lib.csvfile import CsvError
from helpdesk.lib.html.to_markdown import html_to_markdown
from helpdesk.people.errors import Refused
from helpdesk.web.i18n import language_of

MAX_ROWS = 5_000
_FRONT = re.compile(r"\ufeff?---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)", re.DOTALL)
_LINE = re.compile(r"([A-Za-z_-]{1,40})[ \t]*:[ \t]*(.*)")
_FIRST = re.compile(r"\s*#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n|$)")
_TITLE = re.compile(r"<title[^>]{0,200}>(.*?)</title", re.IGNORECASE | re.DOTALL)
_META = re.compile(r'<meta\s+name="([a-z-]{1,40})"\s+content="([^"]{0,2000})"', re.IGNORECASE)
_CHARSET = re.compile(rb'charset=["\']?([A-Za-z0-9_-]{2,20})', re.IGNORECASE)

COLUMNS = {
    "title": ("title", "subject", "name", "question", "标题", "標題"),
    "summary": ("summary", "description", "摘要"),
    "body": ("body", "text", "content", "answer", "solution", "内容", "內容"),
    "kind": ("kind", "type", "种类", "種類"),
    "category": ("category", "folder", "分类", "分類"),
    "tags": ("tags", "keywords", "标签", "標籤"),
    "audience": ("audience", "visibility", "readers", "读者", "讀者"),
    "language": ("language", "locale", "语言", "語言"),
    "key": ("key", "slug", "id", "number"),
    "related": ("related",),
    "review": ("review", "review_months"),
    "state": ("state", "status"),
    "owner": ("owner",),
}
"""Heads of columns that are understood, by what they hold."""


@dataclass(slots=True)
class Item:
    """One language version of one article, as a file says it; ``meta`` is its front matter."""

    path: str
    key: str
    language: str
    title: str
    body: str
    meta: Mapping[str, str]
    files: dict[str, str] = field(default_factory=dict)
    """Names in the text, and the paths they come from."""
    line: int = 0

    @property
    def where(self) -> str:
        """Return where it comes from, for people."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def listed(self, name: str) -> list[str]:
        """Return the words of a field that has commas between them."""
        return [part.strip() for part in self.meta.get(name, "").split(",") if part.strip()]


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a line of one, that holds no article that can be taken."""

    where: str
    message: object


def read_all(folder: Folder, language: str) -> Iterator[Item | Unread]:
    """Yield what is in a folder; ``language`` is that of files which don't say it."""
    found: list[Item] = []
    for path in sorted(folder.files):
        if not is_article(path) or path.startswith("history/"):
            continue
        try:
            for item in _of_file(folder, path, language):
                if isinstance(item, Unread):
                    yield item
                else:
                    found.append(item)
        except CsvError as error:
            yield Unread(path, _l("The table can't be read: %(why)s", why=str(error)))
        except Refused as error:
            yield Unread(path, error.message)
    keys = {item.path: item.key for item in found if not item.line}
    for item in found:
        _resolve(folder, item, keys)
        yield item


def _of_file(folder: Folder, path: str, language: str) -> Iterator[Item | Unread]:
    data = folder.read(path)
    if path.lower().endswith(".csv"):
        yield from _of_table(path, data, language)
    elif path.lower().endswith((".html", ".htm")):
        yield _of_html(path, data, language)
    else:
        text, _encoding = csvfile.decode(data)
        yield _of_markdown(path, text, language)


def _of_markdown(path: str, text: str, language: str) -> Item | Unread:
    text = text.replace("\r\n", "\n")
    meta: dict[str, str] = {}
    front = _FRONT.match(text)
    if front is not None:
        for line in front[1].split("\n")[:60]:
            said = _LINE.fullmatch(line.rstrip())
            if said is not None:
                meta[said[1].lower().replace("_", "-")] = _unquoted(said[2])
        text = text[front.end() :]
    first = _FIRST.match(text)
    if first is not None and (not meta.get("title") or meta["title"] == first[1]):
        meta["title"] = first[1]
        text = text[first.end() :]
    return _item(path, meta, text, language)


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _of_html(path: str, data: bytes, language: str) -> Item | Unread:
    said = _CHARSET.search(data[:2000])
    encoding = said[1].decode() if said is not None else None
    try:
        text, _encoding = csvfile.decode(data, encoding)
    except CsvError:
        text, _encoding = csvfile.decode(data)
    title = _TITLE.search(text[:20_000])
    meta = {name.lower(): value for name, value in _META.findall(text[:20_000])}
    meta["tags"] = meta.get("tags") or meta.get("keywords", "")
    meta["summary"] = meta.get("summary") or meta.get("description", "")
    body = html_to_markdown(text)
    first = _FIRST.match(body)
    if first is not None:
        meta.setdefault("title", first[1].replace("\\", ""))
        body = body[first.end() :]
    elif title is not None:
        meta.setdefault("title", html_to_markdown(title[1]).replace("\\", ""))
    return _item(path, meta, body, language)


def _of_table(path: str, data: bytes, language: str) -> Iterator[Item | Unread]:
    table = csvfile.read(data, most=MAX_ROWS)
    columns: dict[str, int] = {}
    for at, head in enumerate(table.header):
        for name, heads in COLUMNS.items():
            if head.strip().casefold() in heads:
                columns.setdefault(name, at)
    if "title" not in columns:
        yield Unread(path, _l("There is no column “title”."))
        return
    for row in table.rows:
        meta = {name: row.cells[at] for name, at in columns.items() if at < len(row.cells)}
        body = meta.pop("body", "")
        if body.lstrip()[:1] == "<" and "</" in body:
            body = html_to_markdown(body)
        item = _item(path, meta, body, language, line=row.line)
        yield item


def _item(
    path: str, meta: dict[str, str], body: str, language: str, *, line: int = 0
) -> Item | Unread:
    where = f"{path}:{line}" if line else path
    title = meta.get("title", "").strip()
    if not title:
        return Unread(where, _l("It has no title."))
    said = meta.get("language", "").strip().replace("-", "_")
    found = said if said in LANGUAGES else language_of(said) or language
    if said and said not in LANGUAGES and language_of(said) is None:
        return Unread(where, _l("“%(word)s” is no language we know.", word=said))
    kind = meta.get("kind", "")
    if kind and kind not in set(Kind):
        return Unread(where, _l("“%(word)s” is no kind of article.", word=kind))
    stem = path.rpartition("/")[2].rpartition(".")[0]
    key = key_from(meta.get("key", "")) or key_from(title if line else stem)
    if not key:
        return Unread(where, _l("It has no key, and its name makes none."))
    return Item(path, key, found, title, body.strip("\n"), meta, line=line)


def _resolve(folder: Folder, item: Item, keys: Mapping[str, str]) -> None:
    """Let links between files lead to articles, and name the files that a text shows."""

    def name_of(path: str) -> str:
        wanted = fit_name(path.rpartition("/")[2])
        stem, dot, end = wanted.rpartition(".")
        number, name = 1, wanted
        while item.files.get(name, path) != path:
            number += 1
            name = f"{stem or end}-{number}{dot}{end if stem else ''}"
        item.files[name] = path
        return name

    def put(match: re.Match[str]) -> str:
        path = folder.beside(item.path, match[2])
        if path is None:
            return match[0]
        if path in keys:
            return f"{match[1]}article:{keys[path]}{match[3]}"
        if is_article(path):
            return match[0]
        return f"{match[1]}{quote(name_of(path), safe='')}{match[3]}"

    item.body = ADDRESS.sub(put, item.body)
    for said in item.listed("files"):
        path = folder.beside(item.path, said)
        if path is not None and not is_article(path):
            name_of(path)

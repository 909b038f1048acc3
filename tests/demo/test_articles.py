"""The articles of the demo desk are whole: front matter, links, step trees, translations."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import helpdesk.demo
from helpdesk.demo import people
from helpdesk.kb import steps
from helpdesk.lib.html.articles import article_to_html, keys_in

pytestmark = pytest.mark.one_database

FOLDER = Path(helpdesk.demo.__file__).parent / "articles"
LANGUAGES = ("en", "zh_Hans_CN", "zh_Hant_TW")
NEEDED = {
    *("title", "summary", "kind", "category", "tags", "audience", "language", "key", "review"),
}
KINDS = {"how-to", "known-error", "faq", "troubleshooting", "general"}
SAME = ("kind", "category", "tags", "audience", "related", "review")
"""What an article has only once, however many languages it is written in."""

# Words of one Chinese desk that the other one would not write, and characters of the other script.
NOT_IN_TAIWAN = "软件 軟件 網絡 打印 鼠標 賬號 設置 服務器 視頻 U盤 默認 郵箱 屏幕 信息".split()
NOT_ON_THE_MAINLAND = "軟體 网路 印表 滑鼠 伺服器 資訊 設定 檔案 帳號 網路".split()


@dataclass(frozen=True)
class File:
    """One file: where it is, its front matter, its text."""

    path: Path
    meta: dict[str, str]
    body: str

    @property
    def name(self) -> str:
        """Name it in a message."""
        return f"{self.path.parent.name}/{self.path.name}"

    def listed(self, field: str) -> list[str]:
        """Return the parts of a field with commas in it."""
        return [part.strip() for part in self.meta.get(field, "").split(",") if part.strip()]


def _read(path: Path) -> File:
    front, mark, body = path.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---\n")
    assert mark, f"{path.name} has no front matter"
    lines = [line.partition(":") for line in front.split("\n")]
    assert all(colon for _key, colon, _value in lines), f"{path.name}: {front}"
    meta = {key.strip(): value.strip() for key, _colon, value in lines}
    assert len(meta) == len(lines), f"{path.name} says something twice"
    return File(path, meta, body)


@cache
def _files(language: str) -> dict[str, File]:
    """Return the articles of a language by their keys."""
    found = [_read(path) for path in sorted((FOLDER / language).glob("*.md"))]
    by_key = {file.meta["key"]: file for file in found}
    assert len(by_key) == len(found), "two files have one key"
    return by_key


def _all() -> list[File]:
    return [file for language in LANGUAGES for file in _files(language).values()]


def _wrong(files: list[File], is_wrong: object) -> list[str]:
    assert callable(is_wrong)
    return [file.name for file in files if is_wrong(file)]


def test_there_is_something_to_read_in_three_languages():
    assert {path.name for path in FOLDER.iterdir()} == set(LANGUAGES)
    assert len(_files("en")) >= 60
    assert len(_files("zh_Hans_CN")) >= 20
    assert len(_files("zh_Hant_TW")) >= 10
    kinds = Counter(file.meta["kind"] for file in _files("en").values())
    least = {"how-to": 20, "known-error": 10, "faq": 10, "troubleshooting": 8, "general": 10}
    assert all(kinds[kind] >= number for kind, number in least.items()), kinds


def test_front_matter_is_complete_and_nothing_else():
    for file in _all():
        meta = file.meta
        assert set(meta) >= NEEDED, file.name
        assert set(meta) <= NEEDED | {"related"}, file.name
        assert all(meta.values()), file.name
        assert meta["language"] == file.path.parent.name, file.name
        assert meta["key"] == file.path.stem, file.name
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", meta["key"]), file.name
        assert meta["kind"] in KINDS, file.name
        assert meta["review"] in {"6", "12"}, file.name
        assert len(meta["title"]) <= 90, file.name
        assert 20 <= len(meta["summary"]) <= 240, file.name
        tags = file.listed("tags")
        assert tags, file.name
        assert len(set(tags)) == len(tags), file.name
        assert meta["tags"] == meta["tags"].lower(), file.name
        assert re.fullmatch(r"[^/]+/[^/]+", meta["category"]), file.name


def test_titles_are_told_apart():
    for language in LANGUAGES:
        titles = Counter(file.meta["title"] for file in _files(language).values())
        assert titles.most_common(1)[0][1] == 1


def test_readers_are_people_of_the_demo():
    known = {"public", "staff"}
    known |= {f"team:{name}" for name, _about, _restricted in people.TEAMS}
    known |= {f"org:{name}" for name, _domain, _zone, _sites in people.ORGANISATIONS}
    assert _wrong(_all(), lambda file: file.meta["audience"] not in known) == []


def test_translations_are_of_the_same_article():
    originals = _files("en")
    for language in LANGUAGES[1:]:
        for key, file in _files(language).items():
            assert key in originals, file.name
            for field in SAME:
                assert file.meta.get(field) == originals[key].meta.get(field), (file.name, field)
            assert file.meta["title"] != originals[key].meta["title"], file.name
    assert set(_files("zh_Hant_TW")) <= set(_files("zh_Hans_CN"))


def test_categories_are_a_tree_one_can_remember():
    categories = {file.meta["category"] for file in _all()}
    tops = {category.partition("/")[0] for category in categories}
    assert 6 <= len(tops) <= 10
    assert len(categories) <= 35
    # One spelling each: what differs in case only is one shelf with two names.
    assert len({category.casefold() for category in categories}) == len(categories)


def test_tags_are_few_and_shared():
    tags = Counter(tag for file in _files("en").values() for tag in file.listed("tags"))
    assert len(tags) < 90
    alike = [tag for tag in tags if tag + "s" in tags]
    assert alike == []


def test_what_is_related_is_there():
    known = set(_files("en"))
    for file in _all():
        others = file.listed("related")
        assert set(others) <= known, file.name
        assert file.meta["key"] not in others, file.name
        assert len(set(others)) == len(others), file.name


def test_links_lead_to_articles_that_their_readers_may_see():
    originals = _files("en")
    for file in _all():
        for key in keys_in(file.body):
            assert key in originals, (file.name, key)
            if file.meta["audience"] == "public":
                assert originals[key].meta["audience"] == "public", (file.name, key)
        assert "(./" not in file.body, file.name


def test_step_trees_are_whole():
    trees = 0
    for file in _all():
        tree = steps.read(file.body)
        if file.meta["kind"] != "troubleshooting":
            assert tree.steps == {}, file.name
            continue
        trees += 1
        assert tree.problems == [], file.name
        assert len(tree.steps) >= 8, file.name
        ends = {step.end for step in tree.steps.values() if step.ends}
        assert ends == {steps.End.SOLVED, steps.End.HAND_OVER}, file.name
    assert trees >= 8


def test_translated_trees_go_the_same_ways():
    originals = _files("en")
    for language in LANGUAGES[1:]:
        for key, file in _files(language).items():
            if file.meta["kind"] == "troubleshooting":
                assert _ways(file) == _ways(originals[key]), file.name


def _ways(file: File) -> dict[str, tuple[list[str], object]]:
    found = steps.read(file.body).steps
    return {
        name: ([answer.to for answer in step.answers], step.end) for name, step in found.items()
    }


def test_articles_are_worth_reading_and_not_too_long():
    for file in _files("en").values():
        words = len(re.findall(r"[A-Za-z0-9’'-]+", file.body))
        most = 1000 if file.meta["kind"] == "troubleshooting" else 650
        assert 120 <= words <= most, (file.name, words)
    for language in LANGUAGES[1:]:
        for file in _files(language).values():
            characters = len(re.findall(r"[\u4e00-\u9fff]", file.body))
            assert characters >= 250, (file.name, characters)


def test_chinese_is_that_of_its_place():
    for language, foreign in zip(LANGUAGES[1:], (NOT_ON_THE_MAINLAND, NOT_IN_TAIWAN), strict=True):
        for file in _files(language).values():
            text = f"{file.meta['title']}{file.meta['summary']}{file.body}"
            assert [word for word in foreign if word in text] == [], file.name


def test_markdown_shows_as_meant():
    for file in _all():
        shown = article_to_html(file.body)
        prose = re.sub(r"<(pre|code)\b.*?</\1>", "", shown.html, flags=re.DOTALL)
        # Marks that no longer are any: emphasis that did not close, callouts, tables, links.
        assert "**" not in prose, file.name
        assert "[!" not in prose, file.name
        assert "](" not in prose, file.name
        assert "|--" not in prose, file.name
        assert "```" not in prose, file.name
        assert not file.body.lstrip().startswith("# "), file.name
        assert "\t" not in file.body, file.name
        assert "  \n" not in file.body, file.name


def test_nobody_outside_the_story_is_named():
    for file in _all():
        for address in re.findall(r"[\w.+-]+@([\w.-]+\w)", file.body):
            assert address.endswith(".example"), (file.name, address)
        for number in re.findall(r"\+\d[\d ]{7,}", file.body):
            digits = number.replace(" ", "")
            # The desk's own lines and those of its suppliers in the demo.
            assert digits in {"+85223456700", "+85223456711", "+85228881234", "+85231510088"}, (
                file.name,
                number,
            )


def test_they_travel_with_the_package():
    project = Path(helpdesk.__file__).parents[1] / "pyproject.toml"
    if not project.exists():
        pytest.skip("this desk is installed from a package")
    said = project.read_text(encoding="utf-8")
    [data] = re.findall(r'^"\*" = \[(.*)\]$', said, flags=re.MULTILINE)
    assert '"articles/**/*"' in data or "articles/**/*.md" in data

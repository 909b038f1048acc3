"""Import and export: what files do, that twice is once, and that hostile ones do nothing."""

import io
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.kb import services
from helpdesk.kb.models import Article, ArticleEvent, ArticleFile, ArticleVersion, Audience
from helpdesk.kb.queries import page
from helpdesk.kb.services import exporting, files, importing
from helpdesk.kb.services.importing import Folder, Outcome
from helpdesk.kb.services.importing import folder as folders
from helpdesk.people.access import SYSTEM, Denied
from helpdesk.people.errors import Refused
from tests import factories
from tests.kb.makers import article, writer

pytestmark = pytest.mark.usefixtures("session")

PICTURE = b"\x89PNG\r\n\x1a\n" + b"x" * 40
VPN = """---
title: Connect to VPN
summary: "How to reach the network"
kind: how-to
category: Network/Remote work
tags: vpn, Remote
audience: public
language: en
key: vpn
related: mfa
review: 12
---
# Connect to VPN

![Client](../img/my client.png) See [MFA](mfa.md) and [the list](list.pdf) or [web](https://x.example/a.md).
"""
CHINESE = "---\ntitle: 連接 VPN\nlanguage: zh-Hant-TW\nkey: vpn\n---\n步驟\n"
HTML = b"""<html><head><meta charset="utf-8"><title>Old page</title>
<meta name="keywords" content="old, page"></head><body><h1>Reset a <em>token</em></h1>
<p>Do <b>this</b>.</p><img src="img/t.png" alt="T">
<a href="en/vpn.md">VPN</a><script>x()</script>"""
TABLE = "Title;Answer;Folder;Keywords\nWhere is it?;<p>Under <b>Start</b></p>;FAQ;a, b\n;x;y;z\n"


def folder(**named: str | bytes) -> Folder:
    made = Folder()
    for name, data in named.items():
        add(made, name, data)
    return made


def add(made: Folder, path: str, data: str | bytes) -> None:
    raw = data.encode() if isinstance(data, str) else data
    made.add(path, len(raw), lambda: raw)


def a_folder() -> Folder:
    made = Folder()
    add(made, "en/vpn.md", VPN.replace("my client.png", "my%20client.png"))
    add(made, "en/mfa.md", "# Move MFA\n\nSee [VPN](./vpn.md#connect).\n")
    add(made, "en/list.pdf", b"%PDF-1.4")
    add(made, "img/my client.png", PICTURE)
    add(made, "zh/vpn.md", CHINESE)
    add(made, "old.html", HTML)
    add(made, "img/t.png", PICTURE)
    add(made, "faq.csv", TABLE)
    add(made, "readme.txt", "Not one")
    return made


def outcomes(report: importing.Report) -> dict[str, str]:
    return {line.where: line.outcome.value for line in report.lines}


def row(key: str) -> Article:
    db.session.flush()
    return db.session.scalars(select(Article).where(Article.key == key)).one()


def test_a_folder_is_taken_in_once():
    expected = {
        "en/vpn.md": "new",
        "en/mfa.md": "new",
        "zh/vpn.md": "translation",
        "old.html": "new",
        "faq.csv:2": "new",
        "faq.csv:3": "wrong",
    }
    tried = importing.run(SYSTEM, a_folder(), dry=True)
    assert outcomes(tried) == expected
    assert db.session.scalar(select(Article.id)) is None
    assert outcomes(importing.run(SYSTEM, a_folder())) == expected
    vpn = row("vpn")
    assert (vpn.kind, vpn.audience, vpn.state, vpn.review_months) == (
        *("how-to", "public", "published"),
        12,
    )
    assert vpn.category is not None
    assert vpn.category.path == "Network › Remote work"
    assert [one.tag for one in vpn.tags] == ["remote", "vpn"]
    version = page.version_shown(vpn.texts[0])
    assert version.summary == "How to reach the network"
    assert version.body == (
        "![Client](my-client.png) See [MFA](article:mfa) and [the list](list.pdf)"
        " or [web](https://x.example/a.md)."
    )
    assert {one.name for one in files.listed(vpn)} == {"my-client.png", "list.pdf"}
    assert page.related(SYSTEM, vpn)[0] == [row("mfa")]
    assert page.version_shown(row("mfa").texts[0]).body == "See [VPN](article:vpn)."
    token = row("old")
    assert token.texts[0].title == "Reset a *token*"
    assert page.version_shown(token.texts[0]).body.startswith("Do **this**.\n\n![T](t.png)")
    assert page.version_shown(row("where-is-it").texts[0]).body == "Under **Start**"
    again = importing.run(SYSTEM, a_folder())
    assert set(outcomes(again).values()) == {"same", "wrong"}
    changed = a_folder()
    add(changed, "en/mfa.md", "# Move MFA\n\nNew.\n")
    assert outcomes(importing.run(SYSTEM, changed))["en/mfa.md"] == "changed"
    assert row("mfa").texts[0].published == 2


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.md", "No title here", "no title"),
        ("a.md", "---\ntitle: A\nlanguage: xx\n---\n", "no language"),
        ("a.md", "---\ntitle: A\nkind: poem\n---\n", "no kind"),
        ("a.md", "---\ntitle: A\naudience: team:Nobody\n---\nx", "There is no"),
        ("a.md", "---\ntitle: A\naudience: cats\n---\nx", "nobody who could read it"),
        ("a.md", "---\ntitle: " + "x" * 300 + "\n---\nx", "room for 200"),
        ("a.md", "---\ntitle: A\n---\n" + "x" * 100_001, "room for 100,000"),
        ("a.md", "---\ntitle: A\n---\n", "nothing in it"),
        ("a.md", "---\ntitle: A\nkind: troubleshooting\n---\nx", "steps are not in order"),
        ("a.csv", "Name2,Text\nx,y\n", "no column"),
        ("a.csv", b"\x00\x01", "can't be read"),
        ("a.md", b"\x00\x01", "can't be read"),
    ],
)
def test_a_file_that_is_wrong_says_why_and_leaves_the_others(name: str, data, says: str):
    made = folder(**{"good.md": "# Good\n\nx"})
    add(made, name, data)
    report = importing.run(SYSTEM, made)
    assert outcomes(report)["good.md"] == "new"
    wrong = [line for line in report.lines if line.outcome is Outcome.WRONG]
    assert len(wrong) == 1
    assert says in wrong[0].message
    assert len(list(db.session.scalars(select(Article)))) == 1


def test_only_who_keeps_the_knowledge_imports_and_exports():
    with pytest.raises(Denied):
        importing.run(writer("lead"), Folder())
    with pytest.raises(Denied):
        list(exporting.files(writer("lead")))


def test_an_export_read_in_again_gives_the_same(own_desk):
    with own_desk.app_context():
        author, chief = writer(), writer("lead")
        team = factories.team("ERP")
        first = article("First", by=author, audience=Audience.TEAMS, team_ids=[team.id])
        kept = files.add(author, first, services.Upload("a b.png", PICTURE))
        text = first.texts[0]
        body = f"![x]({kept.name}) [s](article:second)"
        services.save(author, first, text, services.Wording("First: one", "S", body), said="Why")
        services.publish(chief, first)
        services.add_language(
            author, first, "de", services.Wording("Erster", "", "Eins"), translated_from=2
        )
        article("Second", by=author, tags=["x"])
        services.relate(author, first, row("second"))
        db.session.commit()
        exported = dict(exporting.files(SYSTEM))
        assert set(exported) == {
            *("en/first.md", "de/first.md", "en/second.md", "files/first/a-b.png"),
            *("history/first.json", "history/second.json"),
        }
        assert outcomes(importing.run(SYSTEM, _again(exported))) == {
            "en/first.md": "same",
            "de/first.md": "same",
            "en/second.md": "same",
        }
        db.session.rollback()
        versions = [
            (one.number, one.title, one.body, one.note, one.at, one.author_id)
            for one in _versions("first", "en")
        ]
        _forget()
        report = importing.run(SYSTEM, _again(exported))
        db.session.commit()
        assert report.count(Outcome.WRONG) == 0, report.lines
        again = row("first")
        assert [
            (one.number, one.title, one.body, one.note, one.at, one.author_id)
            for one in _versions("first", "en")
        ] == versions
        assert (again.state, again.audience, again.owner_id) == (
            *("published", "teams"),
            author.person_id,
        )
        assert row("second").state == "draft"
        assert page.related(chief, row("second"))[0] == []
        kinds = db.session.scalars(
            select(ArticleEvent.kind).where(ArticleEvent.article_id == again.id)
        )
        assert {"created", "saved", "published", "imported"} <= set(kinds)
        second = dict(exporting.files(SYSTEM))
        for path in ("en/second.md", "de/first.md", "en/first.md", "files/first/a-b.png"):
            assert second[path] == exported[path], path


def _again(exported: dict[str, bytes]) -> Folder:
    made = Folder()
    for path, data in exported.items():
        add(made, path, data)
    return made


def _versions(key: str, language: str) -> list[ArticleVersion]:
    text = next(one for one in row(key).texts if one.language == language)
    return list(
        db.session.scalars(
            select(ArticleVersion)
            .where(ArticleVersion.text_id == text.id)
            .order_by(ArticleVersion.number)
        )
    )


def _forget() -> None:
    """Empty the knowledge base, as on another desk."""
    names = [
        table.name
        for table in reversed(db.metadata.sorted_tables)
        if table.name.startswith("article")
    ]
    for name in ["notice", *names]:
        db.session.execute(db.metadata.tables[name].delete())
    db.session.commit()
    db.session.expire_all()


def test_zips_are_bounded(monkeypatch: pytest.MonkeyPatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.md", b"0" * 3_000_000)
        archive.writestr("../../out.md", b"# Out")
        archive.writestr(".hidden/x.md", b"# Hidden")
        archive.writestr("/abs.md", b"# Abs")
    monkeypatch.setattr(folders, "MAX_FILE", 1_000_000)
    made = importing.of_upload("a.zip", buffer.getvalue())
    assert made.files == {}
    monkeypatch.setattr(folders, "MAX_TOTAL", 1_000)
    with pytest.raises(Refused):
        importing.of_upload("a.zip", buffer.getvalue())
    with pytest.raises(Refused):
        folders.of_zip(b"PK\x03\x04 not a zip")


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path):
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.md").write_text("# A\n\n[x](../secret.txt) [y](link.txt)")
    (inside / "link.txt").symlink_to(outside)
    importing.run(SYSTEM, importing.of_path(inside))
    assert db.session.scalar(select(ArticleFile.id)) is None
    assert "secret.txt" in page.version_shown(row("a").texts[0]).body

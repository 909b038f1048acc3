"""Static files: one name for one content, and a clear word when the vendor files are missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from helpdesk.web import assets


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of static files with two scripts and a style sheet."""
    for name, text in {
        "js/main.js": 'import "./part.js";',
        "js/part.js": "1;",
        "css/base.css": "a { color: red }",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    assets.digest.cache_clear()
    yield tmp_path
    assets.digest.cache_clear()


def test_what_changes_gets_a_new_address(folder: Path) -> None:
    before = assets.digest("css/base.css")
    (folder / "css/base.css").write_text("a { color: blue }")
    assets.digest.cache_clear()
    assert assets.digest("css/base.css") != before


def test_a_page_never_mixes_the_modules_of_two_releases(folder: Path) -> None:
    before = assets.digest("js/main.js")
    assert assets.digest("js/part.js") == before
    (folder / "js/part.js").write_text("2;")
    assets.digest.cache_clear()
    assert assets.digest("js/main.js") != before, "what it imports has changed"


def test_missing_vendor_files_are_named_with_the_remedy(folder: Path) -> None:
    with pytest.raises(assets.AssetsMissing, match=r"htmx\.min\.js.*make setup"):
        assets.check()


def test_an_editor_of_styles_sees_them_at_the_next_request(app: Flask, folder: Path) -> None:
    app.debug = True
    try:
        with app.test_request_context():
            before = assets.static_url("css/base.css")
        (folder / "css/base.css").write_text("a { color: green }")
        with app.test_request_context():
            assert assets.static_url("css/base.css") != before
    finally:
        app.debug = False

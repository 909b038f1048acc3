"""One demo desk for the whole run of the tests, loaded by its first start."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import config
from helpdesk.app import create_app
from helpdesk.db import db
from tests.demo.running import Running
from tests.support.paths import run_dir, run_lock


@pytest.fixture(scope="session")
def first_start() -> Path:
    """The folder of a demo desk that was started once; ``said`` in it is what that start printed.

    Do not change it: take a copy, ``demo_folder``.
    """
    folder = run_dir() / "demo"
    with run_lock("demo"):
        if not (folder / "seconds").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            with Running(folder) as desk:
                seconds = desk.wait(patience=400)
                said = desk.said()
            (folder / "said").write_text(said, encoding="utf-8")
            (folder / "seconds").write_text(json.dumps(seconds))
    return folder


@pytest.fixture
def demo_folder(first_start: Path, tmp_path: Path) -> Path:
    """A demo desk of the test's own."""
    return shutil.copytree(first_start, tmp_path / "demo")


@pytest.fixture
def demo(demo_folder: Path) -> Iterator[Flask]:
    """The demo desk as an application, in its context."""
    app = create_app(config.load({"HEARTH_DATA_DIR": str(demo_folder)}))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()

"""Other people's published test data, which lies beside the project and is read in place."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import PROJECT

VARIABLE = "HEARTH_SHARED"


def where(path: str) -> Path:
    """Return where a file or folder of the shared data is on a machine that has it."""
    return Path(os.environ.get(VARIABLE) or PROJECT.parent / "shared") / "data" / path


def shared(path: str) -> Path:
    """Return a file or folder of the shared data; skip the test, with the reason, without it."""
    found = where(path)
    if not found.exists():
        pytest.skip(f"no shared data at {found} ({VARIABLE} names its folder)")
    return found


def json_lines(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a file that has one a line."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]

"""What mail systems write, kept as data: sections of regular expressions, one a line."""

import re
from pathlib import Path

_HEADING = re.compile(r"\[[a-z-]{1,30}\]")
_HERE = Path(__file__).parent


def sections(file: str, flags: int = 0) -> list[tuple[str, re.Pattern[str]]]:
    """Return one pattern for each section of a file beside this one, in its order.

    ``[name]`` begins a section, ``#`` a comment; every other line that is not empty is one
    alternative of its section's pattern. A name may come twice, where order matters.
    """
    found: list[tuple[str, list[str]]] = []
    for line in (_HERE / file).read_text("utf-8").splitlines():
        if _HEADING.fullmatch(line):
            found.append((line[1:-1], []))
        elif line and not line.startswith("#"):
            found[-1][1].append(line)
    return [(name, re.compile("|".join(lines), flags)) for name, lines in found]


SIGNS = dict(sections("signs.ini", re.IGNORECASE))
"""By what reports and automatic answers are recognised, whatever the case."""

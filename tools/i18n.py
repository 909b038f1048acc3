"""Keep the catalogues of translations in step with the strings in the code.

``python tools/i18n.py`` extracts the strings and updates every catalogue; new ones are empty
there until a person translates them. Catalogues carry no line numbers and are sorted, so that
two people's changes rarely meet on one line.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

PROJECT = Path(__file__).resolve().parent.parent
TRANSLATIONS = PROJECT / "helpdesk" / "web" / "translations"
LANGUAGES = ("zh_Hans_CN", "zh_Hant_TW")
"""Languages beside English, which is written in the code. Flask-Babel ignores ``zh_CN``."""


def _pybabel(*arguments: str | Path) -> None:
    CommandLineInterface().run(["pybabel", "--quiet", *map(str, arguments)])  # type: ignore[no-untyped-call]


def extract(target: Path) -> None:
    """Write a template catalogue of every string in Python and Jinja."""
    _pybabel(
        *("extract", "--mapping", PROJECT / "pyproject.toml", "--keyword", "_l"),
        *("--keyword", "lazy_gettext", "--keyword", "lazy_pgettext:1c,2"),
        *("--add-comments", "i18n:", "--strip-comments"),
        *("--no-location", "--sort-output", "--width", "100", "--project", "Hearth"),
        *("--output", target, PROJECT),
    )


def extracted() -> Catalog:
    """Return the strings that the code has now."""
    with TemporaryDirectory() as folder:
        template = Path(folder) / "messages.pot"
        extract(template)
        return read(template)


def read(file: Path, language: str | None = None) -> Catalog:
    """Return a catalogue from its file."""
    with file.open("rb") as handle:
        return read_po(handle, locale=language)


def catalogue_file(language: str) -> Path:
    """Return where the catalogue of a language is kept."""
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def update(template: Path, language: str) -> None:
    """Bring one catalogue up to date: no guesses, nothing that is no longer said."""
    where = ("--input-file", template, "--output-dir", TRANSLATIONS, "--locale", language)
    if not catalogue_file(language).exists():
        _pybabel("init", *where, "--width", "100")
        return
    _pybabel(
        *("update", *where, "--width", "100"),
        *("--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date"),
    )


def main() -> None:
    """Update all catalogues and say how much is left to translate."""
    with TemporaryDirectory() as folder:
        template = Path(folder) / "messages.pot"
        extract(template)
        for language in LANGUAGES:
            update(template, language)
    for language in LANGUAGES:
        catalogue = read(catalogue_file(language), language)
        empty = [m for m in catalogue if m.id and not all(_strings(m.string))]
        print(f"{language}: {len(catalogue)} strings, {len(empty)} to translate")
    sys.stdout.flush()


def _strings(text: object) -> tuple[object, ...]:
    return tuple(text) if isinstance(text, (tuple, list)) else (text,)


if __name__ == "__main__":
    main()

"""``helpdesk kb import`` and ``helpdesk kb export``."""

import sys
from pathlib import Path

import click

from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import transaction
from helpdesk.kb.services import exporting, importing
from helpdesk.kb.services.importing import Outcome
from helpdesk.kb.services.writing import LANGUAGES
from helpdesk.people.access import SYSTEM
from helpdesk.people.errors import Refused


@click.command("import", help="Take in articles from a folder, a zip or a file.")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--drafts", is_flag=True, help="Leave new articles as drafts.")
@click.option(
    "--language",
    type=click.Choice(list(LANGUAGES)),
    default="en",
    help="The language of files that don't say it.",
)
@json_option
@with_desk
def import_command(path: Path, dry_run: bool, drafts: bool, language: str, as_json: bool) -> None:
    """Import articles; ends with 1 when a file could not be taken."""
    try:
        with transaction():
            report = importing.run(
                SYSTEM, importing.of_path(path), dry=dry_run, drafts=drafts, language=language
            )
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    for line in report.lines:
        record = {
            "file": line.where,
            "outcome": line.outcome.value,
            "key": line.key,
            "language": line.language,
            "title": line.title,
            "message": line.message,
        }
        said = f"{line.outcome.value:12} {line.where}"
        emit(as_json, record, f"{said}  {line.message or line.title}".rstrip())
    counts = {one.value: report.count(one) for one in Outcome}
    summary = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    emit(
        as_json,
        {"dry_run": dry_run, **counts},
        f"{'Would be: ' if dry_run else ''}{summary or 'nothing found'}",
    )
    if counts[Outcome.WRONG.value]:
        sys.exit(1)


@click.command("export", help="Write all articles into a folder.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@with_desk
def export_command(folder: Path, as_json: bool) -> None:
    """Export articles as Markdown, with files and history."""
    if folder.exists() and any(folder.iterdir()):
        raise click.ClickException(f"{folder} is not empty")
    count = 0
    for path, data in exporting.files(SYSTEM):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        count += path.endswith(".md")
    emit(as_json, {"texts": count, "folder": str(folder)}, f"{count} texts in {folder}")

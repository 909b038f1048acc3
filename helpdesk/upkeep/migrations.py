"""Bringing the database to the state that this release expects."""

import logging
import re

import click
from sqlalchemy import create_engine, inspect, text

import config
from helpdesk.command import emit, json_option

VERSIONS = config.PROJECT / "migrations" / "versions"

_STATED = re.compile(r"^(revision|down_revision) *= *(.*)$", re.MULTILINE)
_NAME = re.compile(r"[\"'](\w+)[\"']")


def migrate(settings: config.Settings) -> bool:
    """Bring the database to the newest state; False when it was there already.

    Several hosts may call this at once. Raises ConfigError when the database was used with a
    release that has states which this one does not know.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    names, heads = _known()
    found = state(settings)
    if heads == {found}:
        return False
    if found is not None and found not in names:
        raise config.ConfigError(
            f"the database is at {found}, which this release does not know."
            " It was used with a newer one: run that, or restore a backup of this one"
        )
    # That it has been imported, and what it runs, is no news to anybody.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Imported here because almost every start finds nothing to do, and Alembic, with the template
    # engine it brings along, would be a tenth of what a start costs.
    from alembic import command
    from alembic.config import Config

    alembic = Config(str(config.PROJECT / "alembic.ini"))
    alembic.attributes["url"] = settings.database_url
    command.upgrade(alembic, "head")
    return True


def newest() -> str | None:
    """Return the name of the newest state: the one migration that no other follows."""
    _names, heads = _known()
    return heads.pop() if len(heads) == 1 else None


def _known() -> tuple[set[str], set[str]]:
    """Return the names of all states that there are migrations to, and of the last ones."""
    names: set[str] = set()
    followed: set[str] = set()
    for file in VERSIONS.glob("*.py"):
        for what, said in _STATED.findall(file.read_text(encoding="utf-8")):
            (names if what == "revision" else followed).update(_NAME.findall(said))
    return names, names - followed


def state(settings: config.Settings) -> str | None:
    """Return the name of the state that the database is in, None when it is empty."""
    engine = create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return found
    finally:
        engine.dispose()


@click.command("migrate")
@json_option
def migrate_command(as_json: bool) -> None:
    """Bring the database to this release's state."""
    changed = migrate(config.load())
    record = {"state": newest(), "changed": changed}
    emit(as_json, record, "The database is up to date.")

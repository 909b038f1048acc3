"""Bringing the database to the state that this release expects."""

import logging

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

import config


def migrate(settings: config.Settings) -> None:
    """Bring the database to the newest state; several hosts may call this at once."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    alembic = _alembic()
    alembic.attributes["url"] = settings.database_url
    # At every start there would be two lines that say nothing.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic, "head")


def newest() -> str | None:
    """Return the name of the newest state."""
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _alembic() -> Config:
    return Config(str(config.PROJECT / "alembic.ini"))

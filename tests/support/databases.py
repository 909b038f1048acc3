"""Migrated databases for tests, made by copying one that was migrated once per run."""

import dataclasses
import itertools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config

import config
from tests.support import postgres
from tests.support.paths import PROJECT, run_dir, run_lock

KINDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """One database of its own, migrated to the newest state."""

    kind: str
    name: str
    url: str

    def drop(self) -> None:
        """Give back the room. Connections must be closed on SQLite; PostgreSQL closes them."""
        if self.kind == "postgresql":
            postgres.drop(self.name)
        else:
            for suffix in ("", "-wal", "-shm"):
                Path(_sqlite_file(self.name) + suffix).unlink(missing_ok=True)


def _sqlite_file(name: str) -> str:
    return str(run_dir() / f"{name}.db")


def alembic_config(url: str) -> Config:
    """Return Alembic's settings for the database at ``url``."""
    settings = Config(str(PROJECT / "alembic.ini"))
    settings.attributes["url"] = url
    return settings


def empty(kind: str) -> Database:
    """Create a database with nothing in it."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    if kind == "postgresql":
        return Database(kind, name, postgres.create(name))
    return Database(kind, name, f"sqlite:///{_sqlite_file(name)}")


def _template(kind: str) -> None:
    """Migrate the database that the others are copied from, once in a run."""
    done = run_dir() / f"template-{kind}.done"
    if done.exists():
        return
    if kind == "postgresql":
        postgres.server()
    with run_lock(f"template-{kind}"):
        if done.exists():
            return
        if kind == "postgresql":
            # What is there is left from an attempt that failed.
            postgres.drop("template_hearth")
            url = postgres.create("template_hearth")
        else:
            file = _sqlite_file("template_hearth")
            Path(file).unlink(missing_ok=True)
            url = f"sqlite:///{file}"
        command.upgrade(alembic_config(url), "head")
        done.touch()


def migrated(kind: str) -> Database:
    """Create a database with all tables and nothing else."""
    _template(kind)
    name = f"t{os.getpid()}_{next(_numbers)}"
    if kind == "postgresql":
        return Database(kind, name, postgres.create(name, "template_hearth"))
    shutil.copyfile(_sqlite_file("template_hearth"), _sqlite_file(name))
    return Database(kind, name, f"sqlite:///{_sqlite_file(name)}")


def environment(database: Database, data_dir: Path) -> dict[str, str]:
    """Return the variables that make the program use this database and folder."""
    return {
        "HEARTH_DATA_DIR": str(data_dir),
        "HEARTH_DATABASE_URL": database.url,
        "HEARTH_SECRET_KEY": "a key for tests that is long enough to be one",
        "HEARTH_LOG_LEVEL": "WARNING",
    }


def settings_for(database: Database, data_dir: Path, **changes: Any) -> config.Settings:
    """Return the settings of an application under test."""
    loaded = config.load(environment(database, data_dir))
    return dataclasses.replace(loaded, testing=True, **changes)

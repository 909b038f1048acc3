"""Run migrations against the database of the settings, or one handed over by the caller.

A caller in Python may give ``config.attributes["url"]``; the command line reads the settings.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection, Engine, create_engine, event, pool
from sqlalchemy.dialects.postgresql import JSONB

import config
from helpdesk import app  # noqa: F401 (imports every model, so that the metadata is complete)
from helpdesk.db import UTCDateTime, db

MIGRATION_LOCK = 0x486561727468
"""Key of the PostgreSQL advisory lock that lets one upgrade run at a time ("Hearth" in ASCII)."""


def render_item(type_: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types as what the database has: old migrations import none of our code."""
    if type_ == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if type_ == "type" and isinstance(item, JSON) and not isinstance(item, JSONB):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def include_object(
    item: Any, name: str | None, type_: str, reflected: bool, _compare_to: Any
) -> bool:
    """Leave out the tables of SQLite's full-text search, and what a model marks to be skipped."""
    if type_ in {"table", "index"} and reflected and name is not None and "_fts" in name:
        return False
    return not getattr(item, "info", {}).get("skip_autogenerate", False)


def prepare_sqlite(engine: Engine) -> None:
    """Let SQLite take part in transactions, with foreign keys off while tables are rebuilt.

    A batch migration copies a table and drops the old one; with foreign keys on, the drop would
    delete what refers to it. They are checked as a whole before the commit instead.
    """

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA busy_timeout=60000")
        connection.execute("PRAGMA journal_mode=WAL")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def run(connection: Connection) -> None:
    """Upgrade over one connection, in one transaction, one process at a time.

    Several hosts may start a new release at once. The later ones wait for the first, by BEGIN
    IMMEDIATE on SQLite and by an advisory lock on PostgreSQL, and then find nothing left to do.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=is_sqlite,
        render_item=render_item,
        include_object=include_object,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if not is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        context.run_migrations()
        if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
            raise RuntimeError(f"the migration would leave a dangling reference: {tuple(broken)}")


def main() -> None:
    """Find the database and run."""
    url = context.config.attributes.get("url") or config.load().database_url
    engine = create_engine(url, poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        prepare_sqlite(engine)
    with engine.connect() as connection:
        run(connection)
    engine.dispose()


main()

"""The database: one declarative base, UTC columns, sessions and the transaction of the edge.

SQLite and PostgreSQL run the same code. On SQLite a writing transaction begins with
``BEGIN IMMEDIATE``: a deferred one that upgrades from reading to writing fails at once when
another writer is active, whatever the busy time-out says.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg import _queries as psycopg_queries
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from config import Settings


class Base(DeclarativeBase):
    """Declarative base with named constraints, so that migrations can name what they change."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    # Flask-SQLAlchemy makes this class at run time; a type checker sees what it is made of.
    Model = Base
else:
    Model = db.Model

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""Key type of tables that grow with the desk's work; SQLite counts only in INTEGER."""

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON document; binary on PostgreSQL. None is the database's NULL, never JSON's."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite drops time zones, so they are checked and put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes and convert the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database; use lib.clock.now()")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


PREPARED_STATEMENTS = 300
"""Statements that one PostgreSQL connection keeps planned; the whole desk has fewer."""

_writing: ContextVar[bool | None] = ContextVar("writing", default=None)


def mark_writing(writing: bool | None) -> None:
    """Say whether transactions begun from here on in this context will write.

    One that said it only reads can't write: the database refuses. None, the state of a context
    that said nothing, promises nothing.
    """
    _writing.set(writing)


def is_reading() -> bool:
    """Whether the present transaction only reads, so that nothing can and need be locked."""
    return _writing.get() is False


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Set up one SQLite connection; ``isolation_level=None`` leaves BEGIN to us."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=15000",
        "cache_size=-32000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = is_reading()
    if connection.info.get("hearth_reading", False) is not reading:
        connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
        connection.info["hearth_reading"] = reading
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


# psycopg reads a long statement, or one with more than 50 parameters, anew at every execution,
# because such statements seldom come again. Ours do: a ticket has more columns than that, and a
# batch of mail writes fifty lines at once. Reading them was a tenth of what a message costs.
psycopg_queries.MAX_CACHED_STATEMENT_PARAMS = 1000
psycopg_queries.MAX_CACHED_STATEMENT_LENGTH = 50_000


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.prepared_max = PREPARED_STATEMENTS


def _begin_postgresql(connection: Connection) -> None:
    # Sent with BEGIN itself, so it costs no round trip.
    driver: Any = connection.connection.dbapi_connection
    driver.read_only = True if is_reading() else None


def _engine_options(settings: Settings) -> dict[str, Any]:
    if settings.is_sqlite:
        return {"connect_args": {"check_same_thread": False}, "pool_size": 20, "max_overflow": 220}
    return {
        "pool_pre_ping": True,
        # The connection that was used last has its statements planned already.
        "pool_use_lifo": True,
        "pool_size": 20,
        "max_overflow": 40,
        "pool_recycle": 1800,
    }


def prepare_engine(engine: Engine) -> None:
    """Attach the SQLite pragmas and how transactions begin to an engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_postgresql)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the database to the application."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


@contextmanager
def transaction() -> Iterator[None]:
    """Run a job's or a command's unit of work: commit at the end, roll back on any error.

    Needs an application context. Views never use it: the web edge owns their transaction.
    """
    token = _writing.set(True)
    try:
        # A transaction that merely read before us would begin deferred; start afresh.
        db.session.rollback()
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        _writing.reset(token)


def commit() -> None:
    """Commit the request's transaction. Called by the web edge alone."""
    db.session.commit()


def finish_reading() -> None:
    """End a request's transaction that was marked as reading. Called by the web edge alone.

    On PostgreSQL the driver forgets its prepared statements at every ROLLBACK, and planning the
    statements of a page costs more than running them. A read-only transaction may as well commit:
    the server has seen to it that there is nothing to keep.
    """
    if is_postgresql():
        # What was changed in memory alone goes the way it would have gone with a rollback.
        db.session.expunge_all()
        db.session.commit()
    else:
        db.session.rollback()


def is_postgresql() -> bool:
    """Whether the current application talks to PostgreSQL."""
    return db.engine.dialect.name == "postgresql"


T = TypeVar("T")


def once(key: str, ask: Callable[[], T]) -> T:
    """Return what ``ask`` says, asked once a transaction: for what every act needs to know.

    Only values, no rows of the session. Whoever changes what it depends on within a transaction
    calls ``ask_again``. Nothing is flushed for it: a ticket that is being made goes to the
    database with all that belongs to it, not when something else is asked.
    """
    kept = db.session.info.get(key)
    transaction = db.session().get_transaction()
    if kept is not None and transaction is not None and kept[0] is transaction:
        found: T = kept[1]
        return found
    with db.session.no_autoflush:
        said = ask()
    db.session.info[key] = (db.session().get_transaction(), said)
    return said


def ask_again(key: str) -> None:
    """Let ``once`` ask anew, also within this transaction."""
    db.session.info.pop(key, None)

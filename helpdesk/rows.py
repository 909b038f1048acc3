"""Many rows at once: one statement, and no objects of the session.

For what is written by the hundred and looked at by nobody in the same transaction. On PostgreSQL
the rows travel as one JSON document, which the database takes apart: a parameter for each value
costs the driver more than the database needs to store it. SQLite is in the same process and takes
row after row.

The session does not hear of it. Whoever holds an object of a row that is changed here says the
same to the object (``set_committed_value``).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Table, TextClause, bindparam, insert, text, update

from helpdesk.db import Base, db, is_postgresql

Row = Mapping[str, object]


def write_rows(model: type[Base], rows: Sequence[Row]) -> None:
    """Write rows, in their order. All name the same columns; what they leave out has its default.

    Raises ValueError for a datetime without a time zone.
    """
    if not rows:
        return
    table = _table_of(model)
    full = _with_defaults(table, rows)
    if is_postgresql():
        db.session.execute(_insert(table, tuple(full[0])), {"rows": _as_json(full)})
    else:
        db.session.execute(insert(table), full)


def change_rows(model: type[Base], rows: Sequence[Row]) -> None:
    """Change rows, each found by its ``id``. All name the same columns, and no row comes twice.

    Raises ValueError for a datetime without a time zone.
    """
    if not rows:
        return
    table = _table_of(model)
    names = [name for name in rows[0] if name != "id"]
    if is_postgresql():
        db.session.execute(_update(table, tuple(names)), {"rows": _as_json(rows)})
    else:
        statement = update(table).where(table.c.id == bindparam("row_id"))
        db.session.connection().execute(
            statement.values({name: bindparam(f"new_{name}") for name in names}),
            [{"row_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows],
        )


def _table_of(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _with_defaults(table: Table, rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return rows with the values that objects of the session would have got by themselves."""
    left_out = [
        (column.name, column.default)
        for column in table.columns
        if column.name not in rows[0] and column.default is not None
    ]
    return [
        {
            **row,
            **{
                name: default.arg(None) if default.is_callable else default.arg  # type: ignore[attr-defined]
                for name, default in left_out
            },
        }
        for row in rows
    ]


def _as_json(rows: Sequence[Row]) -> str:
    return json.dumps([dict(row) for row in rows], default=_moment)


def _moment(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is no value of a row")
    if value.tzinfo is None:
        raise ValueError("a naive datetime reached the database; use lib.clock.now()")
    return value.isoformat()


# The names are those of our own columns, so nothing in these statements comes from outside.


@cache
def _insert(table: Table, names: tuple[str, ...]) -> TextClause:
    columns = ", ".join(names)
    return text(
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} "  # noqa: S608
        f"FROM json_populate_recordset(CAST(NULL AS {table.name}), :rows)"
    )


@cache
def _update(table: Table, names: tuple[str, ...]) -> TextClause:
    changes = ", ".join(f"{name} = said.{name}" for name in names)
    return text(
        f"UPDATE {table.name} SET {changes} "  # noqa: S608
        f"FROM json_populate_recordset(CAST(NULL AS {table.name}), :rows) AS said "
        f"WHERE {table.name}.id = said.id"
    )

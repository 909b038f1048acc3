"""Parts of tickets that wait for suppliers.

Revision: a06d5e1fc176
Follows: 9f5c4d0eb065
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a06d5e1fc176"
down_revision = "9f5c4d0eb065"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VIEW = sa.table(
    "view",
    sa.column("id", KEY),
    sa.column("key", sa.String),
    sa.column("filters", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
)
ONLY_TICKETS: dict[str, list[str]] = {"class": ["pending"], "hold": ["supplier"]}
WITH_PARTS: dict[str, list[str]] = {"hold": ["supplier"]}
FOREIGN_KEY = "fk_assignment_supplier_id_supplier"


def upgrade() -> None:
    """Change the schema."""
    # Added one by one, as the columns of tickets were: the table is not made anew.
    op.add_column("assignment", sa.Column("waits_since", sa.DateTime(timezone=True)))
    op.add_column("assignment", sa.Column("supplier_promised_at", sa.DateTime(timezone=True)))
    for name, length in (("wait_note", 300), ("supplier_reference", 120)):
        op.add_column(
            "assignment", sa.Column(name, sa.String(length), server_default="", nullable=False)
        )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE assignment ADD COLUMN supplier_id INTEGER"
            f" CONSTRAINT {FOREIGN_KEY} REFERENCES supplier (id)"
        )
    else:
        op.add_column("assignment", sa.Column("supplier_id", KEY, nullable=True))
        op.create_foreign_key(op.f(FOREIGN_KEY), "assignment", "supplier", ["supplier_id"], ["id"])
    for name, columns, only in (
        ("ix_assignment_supplier", ["supplier_id", "ticket_id"], "supplier_id IS NOT NULL"),
        ("ix_assignment_waits", ["ticket_id"], "waits_since IS NOT NULL"),
    ):
        op.create_index(
            name,
            "assignment",
            columns,
            postgresql_where=sa.text(only),
            sqlite_where=sa.text(only),
        )
    _change_view(ONLY_TICKETS, WITH_PARTS)


def downgrade() -> None:
    """Take the change back. Clocks of suppliers are worked out anew by the next event."""
    _change_view(WITH_PARTS, ONLY_TICKETS)
    op.drop_index("ix_assignment_waits", "assignment")
    op.drop_index("ix_assignment_supplier", "assignment")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_column("supplier_id")
    for name in ("supplier_reference", "wait_note", "supplier_promised_at", "waits_since"):
        op.drop_column("assignment", name)


def _change_view(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    """Let the view that comes with the desk ask for something else, if nobody edited it."""
    connection = op.get_bind()
    for row in connection.execute(
        sa.select(VIEW.c.id, VIEW.c.filters).where(VIEW.c.key == "suppliers")
    ):
        filters = json.loads(row.filters) if isinstance(row.filters, str) else row.filters
        if filters == before:
            connection.execute(VIEW.update().where(VIEW.c.id == row.id).values(filters=after))

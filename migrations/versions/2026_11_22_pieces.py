"""What teams promise each other, and what suppliers promise.

Revision: 5b1e0f6a7c21
Follows: 32cc6aa6096c
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5b1e0f6a7c21"
down_revision = "32cc6aa6096c"
branch_labels = None
depends_on = None

VIEW = sa.table(
    "view",
    sa.column("key", sa.String),
    sa.column("name", sa.String),
    sa.column("colour", sa.String),
    sa.column("filters", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
    sa.column("position", sa.Integer),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "supplier",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("organisation_id", KEY, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_supplier_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
        sa.UniqueConstraint("name", name=op.f("uq_supplier_name")),
    )
    # Columns are added one by one: to make the table of tickets anew would let its numbers begin
    # again.
    for table in ("ticket", "outbox"):
        name = f"fk_{table}_supplier_id_supplier"
        if op.get_bind().dialect.name == "sqlite":
            op.execute(
                f"ALTER TABLE {table} ADD COLUMN supplier_id INTEGER"
                f" CONSTRAINT {name} REFERENCES supplier (id)"
            )
        else:
            op.add_column(table, sa.Column("supplier_id", KEY, nullable=True))
            op.create_foreign_key(op.f(name), table, "supplier", ["supplier_id"], ["id"])
    op.add_column(
        "ticket",
        sa.Column("supplier_reference", sa.String(120), server_default="", nullable=False),
    )
    op.add_column("ticket", sa.Column("supplier_promised_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_ticket_supplier",
        "ticket",
        ["supplier_id", "updated_at", "id"],
        postgresql_where=sa.text("supplier_id IS NOT NULL"),
        sqlite_where=sa.text("supplier_id IS NOT NULL"),
    )
    op.add_column(
        "assignment",
        sa.Column(
            "given_at",
            sa.DateTime(timezone=True),
            server_default="1970-01-01 00:00:00.000000",
            nullable=False,
        ),
    )
    op.execute("UPDATE assignment SET given_at = assigned_at")
    op.add_column("assignment", sa.Column("due_at", sa.DateTime(timezone=True)))
    op.add_column("assignment", sa.Column("due_promise", sa.String(12)))
    op.add_column("assignment", sa.Column("due_since", sa.DateTime(timezone=True)))
    op.add_column("worklist", sa.Column("due_promise", sa.String(20)))
    op.add_column("worklist", sa.Column("due_since", sa.DateTime(timezone=True)))
    for name in ("due_promise", "due_since"):
        op.execute(
            f"UPDATE worklist SET {name} ="
            f" (SELECT ticket.{name} FROM ticket WHERE ticket.id = worklist.ticket_id)"
        )
    # A desk that is set up gets the view that a new one begins with.
    connection = op.get_bind()
    place = connection.scalar(sa.select(VIEW.c.position).where(VIEW.c.key == "waiting"))
    if connection.scalar(sa.select(sa.func.count()).select_from(VIEW)):
        connection.execute(
            VIEW.insert().values(
                key="suppliers",
                name="Waiting on suppliers",
                colour="c4",
                filters={"class": ["pending"], "hold": ["supplier"]},
                position=place or 0,
                created_at=datetime.now(UTC),
            )
        )


def downgrade() -> None:
    op.execute(VIEW.delete().where(VIEW.c.key == "suppliers"))
    for name in ("due_since", "due_promise"):
        op.drop_column("worklist", name)
    for name in ("due_since", "due_promise", "due_at", "given_at"):
        op.drop_column("assignment", name)
    op.drop_index("ix_ticket_supplier", "ticket")
    op.drop_column("ticket", "supplier_promised_at")
    op.drop_column("ticket", "supplier_reference")
    # What is about parts goes; what is about whole tickets stays.
    op.execute("DELETE FROM step_done WHERE piece <> 0")
    op.execute("DELETE FROM clock WHERE piece <> 0")
    for table in ("outbox", "ticket"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("supplier_id")
    op.drop_table("supplier")

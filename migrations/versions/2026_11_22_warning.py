"""Early warning: tickets at risk, and spikes.

Revision: 9f5c4d0eb065
Follows: 8e4b3c9daf54
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "9f5c4d0eb065"
down_revision = "8e4b3c9daf54"
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

TICKET = sa.table(
    "ticket",
    sa.column("status_class", sa.String),
    sa.column("hidden_at", sa.DateTime(timezone=True)),
    sa.column("risk_at", sa.DateTime(timezone=True)),
)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("matter", sa.String(length=12), nullable=False),
        sa.Column("subject_id", _key(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("matter", "subject_id", "hour", name=op.f("pk_arrivals")),
    )
    op.create_index("ix_arrivals_hour", "arrivals", ["hour"])
    op.create_table(
        "arrivals_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", _key(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals_mark")),
    )
    op.create_table(
        "spike",
        sa.Column("id", _key(), nullable=False),
        sa.Column("matter", sa.String(length=12), nullable=False),
        sa.Column("subject_id", _key(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Double(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by_id", _key(), nullable=True),
        sa.Column("problem_id", _key(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dismissed_by_id"], ["person.id"], name=op.f("fk_spike_dismissed_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["ticket.id"], name=op.f("fk_spike_problem_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spike")),
    )
    op.create_index(
        "ix_spike_running",
        "spike",
        ["id"],
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "spike_ticket",
        sa.Column("spike_id", _key(), nullable=False),
        sa.Column("ticket_id", _key(), nullable=False),
        sa.Column("gathered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["spike_id"], ["spike.id"], name=op.f("fk_spike_ticket_spike_id_spike")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_spike_ticket_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("spike_id", "ticket_id", name=op.f("pk_spike_ticket")),
    )
    op.create_index(op.f("ix_spike_ticket_ticket_id"), "spike_ticket", ["ticket_id"])
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        # Plain texts as defaults: for an expression SQLite's table would be made anew, and its
        # numbers would begin again.
        batch_op.add_column(sa.Column("chasers", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("risk", sa.String(length=100), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("risk_at", sa.DateTime(timezone=True), nullable=True))
        for name in ("half_at", "late_at", "shares_due_at"):
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_ticket_risk",
            ["risk_at"],
            postgresql_where=sa.text("risk_at IS NOT NULL"),
            sqlite_where=sa.text("risk_at IS NOT NULL"),
        )
    # The worker judges every open ticket once.
    op.execute(
        TICKET.update()
        .where(TICKET.c.status_class.in_(["new", "open", "pending"]), TICKET.c.hidden_at.is_(None))
        .values(risk_at=datetime.now(UTC))
    )
    # The view that comes with the desk; a new desk gets all of them when it begins.
    connection = op.get_bind()
    if connection.scalar(sa.select(sa.func.count()).select_from(VIEW)):
        connection.execute(
            VIEW.insert().values(
                key="at-risk",
                name="At risk",
                colour="c3",
                filters={"flag": ["at-risk"]},
                # Beside the first of those that are there.
                position=0,
                created_at=datetime.now(UTC),
            )
        )


def downgrade() -> None:
    op.execute(VIEW.delete().where(VIEW.c.key == "at-risk"))
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_risk")
        for name in ("shares_due_at", "late_at", "half_at"):
            batch_op.drop_column(name)
        batch_op.drop_column("risk_at")
        batch_op.drop_column("risk")
        batch_op.drop_column("chasers")
    op.drop_table("spike_ticket")
    op.drop_table("spike")
    op.drop_table("arrivals_mark")
    op.drop_table("arrivals")

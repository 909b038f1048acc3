"""Expected times, missed promises, absence and cover.

Revision: 8e4b3c9daf54
Follows: 7d3a2b8c9e43
"""

import sqlalchemy as sa
from alembic import op

revision = "8e4b3c9daf54"
down_revision = "7d3a2b8c9e43"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "miss",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("piece", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("promise", sa.String(length=12), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("explained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "explained_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_miss_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["explained_by_id"], ["person.id"], name=op.f("fk_miss_explained_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_miss")),
        sa.UniqueConstraint(
            "ticket_id",
            "piece",
            "promise",
            "round",
            name=op.f("uq_miss_ticket_id_piece_promise_round"),
        ),
    )
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "absence",
        sa.Column("id", key, nullable=False),
        sa.Column("person_id", key, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cover_id", key, nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", key, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_absence_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["cover_id"], ["person.id"], name=op.f("fk_absence_cover_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["person.id"], name=op.f("fk_absence_created_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_person_id", "absence", ["person_id"])
    op.create_index("ix_absence_ends_at", "absence", ["ends_at"])
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ask_again_at", sa.DateTime(timezone=True), nullable=True))
        # A plain text as default: for an expression SQLite's table would be made anew, and its
        # numbers would begin again.
        batch_op.add_column(
            sa.Column("unexplained", sa.Boolean(), server_default="0", nullable=False)
        )
        batch_op.create_index(
            "ix_ticket_ask_again",
            ["ask_again_at"],
            postgresql_where=sa.text("ask_again_at IS NOT NULL"),
            sqlite_where=sa.text("ask_again_at IS NOT NULL"),
        )
    # Of open tickets somebody can still say why.
    op.execute(
        "INSERT INTO miss (ticket_id, piece, promise, round, missed_at, note)"
        " SELECT ticket_id, piece, promise, round, missed_at, '' FROM clock"
        " JOIN ticket ON ticket.id = ticket_id WHERE missed_at IS NOT NULL"
        " AND status_class IN ('new', 'open', 'pending') AND hidden_at IS NULL"
    )
    op.execute("UPDATE ticket SET unexplained = TRUE WHERE id IN (SELECT ticket_id FROM miss)")


def downgrade() -> None:
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_ask_again")
        batch_op.drop_column("unexplained")
        batch_op.drop_column("ask_again_at")
    op.drop_table("absence")
    op.drop_table("miss")

"""What the search of articles follows: changes, the present index, synonyms.

Revision: b7d40c52e981
Follows: 60fa4462791d
"""

import sqlalchemy as sa
from alembic import op

revision = "b7d40c52e981"
down_revision = "60fa4462791d"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables; the index itself lies beside the database."""
    op.create_table(
        "search_change",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_search_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_search_change_xid"), "search_change", ["xid"])
    op.create_index(op.f("ix_search_change_at"), "search_change", ["at"])
    op.create_table(
        "search_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forgotten", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_epoch")),
    )
    op.create_table(
        "search_synonym",
        sa.Column("id", KEY, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_synonym")),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("search_synonym")
    op.drop_table("search_epoch")
    op.drop_table("search_change")

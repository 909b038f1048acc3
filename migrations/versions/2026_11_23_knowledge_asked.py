"""What the knowledge base is asked for is counted, and articles that say the same are known.

Revision: c4e17a90b2d8
Follows: b7d40c52e981
"""

import sqlalchemy as sa
from alembic import op

revision = "c4e17a90b2d8"
down_revision = "b7d40c52e981"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "article_search",
        sa.Column("id", _key(), nullable=False),
        sa.Column("question", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("failed_outside", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_search")),
        sa.UniqueConstraint(
            "question", "language", name=op.f("uq_article_search_question_language")
        ),
    )
    op.create_index(op.f("ix_article_search_failed"), "article_search", ["failed"])
    op.create_index(op.f("ix_article_search_last_at"), "article_search", ["last_at"])
    op.create_table(
        "article_likeness",
        sa.Column("article_id", _key(), nullable=False),
        sa.Column("other_id", _key(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_likeness_article_id_article")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["article.id"], name=op.f("fk_article_likeness_other_id_article")
        ),
        sa.PrimaryKeyConstraint("article_id", "other_id", name=op.f("pk_article_likeness")),
    )
    op.create_index(op.f("ix_article_likeness_other_id"), "article_likeness", ["other_id"])
    op.create_table(
        "article_compared",
        sa.Column("article_id", _key(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_compared_article_id_article")
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_compared")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("article_compared")
    op.drop_table("article_likeness")
    op.drop_table("article_search")

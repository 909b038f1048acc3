"""Readers get the files of an article once words that go with them are published.

Revision: 3e8d1f0a6b57
Follows: 7b1e5c20f9a4
"""

import sqlalchemy as sa
from alembic import op

revision = "3e8d1f0a6b57"
down_revision = "7b1e5c20f9a4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let readers have what they have."""
    with op.batch_alter_table("article_file") as batch_op:
        batch_op.add_column(sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE article_file SET shown_at = added_at")


def downgrade() -> None:
    """Let everybody have every file again."""
    with op.batch_alter_table("article_file") as batch_op:
        batch_op.drop_column("shown_at")

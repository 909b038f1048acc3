"""Mailboxes know what the server holds that we do not, and the ledger is read by fate and sender.

Revision: 35be4a4a0866
Follows: af1092b03c7b
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "35be4a4a0866"
down_revision = "af1092b03c7b"
branch_labels = None
depends_on = None


_NUMBERS = ("begun_uid", "missing_count", "silent_hours")


def upgrade() -> None:
    """Keep what counting found, and index what the ledger is asked for."""
    with op.batch_alter_table("mailbox") as batch_op:
        for name in _NUMBERS:
            batch_op.add_column(
                sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
            )
        batch_op.add_column(sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("server_count", sa.BigInteger(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "missing_uids",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column("alarmed", sa.String(length=200), nullable=False, server_default="")
        )
    with op.batch_alter_table("mailbox") as batch_op:
        for name in (*_NUMBERS, "alarmed"):
            batch_op.alter_column(name, server_default=None)
    op.create_index("ix_mail_message_fate", "mail_message", ["state", "id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_mail_message_fate", table_name="mail_message")
    with op.batch_alter_table("mailbox") as batch_op:
        for name in (*_NUMBERS, "counted_at", "server_count", "missing_uids", "alarmed"):
            batch_op.drop_column(name)

"""Mail finds its ticket by signed addresses and by further names; aliases lead to queues.

Revision: c44a9b743362
Follows: e8233ee006fd
"""

import sqlalchemy as sa
from alembic import op

revision = "c44a9b743362"
down_revision = "e8233ee006fd"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Say which mailboxes take plus-addresses, and keep further names and aliases."""
    with op.batch_alter_table("mailbox") as batch_op:
        batch_op.add_column(
            sa.Column("plus", sa.String(length=10), nullable=False, server_default="none")
        )
    with op.batch_alter_table("mailbox") as batch_op:
        batch_op.alter_column("plus", server_default=None)
    op.create_table(
        "mail_trace",
        sa.Column("id", _key(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("ticket_id", _key(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_mail_trace_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_trace")),
    )
    op.create_index(op.f("ix_mail_trace_key"), "mail_trace", ["key"])
    op.create_index(op.f("ix_mail_trace_ticket_id"), "mail_trace", ["ticket_id"])
    op.create_table(
        "mail_alias",
        sa.Column("id", _key(), nullable=False),
        sa.Column("mailbox_id", _key(), nullable=False),
        sa.Column("pattern", sa.String(length=320), nullable=False),
        sa.Column("queue_id", _key(), nullable=False),
        sa.Column("category_id", _key(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_mail_alias_mailbox_id_mailbox")
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queue.id"], name=op.f("fk_mail_alias_queue_id_queue")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_mail_alias_category_id_category")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_alias")),
        sa.UniqueConstraint("mailbox_id", "pattern", name=op.f("uq_mail_alias_mailbox_id_pattern")),
    )
    op.create_index(op.f("ix_mail_alias_queue_id"), "mail_alias", ["queue_id"])
    op.create_index(op.f("ix_mail_alias_category_id"), "mail_alias", ["category_id"])
    op.create_index("ix_mail_message_sender", "mail_message", ["sender", "received_at"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_mail_message_sender", table_name="mail_message")
    op.drop_table("mail_alias")
    op.drop_table("mail_trace")
    with op.batch_alter_table("mailbox") as batch_op:
        batch_op.drop_column("plus")

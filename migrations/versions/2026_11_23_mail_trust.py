"""Senders are verified by the servers a mailbox trusts; doubted messages and spam are remembered.

Revision: d46ed919f517
Follows: 4909b33b2a39
"""

import sqlalchemy as sa
from alembic import op

revision = "d46ed919f517"
down_revision = "4909b33b2a39"
branch_labels = None
depends_on = None


_MOMENT = sa.DateTime(timezone=True)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Say whom mailboxes trust, and keep what people decide about senders."""
    with op.batch_alter_table("mailbox") as batch_op:
        batch_op.add_column(
            sa.Column("trusts", sa.String(length=500), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("staff_answers", sa.Boolean(), nullable=False, server_default="0")
        )
    with op.batch_alter_table("mailbox") as batch_op:
        batch_op.alter_column("trusts", server_default=None)
        batch_op.alter_column("staff_answers", server_default=None)
    op.create_table(
        "doubt",
        sa.Column("entry_id", _key(), nullable=False),
        sa.Column("believed", sa.Boolean(), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("decided_by_id", _key(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_doubt_decided_by_id_person")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_doubt_entry_id_entry")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_doubt")),
    )
    op.create_table(
        "spam_sender",
        sa.Column("id", _key(), nullable=False),
        sa.Column("value", sa.String(length=320), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("added_by_id", _key(), nullable=True),
        sa.Column("ticket_id", _key(), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("last_hit_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["person.id"], name=op.f("fk_spam_sender_added_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_spam_sender_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spam_sender")),
        sa.UniqueConstraint("value", name=op.f("uq_spam_sender_value")),
    )
    op.create_index(op.f("ix_spam_sender_ticket_id"), "spam_sender", ["ticket_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index(op.f("ix_spam_sender_ticket_id"), table_name="spam_sender")
    op.drop_table("spam_sender")
    op.drop_table("doubt")
    with op.batch_alter_table("mailbox") as batch_op:
        batch_op.drop_column("staff_answers")
        batch_op.drop_column("trusts")

"""What was left of mail: aliases set a priority, senders who were accepted are remembered.

Revision: 7b1e5c20f9a4
Follows: c4e17a90b2d8
"""

import sqlalchemy as sa
from alembic import op

revision = "7b1e5c20f9a4"
down_revision = "c4e17a90b2d8"
branch_labels = None
depends_on = None


_MOMENT = sa.DateTime(timezone=True)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Let aliases set a priority, and keep whom people accept."""
    with op.batch_alter_table("mail_alias") as batch_op:
        batch_op.add_column(sa.Column("impact", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("urgency", sa.Integer(), nullable=True))
    op.create_table(
        "accepted_sender",
        sa.Column("id", _key(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("added_by_id", _key(), nullable=True),
        sa.Column("entry_id", _key(), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("last_hit_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["person.id"], name=op.f("fk_accepted_sender_added_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entry.id"], name=op.f("fk_accepted_sender_entry_id_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_sender")),
        sa.UniqueConstraint(
            "address", "method", "domain", name=op.f("uq_accepted_sender_address_method_domain")
        ),
    )
    op.create_index(op.f("ix_accepted_sender_entry_id"), "accepted_sender", ["entry_id"])
    op.create_table(
        "spam_mark",
        sa.Column("message_id", _key(), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("value", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["mail_message.id"], name=op.f("fk_spam_mark_message_id_mail_message")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_spam_mark")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("spam_mark")
    op.drop_index(op.f("ix_accepted_sender_entry_id"), table_name="accepted_sender")
    op.drop_table("accepted_sender")
    with op.batch_alter_table("mail_alias") as batch_op:
        batch_op.drop_column("urgency")
        batch_op.drop_column("impact")

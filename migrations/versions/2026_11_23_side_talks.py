"""Conversations with others than the customer stand on a ticket.

Revision: 5d0e1a7b3c21
Follows: c44a9b743362
"""

import sqlalchemy as sa
from alembic import op

revision = "5d0e1a7b3c21"
down_revision = "c44a9b743362"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of side conversations."""
    op.create_table(
        "side_talk",
        sa.Column("id", _key(), nullable=False),
        sa.Column("ticket_id", _key(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_by_id", _key(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spoken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_side_talk_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["person.id"], name=op.f("fk_side_talk_opened_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_side_talk")),
    )
    op.create_index(op.f("ix_side_talk_ticket_id"), "side_talk", ["ticket_id"])
    op.create_table(
        "side_member",
        sa.Column("id", _key(), nullable=False),
        sa.Column("talk_id", _key(), nullable=False),
        sa.Column("person_id", _key(), nullable=False),
        sa.Column("copy", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["talk_id"], ["side_talk.id"], name=op.f("fk_side_member_talk_id_side_talk")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_side_member_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_side_member")),
    )
    op.create_index(op.f("ix_side_member_talk_id"), "side_member", ["talk_id"])
    op.create_index(op.f("ix_side_member_person_id"), "side_member", ["person_id"])
    op.create_table(
        "side_entry",
        sa.Column("entry_id", _key(), nullable=False),
        sa.Column("talk_id", _key(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entry.id"], name=op.f("fk_side_entry_entry_id_entry")
        ),
        sa.ForeignKeyConstraint(
            ["talk_id"], ["side_talk.id"], name=op.f("fk_side_entry_talk_id_side_talk")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_side_entry")),
    )
    op.create_index(op.f("ix_side_entry_talk_id"), "side_entry", ["talk_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("side_entry")
    op.drop_table("side_member")
    op.drop_table("side_talk")

"""Tickets are found by whose they are; a new name reaches the index in the background.

Revision: 7a2c9d4e5f60
Follows: 5d0e1a7b3c21
"""

import sqlalchemy as sa
from alembic import op

revision = "7a2c9d4e5f60"
down_revision = "5d0e1a7b3c21"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Keep those whose tickets are still found by another name."""
    op.create_table(
        "ticket_stale_name",
        sa.Column("id", _key(), nullable=False),
        sa.Column("person_id", _key(), nullable=True),
        sa.Column("organisation_id", _key(), nullable=True),
        sa.Column("done_to", _key(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_ticket_stale_name_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_ticket_stale_name_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_stale_name")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("ticket_stale_name")

"""Mail that came back: which address takes none, which ticket says so, which message it was.

Revision: 4909b33b2a39
Follows: c41d7f3b9e05
"""

import sqlalchemy as sa
from alembic import op

revision = "4909b33b2a39"
down_revision = "c41d7f3b9e05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remember what mail systems report of addresses, tickets and messages of ours."""
    with op.batch_alter_table("contact_point") as batch_op:
        batch_op.add_column(
            sa.Column("undeliverable_since", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("undeliverable_why", sa.String(30), nullable=False, server_default="")
        )
    with op.batch_alter_table("contact_point") as batch_op:
        batch_op.alter_column("undeliverable_why", server_default=None)
    op.create_index(
        "ix_contact_point_undeliverable",
        "contact_point",
        ["person_id"],
        postgresql_where=sa.text("undeliverable_since IS NOT NULL"),
        sqlite_where=sa.text("undeliverable_since IS NOT NULL"),
    )
    with op.batch_alter_table("ticket") as batch_op:
        batch_op.add_column(sa.Column("undelivered_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.add_column(sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.drop_column("returned_at")
    with op.batch_alter_table("ticket") as batch_op:
        batch_op.drop_column("undelivered_at")
    op.drop_index("ix_contact_point_undeliverable", table_name="contact_point")
    with op.batch_alter_table("contact_point") as batch_op:
        batch_op.drop_column("undeliverable_why")
        batch_op.drop_column("undeliverable_since")

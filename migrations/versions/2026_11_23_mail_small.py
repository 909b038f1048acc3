"""What was left of mail: aliases set a priority.

Revision: 7b1e5c20f9a4
Follows: c44a9b743362
"""

import sqlalchemy as sa
from alembic import op

revision = "7b1e5c20f9a4"
down_revision = "c44a9b743362"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let aliases set a priority."""
    with op.batch_alter_table("mail_alias") as batch_op:
        batch_op.add_column(sa.Column("impact", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("urgency", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("mail_alias") as batch_op:
        batch_op.drop_column("urgency")
        batch_op.drop_column("impact")

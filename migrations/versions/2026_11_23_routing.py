"""Who can begin now: room for work, and being there.

Revision: 8a3f6e90c5d2
Follows: 5d0c1e7a2b41
"""

import sqlalchemy as sa
from alembic import op

revision = "8a3f6e90c5d2"
down_revision = "5d0c1e7a2b41"
branch_labels = None
depends_on = None

COLUMNS = (("account", "most_at_once"), ("desk", "most_at_once"), ("desk", "silent_minutes"))


def upgrade() -> None:
    """Add the limits; none is set, so work goes on being given out as before."""
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take them away again."""
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column)

"""Expected times, missed promises, absence and cover.

Revision: 8e4b3c9daf54
Follows: 7d3a2b8c9e43
"""

revision = "8e4b3c9daf54"
down_revision = "7d3a2b8c9e43"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

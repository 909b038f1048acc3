"""Mail: side.

Revision: 5b1779cc81c5
Follows: c44a9b743362
"""

revision = "5b1779cc81c5"
down_revision = "c44a9b743362"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

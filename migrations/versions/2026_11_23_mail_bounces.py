"""Mail: bounces.

Revision: 4909b33b2a39
Follows: c41d7f3b9e05
"""

revision = "4909b33b2a39"
down_revision = "c41d7f3b9e05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

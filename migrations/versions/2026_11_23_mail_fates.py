"""Mail: fates.

Revision: 35be4a4a0866
Follows: af1092b03c7b
"""

revision = "35be4a4a0866"
down_revision = "af1092b03c7b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

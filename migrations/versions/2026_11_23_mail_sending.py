"""Mail: sending.

Revision: 59a8c0c4af85
Follows: 35be4a4a0866
"""

revision = "59a8c0c4af85"
down_revision = "35be4a4a0866"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

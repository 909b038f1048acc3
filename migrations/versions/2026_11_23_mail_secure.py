"""Mail: secure.

Revision: e8233ee006fd
Follows: 59a8c0c4af85
"""

revision = "e8233ee006fd"
down_revision = "59a8c0c4af85"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

"""Mail: threads.

Revision: c44a9b743362
Follows: e8233ee006fd
"""

revision = "c44a9b743362"
down_revision = "e8233ee006fd"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

"""Who can begin now: room for work and working hours.

Revision: 8a3f6e90c5d2
Follows: 5d0c1e7a2b41
"""

revision = "8a3f6e90c5d2"
down_revision = "5d0c1e7a2b41"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what is new."""


def downgrade() -> None:
    """Take it away again."""

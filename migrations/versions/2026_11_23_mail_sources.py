"""Mail: sources.

Revision: af1092b03c7b
Follows: d46ed919f517
"""

revision = "af1092b03c7b"
down_revision = "d46ed919f517"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

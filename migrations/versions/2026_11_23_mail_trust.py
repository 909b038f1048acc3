"""Mail: trust.

Revision: d46ed919f517
Follows: 4909b33b2a39
"""

revision = "d46ed919f517"
down_revision = "4909b33b2a39"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

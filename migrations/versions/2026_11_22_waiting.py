"""Parts that wait for suppliers, notices about other things than tickets.

Revision: a06d5e1fc176
Follows: 9f5c4d0eb065
"""

revision = "a06d5e1fc176"
down_revision = "9f5c4d0eb065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""


def downgrade() -> None:
    """Take the change back."""

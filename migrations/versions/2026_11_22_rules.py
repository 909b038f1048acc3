"""Rules: what the desk does by itself.

Revision: b17e6f2ad287
Follows: a06d5e1fc176
"""

revision = "b17e6f2ad287"
down_revision = "a06d5e1fc176"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""


def downgrade() -> None:
    """Take the change back."""

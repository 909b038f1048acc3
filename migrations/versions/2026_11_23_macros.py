"""Macros, checklists and work that a template makes.

Revision: 5d0c1e7a2b41
Follows: b17e6f2ad287
"""

revision = "5d0c1e7a2b41"
down_revision = "b17e6f2ad287"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what is new."""


def downgrade() -> None:
    """Take it away again."""

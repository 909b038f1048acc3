"""What customers and technicians are told, and how.

Revision: 7d3a2b8c9e43
Follows: 6c2f1a7b8d32
"""

revision = "7d3a2b8c9e43"
down_revision = "6c2f1a7b8d32"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

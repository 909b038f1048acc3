"""The alert board, early warning and spikes.

Revision: 6c2f1a7b8d32
Follows: 5b1e0f6a7c21
"""

revision = "6c2f1a7b8d32"
down_revision = "5b1e0f6a7c21"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

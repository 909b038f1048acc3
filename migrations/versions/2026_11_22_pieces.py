"""What teams promise each other, and what suppliers promise.

Revision: 5b1e0f6a7c21
Follows: 32cc6aa6096c
"""

revision = "5b1e0f6a7c21"
down_revision = "32cc6aa6096c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

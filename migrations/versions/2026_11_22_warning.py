"""Early warning: tickets at risk, and spikes.

Revision: 9f5c4d0eb065
Follows: 8e4b3c9daf54
"""

revision = "9f5c4d0eb065"
down_revision = "8e4b3c9daf54"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

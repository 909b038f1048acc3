"""Answer templates, macros, checklists and tickets made from templates.

Revision: c28f703be398
Follows: b17e6f2ad287
"""

revision = "c28f703be398"
down_revision = "b17e6f2ad287"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""


def downgrade() -> None:
    """Take the change back."""

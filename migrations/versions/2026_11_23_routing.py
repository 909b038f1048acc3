"""Who can begin now: room for work, being there, working hours, and what work asks for.

Revision: 8a3f6e90c5d2
Follows: 5d0c1e7a2b41
"""

import sqlalchemy as sa
from alembic import op

revision = "8a3f6e90c5d2"
down_revision = "5d0c1e7a2b41"
branch_labels = None
depends_on = None

COLUMNS = (("account", "most_at_once"), ("desk", "most_at_once"), ("desk", "silent_minutes"))


KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add limits, hours and skills; whoever has no hours of their own works by the default ones."""
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.Integer(), nullable=True))
    op.add_column("skill", sa.Column("language", sa.String(length=20), nullable=True))
    with op.batch_alter_table("category") as batch_op:
        batch_op.add_column(sa.Column("skill_id", KEY, nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_category_skill_id_skill"), "skill", ["skill_id"], ["id"]
        )
    op.create_table(
        "working_hours",
        sa.Column("account_id", KEY, autoincrement=False, nullable=False),
        sa.Column("calendar_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_working_hours_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendar.id"], name=op.f("fk_working_hours_calendar_id_calendar")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_working_hours")),
    )
    op.create_index("ix_working_hours_calendar_id", "working_hours", ["calendar_id"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("working_hours")
    with op.batch_alter_table("category") as batch_op:
        batch_op.drop_constraint(op.f("fk_category_skill_id_skill"), type_="foreignkey")
        batch_op.drop_column("skill_id")
    op.drop_column("skill", "language")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column)

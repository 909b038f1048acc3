"""Macros, checklists and work that a template makes.

Revision: 5d0c1e7a2b41
Follows: b17e6f2ad287
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5d0c1e7a2b41"
down_revision = "b17e6f2ad287"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of work plans; let a queue have a task."""
    op.create_table(
        "work_plan",
        sa.Column("id", _key(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "lines", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_plan")),
        sa.UniqueConstraint("name", name=op.f("uq_work_plan_name")),
    )
    op.create_table(
        "work_plan_use",
        sa.Column("id", _key(), nullable=False),
        sa.Column("plan_id", _key(), nullable=False),
        sa.Column("ticket_id", _key(), nullable=False),
        sa.Column("person_id", _key(), nullable=True),
        sa.Column("press", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["work_plan.id"], name=op.f("fk_work_plan_use_plan_id_work_plan")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_work_plan_use_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_work_plan_use_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_plan_use")),
        sa.UniqueConstraint("ticket_id", "press", name=op.f("uq_work_plan_use_ticket_id_press")),
    )
    op.create_index("ix_work_plan_use_plan_id", "work_plan_use", ["plan_id"])
    op.create_index("ix_work_plan_use_person_id", "work_plan_use", ["person_id"])
    with op.batch_alter_table("task") as batch_op:
        batch_op.add_column(sa.Column("queue_id", _key(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_task_queue_id_queue"), "queue", ["queue_id"], ["id"])


def downgrade() -> None:
    """Take them away again."""
    with op.batch_alter_table("task") as batch_op:
        batch_op.drop_constraint(op.f("fk_task_queue_id_queue"), type_="foreignkey")
        batch_op.drop_column("queue_id")
    op.drop_table("work_plan_use")
    op.drop_table("work_plan")

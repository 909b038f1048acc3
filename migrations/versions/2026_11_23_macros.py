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
    """Make the tables of work plans and macros; let a queue have a task."""
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

    _make_macros()


def _make_macros() -> None:
    """Make the tables of macros."""
    op.create_table(
        "macro",
        sa.Column("id", _key(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("owner_id", _key(), nullable=True),
        sa.Column(
            "actions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("says", sa.String(length=8), nullable=False),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("template_id", _key(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_hans", sa.Text(), nullable=False),
        sa.Column("text_hant", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_macro_owner_id_person")),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["answer_template.id"],
            name=op.f("fk_macro_template_id_answer_template"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macro")),
    )
    op.create_index("ix_macro_owner_id", "macro", ["owner_id"])
    op.create_index("ix_macro_template_id", "macro", ["template_id"])
    op.create_table(
        "macro_team",
        sa.Column("macro_id", _key(), nullable=False),
        sa.Column("team_id", _key(), nullable=False),
        sa.ForeignKeyConstraint(
            ["macro_id"], ["macro.id"], name=op.f("fk_macro_team_macro_id_macro")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_macro_team_team_id_team")),
        sa.PrimaryKeyConstraint("macro_id", "team_id", name=op.f("pk_macro_team")),
    )
    op.create_index("ix_macro_team_team_id", "macro_team", ["team_id"])
    op.create_table(
        "macro_run",
        sa.Column("id", _key(), nullable=False),
        sa.Column("macro_id", _key(), nullable=False),
        sa.Column("person_id", _key(), nullable=False),
        sa.Column("press", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "actions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["macro_id"], ["macro.id"], name=op.f("fk_macro_run_macro_id_macro")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_macro_run_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macro_run")),
        sa.UniqueConstraint("person_id", "press", name=op.f("uq_macro_run_person_id_press")),
    )
    op.create_index("ix_macro_run_macro_id", "macro_run", ["macro_id"])
    op.create_index("ix_macro_run_at", "macro_run", ["at"])


def downgrade() -> None:
    """Take them away again."""
    for table in ("macro_run", "macro_team", "macro"):
        op.drop_table(table)
    with op.batch_alter_table("task") as batch_op:
        batch_op.drop_constraint(op.f("fk_task_queue_id_queue"), type_="foreignkey")
        batch_op.drop_column("queue_id")
    op.drop_table("work_plan_use")
    op.drop_table("work_plan")

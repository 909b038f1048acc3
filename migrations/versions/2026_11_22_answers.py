"""Answer templates, and the teams that see them.

Revision: c28f703be398
Follows: a06d5e1fc176
"""

import sqlalchemy as sa
from alembic import op

revision = "c28f703be398"
down_revision = "a06d5e1fc176"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "answer_template",
        sa.Column("id", _key(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("folder", sa.String(length=60), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_hans", sa.Text(), nullable=False),
        sa.Column("text_hant", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_template")),
        sa.UniqueConstraint("name", name=op.f("uq_answer_template_name")),
    )
    op.create_table(
        "answer_team",
        sa.Column("template_id", _key(), nullable=False),
        sa.Column("team_id", _key(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["answer_template.id"],
            name=op.f("fk_answer_team_template_id_answer_template"),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_answer_team_team_id_team")),
        sa.PrimaryKeyConstraint("template_id", "team_id", name=op.f("pk_answer_team")),
    )
    op.create_index("ix_answer_team_team_id", "answer_team", ["team_id"])


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("answer_team")
    op.drop_table("answer_template")

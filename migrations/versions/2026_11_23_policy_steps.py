"""Steps of policies name their policy, and a policy whose steps did too much rests.

Revision: c41d7f3b9e05
Follows: 8a3f6e90c5d2
"""

import sqlalchemy as sa
from alembic import op

revision = "c41d7f3b9e05"
down_revision = "8a3f6e90c5d2"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Let policies rest, and remember whose step it was and what left the house with it."""
    with op.batch_alter_table("policy") as batch_op:
        batch_op.add_column(sa.Column("rests_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("roused_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("step_done") as batch_op:
        batch_op.add_column(sa.Column("policy_id", _key(), nullable=True))
        batch_op.add_column(sa.Column("sent", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("rested", sa.Boolean(), nullable=False, server_default="0"))
        batch_op.create_foreign_key(
            op.f("fk_step_done_policy_id_policy"), "policy", ["policy_id"], ["id"]
        )
    with op.batch_alter_table("step_done") as batch_op:
        batch_op.alter_column("sent", server_default=None)
        batch_op.alter_column("rested", server_default=None)
    op.create_index("ix_step_done_policy", "step_done", ["policy_id", "done_at"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_step_done_policy", table_name="step_done")
    with op.batch_alter_table("step_done") as batch_op:
        batch_op.drop_constraint(op.f("fk_step_done_policy_id_policy"), type_="foreignkey")
        batch_op.drop_column("rested")
        batch_op.drop_column("sent")
        batch_op.drop_column("policy_id")
    with op.batch_alter_table("policy") as batch_op:
        batch_op.drop_column("roused_at")
        batch_op.drop_column("rests_since")

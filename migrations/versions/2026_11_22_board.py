"""The alert board.

Revision: 6c2f1a7b8d32
Follows: 5b1e0f6a7c21
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "6c2f1a7b8d32"
down_revision = "5b1e0f6a7c21"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", KEY, nullable=False),
        sa.Column("headline", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=12), nullable=False),
        sa.Column("audience", sa.String(length=8), nullable=False),
        sa.Column("team_id", KEY, nullable=True),
        sa.Column("author_id", KEY, nullable=True),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("fixed_at", MOMENT, nullable=True),
        sa.Column("closing", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_alert_author_id_person")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_alert_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_ends", "alert", ["ends_at", "id"])
    op.create_table(
        "alert_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("alert_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("author_id", KEY, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "changes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_alert_line_alert_id_alert")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_alert_line_author_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_line")),
    )
    op.create_index(op.f("ix_alert_line_alert_id"), "alert_line", ["alert_id"])
    op.create_table(
        "alert_ticket",
        sa.Column("alert_id", KEY, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("linked_by_id", KEY, nullable=True),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_alert_ticket_alert_id_alert")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_alert_ticket_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["linked_by_id"], ["person.id"], name=op.f("fk_alert_ticket_linked_by_id_person")
        ),
        sa.PrimaryKeyConstraint("alert_id", "ticket_id", name=op.f("pk_alert_ticket")),
    )
    op.create_index(op.f("ix_alert_ticket_ticket_id"), "alert_ticket", ["ticket_id"])
    op.create_table(
        "alert_listener",
        sa.Column("id", KEY, nullable=False),
        sa.Column("alert_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("ticket_id", KEY, nullable=True),
        sa.Column("added_by_id", KEY, nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_alert_listener_alert_id_alert")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_alert_listener_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_alert_listener_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["person.id"], name=op.f("fk_alert_listener_added_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_listener")),
        sa.UniqueConstraint(
            "alert_id", "person_id", name=op.f("uq_alert_listener_alert_id_person_id")
        ),
    )
    op.create_index(op.f("ix_alert_listener_person_id"), "alert_listener", ["person_id"])
    op.create_index(op.f("ix_alert_listener_ticket_id"), "alert_listener", ["ticket_id"])
    # Those who may write to many, and those who answer for what runs.
    op.execute(
        "INSERT INTO role_permission (role_id, permission)"
        " SELECT id, 'board:write' FROM role WHERE key IN ('lead', 'manager', 'administrator')"
    )


def downgrade() -> None:
    op.execute("DELETE FROM role_permission WHERE permission = 'board:write'")
    op.drop_table("alert_listener")
    op.drop_table("alert_ticket")
    op.drop_table("alert_line")
    op.drop_table("alert")

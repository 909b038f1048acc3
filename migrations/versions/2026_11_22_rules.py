"""Rules: what the desk does by itself.

Revision: b17e6f2ad287
Follows: c28f703be398
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from helpdesk.lib.folded import fold

revision = "b17e6f2ad287"
down_revision = "c28f703be398"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
BATCH = 2000

TICKET = sa.table("ticket", sa.column("id"), sa.column("subject"))
ENTRY = sa.table(
    "entry", sa.column("id"), sa.column("ticket_id"), sa.column("verb"), sa.column("body")
)
TEXT = sa.table("rule_text", sa.column("ticket_id"), sa.column("subject"), sa.column("message"))
ROLE = sa.table("role", sa.column("id"), sa.column("key"))
ALLOWED = sa.table("role_permission", sa.column("role_id"), sa.column("permission"))


def upgrade() -> None:
    _make_rules()
    _make_history()
    _make_moments()
    op.create_table(
        "rule_text",
        sa.Column("ticket_id", KEY, autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_rule_text_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_rule_text")),
    )
    _fold_what_is_there()
    # Managers see rules and change them, as they do on a new desk.
    connection = op.get_bind()
    for role_id in connection.scalars(
        sa.select(ROLE.c.id).where(ROLE.c.key.in_(["manager", "administrator"]))
    ).all():
        connection.execute(
            ALLOWED.insert(),
            [{"role_id": role_id, "permission": name} for name in ("rule:edit", "rule:view")],
        )


def _make_rules() -> None:
    op.create_table(
        "rule",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("folder", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("turned_on", sa.Boolean(), nullable=False),
        sa.Column("off_reason", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("turned_on_at", MOMENT, nullable=True),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_rule_name")),
    )
    op.create_table(
        "rule_version",
        sa.Column("id", KEY, nullable=False),
        sa.Column("rule_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("restored", sa.Integer(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["person.id"], name=op.f("fk_rule_version_made_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["rule.id"], name=op.f("fk_rule_version_rule_id_rule")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_version")),
        sa.UniqueConstraint("rule_id", "number", name=op.f("uq_rule_version_rule_id_number")),
    )
    op.create_table(
        "rule_stamp",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stamp", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_stamp")),
    )


def _make_history() -> None:
    op.create_table(
        "rule_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("rule_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("cause_id", KEY, nullable=True),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("steps", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["cause_id"], ["entry.id"], name=op.f("fk_rule_run_cause_id_entry")
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name=op.f("fk_rule_run_rule_id_rule")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_rule_run_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_run")),
    )
    op.create_index("ix_rule_run_rule", "rule_run", ["rule_id", "at"])
    op.create_index("ix_rule_run_ticket", "rule_run", ["ticket_id", "id"])
    op.create_index("ix_rule_run_at", "rule_run", ["at"])
    op.create_table(
        "rule_entry",
        sa.Column("entry_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entry.id"], name=op.f("fk_rule_entry_entry_id_entry")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["rule_run.id"],
            name=op.f("fk_rule_entry_run_id_rule_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_rule_entry")),
    )
    op.create_index("ix_rule_entry_run_id", "rule_entry", ["run_id"])


def _make_moments() -> None:
    op.create_table(
        "rule_moment",
        sa.Column("rule_id", KEY, nullable=False),
        sa.Column("trigger", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("basis", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("resting_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name=op.f("fk_rule_moment_rule_id_rule")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_rule_moment_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("rule_id", "trigger", "ticket_id", name=op.f("pk_rule_moment")),
    )
    op.create_index(
        "ix_rule_moment_next",
        "rule_moment",
        ["next_at"],
        postgresql_where=sa.text("next_at IS NOT NULL"),
        sqlite_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_rule_moment_ticket", "rule_moment", ["ticket_id"])
    op.create_table(
        "rule_timetable",
        sa.Column("rule_id", KEY, nullable=False),
        sa.Column("trigger", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["rule.id"], name=op.f("fk_rule_timetable_rule_id_rule")
        ),
        sa.PrimaryKeyConstraint("rule_id", "trigger", name=op.f("pk_rule_timetable")),
    )
    op.create_index("ix_rule_timetable_next_at", "rule_timetable", ["next_at"])
    op.create_table(
        "rule_turn",
        sa.Column("queue_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_rule_turn_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queue.id"], name=op.f("fk_rule_turn_queue_id_queue")
        ),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_rule_turn")),
    )


def _fold_what_is_there() -> None:
    """Keep the folded texts of tickets that are there, a batch at a time."""
    connection, last = op.get_bind(), 0
    opening = (
        sa.select(ENTRY.c.body)
        .where(ENTRY.c.ticket_id == TICKET.c.id, ENTRY.c.verb == "log")
        .order_by(ENTRY.c.id)
        .limit(1)
        .scalar_subquery()
    )
    statement = sa.select(TICKET.c.id, TICKET.c.subject, opening.label("body"))
    while True:
        rows = connection.execute(
            statement.where(TICKET.c.id > last).order_by(TICKET.c.id).limit(BATCH)
        ).all()
        if not rows:
            return
        connection.execute(
            TEXT.insert(),
            [
                {
                    "ticket_id": row.id,
                    "subject": fold(row.subject),
                    "message": fold(row.body or ""),
                }
                for row in rows
            ],
        )
        last = rows[-1].id


def downgrade() -> None:
    op.execute(ALLOWED.delete().where(ALLOWED.c.permission.in_(["rule:edit", "rule:view"])))
    for name in (
        "rule_text",
        "rule_turn",
        "rule_timetable",
        "rule_moment",
        "rule_entry",
        "rule_run",
        "rule_stamp",
        "rule_version",
        "rule",
    ):
        op.drop_table(name)

"""What customers and technicians are told, and how.

Revision: 7d3a2b8c9e43
Follows: 6c2f1a7b8d32
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "7d3a2b8c9e43"
down_revision = "6c2f1a7b8d32"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "message_text",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_by_id", KEY, nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["person.id"], name=op.f("fk_message_text_made_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_text")),
        sa.UniqueConstraint(
            "kind", "language", "number", name=op.f("uq_message_text_kind_language_number")
        ),
    )
    _make_webhooks()
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=20), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("person_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("basis", JSON, nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_outbox_person_id_person"), "person", ["person_id"], ["id"]
        )
    op.create_index(
        "ix_outbox_held",
        "outbox",
        ["next_try_at"],
        postgresql_where=sa.text("state = 'held'"),
        sqlite_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_outbox_told",
        "outbox",
        ["person_id", "told_at"],
        postgresql_where=sa.text("told_at IS NOT NULL"),
        sqlite_where=sa.text("told_at IS NOT NULL"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("on_screen", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch_op.add_column(sa.Column("mail_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_notice_person", table_name="notice")
    op.create_index("ix_notice_person", "notice", ["person_id", "created_at", "id"])
    op.create_index(
        "ix_notice_mail",
        "notice",
        ["mail_at", "person_id"],
        postgresql_where=sa.text("mail_at IS NOT NULL"),
        sqlite_where=sa.text("mail_at IS NOT NULL"),
    )


def _make_webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.UniqueConstraint("name", name=op.f("uq_webhook_name")),
    )
    op.create_table(
        "webhook_call",
        sa.Column("id", KEY, nullable=False),
        sa.Column("webhook_id", KEY, nullable=False),
        sa.Column("ticket_id", KEY, nullable=True),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("event", sa.String(length=30), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("said", sa.String(length=400), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_call_webhook_id_webhook")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_webhook_call_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_call")),
    )
    op.create_index("ix_webhook_call_webhook_id", "webhook_call", ["webhook_id"])
    op.create_index("ix_webhook_call_ticket_id", "webhook_call", ["ticket_id"])
    op.create_index("ix_webhook_call_created", "webhook_call", ["created_at"])
    op.create_index(
        "ix_webhook_call_due",
        "webhook_call",
        ["next_try_at"],
        postgresql_where=sa.text("state IN ('queued','claimed')"),
        sqlite_where=sa.text("state IN ('queued','claimed')"),
    )


def downgrade() -> None:
    op.drop_index("ix_notice_mail", table_name="notice")
    op.drop_index("ix_notice_person", table_name="notice")
    op.create_index("ix_notice_person", "notice", ["person_id", "id"])
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_column("mail_at")
        batch_op.drop_column("on_screen")
    op.drop_index("ix_outbox_told", table_name="outbox")
    op.drop_index("ix_outbox_held", table_name="outbox")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_outbox_person_id_person"), type_="foreignkey")
        batch_op.drop_column("told_at")
        batch_op.drop_column("basis")
        batch_op.drop_column("person_id")
        batch_op.drop_column("kind")
    op.execute("DELETE FROM outbox WHERE state = 'held'")
    op.drop_table("webhook_call")
    op.drop_table("webhook")
    op.drop_table("message_text")

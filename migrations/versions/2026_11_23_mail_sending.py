"""Answers that leave later; turns, limits and signatures of what leaves; files as links.

Revision: 59a8c0c4af85
Follows: 35be4a4a0866
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "59a8c0c4af85"
down_revision = "35be4a4a0866"
branch_labels = None
depends_on = None

_WAITING = sa.text("state IN ('queued','claimed')")


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.types.TypeEngine[object]:
    return sa.DateTime(timezone=True)


def _json() -> sa.types.TypeEngine[object]:
    plain: sa.types.TypeEngine[object] = sa.JSON(none_as_null=True)
    return plain.with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Make room for what is new on the way out."""
    op.create_table(
        "later_answer",
        sa.Column("id", _key(), nullable=False),
        sa.Column("draft_id", _key(), nullable=False),
        sa.Column("ticket_id", _key(), nullable=False),
        sa.Column("person_id", _key(), nullable=False),
        sa.Column("leaves_at", _moment(), nullable=False),
        sa.Column("seen_entry_id", _key(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("problem", sa.String(400), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_later_answer_draft_id_draft")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_later_answer_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_later_answer_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_later_answer")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_later_answer_draft_id")),
    )
    op.create_index(op.f("ix_later_answer_ticket_id"), "later_answer", ["ticket_id"])
    op.create_index(
        "ix_later_answer_due",
        "later_answer",
        ["leaves_at"],
        postgresql_where=sa.text("problem = ''"),
        sqlite_where=sa.text("problem = ''"),
    )
    op.create_table(
        "mail_pace",
        sa.Column("mailbox_id", _key(), nullable=False),
        sa.Column("slot", _key(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_mail_pace_mailbox_id_mailbox")
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "slot", name=op.f("pk_mail_pace")),
    )
    op.create_table(
        "signature",
        sa.Column("id", _key(), nullable=False),
        sa.Column("queue_id", _key(), nullable=True),
        sa.Column("person_id", _key(), nullable=True),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queue.id"], name=op.f("fk_signature_queue_id_queue")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_signature_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("queue_id", "language", name=op.f("uq_signature_queue_id_language")),
        sa.UniqueConstraint("person_id", "language", name=op.f("uq_signature_person_id_language")),
    )
    neither = sa.text("queue_id IS NULL AND person_id IS NULL")
    op.create_index(
        "uq_signature_desk",
        "signature",
        ["language"],
        unique=True,
        postgresql_where=neither,
        sqlite_where=neither,
    )
    _widen_mailbox()
    _widen_outbox()


def _widen_mailbox() -> None:
    added = (
        ("per_minute", sa.Integer(), "0"),
        ("per_hour", sa.Integer(), "0"),
        ("link_above", _key(), str(10 * 1024 * 1024)),
        ("link_days", sa.Integer(), "30"),
    )
    with op.batch_alter_table("mailbox") as batch_op:
        for name, kind, default in added:
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=default))
    with op.batch_alter_table("mailbox") as batch_op:
        for name, _kind, _default in added:
            batch_op.alter_column(name, server_default=None)


def _widen_outbox() -> None:
    added = (
        ("rank", sa.Integer(), "2"),
        ("turn_at", _moment(), "2000-01-01 00:00:00.000000"),
        ("signature", sa.Text(), ""),
        ("linked", _json(), "{}"),
    )
    op.drop_index("ix_outbox_due", table_name="outbox")
    with op.batch_alter_table("outbox") as batch_op:
        for name, kind, default in added:
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=default))
    with op.batch_alter_table("outbox") as batch_op:
        for name, _kind, _default in added:
            batch_op.alter_column(name, server_default=None)
    # What waits keeps its order: answers, then what the desk says by itself.
    op.execute(
        "UPDATE outbox SET turn_at = next_try_at,"
        " rank = CASE WHEN entry_id IS NOT NULL OR (kind = '' AND ticket_id IS NULL)"
        " THEN 0 ELSE 2 END WHERE state IN ('queued','claimed','held','failed')"
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["mailbox_id", "rank", "turn_at", "id"],
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_outbox_due", table_name="outbox")
    with op.batch_alter_table("outbox") as batch_op:
        for name in ("linked", "signature", "turn_at", "rank"):
            batch_op.drop_column(name)
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_try_at"],
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    )
    with op.batch_alter_table("mailbox") as batch_op:
        for name in ("link_days", "link_above", "per_hour", "per_minute"):
            batch_op.drop_column(name)
    op.drop_table("signature")
    op.drop_table("mail_pace")
    op.drop_table("later_answer")

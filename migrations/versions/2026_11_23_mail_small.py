"""What was left of mail: aliases set a priority, senders are accepted, subjects are indexed.

Revision: 7b1e5c20f9a4
Follows: c4e17a90b2d8
"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "7b1e5c20f9a4"
down_revision = "c4e17a90b2d8"
branch_labels = None
depends_on = None


_MOMENT = sa.DateTime(timezone=True)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


INDEX = {
    "sqlite": [
        "CREATE VIRTUAL TABLE mail_fts USING fts5("
        "body, tokenize=\"unicode61 remove_diacritics 2\", prefix='2 3')"
    ],
    "postgresql": [
        "CREATE TABLE mail_fts (rowid bigint PRIMARY KEY, body tsvector NOT NULL)",
        "CREATE INDEX ix_mail_fts_body ON mail_fts USING gin (body) WITH (fastupdate = on)",
    ],
}
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
RUN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
IS_CJK = re.compile(rf"[{CJK}]")


def _words(subject: str) -> list[str]:
    """Cut a subject as the desk does it, on the day on which this was written."""
    found: list[str] = []
    for run in RUN.findall(unicodedata.normalize("NFKC", subject).casefold()):
        if IS_CJK.match(run) and len(run) > 1:
            found.extend(run)
            found.extend(run[at : at + 2] for at in range(len(run) - 1))
        else:
            found.append(run[:64])
    return found


def _marked(key: int, found: list[str]) -> list[str]:
    """Mark words with the blocks of lines, small and large, that they stand in."""
    unique = dict.fromkeys(found)
    small, large = f"{key >> 13}z", f"{key >> 17}y"
    return [f"{small}{word}" for word in unique] + [f"{large}{word}" for word in unique]


def _fill(bind: sa.Connection) -> None:
    is_sqlite = bind.dialect.name == "sqlite"
    body = ":body" if is_sqlite else "array_to_tsvector(:body)"
    insert = sa.text(f"INSERT INTO mail_fts (rowid, body) VALUES (:rowid, {body})")
    read = sa.text("SELECT id, subject FROM mail_message WHERE id > :last ORDER BY id LIMIT 5000")
    last = 0
    while rows := bind.execute(read, {"last": last}).all():
        last = rows[-1].id
        cut = [(row.id, _words(row.subject)) for row in rows]
        values = [
            {
                "rowid": key,
                "body": " ".join(found) if is_sqlite else _marked(key, found),
            }
            for key, found in cut
            if found
        ]
        if values:
            bind.execute(insert, values)


def upgrade() -> None:
    """Let aliases set a priority, keep whom people accept, and index subjects of the ledger."""
    with op.batch_alter_table("mail_alias") as batch_op:
        batch_op.add_column(sa.Column("impact", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("urgency", sa.Integer(), nullable=True))
    op.create_table(
        "accepted_sender",
        sa.Column("id", _key(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("added_by_id", _key(), nullable=True),
        sa.Column("entry_id", _key(), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("last_hit_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["person.id"], name=op.f("fk_accepted_sender_added_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entry.id"], name=op.f("fk_accepted_sender_entry_id_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_sender")),
        sa.UniqueConstraint(
            "address", "method", "domain", name=op.f("uq_accepted_sender_address_method_domain")
        ),
    )
    op.create_index(op.f("ix_accepted_sender_entry_id"), "accepted_sender", ["entry_id"])
    op.create_table(
        "spam_mark",
        sa.Column("message_id", _key(), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("value", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["mail_message.id"], name=op.f("fk_spam_mark_message_id_mail_message")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_spam_mark")),
    )
    bind = op.get_bind()
    for statement in INDEX[bind.dialect.name]:
        op.execute(statement)
    _fill(bind)


def downgrade() -> None:
    """Take it back."""
    op.execute("DROP TABLE mail_fts")
    op.drop_table("spam_mark")
    op.drop_index(op.f("ix_accepted_sender_entry_id"), table_name="accepted_sender")
    op.drop_table("accepted_sender")
    with op.batch_alter_table("mail_alias") as batch_op:
        batch_op.drop_column("urgency")
        batch_op.drop_column("impact")

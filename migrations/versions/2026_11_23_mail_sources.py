"""Mailboxes are of several kinds, sign in with OAuth2 and begin carefully.

Revision: af1092b03c7b
Follows: d46ed919f517
"""

import sqlalchemy as sa
from alembic import op

revision = "af1092b03c7b"
down_revision = "d46ed919f517"
branch_labels = None
depends_on = None

_NEW = {"kind": "imap", "sign_in": "password", "speaks": "all"}
_MOMENT = sa.DateTime(timezone=True)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Say how mail comes in and what leaves, and keep what providers grant."""
    with op.batch_alter_table("mailbox") as batch_op:
        for name, default in _NEW.items():
            batch_op.add_column(
                sa.Column(name, sa.String(length=10), nullable=False, server_default=default)
            )
        batch_op.add_column(sa.Column("copies", sa.Boolean(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("not_before", _MOMENT, nullable=True))
    with op.batch_alter_table("mailbox") as batch_op:
        for name in (*_NEW, "copies"):
            batch_op.alter_column(name, server_default=None)
    op.create_table(
        "mail_grant",
        sa.Column("mailbox_id", _key(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("flow", sa.String(length=10), nullable=False),
        sa.Column("authorize_url", sa.String(length=500), nullable=False),
        sa.Column("token_url", sa.String(length=500), nullable=False),
        sa.Column("scope", sa.String(length=1000), nullable=False),
        sa.Column("client_id", sa.String(length=300), nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=False),
        sa.Column("secret_ends_on", sa.Date(), nullable=True),
        sa.Column("access_ends_on", sa.Date(), nullable=True),
        sa.Column("access_token", sa.Text(), nullable=False),
        sa.Column("access_until", _MOMENT, nullable=True),
        sa.Column("access_life", sa.Integer(), nullable=True),
        sa.Column("refresh_token", sa.Text(), nullable=False),
        sa.Column("refresh_until", _MOMENT, nullable=True),
        sa.Column("refresh_life", sa.Integer(), nullable=True),
        sa.Column("granted_at", _MOMENT, nullable=True),
        sa.Column("refused_at", _MOMENT, nullable=True),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("busy_until", _MOMENT, nullable=True),
        sa.Column("asked_state", sa.String(length=64), nullable=False),
        sa.Column("asked_verifier", sa.Text(), nullable=False),
        sa.Column("asked_by", _key(), nullable=True),
        sa.Column("asked_until", _MOMENT, nullable=True),
        sa.Column("told", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_mail_grant_mailbox_id_mailbox")
        ),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_mail_grant")),
    )
    op.create_index(op.f("ix_mail_grant_asked_state"), "mail_grant", ["asked_state"])
    op.create_table(
        "mail_intake",
        sa.Column("mailbox_id", _key(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("former", sa.Text(), nullable=False),
        sa.Column("former_until", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_mail_intake_mailbox_id_mailbox")
        ),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_mail_intake")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("mail_intake")
    op.drop_index(op.f("ix_mail_grant_asked_state"), table_name="mail_grant")
    op.drop_table("mail_grant")
    with op.batch_alter_table("mailbox") as batch_op:
        for name in ("not_before", "copies", *reversed(_NEW)):
            batch_op.drop_column(name)

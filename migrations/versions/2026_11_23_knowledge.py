"""The knowledge base, and notices about articles.

Revision: 60fa4462791d
Follows: 7a2c9d4e5f60
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "60fa4462791d"
down_revision = "7a2c9d4e5f60"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

GRANTED = {
    "kb:read": "'technician', 'lead', 'manager', 'knowledge-editor', 'asset-manager',"
    " 'administrator'",
    "kb:write": "'technician', 'lead', 'knowledge-editor', 'administrator'",
    "kb:publish": "'lead', 'knowledge-editor', 'administrator'",
    "kb:manage": "'knowledge-editor', 'administrator'",
}


def upgrade() -> None:
    op.create_table(
        "kb_category",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["kb_category.id"], name=op.f("fk_kb_category_parent_id_kb_category")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_category")),
        sa.UniqueConstraint("parent_id", "name", name=op.f("uq_kb_category_parent_id_name")),
        sa.UniqueConstraint("path", name=op.f("uq_kb_category_path")),
    )
    with op.batch_alter_table("kb_category", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kb_category_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "article",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("category_id", KEY, nullable=True),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("reviewer_id", KEY, nullable=True),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_months", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_by_id", KEY, nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("helpful", sa.Integer(), nullable=False),
        sa.Column("unhelpful", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["kb_category.id"], name=op.f("fk_article_category_id_kb_category")
        ),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["person.id"], name=op.f("fk_article_checked_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["person.id"], name=op.f("fk_article_created_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person.id"], name=op.f("fk_article_owner_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["person.id"], name=op.f("fk_article_reviewer_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("key", name=op.f("uq_article_key")),
    )
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index(
            "ix_article_category", ["category_id", "updated_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_article_created_by_id"), ["created_by_id"], unique=False
        )
        batch_op.create_index("ix_article_owner", ["owner_id", "updated_at", "id"], unique=False)
        batch_op.create_index(
            "ix_article_review",
            ["review_at", "id"],
            unique=False,
            postgresql_where=sa.text("state = 'published'"),
            sqlite_where=sa.text("state = 'published'"),
        )
        batch_op.create_index(batch_op.f("ix_article_reviewer_id"), ["reviewer_id"], unique=False)
        batch_op.create_index("ix_article_state", ["state", "updated_at", "id"], unique=False)
        batch_op.create_index(
            "ix_article_submitted",
            ["submitted_at", "id"],
            unique=False,
            postgresql_where=sa.text("submitted_at IS NOT NULL"),
            sqlite_where=sa.text("submitted_at IS NOT NULL"),
        )
        batch_op.create_index("ix_article_updated", ["updated_at", "id"], unique=False)

    op.create_table(
        "article_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_article_event_actor_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_event_article_id_article")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_event")),
    )
    with op.batch_alter_table("article_event", schema=None) as batch_op:
        batch_op.create_index("ix_article_event_article", ["article_id", "id"], unique=False)

    op.create_table(
        "article_file",
        sa.Column("id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content_type", sa.String(length=120), nullable=False),
        sa.Column("size", KEY, nullable=False),
        sa.Column("is_picture", sa.Boolean(), nullable=False),
        sa.Column("added_by_id", KEY, nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["person.id"], name=op.f("fk_article_file_added_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_file_article_id_article")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_file")),
        sa.UniqueConstraint("article_id", "name", name=op.f("uq_article_file_article_id_name")),
    )
    with op.batch_alter_table("article_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_file_sha256"), ["sha256"], unique=False)

    op.create_table(
        "article_organisation",
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_organisation_article_id_article")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_article_organisation_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint(
            "article_id", "organisation_id", name=op.f("pk_article_organisation")
        ),
    )
    with op.batch_alter_table("article_organisation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_article_organisation_organisation_id"), ["organisation_id"], unique=False
        )

    op.create_table(
        "article_related",
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("other_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_related_article_id_article")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["article.id"], name=op.f("fk_article_related_other_id_article")
        ),
        sa.PrimaryKeyConstraint("article_id", "other_id", name=op.f("pk_article_related")),
    )
    with op.batch_alter_table("article_related", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_related_other_id"), ["other_id"], unique=False)

    op.create_table(
        "article_tag",
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("tag", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_tag_article_id_article")
        ),
        sa.PrimaryKeyConstraint("article_id", "tag", name=op.f("pk_article_tag")),
    )
    with op.batch_alter_table("article_tag", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_tag_tag"), ["tag"], unique=False)

    op.create_table(
        "article_team",
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("team_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_team_article_id_article")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_article_team_team_id_team")
        ),
        sa.PrimaryKeyConstraint("article_id", "team_id", name=op.f("pk_article_team")),
    )
    with op.batch_alter_table("article_team", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_team_team_id"), ["team_id"], unique=False)

    op.create_table(
        "article_text",
        sa.Column("id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=500), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_text_article_id_article")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_text")),
        sa.UniqueConstraint(
            "article_id", "language", name=op.f("uq_article_text_article_id_language")
        ),
    )
    op.create_table(
        "article_ticket",
        sa.Column("id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_ticket_article_id_article")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_article_ticket_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_article_ticket_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_ticket")),
        sa.UniqueConstraint(
            "article_id",
            "ticket_id",
            "kind",
            name=op.f("uq_article_ticket_article_id_ticket_id_kind"),
        ),
    )
    with op.batch_alter_table("article_ticket", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_article_ticket_ticket_id"), ["ticket_id"], unique=False
        )

    op.create_table(
        "article_use",
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_use_article_id_article")
        ),
        sa.PrimaryKeyConstraint("article_id", "day", "kind", name=op.f("pk_article_use")),
    )
    op.create_table(
        "article_draft",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("text_id", KEY, nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_article_draft_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["article_text.id"], name=op.f("fk_article_draft_text_id_article_text")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_draft")),
        sa.UniqueConstraint(
            "person_id", "text_id", name=op.f("uq_article_draft_person_id_text_id")
        ),
    )
    with op.batch_alter_table("article_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_draft_text_id"), ["text_id"], unique=False)

    op.create_table(
        "article_version",
        sa.Column("id", KEY, nullable=False),
        sa.Column("text_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=500), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_id", KEY, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("translated_from", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_article_version_author_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"],
            ["person.id"],
            name=op.f("fk_article_version_published_by_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["article_text.id"], name=op.f("fk_article_version_text_id_article_text")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_version")),
        sa.UniqueConstraint("text_id", "number", name=op.f("uq_article_version_text_id_number")),
    )
    op.create_table(
        "article_flag",
        sa.Column("id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("version_id", KEY, nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", KEY, nullable=True),
        sa.Column("answer", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_flag_article_id_article")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["person.id"], name=op.f("fk_article_flag_closed_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_article_flag_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["article_version.id"],
            name=op.f("fk_article_flag_version_id_article_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_flag")),
    )
    with op.batch_alter_table("article_flag", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_article_flag_article_id"), ["article_id"], unique=False
        )

    op.create_table(
        "article_vote",
        sa.Column("id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("comment", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_vote_article_id_article")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_article_vote_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["article_version.id"],
            name=op.f("fk_article_vote_version_id_article_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_vote")),
        sa.UniqueConstraint(
            "version_id", "person_id", name=op.f("uq_article_vote_version_id_person_id")
        ),
    )
    with op.batch_alter_table("article_vote", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_article_vote_article_id"), ["article_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_article_vote_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("article_id", KEY, nullable=True))
        batch_op.alter_column("ticket_id", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_index(batch_op.f("ix_notice_article_id"), ["article_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_notice_article_id_article"), "article", ["article_id"], ["id"]
        )

    # Who works here reads; who works tickets writes; leads and editors say what is true.
    for permission, roles in GRANTED.items():
        op.execute(
            "INSERT INTO role_permission (role_id, permission)"
            f" SELECT id, '{permission}' FROM role WHERE key IN ({roles})"
        )


def downgrade() -> None:
    op.execute("DELETE FROM role_permission WHERE permission LIKE 'kb:%'")
    op.execute("DELETE FROM notice WHERE ticket_id IS NULL")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_notice_article_id_article"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_notice_article_id"))
        batch_op.alter_column("ticket_id", existing_type=sa.INTEGER(), nullable=False)
        batch_op.drop_column("article_id")

    with op.batch_alter_table("article_vote", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_vote_person_id"))
        batch_op.drop_index(batch_op.f("ix_article_vote_article_id"))

    op.drop_table("article_vote")
    with op.batch_alter_table("article_flag", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_flag_article_id"))

    op.drop_table("article_flag")
    op.drop_table("article_version")
    with op.batch_alter_table("article_draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_draft_text_id"))

    op.drop_table("article_draft")
    op.drop_table("article_use")
    with op.batch_alter_table("article_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_ticket_ticket_id"))

    op.drop_table("article_ticket")
    op.drop_table("article_text")
    with op.batch_alter_table("article_team", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_team_team_id"))

    op.drop_table("article_team")
    with op.batch_alter_table("article_tag", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_tag_tag"))

    op.drop_table("article_tag")
    with op.batch_alter_table("article_related", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_related_other_id"))

    op.drop_table("article_related")
    with op.batch_alter_table("article_organisation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_organisation_organisation_id"))

    op.drop_table("article_organisation")
    with op.batch_alter_table("article_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_file_sha256"))

    op.drop_table("article_file")
    with op.batch_alter_table("article_event", schema=None) as batch_op:
        batch_op.drop_index("ix_article_event_article")

    op.drop_table("article_event")
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_updated")
        batch_op.drop_index(
            "ix_article_submitted",
            postgresql_where=sa.text("submitted_at IS NOT NULL"),
            sqlite_where=sa.text("submitted_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_article_state")
        batch_op.drop_index(batch_op.f("ix_article_reviewer_id"))
        batch_op.drop_index(
            "ix_article_review",
            postgresql_where=sa.text("state = 'published'"),
            sqlite_where=sa.text("state = 'published'"),
        )
        batch_op.drop_index("ix_article_owner")
        batch_op.drop_index(batch_op.f("ix_article_created_by_id"))
        batch_op.drop_index("ix_article_category")

    op.drop_table("article")
    with op.batch_alter_table("kb_category", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kb_category_parent_id"))

    op.drop_table("kb_category")

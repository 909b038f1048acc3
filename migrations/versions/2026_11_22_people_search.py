"""The words of people get an index.

Revision: 6d1f0a7c52be
Follows: 297229a8d13a
"""

from alembic import op

revision = "6d1f0a7c52be"
down_revision = "297229a8d13a"
branch_labels = None
depends_on = None


SQLITE = [
    """CREATE VIRTUAL TABLE person_fts USING fts5(
           search_text, content='person', content_rowid='id',
           tokenize="unicode61 remove_diacritics 0", prefix='2 3')""",
    """CREATE TRIGGER person_fts_insert AFTER INSERT ON person BEGIN
           INSERT INTO person_fts (rowid, search_text) VALUES (NEW.id, NEW.search_text);
       END""",
    """CREATE TRIGGER person_fts_update AFTER UPDATE OF search_text ON person
       WHEN OLD.search_text <> NEW.search_text BEGIN
           INSERT INTO person_fts (person_fts, rowid, search_text)
               VALUES ('delete', OLD.id, OLD.search_text);
           INSERT INTO person_fts (rowid, search_text) VALUES (NEW.id, NEW.search_text);
       END""",
    """CREATE TRIGGER person_fts_delete AFTER DELETE ON person BEGIN
           INSERT INTO person_fts (person_fts, rowid, search_text)
               VALUES ('delete', OLD.id, OLD.search_text);
       END""",
    "INSERT INTO person_fts (person_fts) VALUES ('rebuild')",
]
"""An index without a copy of the text. A later migration that rebuilds the table ``person`` on
SQLite loses the triggers and must create them again."""

POSTGRESQL = [
    """CREATE INDEX ix_person_fts ON person
       USING gin (array_to_tsvector(string_to_array(search_text, ' '))) WITH (fastupdate = on)""",
]


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if is_sqlite else POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER person_fts_{trigger}")
        op.execute("DROP TABLE person_fts")
    else:
        op.execute("DROP INDEX ix_person_fts")

"""Emptying a whole database: before another desk moves in, or the demo begins anew."""

from sqlalchemy import text

from helpdesk.db import db, is_postgresql

GUARDED = ("entry", "audit_entry")
"""Tables whose triggers let nothing be deleted; a whole desk that goes is not what they guard."""


def empty_database() -> None:
    """Remove every row, in the caller's transaction. Ticket numbers go on where they were."""
    # The index of words is no model; that of people follows its table.
    db.session.execute(text("DELETE FROM ticket_fts"))
    db.session.execute(text("DELETE FROM mail_fts"))
    if is_postgresql():
        names = ", ".join(table.name for table in db.metadata.sorted_tables)
        for name in GUARDED:
            db.session.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
        db.session.execute(text(f"TRUNCATE {names}"))
        for name in GUARDED:
            db.session.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER USER"))
        return
    triggers = db.session.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (:a, :b)"),
        dict(zip("ab", GUARDED, strict=True)),
    ).all()
    for trigger in triggers:
        db.session.execute(text(f"DROP TRIGGER {trigger.name}"))
    # References within a table are looked at when all of it is gone.
    db.session.execute(text("PRAGMA defer_foreign_keys = ON"))
    for table in reversed(db.metadata.sorted_tables):
        db.session.execute(table.delete())
    for trigger in triggers:
        # As it stands: text() would take a colon in it for a parameter.
        db.session.connection().exec_driver_sql(trigger.sql)

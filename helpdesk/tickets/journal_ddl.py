"""Triggers that make the journal append-only in the database itself.

Allowed on ``entry`` are exactly three things: inserting; setting ``withdrawn_at`` once (a message
taken back before it was sent); and a redaction, which sets ``redacted_at`` and empties the texts.
Nothing is ever deleted. ``audit_entry`` allows inserting alone.
"""

_FIXED = (
    "id",
    "ticket_id",
    "kind",
    "verb",
    "public",
    "inbound",
    "author_id",
    "channel",
    "happened_at",
    "recorded_at",
    "duration",
)
_TEXTS = ("body", "html", "envelope", "changes")


def _forbidden(differs: str, text_of: str) -> str:
    """Return the condition under which an update of ``entry`` is refused.

    ``differs`` is the dialect's null-safe inequality, ``text_of`` wraps a JSON column so that it
    can be compared.
    """
    fixed = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in _FIXED)
    texts = " OR ".join(
        f"{text_of.format('NEW.' + name)} {differs} {text_of.format('OLD.' + name)}"
        for name in _TEXTS
    )
    return (
        f"({fixed})"
        " OR (OLD.redacted_at IS NOT NULL)"
        f" OR (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at {differs} OLD.withdrawn_at)"
        f" OR (({texts}) AND NEW.redacted_at IS NULL)"
        " OR (NEW.redacted_at IS NOT NULL AND (NEW.body <> '' OR NEW.html IS NOT NULL))"
    )


SQLITE = (
    (
        "CREATE TRIGGER entry_append_only BEFORE UPDATE ON entry"
        f" WHEN {_forbidden('IS NOT', '{}')}"
        " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    ),
    (
        "CREATE TRIGGER entry_keep BEFORE DELETE ON entry"
        " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    ),
    (
        "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE ON audit_entry"
        " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    ),
    (
        "CREATE TRIGGER audit_entry_keep BEFORE DELETE ON audit_entry"
        " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    ),
)

POSTGRESQL = (
    (
        "CREATE FUNCTION hearth_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    ),
    (
        "CREATE TRIGGER entry_append_only BEFORE UPDATE ON entry FOR EACH ROW"
        f" WHEN ({_forbidden('IS DISTINCT FROM', '{}::text')})"
        " EXECUTE FUNCTION hearth_append_only()"
    ),
    (
        "CREATE TRIGGER entry_keep BEFORE DELETE ON entry FOR EACH ROW"
        " EXECUTE FUNCTION hearth_append_only()"
    ),
    (
        "CREATE TRIGGER entry_not_emptied BEFORE TRUNCATE ON entry"
        " EXECUTE FUNCTION hearth_append_only()"
    ),
    (
        "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW"
        " EXECUTE FUNCTION hearth_append_only()"
    ),
)

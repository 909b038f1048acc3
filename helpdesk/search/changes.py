"""Saying what changed, so that the index of every host follows."""

from sqlalchemy import BigInteger, cast, func, insert
from sqlalchemy import String as Text

from helpdesk.db import db, is_postgresql
from helpdesk.lib.clock import now
from helpdesk.search.models import Change


def changed(kind: str, *ids: int) -> None:
    """Note that these documents are new, other or gone. In the same transaction as the change.

    Nothing is read or indexed here and nothing is committed: a row a document, which every host
    follows within two seconds of the commit.
    """
    if not ids:
        return
    moment = now()
    rows = [
        {"kind": kind, "document_id": document_id, "at": moment}
        for document_id in dict.fromkeys(ids)
    ]
    # The number of the transaction, which PostgreSQL casts to a number by way of text only.
    xid = cast(cast(func.pg_current_xact_id(), Text), BigInteger) if is_postgresql() else 0
    db.session.execute(insert(Change).values([{**row, "xid": xid} for row in rows]))

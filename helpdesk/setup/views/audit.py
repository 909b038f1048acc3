"""The audit log."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Response, render_template, request, url_for

from helpdesk.db import db
from helpdesk.lib import csvfile
from helpdesk.people import audit, guard
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import require
from helpdesk.people.roles import PERMISSIONS
from helpdesk.people.views.listing import csv_response
from helpdesk.setup import audit_words, queries
from helpdesk.setup.views.blueprint import bp
from helpdesk.web.i18n import reader_zone

YEARS = range(1970, 2200)
"""Days that can be meant; the calendar's ends would overflow in some time zone."""


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _narrowed(topic: str) -> queries.AuditFilter:
    return queries.AuditFilter(
        person_id=request.args.get("person", type=int),
        actions=audit_words.actions_of(topic),
        since=_day("since"),
        until=_day("until"),
        zone=reader_zone(),
    )


@bp.get("/audit/export.csv")
@require(Permission.AUDIT_READ)
def export_audit() -> Response:
    """Send the log as a file, as it is narrowed; times are UTC, changes JSON."""
    actor = guard.current_actor()
    narrowed = _narrowed(request.args.get("topic", ""))
    asked = request.query_string.decode("utf-8", "replace")
    audit.record_export(actor, "audit", asked, request.remote_addr or "")
    header = ("Time", "Who", "Action", "Type", "Number", "Name", "Changes", "Address")
    return csv_response(csvfile.lines(header, _lines(actor, narrowed)), "audit")


def _lines(actor: Actor, narrowed: queries.AuditFilter) -> Iterator[list[object]]:
    before: int | None = None
    more = True
    while more:
        entries, more = queries.audit_page(actor, narrowed, before, size=500)
        for entry in entries:
            yield [
                entry.at.isoformat(timespec="seconds"),
                entry.actor.name if entry.actor is not None else "",
                entry.action,
                entry.subject_type,
                entry.subject_id if entry.subject_id is not None else "",
                entry.subject_label,
                json.dumps(entry.changes, ensure_ascii=False) if entry.changes else "",
                entry.address,
            ]
        before = entries[-1].id if entries else None
        # What was read is not needed again, and a log may be long.
        db.session.expunge_all()


@bp.get("/audit")
@require(Permission.AUDIT_READ)
def audit_log() -> Any:
    """Show who did what to access and to the set-up, newest first."""
    topic = request.args.get("topic", "")
    narrowed = _narrowed(topic)
    before = request.args.get("before", type=int)
    entries, more = queries.audit_page(guard.current_actor(), narrowed, before)
    kept: dict[str, Any] = {
        "person": narrowed.person_id,
        "topic": topic if narrowed.actions else None,
        "since": narrowed.since,
        "until": narrowed.until,
    }
    older = url_for("setup.audit_log", before=entries[-1].id, **kept) if more else None
    newest = url_for("setup.audit_log", **kept) if before is not None else None
    return render_template(
        "setup/audit.html",
        place="audit",
        entries=entries,
        older=older,
        newest=newest,
        kept=kept,
        is_narrowed=any(value is not None for value in kept.values()),
        people=queries.staff_accounts(),
        topics=audit_words.topics(),
        words=audit_words,
        permissions=PERMISSIONS,
    )

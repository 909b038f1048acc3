"""The audit log."""

from datetime import date
from typing import Any

from flask import render_template, request, url_for

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.guard import require
from helpdesk.people.roles import PERMISSIONS
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


@bp.get("/audit")
@require(Permission.AUDIT_READ)
def audit_log() -> Any:
    """Show who did what to access and to the set-up, newest first."""
    topic = request.args.get("topic", "")
    narrowed = queries.AuditFilter(
        person_id=request.args.get("person", type=int),
        actions=audit_words.actions_of(topic),
        since=_day("since"),
        until=_day("until"),
        zone=reader_zone(),
    )
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

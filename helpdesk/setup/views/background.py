"""What runs by itself: each job, when it ran last and comes next, and what fails."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import current_app, render_template
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk import jobs
from helpdesk.db import db
from helpdesk.jobs import Job, JobRun
from helpdesk.lib.clock import now
from helpdesk.people.access import Permission
from helpdesk.people.guard import require
from helpdesk.setup.views.blueprint import bp

PATIENCE = timedelta(minutes=1)
"""A job is late when it should have run so long ago; short ones are written down now and then."""

NAMES = {
    "escalate": _l("Escalate promises that are in danger"),
    "send_mail": _l("Send mail"),
    "send_later_answers": _l("Send answers whose moment has come"),
    "file_delivered_mail": _l("File mail that was brought"),
    "keep_access": _l("Keep access to mailboxes"),
    "file_forgotten_mail": _l("File mail that was left lying"),
    "warn_of_keys": _l("Warn of keys for mail that end"),
    "judge_risks": _l("Look which tickets are at risk"),
    "watch_for_spikes": _l("Look whether many people have the same"),
    "ask_for_new_times": _l("Ask for new times once those told have passed"),
    "wake_snoozed": _l("Wake tickets whose time has come"),
    "close_resolved": _l("Close what was resolved"),
    "empty_bin": _l("Empty the bin"),
    "forget_drafts": _l("Forget old drafts"),
    "remove_orphans": _l("Remove files that nothing refers to"),
    "tidy": _l("Tidy up"),
    "sweep_sessions": _l("End old sessions"),
    "index_renamed": _l("Find tickets by new names"),
    "forget_article_drafts": _l("Delete changes of articles that nobody saved"),
    "forget_searches": _l("Forget what was searched for long ago"),
    "compare_articles": _l("Look for articles that say the same"),
    "forget_notices": _l("Forget old notices"),
    "tell_customers": _l("Tell customers what they should hear"),
    "mail_notices": _l("Mail notices to staff"),
    "remind_of_reviews": _l("Tell owners which articles are due for review"),
    "call_webhooks": _l("Call webhooks"),
    "forget_calls": _l("Forget old calls of webhooks"),
    "run_due_rules": _l("Rules about time"),
    "forget_runs": _l("Old history of rules"),
    "forget_search_changes": _l("Forget what the search has followed"),
    "forget_macro_runs": _l("Old history of macros"),
}


class Health(StrEnum):
    """How a job is."""

    NEVER = "never"
    FINE = "fine"
    LATE = "late"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Line:
    """One job as the page shows it."""

    job: Job
    name: str
    health: Health
    run: JobRun | None
    next_at: datetime | None


def line_of(each: Job, run: JobRun | None, moment: datetime) -> Line:
    """Return how a job is at a moment."""
    name = str(NAMES.get(each.name, each.name))
    if run is None:
        return Line(each, name, Health.NEVER, None, None)
    next_at = run.started_at + timedelta(seconds=max(each.every, jobs.RECORD_EVERY))
    if run.failures:
        health = Health.FAILING
    else:
        health = Health.LATE if moment > next_at + PATIENCE else Health.FINE
    return Line(each, name, health, run, max(next_at, moment))


@bp.get("/background")
@require(Permission.SETUP_DESK)
def background_work() -> str:
    """Show every job; what fails stands first."""
    runs = {row.name: row for row in db.session.scalars(select(JobRun))}
    moment = now()
    known: list[Job] = current_app.extensions["hearth-jobs"]
    lines = [line_of(each, runs.get(each.name), moment) for each in known]
    order = [Health.FAILING, Health.LATE, Health.NEVER, Health.FINE]
    return render_template(
        "setup/background.html",
        place="work",
        lines=sorted(lines, key=lambda line: (order.index(line.health), line.name)),
        leads=jobs.somebody_leads(),
    )

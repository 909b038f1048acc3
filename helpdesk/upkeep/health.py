"""What machines ask: is it alive, is it ready, and figures for Prometheus.

``/health/live`` answers while the process does, for whoever restarts it. ``/health/ready``
answers 503 while the database can't be reached or has other tables than this program, for a load
balancer. ``/metrics`` needs the token of the setting ``HEARTH_METRICS_TOKEN`` and is not there
without one. None of them tells anything about tickets or people but numbers.
"""

import hmac
from collections.abc import Iterator
from functools import cache

from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from helpdesk import jobs
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.guard import public
from helpdesk.sla.models import Clock
from helpdesk.tickets.models import Worklist
from helpdesk.upkeep.migrations import newest

bp = Blueprint("health", __name__)

Sample = tuple[str, str, str, dict[str, str], float]
"""Name, type, help, labels and value of one figure."""


@bp.get("/health/live")
@public
def live() -> Response:
    """Say that this process answers."""
    return Response("alive\n", mimetype="text/plain")


@bp.get("/health/ready")
@public
def ready() -> Response:
    """Say whether this process can serve: its database answers and has its tables."""
    try:
        found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        current_app.logger.exception("not ready: the database does not answer")
        return Response("the database does not answer\n", 503, mimetype="text/plain")
    if found != _newest():
        return Response("the database needs an upgrade\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


_newest = cache(newest)


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Answer figures in the text format of Prometheus to whoever has the token."""
    settings: Settings = current_app.config["SETTINGS"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.metrics_token:
        abort(404)
    if not hmac.compare_digest(given.encode(), settings.metrics_token.encode()):
        return Response(
            "a token is needed\n", 401, {"WWW-Authenticate": "Bearer"}, mimetype="text/plain"
        )
    return Response(exposition(samples()), content_type="text/plain; version=0.0.4; charset=utf-8")


def samples() -> Iterator[Sample]:
    """Yield the figures, each from an index over what is open."""
    yield (
        "hearth_worker_leading",
        "gauge",
        "Whether a background worker leads right now",
        {},
        float(jobs.somebody_leads()),
    )
    for row in db.session.scalars(select(jobs.JobRun).order_by(jobs.JobRun.name)):
        labels = {"job": row.name}
        if row.succeeded_at is not None:
            yield (
                "hearth_job_last_success_timestamp_seconds",
                "gauge",
                "When a job last went well",
                labels,
                row.succeeded_at.timestamp(),
            )
        yield (
            "hearth_job_failures",
            "gauge",
            "How often a job failed since it last went well",
            labels,
            float(row.failures),
        )
    waiting = select(func.count()).where(
        OutboxMessage.state.in_((Sending.QUEUED.value, Sending.CLAIMED.value))
    )
    yield (
        "hearth_outbox_waiting",
        "gauge",
        "Messages that wait to be sent",
        {},
        float(db.session.scalar(waiting) or 0),
    )
    failed = select(func.count()).where(OutboxMessage.state == Sending.FAILED.value)
    yield (
        "hearth_outbox_failed",
        "gauge",
        "Messages that could not be sent",
        {},
        float(db.session.scalar(failed) or 0),
    )
    open_work = select(func.count(Worklist.ticket_id.distinct()))
    yield (
        "hearth_tickets_unfinished",
        "gauge",
        "Tickets that are not finished",
        {},
        float(db.session.scalar(open_work) or 0),
    )
    late = select(func.count()).where(Clock.next_at < now())
    yield (
        "hearth_escalations_waiting",
        "gauge",
        "Clocks whose next step has come up and is not done yet",
        {},
        float(db.session.scalar(late) or 0),
    )


def exposition(found: Iterator[Sample]) -> str:
    """Return figures in the text format of Prometheus, version 0.0.4."""
    lines: list[str] = []
    described: set[str] = set()
    for name, kind, words, labels, value in found:
        if name not in described:
            described.add(name)
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.15g}" if inside else f"{name} {value:.15g}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

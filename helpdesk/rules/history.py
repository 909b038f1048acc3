"""What rules and the steps of policies did, and why an entry of the journal is there."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, literal, select, tuple_
from sqlalchemy.orm import joinedload

from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.rules.models import Rule, RuleEntry, RuleRun
from helpdesk.sla.models import Policy, StepDone
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible

PAGE = 50
KEPT = timedelta(days=180)
FORGOTTEN_AT_ONCE = 2000


def runs_of(actor: Actor, rule: Rule, *, before: int | None = None) -> Sequence[RuleRun]:
    """Return a page of a rule's runs, newest first, one more than a page if there is more.

    Only of tickets that the actor may see. Raises Denied.
    """
    actor.demand(Permission.RULE_VIEW)
    statement = (
        select(RuleRun)
        .join(Ticket, Ticket.id == RuleRun.ticket_id)
        .where(RuleRun.rule_id == rule.id, visible(actor))
        .options(joinedload(RuleRun.ticket))
        .order_by(RuleRun.at.desc(), RuleRun.id.desc())
        .limit(PAGE + 1)
    )
    last = db.session.get(RuleRun, before) if before is not None else None
    if last is not None:
        older = (RuleRun.at < last.at) | ((RuleRun.at == last.at) & (RuleRun.id < last.id))
        statement = statement.where(older)
    return db.session.scalars(statement).all()


def steps_of(actor: Actor, policy: Policy, *, before: str = "") -> Sequence[StepDone]:
    """Return a page of what a policy's steps did, as ``runs_of`` does for a rule. Raises Denied.

    ``before`` is the ``place`` of the last one that was shown.
    """
    actor.demand(Permission.RULE_VIEW)
    order = (
        *(StepDone.done_at, StepDone.ticket_id, StepDone.piece, StepDone.promise),
        *(StepDone.round, StepDone.step),
    )
    statement = (
        select(StepDone)
        .join(Ticket, Ticket.id == StepDone.ticket_id)
        .where(StepDone.policy_id == policy.id, visible(actor))
        .options(joinedload(StepDone.ticket))
        .order_by(*(column.desc() for column in order))
        .limit(PAGE + 1)
    )
    at = _read_place(before)
    if at is not None:
        statement = statement.where(tuple_(*order) < tuple_(*(literal(one) for one in at)))
    return db.session.scalars(statement).all()


def place(row: StepDone) -> str:
    """Return where a step that was done stands among those of its policy."""
    parts = (row.ticket_id, row.piece, row.promise, row.round, row.step)
    return "~".join((row.done_at.isoformat(), *(str(part) for part in parts)))


def _read_place(written: str) -> tuple[datetime, int, int, str, int, str] | None:
    """Return a place as it was written into an address; None for what is none."""
    parts = written.split("~", 5)
    try:
        at, ticket, piece, promise, round_, step = parts
        return datetime.fromisoformat(at), int(ticket), int(piece), promise, int(round_), step
    except ValueError:
        return None


def why(entry_ids: Collection[int]) -> Mapping[int, RuleRun]:
    """Return the runs that wrote these entries, by entry. The reader may see the ticket."""
    if not entry_ids:
        return {}
    rows = db.session.execute(
        select(RuleEntry.entry_id, RuleRun)
        .join(RuleRun, RuleRun.id == RuleEntry.run_id)
        .where(RuleEntry.entry_id.in_(entry_ids))
        .options(joinedload(RuleRun.rule))
    )
    return {entry_id: run for entry_id, run in rows}  # noqa: C416 (rows are no pairs to a checker)


@job(every=3600)
def forget_runs() -> int:
    """Delete runs that are older than anybody looks at, some at a time."""
    total = 0
    while True:
        with transaction():
            old = (
                select(RuleRun.id)
                .where(RuleRun.at < now() - KEPT)
                .order_by(RuleRun.at)
                .limit(FORGOTTEN_AT_ONCE)
            )
            keys = db.session.scalars(old).all()
            db.session.execute(delete(RuleEntry).where(RuleEntry.run_id.in_(keys)))
            db.session.execute(delete(RuleRun).where(RuleRun.id.in_(keys)))
        total += len(keys)
        if len(keys) < FORGOTTEN_AT_ONCE:
            return total

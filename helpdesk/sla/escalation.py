"""Escalation: what happens by itself before and after a promise is missed, once each.

The next thing to happen to a clock stands in its row and in an index, and whoever halts, keeps or
changes the clock writes it anew in the same transaction. The sweep claims rows that have come up,
a batch at a time and with their tickets locked; whatever another process holds it leaves to that.
What it does and that it was done are one transaction: a process that dies has done nothing, and
the next sweep does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value

from helpdesk.db import db, transaction
from helpdesk.events import publish
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import TeamMember
from helpdesk.rows import change_rows, write_rows
from helpdesk.sla import owners, stored
from helpdesk.sla.clocks import Promise
from helpdesk.sla.coming import MISSED, Coming, Key, coming, key_of, steps_done
from helpdesk.sla.events import (
    PromiseInDanger,
    PromisesInDanger,
    StepRunsRule,
    SuppliersToRemind,
    SupplierToRemind,
)
from helpdesk.sla.missed import happened, note_missed
from helpdesk.sla.models import Clock, StepDone
from helpdesk.sla.parts import Part, parts_of
from helpdesk.sla.policy import Do, Step
from helpdesk.sla.resting import Leash, leashes, sends
from helpdesk.sla.standing import WHOLE
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue, Supplier
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.services.act import Manner, done_together
from helpdesk.tickets.services.due import Happened, record_promises
from helpdesk.tickets.services.suppliers import waits_for_supplier

BATCH = 500
"""Clocks that are dealt with in one transaction."""


@dataclass(slots=True)
class _Batch:
    """What the clocks of one transaction share."""

    moment: datetime
    done: dict[Key, set[str]]
    # Who holds an open assignment of a ticket that nobody owns.
    holding: dict[int, list[int]]
    leads: dict[int, list[int]] = field(default_factory=dict)
    told: list[Happened] = field(default_factory=list)
    danger: list[PromiseInDanger] = field(default_factory=list)
    remind: list[SupplierToRemind] = field(default_factory=list)
    # What the steps of policies may still do, by the keys of the policies.
    leashes: dict[int, Leash] = field(default_factory=dict)
    # What is not in the database yet.
    steps: list[dict[str, object]] = field(default_factory=list)
    missed: list[Clock] = field(default_factory=list)
    dealt_with: list[Clock] = field(default_factory=list)

    def write(self) -> None:
        """Write down what was done so far.

        At the end, and before a step changes a ticket: its clocks are then worked out anew, by
        what the database says was done.
        """
        write_rows(StepDone, self.steps)
        change_rows(
            Clock,
            [
                {"id": clock.id, "missed_at": clock.missed_at, "next_at": clock.next_at}
                for clock in self.dealt_with
            ],
        )
        note_missed(self.missed)
        for written in (self.steps, self.dealt_with, self.missed):
            written.clear()

    def lets(self, clock: Clock, step: Step) -> bool:
        """Whether a step may be done, or its policy rests."""
        return self.leashes[stored.policy_of(clock.policy_version_id)].lets(clock.ticket_id, step)


@job(every=5)
def escalate() -> int:
    """Do what has come up; returns how many clocks were dealt with."""
    count = 0
    while found := sweep():
        count += found
    return count


def sweep(limit: int = BATCH) -> int:
    """Deal with up to ``limit`` clocks whose next moment has come, in one transaction."""
    with transaction():
        return deal_with_due(limit)


def deal_with_due(limit: int = BATCH) -> int:
    """Do the same within the caller's transaction."""
    moment = now()
    rows = db.session.execute(
        select(Clock, Ticket)
        .join(Ticket, Ticket.id == Clock.ticket_id)
        .where(Clock.next_at <= moment)
        .order_by(Clock.next_at)
        .limit(limit)
        .with_for_update(of=(Clock, Ticket), skip_locked=True)
    ).all()
    if rows:
        batch = _Batch(
            moment,
            done=steps_done([clock for clock, _ticket in rows]),
            holding=_holding([ticket for _clock, ticket in rows if ticket.owner_id is None]),
            leashes=leashes(clock.policy_version_id for clock, _ticket in rows),
        )
        _load_parts([clock for clock, _ticket in rows])
        with db.session.no_autoflush:
            for clock, ticket in rows:
                # What was done for one clock may have ended another of the same ticket.
                if clock in db.session:
                    _deal_with(batch, clock, ticket)
        batch.write()
        record_promises(batch.told)
        publish(PromisesInDanger(tuple(batch.danger)))
        if batch.remind:
            publish(SuppliersToRemind(tuple(batch.remind)))
    return len(rows)


def _load_parts(clocks: Sequence[Clock]) -> None:
    """Read the assignments of tickets whose parts or suppliers have come up, in one query."""
    numbers = [clock.ticket_id for clock in clocks if clock.piece != WHOLE]
    if numbers:
        db.session.scalars(
            select(Ticket).where(Ticket.id.in_(numbers)).options(selectinload(Ticket.assignments))
        ).all()


def _deal_with(batch: _Batch, clock: Clock, ticket: Ticket) -> None:
    """Do all that has come up for one clock, and say when its next moment comes."""
    done = batch.done.setdefault(key_of(clock), set())
    next_at: datetime | None = None
    for one in coming(clock, done):
        if one.at > batch.moment:
            next_at = one.at
            break
        name = one.step.key if one.step else MISSED
        done.add(name)
        rests = one.step is not None and not batch.lets(clock, one.step)
        batch.steps.append(
            {
                "ticket_id": clock.ticket_id,
                "piece": clock.piece,
                "promise": clock.promise,
                "round": clock.round,
                "step": name,
                "done_at": batch.moment,
                "policy_id": stored.policy_of(clock.policy_version_id) if one.step else None,
                "sent": sends(one.step) if one.step and not rests else 0,
                "rested": rests,
            }
        )
        if one.step is None:
            # Written with the others of the batch: the session need not look for it.
            set_committed_value(clock, "missed_at", clock.due_at)
            batch.missed.append(clock)
            batch.told.append(happened(ticket, clock, one.at))
        elif not rests and _do(batch, one, clock, ticket):
            # Another priority or queue changed what is promised: what follows is worked out anew.
            next_at = next((later.at for later in coming(clock, done)), None)
            break
    set_committed_value(clock, "next_at", next_at)
    batch.dealt_with.append(clock)


def _do(batch: _Batch, one: Coming, clock: Clock, ticket: Ticket) -> bool:
    """Do one step; returns whether it changed the ticket itself."""
    step = one.step
    assert step is not None
    if step.do in {Do.WARN_OWNER, Do.TELL_LEADS}:
        if step.do is Do.WARN_OWNER:
            people = _owners(batch, clock, ticket)
        else:
            people = _leads(batch, _queue_of(clock, ticket))
        assert clock.due_at is not None
        batch.danger.append(
            PromiseInDanger(
                ticket_id=ticket.id,
                promise=Promise(clock.promise),
                due_at=clock.due_at,
                missed=clock.missed_at is not None,
                people=tuple(people),
                whose=owners.whose(ticket, clock.piece).get("whose", ""),
            )
        )
        said: dict[str, object] = {
            "promise": clock.promise,
            "people": people,
            "percent": step.percent,
            **_whose_step(clock, step),
            **owners.whose(ticket, clock.piece),
        }
        batch.told.append(Happened(ticket.id, "promise-warned", one.at, said))
        return False
    if step.do in {Do.MAIL, Do.WEBHOOK}:
        _outside(batch, one, clock, ticket)
        return False
    if step.do is Do.RUN_RULE:
        batch.dealt_with.append(clock)
        batch.write()
        publish(StepRunsRule(ticket, int(step.target)))
        return True
    if step.do is Do.RAISE and ticket.priority > 1:
        batch.dealt_with.append(clock)
        batch.write()
        with done_together(_in_its_name(batch, clock, step)):
            services.set_priority(SYSTEM, ticket, ticket.priority - 1)
        return True
    if step.do is Do.MOVE and step.queue_id not in {None, _queue_of(clock, ticket)}:
        queue = db.session.get_one(Queue, step.queue_id)
        if queue.retired_at is not None:
            return False
        part = _part_of(clock, ticket)
        batch.dealt_with.append(clock)
        batch.write()
        with done_together(_in_its_name(batch, clock, step)):
            services.hand_over(
                SYSTEM,
                ticket,
                services.Target(queue),
                assignment_id=part.last.id if part is not None else None,
                reason=_MOVED,
            )
        return True
    if step.do is Do.REMIND and clock.piece < WHOLE and clock.due_at is not None:
        if not db.session.get_one(Supplier, -clock.piece).email:
            return False
        said = {
            "promise": clock.promise,
            "percent": step.percent,
            **_whose_step(clock, step),
            **owners.whose(ticket, clock.piece),
        }
        batch.told.append(Happened(ticket.id, "promise-reminded", one.at, said))
        missed = clock.missed_at is not None
        batch.remind.append(SupplierToRemind(ticket.id, -clock.piece, clock.due_at, missed))
    return False


def _whose_step(clock: Clock, step: Step) -> dict[str, object]:
    """Return what the journal keeps so that it can be told why a step was done."""
    return {"policy_version": clock.policy_version_id, "step": step.key}


def _in_its_name(batch: _Batch, clock: Clock, step: Step) -> Manner:
    """Return the manner in which a policy changes a ticket: the journal names it."""
    policy = batch.leashes[stored.policy_of(clock.policy_version_id)].policy
    return Manner(by={"policy": policy.id, "name": policy.name, **_whose_step(clock, step)})


def _outside(batch: _Batch, one: Coming, clock: Clock, ticket: Ticket) -> None:
    """Tell somebody by mail, or another program; the rooms above write what leaves the house."""
    step = one.step
    assert step is not None
    assert clock.due_at is not None
    mails = step.do is Do.MAIL
    leads = _leads(batch, _queue_of(clock, ticket)) if mails and not step.target else []
    batch.danger.append(
        PromiseInDanger(
            ticket_id=ticket.id,
            promise=Promise(clock.promise),
            due_at=clock.due_at,
            missed=clock.missed_at is not None,
            people=tuple(leads),
            by_mail=mails,
            address=step.target if mails else "",
            webhook_id=None if mails else int(step.target),
            whose=owners.whose(ticket, clock.piece).get("whose", ""),
        )
    )
    said: dict[str, object] = {
        "promise": clock.promise,
        "percent": step.percent,
        "by": step.do.value,
        "to": step.target if mails else None,
        **_whose_step(clock, step),
        **owners.whose(ticket, clock.piece),
    }
    batch.told.append(Happened(ticket.id, "promise-warned", one.at, said))


_MOVED = "Escalated: a promise is in danger"


def _part_of(clock: Clock, ticket: Ticket) -> Part | None:
    """Return the part that a clock is about; None when it is about something else."""
    return parts_of(ticket.assignments).get(clock.piece) if clock.piece > WHOLE else None


def _queue_of(clock: Clock, ticket: Ticket) -> int:
    """Return the queue whose work a clock is about."""
    part = _part_of(clock, ticket)
    return part.queue_id if part is not None else ticket.queue_id


def _owners(batch: _Batch, clock: Clock, ticket: Ticket) -> list[int]:
    """Return whom a warning reaches.

    About a part, whoever has it, else the leads of its queue. About a supplier that only parts
    wait for, who holds those, else the leads of their queues. Otherwise the owner, else who
    holds an assignment, else the leads.
    """
    part = _part_of(clock, ticket)
    if part is not None:
        holder = part.last.technician_id
        return [holder] if holder is not None else _leads(batch, part.queue_id)
    if clock.piece < WHOLE and (rows := _waiting_for(-clock.piece, ticket)):
        holders = [row.technician_id for row in rows if row.technician_id is not None]
        leads = [one for row in rows for one in _leads(batch, row.queue_id)]
        return list(dict.fromkeys(holders or leads))
    if ticket.owner_id is not None:
        return [ticket.owner_id]
    return batch.holding.get(ticket.id) or _leads(batch, ticket.queue_id)


def _waiting_for(supplier_id: int, ticket: Ticket) -> list[Assignment]:
    """Return the assignments that wait for a supplier; none when the whole ticket does."""
    if waits_for_supplier(ticket) and ticket.supplier_id == supplier_id:
        return []
    return [
        row
        for row in ticket.assignments
        if row.waits_since is not None and row.supplier_id == supplier_id
    ]


def _holding(tickets: list[Ticket]) -> dict[int, list[int]]:
    """Return who holds an open assignment, by ticket."""
    found: dict[int, list[int]] = {}
    if tickets:
        rows = db.session.execute(
            select(Assignment.ticket_id, Assignment.technician_id)
            .where(
                Assignment.ticket_id.in_([ticket.id for ticket in tickets]),
                Assignment.state.in_(sorted(OPEN_ASSIGNMENT)),
                Assignment.technician_id.is_not(None),
            )
            .distinct()
            .order_by(Assignment.technician_id)
        )
        for ticket_id, technician_id in rows:
            if technician_id is not None:
                found.setdefault(ticket_id, []).append(technician_id)
    return found


def _leads(batch: _Batch, queue_id: int) -> list[int]:
    """Return the leads of the team whose queue it is; a team without leads is told as a whole."""
    if queue_id not in batch.leads:
        members = db.session.execute(
            select(TeamMember.person_id, TeamMember.is_lead)
            .join(Queue, Queue.team_id == TeamMember.team_id)
            .where(Queue.id == queue_id)
            .order_by(TeamMember.person_id)
        ).all()
        found = [key for key, is_lead in members if is_lead] or [key for key, _ in members]
        batch.leads[queue_id] = found
    return batch.leads[queue_id]

"""Assignments: who works on which piece. Hand over moves one, add opens another beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l

from helpdesk.db import db
from helpdesk.people.absent import stand_in
from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import UNFINISHED, StatusClass
from helpdesk.tickets.models import Assignment, Entry, Ticket
from helpdesk.tickets.next_up import Reason
from helpdesk.tickets.services import choose, waits
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.audience import may_read
from helpdesk.tickets.services.errors import Refused


@dataclass(frozen=True, slots=True)
class Target:
    """Where a piece of work goes: a queue, or one of its technicians."""

    queue: Queue
    technician: Person | None = None
    note: str = ""
    even_if_away: bool = False
    """Whether somebody who is away gets it all the same."""
    instead_of: str = ""
    """The name of who was meant, when it goes to who covers for them."""

    @property
    def label(self) -> str:
        """Name the target as the journal does."""
        return f"{self.queue.name}: {self.technician.name}" if self.technician else self.queue.name


def label_of(row: Assignment) -> str:
    """Name an assignment as the journal does."""
    return f"{row.queue.name}: {row.technician.name}" if row.technician else row.queue.name


def check_open(ticket: Ticket) -> None:
    """Raise Refused when the ticket is finished, binned or merged."""
    if ticket.hidden_at is not None or ticket.status_class not in UNFINISHED:
        raise Refused("ticket-finished", _l("This ticket is finished. Reopen it first."))


def check_target(target: Target) -> None:
    """Raise Refused when the queue or the technician takes no more work."""
    if target.queue.retired_at is not None:
        raise Refused("queue-retired", _l("This queue is no longer in use."), "queue")
    if target.technician is not None and (
        target.technician.retired_at is not None or not target.technician.is_technician
    ):
        raise Refused("technician-gone", _l("This technician takes no tickets."), "technician")


def around_absence(actor: Actor, ticket: Ticket, target: Target) -> Target:
    """Return where work goes that is meant for somebody who is away: to who covers for them.

    One's own work is one's own business. Nobody comes to read a restricted ticket by covering.
    Raises Refused when nobody covers.
    """
    technician = target.technician
    if technician is None or target.even_if_away or technician.id == actor.person_id:
        return target
    found = stand_in(technician.id)
    if found == technician.id:
        return target
    cover = db.session.get(Person, found) if found is not None else None
    secret = ticket.restricted or target.queue.restricted
    if (
        cover is None
        or cover.retired_at is not None
        or not cover.is_technician
        or (secret and not may_read(ticket, cover.id))
    ):
        raise Refused(
            "technician-away",
            _l("%(name)s is away and nobody covers for them.", name=technician.name),
            "technician",
        )
    return replace(target, technician=cover, instead_of=technician.name)


def _note_cover(act: Act, targets: Iterable[Target]) -> None:
    names = [target.instead_of for target in targets if target.instead_of]
    if names:
        act.note_change("covering", None, names)


def find_open(ticket: Ticket, assignment_id: int) -> Assignment:
    """Return an open assignment of the ticket. Raises Refused when it has ended."""
    for row in ticket.assignments:
        if row.id == assignment_id and row.state in {"assigned", "acknowledged"}:
            return row
    raise Refused("assignment-ended", _l("This assignment has already ended."))


def add(
    actor: Actor,
    ticket: Ticket,
    targets: list[Target],
    *,
    first_wins: bool = False,
    undo_for: int = 0,
) -> Entry:
    """Open assignments beside those that exist.

    With ``first_wins`` the first to acknowledge closes the others given out with it. Raises
    Denied, Refused.
    """
    check_open(ticket)
    if not targets:
        raise Refused("target-missing", _l("Choose a queue or a technician."), "queue")
    targets = [around_absence(actor, ticket, target) for target in targets]
    act = Act(actor, ticket)
    rows = []
    for target in targets:
        check_target(target)
        rows.append(
            act.assign(
                queue_id=target.queue.id,
                technician_id=target.technician.id if target.technician else None,
                note=target.note[:300],
                first_wins=first_wins and len(targets) > 1,
            )
        )
    db.session.flush()
    for row in rows[1:] if len(rows) > 1 else []:
        row.parallel_group = rows[0].id
    if len(rows) > 1:
        rows[0].parallel_group = rows[0].id
    # The first technician named on a ticket without an owner answers for the whole of it.
    named = next((target.technician for target in targets if target.technician), None)
    if ticket.owner_id is None and named is not None:
        act.set("owner_id", named.id)
    _show_assigned(act)
    act.note_change("assigned", None, [target.label for target in targets])
    _note_cover(act, targets)
    return act.done("assign", undo_for=undo_for)


def hand_over(
    actor: Actor,
    ticket: Ticket,
    target: Target,
    *,
    assignment_id: int | None = None,
    reason: str = "",
    returning: bool = False,
    sorting: bool = False,
    undo_for: int = 0,
) -> Entry:
    """Move one assignment to another queue or technician.

    Without ``assignment_id`` the actor's own open assignment moves, else the only one there is.
    Naming a technician within the queue where nobody has it yet is no hand-over: nothing leaves
    anybody's hands, no reason is asked and nothing is counted. With ``sorting`` the same holds for
    another queue, as long as nobody has begun. Raises Denied, Refused.
    """
    check_open(ticket)
    target = around_absence(actor, ticket, target)
    check_target(target)
    act = Act(actor, ticket)
    row = (
        find_open(ticket, assignment_id)
        if assignment_id is not None
        else _movable(actor, act.open_assignments())
    )
    technician_id = target.technician.id if target.technician else None
    if row is None:
        return add(actor, ticket, [target], undo_for=undo_for)
    if row.queue_id == target.queue.id and row.technician_id == technician_id:
        raise Refused("same-target", _l("It is there already."), "queue")
    before = label_of(row)
    begun = row.technician_id is not None or row.state == "acknowledged"
    leaves = begun or row.queue_id != target.queue.id
    if leaves:
        if not reason.strip() and not returning and not (sorting and not begun):
            raise Refused("reason-missing", _l("Say why you hand it over."), "reason")
        row.state, row.ended_at = "withdrawn", act.at
        moved = act.assign(
            queue_id=target.queue.id,
            technician_id=technician_id,
            note=(target.note or reason)[:300],
            moved_from_id=row.id,
        )
        if row.queue_id == target.queue.id and not returning and row.waits_since is not None:
            db.session.flush()
            waits.carry(row, moved, act.changes)
        # What goes back to where it came from is taken back, not handed on.
        counted = not returning and (begun or not sorting)
        act.set_quietly(handovers=ticket.handovers + int(counted))
    else:
        row.technician_id, row.assigned_at, row.assigned_by_id = (
            technician_id,
            act.at,
            actor.person_id,
        )
        row.note = target.note[:300] or row.note
        row.technician = target.technician
    if row.queue_id == ticket.queue_id or len(act.open_assignments()) <= 1:
        act.set("queue_id", target.queue.id)
    if ticket.owner_id is None or (leaves and ticket.owner_id == row.technician_id):
        act.set("owner_id", technician_id)
    _show_assigned(act)
    act.note_change("assigned", before, target.label)
    _note_cover(act, [target])
    moves = begun or (leaves and not sorting)
    verb = "return" if returning else "hand-over" if moves else "assign"
    return act.done(verb, body=reason.strip(), undo_for=undo_for)


def give_back(
    actor: Actor, ticket: Ticket, assignment_id: int, *, reason: str = "", undo_for: int = 0
) -> Entry:
    """Return a handed-over assignment to where it came from. Raises Denied, Refused."""
    check_open(ticket)
    row = find_open(ticket, assignment_id)
    source = db.session.get(Assignment, row.moved_from_id) if row.moved_from_id else None
    if source is None:
        raise Refused("nothing-to-return", _l("This was not handed over by anybody."))
    target = Target(source.queue, source.technician)
    return hand_over(
        actor,
        ticket,
        target,
        assignment_id=assignment_id,
        reason=reason,
        returning=True,
        undo_for=undo_for,
    )


def acknowledge(
    actor: Actor,
    ticket: Ticket,
    assignment_id: int | None = None,
    *,
    because: Sequence[Reason] = (),
    undo_for: int = 0,
) -> Entry | None:
    """Say "I have it" for one assignment, or for every one the actor may acknowledge.

    The first to acknowledge assignments that were given out together with "first wins" closes
    the others. None when there was nothing to acknowledge. Raises Denied, Refused.
    """
    check_open(ticket)
    act = Act(actor, ticket)
    if assignment_id is not None:
        rows = [find_open(ticket, assignment_id)]
    else:
        rows = [row for row in act.open_assignments() if _is_mine(actor, row)]
    rows = [row for row in rows if row.state == "assigned"]
    if not rows:
        return None
    acknowledge_rows(act, rows)
    _note_because(act, because)
    return act.done("acknowledge", undo_for=undo_for)


def acknowledge_rows(act: Act, rows: list[Assignment]) -> None:
    """Acknowledge the given assignments within an act; used by taking and replying too."""
    names = []
    for row in rows:
        if row.state != "assigned":
            # One that was given out together with it came first, a moment ago.
            continue
        row.state = "acknowledged"
        row.acknowledged_at, row.acknowledged_by_id = act.at, act.actor.person_id
        if row.technician_id is None:
            row.technician_id = act.actor.person_id
        names.append(row.queue.name)
        if row.first_wins and row.parallel_group is not None:
            for other in act.open_assignments():
                if other.parallel_group == row.parallel_group and other.state == "assigned":
                    other.state, other.ended_at = "withdrawn", act.at
    if names:
        act.note_change("acknowledged", None, names)
    _show_working(act)


def take(
    actor: Actor, ticket: Ticket, *, because: Sequence[Reason] = (), undo_for: int = 0
) -> Entry:
    """Make the ticket one's own: owner, and holder of an acknowledged assignment.

    What waits in the queue is claimed; what a colleague holds is left to them and the actor
    stands beside it only when nothing was free. ``because`` is why Start next gave it to them.
    Raises Denied, Refused.
    """
    check_open(ticket)
    if actor.person_id is None:
        raise Refused("no-person", _l("Only a person can take a ticket."))
    act = Act(actor, ticket)
    rows = act.open_assignments()
    mine = [row for row in rows if row.technician_id == actor.person_id]
    free = [row for row in rows if row.technician_id is None]
    preferred = [row for row in free if row.queue_id in actor.queue_ids] or free
    if mine:
        chosen = [row for row in mine if row.state == "assigned"]
    elif preferred:
        chosen = preferred[:1]
    else:
        chosen = [act.assign(queue_id=ticket.queue_id, technician_id=actor.person_id)]
        db.session.flush()
    act.set("owner_id", actor.person_id)
    acknowledge_rows(act, chosen)
    _note_because(act, because)
    return act.done("take", undo_for=undo_for)


def _note_because(act: Act, because: Sequence[Reason]) -> None:
    if because:
        act.note_change("because", None, [[str(why), about] for why, about in because])


def resolve_assignment(
    actor: Actor, ticket: Ticket, assignment_id: int, *, note: str = "", undo_for: int = 0
) -> Entry:
    """End one's piece of the work; the ticket stays open for the rest. Raises Denied, Refused."""
    check_open(ticket)
    act = Act(actor, ticket)
    row = find_open(ticket, assignment_id)
    if row.state == "assigned":
        # Who resolves had it: with "first wins" the others are spared the work.
        acknowledge_rows(act, [row])
    row.state, row.ended_at = "resolved", act.at
    act.note_change("assignment", label_of(row), "resolved")
    return act.done("resolve-assignment", body=note.strip(), undo_for=undo_for)


def set_owner(
    actor: Actor, ticket: Ticket, owner: Person | None, *, undo_for: int = 0
) -> Entry | None:
    """Say who answers for the whole ticket, without moving any work. None when unchanged."""
    check_open(ticket)
    if owner is not None and not owner.is_technician:
        raise Refused("technician-gone", _l("This technician takes no tickets."), "technician")
    act = Act(actor, ticket)
    if not act.set("owner_id", owner.id if owner else None):
        return None
    return act.done("set-owner", undo_for=undo_for)


def _is_mine(actor: Actor, row: Assignment) -> bool:
    if row.technician_id is not None:
        return row.technician_id == actor.person_id
    return row.queue_id in actor.queue_ids


def _movable(actor: Actor, rows: list[Assignment]) -> Assignment | None:
    mine = [row for row in rows if row.technician_id == actor.person_id]
    ours = [row for row in rows if row.technician_id is None and row.queue_id in actor.queue_ids]
    for choice in (mine, ours, rows):
        if choice:
            return choice[0]
    return None


def _show_assigned(act: Act) -> None:
    """A new ticket that somebody was named for is no longer new."""
    if act.ticket.status_class == StatusClass.NEW and act.ticket.owner_id is not None:
        status = choose.status_by_key("assigned")
        if status is not None:
            act.status(status)


def _show_working(act: Act) -> None:
    """Acknowledged work is being worked on."""
    if act.ticket.status_class == StatusClass.NEW or act.ticket.status.key == "assigned":
        act.status(choose.status_by_key("working") or choose.status_of(StatusClass.OPEN))


def acknowledge_mine(act: Act) -> None:
    """Taking part is acknowledging: called by replying, noting a call and resolving."""
    person_id = act.actor.person_id
    if person_id is None or act.ticket.status_class not in UNFINISHED:
        return
    rows = [row for row in act.open_assignments() if row.state == "assigned"]
    own = [row for row in rows if row.technician_id == person_id]
    ours = [
        row for row in rows if row.technician_id is None and row.queue_id in act.actor.queue_ids
    ]
    if own or ours:
        acknowledge_rows(act, own or ours[:1])
    elif act.ticket.status_class == StatusClass.NEW:
        _show_working(act)

"""Passing one's work on at the end of a shift."""

from collections.abc import Mapping

from helpdesk.people.access import Actor
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.assign import Target, add, check_open, hand_over, set_owner
from helpdesk.tickets.services.bulk import Result, change_many


def pass_on(
    actor: Actor,
    tickets: list[Ticket],
    target: Target,
    *,
    reason: str,
    comments: Mapping[int, str],
    whose: int | None = None,
    undo_for: int = 0,
    undo_group: str | None = None,
) -> list[Result]:
    """Hand somebody's part of each ticket to a colleague or a queue, with a word on each.

    It is the actor's own part unless ``whose`` says whose: of somebody who is away.

    What colleagues hold stays with them. ``comments`` are by number; ``reason`` goes with all of
    them. Raises Denied, Refused; what a single ticket's rules refuse is in its result.
    """

    def change(ticket: Ticket) -> object:
        said = "\n".join(filter(None, [comments.get(ticket.id, "").strip(), reason.strip()]))
        return _pass_one_on(actor, ticket, target, said, undo_for, whose or actor.person_id)

    return change_many(actor, tickets, change, undo_group=undo_group)


def _pass_one_on(
    actor: Actor, ticket: Ticket, target: Target, reason: str, undo_for: int, whose: int | None
) -> object:
    check_open(ticket)
    mine = [
        row.id
        for row in ticket.assignments
        if row.state in OPEN_ASSIGNMENT and row.technician_id == whose
    ]
    done: object = None
    for assignment_id in mine:
        done = hand_over(
            actor, ticket, target, assignment_id=assignment_id, reason=reason, undo_for=undo_for
        )
    if not mine and ticket.owner_id == whose:
        # I answer for the whole and hold no piece of it.
        named = Target(target.queue, target.technician, note=reason)
        done = add(actor, ticket, [named], undo_for=undo_for)
    if ticket.owner_id == whose:
        done = set_owner(actor, ticket, target.technician, undo_for=undo_for) or done
    return done

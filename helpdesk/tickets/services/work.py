"""Tasks, checklists and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.tickets.companions import Link, Task, TimeEntry
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import LinkType
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.open import spend
from helpdesk.tickets.services.talk import check_writable

MAX_TASKS = 200
MAX_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class NewTask:
    """A step to be added: what is done, by whom or by which queue's people, and until when."""

    title: str
    person: Person | None = None
    queue: Queue | None = None
    due_at: datetime | None = None


def add_tasks(
    actor: Actor,
    ticket: Ticket,
    titles: list[str],
    *,
    checklist: str = "",
    person: Person | None = None,
    due_at: datetime | None = None,
) -> Entry:
    """Add steps that are for one person until one moment. Raises Denied, Refused."""
    steps = [NewTask(title, person, due_at=due_at) for title in titles]
    return add_checklist(actor, ticket, steps, checklist=checklist)


def add_checklist(
    actor: Actor,
    ticket: Ticket,
    steps: Sequence[NewTask],
    *,
    checklist: str = "",
    undo_for: int = 0,
) -> Entry:
    """Add steps to the work, under a checklist's name if one is given. Raises Denied, Refused."""
    check_writable(ticket)
    found = [(one, " ".join(one.title.split())[:300]) for one in steps if one.title.strip()]
    titles = [title for _step, title in found]
    if not titles:
        raise Refused("task-missing", _l("Say what is to be done."), "title")
    position = (
        db.session.scalar(select(func.count(Task.id)).where(Task.ticket_id == ticket.id)) or 0
    )
    if position + len(titles) > MAX_TASKS:
        raise Refused("tasks-many", _l("A ticket takes at most %(n)d tasks.", n=MAX_TASKS))
    act = Act(actor, ticket)
    rows = [
        Task(
            ticket_id=ticket.id,
            checklist=checklist.strip()[:100],
            title=title,
            person_id=step.person.id if step.person else None,
            queue_id=step.queue.id if step.queue else None,
            due_at=step.due_at,
            position=position + offset,
        )
        for offset, (step, title) in enumerate(found)
    ]
    db.session.add_all(rows)
    db.session.flush()
    act.remember(tasks=[row.id for row in rows])
    act.note_change("tasks", None, titles)
    return act.done("add-tasks", quiet=True, undo_for=undo_for)


def find_task(ticket: Ticket, task_id: int) -> Task:
    """Return a task of the ticket. Raises Refused when it is gone."""
    task = db.session.get(Task, task_id)
    if task is None or task.ticket_id != ticket.id or task.removed_at is not None:
        raise Refused("task-gone", _l("This task is no longer there."))
    return task


def set_task_done(actor: Actor, ticket: Ticket, task_id: int, done: bool) -> Entry | None:
    """Tick a task off, or take the tick away. None when unchanged."""
    check_writable(ticket)
    task = find_task(ticket, task_id)
    if (task.done_at is not None) == done:
        return None
    act = Act(actor, ticket)
    task.done_at = act.at if done else None
    task.done_by_id = actor.person_id if done else None
    act.note_change("task", task.title, "done" if done else "open")
    return act.done("task-done" if done else "task-open", quiet=True)


def edit_task(
    actor: Actor,
    ticket: Ticket,
    task_id: int,
    *,
    title: str,
    person: Person | None,
    due_at: datetime | None,
) -> Entry | None:
    """Change what a task says, who does it and by when. None when unchanged."""
    check_writable(ticket)
    task = find_task(ticket, task_id)
    title = " ".join(title.split())[:300]
    if not title:
        raise Refused("task-missing", _l("Say what is to be done."), "title")
    person_id = person.id if person else None
    if (task.title, task.person_id, task.due_at) == (title, person_id, due_at):
        return None
    act = Act(actor, ticket)
    act.note_change("task", task.title, title)
    task.title, task.person_id, task.due_at = title, person_id, due_at
    return act.done("edit-task", quiet=True)


def remove_task(actor: Actor, ticket: Ticket, task_id: int) -> Entry:
    """Take a task off the list; the journal remembers it."""
    check_writable(ticket)
    task = find_task(ticket, task_id)
    act = Act(actor, ticket)
    task.removed_at = act.at
    act.note_change("task", task.title, None)
    return act.done("remove-task", quiet=True)


def add_time(
    actor: Actor,
    ticket: Ticket,
    seconds: int,
    *,
    note: str = "",
    happened_at: datetime | None = None,
) -> Entry:
    """Record time spent, or correct it with a negative entry. Raises Denied, Refused."""
    check_writable(ticket)
    if actor.person_id is None or seconds == 0 or abs(seconds) > MAX_SECONDS:
        raise Refused("time-range", _l("Give a time of up to 24 hours."), "minutes")
    if ticket.time_spent + seconds < 0:
        raise Refused("time-negative", _l("That is more than was recorded."), "minutes")
    act = Act(actor, ticket, at=happened_at)
    spend(ticket, actor.person_id, seconds, act.at, note=note)
    act.note_change("time", None, seconds)
    return act.done("add-time", body=note.strip(), quiet=True)


def time_with_children(ticket: Ticket) -> int:
    """Return the seconds spent on the ticket and everything below it."""
    below = select(Link.to_id.label("id")).where(
        Link.from_id == ticket.id, Link.type == LinkType.PARENT
    )
    tree = below.cte("below", recursive=True)
    tree = tree.union(
        select(Link.to_id).join(tree, Link.from_id == tree.c.id).where(Link.type == LinkType.PARENT)
    )
    children = db.session.scalar(
        select(func.coalesce(func.sum(TimeEntry.seconds), 0)).where(
            TimeEntry.ticket_id.in_(select(tree.c.id))
        )
    )
    return ticket.time_spent + (children or 0)

"""Answers that leave later: written now, said at the moment their author chose.

Until then an answer is a draft with a moment, beside the ticket: it is nothing that was said, so
the journal does not name it, no clock takes it for a reply, and the ticket changes neither owner
nor status. When the moment has come it becomes a reply by its author like any other, in one
transaction with the end of its waiting: it is said once, whatever process dies.

An author who may not answer any more by then, or a ticket that can't be answered, stops it: it
stays where it is, says why, and a person decides.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.lib.text import clean_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Person
from helpdesk.tickets.companions import Draft, LaterAnswer
from helpdesk.tickets.desk import Status
from helpdesk.tickets.events import LaterChanged
from helpdesk.tickets.lifecycle import UNFINISHED, StatusClass
from helpdesk.tickets.models import Attachment, Entry, Ticket
from helpdesk.tickets.queries.access import NotFound, get_for
from helpdesk.tickets.services.drafts import find_draft
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.inbound import add_participant
from helpdesk.tickets.services.open import NewFile
from helpdesk.tickets.services.talk import Said, check_seen, check_text, check_writable, reply

KIND = "later"
"""The kind of the drafts that hold what leaves later; pages can't open drafts of it."""
LONGEST = timedelta(days=366)
SOONEST = timedelta(seconds=30)
"""What is to leave sooner is sent, and can be taken back as any answer can."""


def put_off(
    actor: Actor,
    ticket: Ticket,
    body: str,
    leaves_at: datetime,
    *,
    to: list[Person],
    cc: list[Person],
    then: Status | None = None,
    file_ids: Collection[int] = (),
    seen_entry_id: int | None = None,
) -> LaterAnswer:
    """Keep an answer until its moment. Its files are those of the actor's draft.

    Raises Denied, Refused, Clash.
    """
    actor.demand(Permission.TICKET_WORK)
    check_writable(ticket)
    check_seen(actor, ticket, seen_entry_id)
    _check_moment(leaves_at)
    if find_draft(actor, ticket, KIND) is not None:
        said = _l("An answer of yours waits here already. Change that one, or take it back first.")
        raise Refused("later-already", said)
    draft = find_draft(actor, ticket, "reply")
    kept = [row for row in draft.attachments if row.id in file_ids] if draft is not None else []
    check_text(body, [_as_new(row) for row in kept])
    if draft is None:
        draft = Draft(person_id=actor.person_id, ticket_id=ticket.id, kind=KIND)
        db.session.add(draft)
    for row in list(draft.attachments):
        if row not in kept:
            db.session.delete(row)
    draft.kind, draft.body, draft.updated_at = KIND, clean_text(body).strip(), now()
    draft.fields = {
        "to": [{"id": person.id, "name": person.name} for person in to],
        "cc": [{"id": person.id, "name": person.name} for person in cc],
        "then": str(then.id) if then is not None else "",
    }
    db.session.flush()
    db.session.refresh(draft)
    newest = select(Entry.id).where(Entry.ticket_id == ticket.id).order_by(Entry.id.desc())
    later = LaterAnswer(
        draft_id=draft.id,
        ticket_id=ticket.id,
        person_id=actor.person_id,
        leaves_at=leaves_at,
        seen_entry_id=seen_entry_id or db.session.scalar(newest.limit(1)) or 0,
    )
    db.session.add(later)
    db.session.flush()
    _changed(ticket.id)
    return later


def _check_moment(leaves_at: datetime) -> None:
    """Raise Refused for a moment that has passed or is too far away to be meant."""
    if leaves_at < now() + SOONEST:
        raise Refused("later-past", _l("That moment has passed. Choose a later one."), "later_at")
    if leaves_at > now() + LONGEST:
        said = _l("That is more than a year away. Choose an earlier moment.")
        raise Refused("later-far", said, "later_at")


def find(ticket: Ticket, key: int) -> LaterAnswer:
    """Return what waits on a ticket that was found by ``get_for``. Raises NotFound."""
    later = db.session.get(LaterAnswer, key, with_for_update=True)
    if later is None or ticket.id not in {later.ticket_id, later.ticket.merged_into_id}:
        raise NotFound
    return later


def take_back(actor: Actor, later: LaterAnswer) -> Draft:
    """Make it its author's draft again; what they typed since stands before it.

    Any colleague may do that, because the author may be away; sending it is the author's. Raises
    Denied.
    """
    actor.demand(Permission.TICKET_WORK)
    waiting = later.draft
    draft = db.session.scalar(
        select(Draft).where(
            Draft.person_id == waiting.person_id,
            Draft.ticket_id == waiting.ticket_id,
            Draft.kind == "reply",
        )
    )
    _changed(later.ticket_id)
    db.session.delete(later)
    db.session.flush()
    if draft is None:
        waiting.kind, waiting.updated_at = "reply", now()
        db.session.flush()
        return waiting
    draft.body = "\n\n".join(text for text in (draft.body.strip(), waiting.body) if text)
    draft.fields, draft.updated_at = waiting.fields, now()
    for row in list(waiting.attachments):
        row.draft_id = draft.id
    db.session.flush()
    db.session.expire(waiting)
    db.session.delete(waiting)
    db.session.flush()
    db.session.refresh(draft)
    return draft


def say(author: Actor, later: LaterAnswer, *, hold: int = 0) -> Entry:
    """Say it now, in the name of its author. It takes ``hold`` seconds to leave.

    On a ticket that was merged it is said on the survivor; the status it was to move to is left
    out when the ticket is finished. Raises Denied, NotFound, Refused.
    """
    if author.person_id != later.person_id:
        raise Refused("later-theirs", _l("Only who wrote it can send it."))
    number = later.ticket_id
    for _step in range(10):
        survivor = db.session.scalar(select(Ticket.merged_into_id).where(Ticket.id == number))
        if survivor is None:
            break
        number = survivor
    ticket = get_for(author, number, permission=Permission.TICKET_WORK, lock=True)
    draft = later.draft
    fields = draft.fields
    files = [_as_new(row) for row in draft.attachments]
    to, copies = _people(fields.get("to")), _people(fields.get("cc"))
    said = draft.body
    then = _then(fields.get("then"), ticket)
    _changed(later.ticket_id)
    db.session.delete(later)
    for row in list(draft.attachments):
        db.session.delete(row)
    db.session.flush()
    db.session.delete(draft)
    entry = reply(author, ticket, Said(said, files), to=to or None, cc=copies, then=then, hold=hold)
    for person in copies:
        add_participant(ticket, person)
    return entry


def due(limit: int = 50) -> list[int]:
    """Return the keys of what is to leave now, the oldest first."""
    return list(
        db.session.scalars(
            select(LaterAnswer.id)
            .where(LaterAnswer.problem == "", LaterAnswer.leaves_at <= now())
            .order_by(LaterAnswer.leaves_at, LaterAnswer.id)
            .limit(limit)
        )
    )


def claimed(key: int) -> LaterAnswer | None:
    """Return what is to leave, locked; None when somebody else has it, or it waits no more."""
    return db.session.scalar(
        select(LaterAnswer)
        .where(LaterAnswer.id == key, LaterAnswer.problem == "", LaterAnswer.leaves_at <= now())
        .with_for_update(of=LaterAnswer, skip_locked=True)
    )


def stopped(key: int, why: str) -> LaterAnswer | None:
    """Write down why it could not leave; it waits for a person from then on. None: it is gone."""
    later = db.session.get(LaterAnswer, key, with_for_update=True)
    if later is not None:
        later.problem = why[:400]
        _changed(later.ticket_id)
    return later


def stop_all(ticket: Ticket, why: object) -> None:
    """Stop everything that was to leave later on a ticket."""
    for later in db.session.scalars(
        select(LaterAnswer).where(LaterAnswer.ticket_id == ticket.id).with_for_update()
    ):
        later.problem = str(why)[:400]
        _changed(ticket.id)


def _then(value: object, ticket: Ticket) -> Status | None:
    status = db.session.get(Status, int(str(value))) if str(value or "").isdigit() else None
    if status is None or status.retired_at is not None or ticket.status_class not in UNFINISHED:
        return None
    return status if status.status_class in {StatusClass.OPEN, StatusClass.PENDING} else None


def _people(rows: object) -> list[Person]:
    """Return the people a draft names; who was merged meanwhile is who they are now."""
    found: list[Person] = []
    for row in rows if isinstance(rows, list) else []:
        person = db.session.get(Person, row["id"])
        while person is not None and person.merged_into_id is not None:
            person = db.session.get(Person, person.merged_into_id)
        if person is not None and person not in found:
            found.append(person)
    return found


def _as_new(row: Attachment) -> NewFile:
    return NewFile(row.sha256, row.name, row.content_type, row.size, row.content_id)


def _changed(ticket_id: int) -> None:
    publish(LaterChanged(ticket_id))

"""Steps of escalations that leave the house: mail to somebody, a call of another program.

Both are rows, written in the transaction of the sweep that did the step.
"""

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import select

from config import Settings
from helpdesk.db import db
from helpdesk.lib.text import one_line
from helpdesk.notify import calls, filled, outbox
from helpdesk.notify.carriers import by_mail
from helpdesk.notify.models import OutboxMessage, Webhook
from helpdesk.notify.notices import and_covers
from helpdesk.notify.views import in_danger
from helpdesk.people.acting import actor_of
from helpdesk.people.models import Channel, ContactKind, ContactPoint, Person
from helpdesk.sla.events import PromiseInDanger, PromisesInDanger
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import hidden_among
from helpdesk.web.i18n import language_of, zone

KIND = "escalation"


def on_promises_in_danger(event: PromisesInDanger) -> None:
    """Write the mails and calls that steps ask for."""
    for one in event.found:
        if one.webhook_id is not None:
            _call(one, one.webhook_id)
        elif one.by_mail:
            _mail(one)


def _call(one: PromiseInDanger, webhook_id: int) -> None:
    webhook = db.session.get(Webhook, webhook_id)
    ticket = db.session.get_one(Ticket, one.ticket_id)
    if webhook is None or webhook.retired_at is not None or ticket.restricted:
        # Of restricted tickets nobody outside hears, not even that there are any.
        return
    said: dict[str, object] = {
        "promise": one.promise.value,
        "due": one.due_at.isoformat(),
        "missed": one.missed,
    }
    if one.whose:
        said["whose"] = one.whose
    calls.call(webhook, "promise.missed" if one.missed else "promise.in-danger", said, ticket)


def _mail(one: PromiseInDanger) -> None:
    ticket = db.session.get_one(Ticket, one.ticket_id)
    people = [db.session.get_one(Person, key) for key in and_covers(one.people)]
    if one.address:
        known = _staff(one.address)
        if known is not None:
            people = [known]
        elif not ticket.restricted:
            _write(one, ticket, None, one.address)
    for person in people:
        carrier = by_mail()
        address = carrier.address_of(person, None) if carrier is not None else None
        actor = actor_of(person.id)
        if address is None or actor is None or hidden_among(actor, {ticket.id}):
            continue
        _write(one, ticket, person, address)


def _staff(address: str) -> Person | None:
    """Return the member of staff whose address it is."""
    return db.session.scalar(
        select(Person)
        .join(ContactPoint, ContactPoint.person_id == Person.id)
        .where(
            ContactPoint.kind == ContactKind.EMAIL,
            ContactPoint.value == address,
            ContactPoint.retired_at.is_(None),
            Person.account.has(),
            Person.retired_at.is_(None),
        )
        .limit(1)
    )


def _write(one: PromiseInDanger, ticket: Ticket, person: Person | None, address: str) -> None:
    carrier = by_mail()
    if carrier is None:
        return
    desk = filled.the_desk()
    settings: Settings = current_app.config["SETTINGS"]
    language = filled.reads(person, desk) if person is not None else language_of(desk.language)
    where = filled.zone_of(person) if person is not None else zone(desk.time_zone)
    message = OutboxMessage(
        channel=Channel.EMAIL,
        kind=KIND,
        ticket_id=ticket.id,
        ticket=ticket,
        person_id=person.id if person is not None else None,
        message_id="",
        to=[],
        recipients=[],
    )
    with force_locale(language or "en"):
        said = in_danger(one.promise.value, missed=one.missed, whose=one.whose)
        message.subject = f"{said}: #{ticket.number}"
        message.text = render_template(
            "notify/escalated.txt",
            said=said,
            number=ticket.number,
            # Who may read the ticket is told what it is about; of others we know nothing.
            subject=one_line(ticket.subject) if person is not None else "",
            priority=ticket.priority,
            due=filled.moment(one.due_at, where, language or "en"),
            link=f"{settings.base_url.rstrip('/')}/tickets/{ticket.number}",
        )
    if not carrier.put_on_its_way(message, person.name if person is not None else "", address):
        message.reason = "demo"
        outbox.cancelled(message)
    db.session.add(message)
    db.session.flush()

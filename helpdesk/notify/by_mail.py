"""Notices of staff by mail: gathered for a few minutes, and held through their quiet hours.

A notice that its reader wants by mail has a moment at which it is to be mailed (``mail_at``). When
the first has come up, all that wait for the same person leave in one mail; what they saw on
screen meanwhile, and what is about a ticket they may no longer see, is left out. That the mail is
in the outbox and that nothing waits any more is one transaction, so each is mailed once.
"""

from collections.abc import Iterable

from flask import current_app, render_template
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from config import Settings
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.lib.text import one_line
from helpdesk.notify import filled, outbox
from helpdesk.notify.carriers import by_mail
from helpdesk.notify.models import Notice, OutboxMessage
from helpdesk.notify.views import sentence
from helpdesk.notify.wishes import Wishes
from helpdesk.people.acting import actor_of
from helpdesk.people.models import Channel, Person
from helpdesk.tickets.queries.access import hidden_among
from helpdesk.web.i18n import zone

MOST = 50
"""Notices that one mail lists."""
KIND = "notices"
BATCH = 200


@job(every=20, everywhere=True)
def mail_notices() -> int:
    """Mail what has waited long enough; returns how many mails were written."""
    people = db.session.scalars(
        select(Notice.person_id).where(Notice.mail_at <= now()).distinct().limit(BATCH)
    ).all()
    db.session.rollback()
    count = 0
    for person_id in people:
        with transaction():
            count += _mail(person_id)
    return count


def _mail(person_id: int) -> bool:
    """Write one mail with all that waits for a person; whether there was something to say."""
    waiting = db.session.scalars(
        select(Notice)
        .where(Notice.person_id == person_id, Notice.mail_at.is_not(None))
        .options(joinedload(Notice.ticket), joinedload(Notice.actor))
        .order_by(Notice.created_at, Notice.id)
        .with_for_update(of=Notice, skip_locked=True)
    ).all()
    actor = actor_of(person_id)
    if not waiting:
        return False
    if actor is not None:
        quiet = Wishes.read(actor.preferences).quiet
        until = quiet.over_at(now(), zone(actor.time_zone)) if quiet is not None else None
        if until is not None:
            for notice in waiting:
                notice.mail_at = until
            return False
    for notice in waiting:
        notice.mail_at = None
    if actor is None:
        return False
    hidden = hidden_among(actor, {notice.ticket_id for notice in waiting})
    told = [one for one in waiting if one.seen_at is None and one.ticket_id not in hidden]
    return bool(told) and _write(db.session.get_one(Person, person_id), told)


def _write(person: Person, told: list[Notice]) -> bool:
    carrier = by_mail()
    address = carrier.address_of(person, None) if carrier is not None else None
    if carrier is None or address is None:
        return False
    tickets = {notice.ticket_id: notice.ticket for notice in told}
    # A mail about one ticket stands at it, so that who may not read it is not shown the subject.
    only = next(iter(tickets)) if len(tickets) == 1 else None
    message = OutboxMessage(
        channel=Channel.EMAIL,
        kind=KIND,
        person_id=person.id,
        ticket_id=only,
        ticket=tickets[only] if only is not None else None,
        message_id="",
        to=[],
        recipients=[],
    )
    with force_locale(filled.reads(person, filled.the_desk())):
        message.subject = _subject(told, len(tickets))
        message.text = _text(person, told)
    if not carrier.put_on_its_way(message, person.name, address):
        message.reason = "demo"
        outbox.cancelled(message)
    db.session.add(message)
    db.session.flush()
    return True


def _subject(told: list[Notice], tickets: int) -> str:
    if len(told) == 1:
        said = one_line(sentence(told[0]).striptags())
        return str(_("%(said)s: #%(number)d", said=said, number=told[0].ticket_id))
    notices = ngettext("%(num)d notice", "%(num)d notices", len(told))
    if tickets == 1:
        return str(_("%(notices)s on #%(number)d", notices=notices, number=told[0].ticket_id))
    return str(_("%(notices)s on several tickets", notices=notices))


def _text(person: Person, told: list[Notice]) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    where = filled.zone_of(person)
    groups: dict[int, list[Notice]] = {}
    for notice in told[:MOST]:
        groups.setdefault(notice.ticket_id, []).append(notice)
    return render_template(
        "notify/by_mail.txt",
        groups=[(_about(rows), _lines(rows, where)) for rows in groups.values()],
        more=len(told) - MOST,
        base_url=settings.base_url.rstrip("/"),
    )


def _about(rows: list[Notice]) -> tuple[int, str]:
    return rows[0].ticket_id, one_line(rows[0].ticket.subject)


def _lines(rows: Iterable[Notice], where: object) -> list[tuple[str, str]]:
    return [
        (f"{row.created_at.astimezone(where):%H:%M}", one_line(sentence(row).striptags()))  # type: ignore[arg-type]
        for row in rows
    ]

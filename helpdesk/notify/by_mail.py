"""Notices of staff by mail: gathered for a few minutes, and held through their quiet hours.

A notice that its reader wants by mail has a moment at which it is to be mailed (``mail_at``). When
the first has come up, all that wait for the same person leave in one mail; what they saw on
screen meanwhile, and what is about a ticket they may no longer see, is left out. That the mail is
in the outbox and that nothing waits any more is one transaction, so each is mailed once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app, render_template
from flask_babel import force_locale, get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from config import Settings
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.kb.models import Article
from helpdesk.kb.queries.access import seen_among
from helpdesk.kb.queries.choosing import title_of
from helpdesk.lib.clock import now
from helpdesk.lib.text import one_line
from helpdesk.notify import filled, outbox
from helpdesk.notify.carriers import by_mail
from helpdesk.notify.models import Notice, OutboxMessage
from helpdesk.notify.views import sentence
from helpdesk.notify.wishes import Wishes
from helpdesk.people.access import Actor
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
        .options(
            joinedload(Notice.ticket),
            joinedload(Notice.actor),
            selectinload(Notice.article).selectinload(Article.texts),
        )
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
    told = _still_to_say(actor, [one for one in waiting if one.seen_at is None])
    return bool(told) and _write(db.session.get_one(Person, person_id), told)


def _still_to_say(actor: Actor, waiting: list[Notice]) -> list[Notice]:
    """Return those of the notices whose ticket or article the reader may see now."""
    hidden = hidden_among(actor, {one.ticket_id for one in waiting if one.ticket_id is not None})
    articles = {one.article_id for one in waiting if one.article_id is not None}
    gone = articles - seen_among(actor, articles)
    return [one for one in waiting if one.ticket_id not in hidden and one.article_id not in gone]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What notices are about: a ticket or an article, its name and where its page is."""

    kind: str
    key: int
    name: str
    path: str


def _about(notice: Notice) -> _Subject:
    """Say what a notice is about, in the language that is spoken now."""
    if notice.article is not None:
        key, title = notice.article.id, title_of(notice.article, str(get_locale()))
        return _Subject("article", key, one_line(title), f"/knowledge/{key}")
    ticket = notice.ticket
    key, subject = notice.ticket_id or 0, ticket.subject if ticket is not None else ""
    return _Subject("ticket", key, one_line(f"#{key} {subject}"), f"/tickets/{key}")


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
        message.subject = _subject(told)
        message.text = _text(person, told)
    if not carrier.put_on_its_way(message, person.name, address):
        message.reason = "demo"
        outbox.cancelled(message)
    db.session.add(message)
    db.session.flush()
    return True


def _subject(told: list[Notice]) -> str:
    subjects = {_about(notice) for notice in told}
    about = next(iter(subjects))
    name = f"#{about.key}" if about.kind == "ticket" else about.name
    if len(told) == 1:
        said = one_line(sentence(told[0]).striptags())
        return str(_("%(said)s: %(name)s", said=said, name=name))
    notices = ngettext("%(num)d notice", "%(num)d notices", len(told))
    if len(subjects) == 1:
        return str(_("%(notices)s on %(name)s", notices=notices, name=name))
    if all(one.kind == "ticket" for one in subjects):
        return str(_("%(notices)s on several tickets", notices=notices))
    return str(_("%(notices)s on tickets and articles", notices=notices))


def _text(person: Person, told: list[Notice]) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    where = filled.zone_of(person)
    groups: dict[_Subject, list[Notice]] = {}
    for notice in told[:MOST]:
        groups.setdefault(_about(notice), []).append(notice)
    return render_template(
        "notify/by_mail.txt",
        groups=[(about, _lines(rows, where)) for about, rows in groups.items()],
        more=len(told) - MOST,
        base_url=settings.base_url.rstrip("/"),
    )


def _lines(rows: Iterable[Notice], where: object) -> list[tuple[str, str]]:
    return [
        (f"{row.created_at.astimezone(where):%H:%M}", one_line(sentence(row).striptags()))  # type: ignore[arg-type]
        for row in rows
    ]

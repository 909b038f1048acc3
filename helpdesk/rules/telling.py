"""Actions that tell somebody: the customer, members of staff, an address, another program.

Everything is a row, written in the transaction of the rule, and leaves after its commit. Of
restricted tickets nobody outside hears.
"""

from collections.abc import Iterable
from math import ceil

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from config import Settings
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.text import one_line
from helpdesk.notify import calls, filled, notices, outbox
from helpdesk.notify.carriers import by_mail
from helpdesk.notify.models import OutboxMessage, Webhook
from helpdesk.notify.telling import telling
from helpdesk.people.models import Channel, Person, TeamMember
from helpdesk.rules import choices
from helpdesk.rules.actions import Action, Ask, Given, Param, Running, register
from helpdesk.rules.setting import DONE, GONE, NO_CHANGE
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import UNFINISHED, AssignmentState
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.audience import may_read
from helpdesk.web.i18n import language_of

KIND = "rule"
"""The kind of mail that a rule writes to staff or an address."""

QUIET, AUTOMATIC, RESTRICTED = "quiet", "automatic", "restricted"


# ---- The customer ----


def _text_for(person: Person, given: Given) -> str:
    """Return the text in the language in which somebody is written to."""
    wanted = filled.reads(person, filled.the_desk())
    return str(given.get(f"text_{wanted}") or given["text"])


def fill(text: str, ticket: Ticket, person: Person) -> str:
    """Put what is known of a ticket where braces stand: {number}, {subject}, {customer}."""
    values = {
        "number": str(ticket.id),
        "subject": ticket.subject,
        "customer": person.call_name or person.name,
        "desk": filled.the_desk().name,
    }
    # One pass: what a subject says in braces stays what it is.
    parts = text.split("{")
    found = [parts[0]]
    for part in parts[1:]:
        name, brace, rest = part.partition("}")
        found.append(values[name] + rest if brace and name in values else "{" + part)
    return "".join(found)


def _send(running: Running, given: Given) -> str:
    ticket = running.ticket
    person = ticket.requester or ticket.customer
    if running.quiet:
        return QUIET
    if _is_automatic(ticket):
        # Two machines that answer each other never end.
        return AUTOMATIC
    quiet = telling().quiet
    until = quiet.over_at(now(), filled.zone_of(person)) if quiet is not None else None
    hold = ceil((until - now()).total_seconds()) if until is not None else 0
    text = fill(_text_for(person, given), ticket, person)
    services.reply_by_itself(running.actor, ticket, text, hold=hold)
    running.sent += 1
    return DONE


def _is_automatic(ticket: Ticket) -> bool:
    """Whether a machine wrote the newest message of the customer's side."""
    if ticket.channel == Channel.MONITORING:
        return True
    envelope = db.session.scalar(
        select(Entry.envelope)
        .where(Entry.ticket_id == ticket.id, Entry.inbound)
        .order_by(Entry.happened_at.desc(), Entry.id.desc())
        .limit(1)
    )
    return bool((envelope or {}).get("automatic"))


# ---- Staff ----


def _people(running: Running, given: Given) -> list[int]:
    """Return who is meant and may see the ticket."""
    ticket = running.ticket
    match given["whom"]:
        case "owner":
            held = [row.technician_id for row in ticket.assignments if row.ended_at is None]
            found: Iterable[int | None] = [ticket.owner_id] if ticket.owner_id else held
        case "leads":
            queue = db.session.get_one(Queue, ticket.queue_id)
            found = _members(queue.team_id, leads=True) or _members(queue.team_id, leads=False)
        case "team":
            found = _members(given.get("team") or ticket.queue.team_id, leads=False)
        case _:
            found = [given.get("technician")]
    chosen = dict.fromkeys(key for key in found if key is not None)
    return [key for key in chosen if may_read(ticket, key)]


def _members(team_id: int, *, leads: bool) -> list[int]:
    statement = select(TeamMember.person_id).where(TeamMember.team_id == team_id)
    if leads:
        statement = statement.where(TeamMember.is_lead)
    return list(db.session.scalars(statement.order_by(TeamMember.person_id)))


def _tell(running: Running, given: Given) -> str:
    if running.quiet:
        return QUIET
    people = _people(running, given)
    if not people:
        return GONE
    data = {
        "rule": running.rule_name,
        "rule_id": running.rule_id,
        "text": one_line(given.get("text", ""), 300),
    }
    notices.tell(dict.fromkeys(people, notices.Kind.RULE), running.ticket.id, None, data)
    running.sent += len(people)
    return DONE


def _tell_later(running: Running, given: Given) -> str:
    """Remember to look again; the rest is done when the time has come and nobody had it."""
    if running.later is None:
        return _tell_if_unacknowledged(running, given)
    running.later(given["minutes"] * 60)
    return DONE


def _tell_if_unacknowledged(running: Running, given: Given) -> str:
    ticket = running.ticket
    waits = any(row.state == AssignmentState.ASSIGNED for row in ticket.assignments)
    if ticket.status_class not in UNFINISHED or not waits:
        return NO_CHANGE
    return _tell(running, given)


# ---- Outside ----


def _mail(running: Running, given: Given) -> str:
    ticket, carrier = running.ticket, by_mail()
    if running.quiet:
        return QUIET
    if ticket.restricted:
        return RESTRICTED
    if carrier is None:
        return GONE
    settings: Settings = current_app.config["SETTINGS"]
    desk = filled.the_desk()
    message = OutboxMessage(
        channel=Channel.EMAIL,
        kind=KIND,
        ticket_id=ticket.id,
        message_id="",
        to=[],
        recipients=[],
    )
    message.ticket = ticket
    with force_locale(language_of(desk.language) or "en"):
        link = f"{settings.base_url.rstrip('/')}/tickets/{ticket.id}"
        # What the ticket is about is not told to an address of which nothing is known.
        message.subject = _(
            "Ticket #%(number)d: %(rule)s", number=ticket.id, rule=running.rule_name
        )
        message.text = f"{given['text'].strip()}\n\n{link}\n"
    if not carrier.put_on_its_way(message, "", given["address"]):
        message.reason = "demo"
        outbox.cancelled(message)
    db.session.add(message)
    db.session.flush()
    running.sent += 1
    return DONE


def _call(running: Running, given: Given) -> str:
    if running.quiet:
        return QUIET
    if running.ticket.restricted:
        return RESTRICTED
    webhook = db.session.get(Webhook, given["webhook"])
    if webhook is None or webhook.retired_at is not None:
        return GONE
    said = {"rule": running.rule_name, "version": running.version}
    calls.call(webhook, "rule.matched", said, running.ticket)
    running.sent += 1
    return DONE


WHOM = {
    "owner": _l("the owner"),
    "leads": _l("the team lead"),
    "team": _l("the team"),
    "person": _l("a person"),
}
_WHOM = (
    Param("whom", _l("Whom"), Ask.CHOICE, choices.of_words(WHOM), words=frozenset(WHOM)),
    Param(
        "team",
        _l("Team"),
        Ask.CHOICE,
        choices.teams,
        needed=False,
        only_with=("whom", frozenset({"team"})),
    ),
    Param(
        "technician",
        _l("Technician"),
        Ask.CHOICE,
        choices.technicians,
        needed=False,
        only_with=("whom", frozenset({"person"})),
    ),
    Param("text", _l("Text"), Ask.TEXT, needed=False),
)

_ACTIONS = [
    Action(
        "send",
        _l("Send"),
        _send,
        (
            Param("text", _l("Text"), Ask.LONG_TEXT),
            Param("text_zh_Hans_CN", _l("Text in 简体中文"), Ask.LONG_TEXT, needed=False),
            Param("text_zh_Hant_TW", _l("Text in 繁體中文"), Ask.LONG_TEXT, needed=False),
        ),
        sends=True,
        icon="mail",
        says=_l("write to the customer"),
    ),
    Action(
        "tell",
        _l("Tell"),
        _tell,
        _WHOM,
        sends=True,
        icon="bell",
        says=_l("tell %(whom)s"),
    ),
    Action(
        "tell-unless-acknowledged",
        _l("If not acknowledged in"),
        _tell_later,
        (Param("minutes", _l("Minutes"), Ask.NUMBER, most=100_000), *_WHOM),
        sends=True,
        by_hand=False,
        icon="timer",
        says=_l("tell %(whom)s if nobody acknowledges it in %(minutes)s minutes"),
    ),
    Action(
        "mail",
        _l("Mail to an address"),
        _mail,
        (
            Param("address", _l("Address"), Ask.TEXT),
            Param("text", _l("Text"), Ask.LONG_TEXT),
        ),
        sends=True,
        icon="mail",
        says=_l("mail to %(address)s"),
    ),
    Action(
        "call-webhook",
        _l("Call another program"),
        _call,
        (Param("webhook", _l("Webhook"), Ask.CHOICE, choices.webhooks),),
        sends=True,
        icon="webhook",
        says=_l("call %(webhook)s"),
    ),
]


def register_shipped() -> None:
    """Register all of them; ``app.create_app`` does."""
    for action in _ACTIONS:
        register(action)

"""Spam: remembering senders, putting their mail aside, and taking both back as easily."""

from collections.abc import Iterable, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update

from helpdesk.channels.email.mailboxes import own_addresses
from helpdesk.channels.email.models import MailMessage
from helpdesk.channels.email.spam_models import SpamSender
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit, contact_values
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import ContactKind, ContactPoint, Organisation, Person
from helpdesk.people.queries import organisation_of_address, person_by_email
from helpdesk.tickets.events import TicketEvent
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import Refused

PAGE = 100
SURE = "-sure"
"""Ends the word for a whole domain, where somebody was asked about it being a customer's."""
# Millions write from these; a customer may be the next.
_EVERYBODYS = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com"),
        *("yahoo.com", "yahoo.co.jp", "yahoo.com.hk", "yahoo.com.tw", "icloud.com", "me.com"),
        *("aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "orange.fr", "free.fr"),
        *("qq.com", "163.com", "126.com", "sina.com", "foxmail.com", "proton.me"),
        *("protonmail.com", "mail.ru", "yandex.ru", "naver.com", "com", "net", "org"),
    }
)


def listed_among(addresses: Iterable[str]) -> dict[str, int]:
    """Return those addresses whose mail is spam, with the entry of the list that says so."""
    candidates = {address: _values_for(address) for address in set(addresses)}
    asked = {value for values in candidates.values() for value in values}
    if not asked:
        return {}
    rows = db.session.execute(
        select(SpamSender.value, SpamSender.id).where(SpamSender.value.in_(asked))
    )
    known = {value: key for value, key in rows}  # noqa: C416 (rows are no pairs to a checker)
    return {
        address: next(known[value] for value in values if value in known)
        for address, values in candidates.items()
        if any(value in known for value in values)
    }


def _values_for(address: str) -> list[str]:
    """Return what the list may have about an address: itself, its domain and those above."""
    domain = address.rpartition("@")[2]
    parts = domain.split(".")
    above = [".".join(parts[at:]) for at in range(len(parts) - 1)][:6]
    return [address, *(f"@{one}" for one in above)]


def count_hit(key: int) -> None:
    """Note that an entry of the list put a message aside."""
    db.session.execute(
        update(SpamSender)
        .where(SpamSender.id == key)
        .values(hits=SpamSender.hits + 1, last_hit_at=now())
    )


def sender_of(ticket: Ticket) -> str | None:
    """Return the address whose mail opened a ticket; None when it was not opened by mail."""
    return db.session.scalar(
        select(MailMessage.sender)
        .join(Entry, Entry.id == MailMessage.entry_id)
        .where(MailMessage.ticket_id == ticket.id, Entry.verb == "log")
        .limit(1)
    )


def on_ticket_event(event: TicketEvent) -> None:
    """Remember who sent a ticket that is spam, and forget them when it is brought back.

    Raises Refused for those whose mail can't be put aside: the ticket stays where it is then.
    """
    entry, changes = event.entry, event.entry.changes or {}
    block = changes.get("block")
    if event.verb == "bin" and isinstance(block, list):
        _block(event.actor, event.ticket, str(block[1]))
    elif event.ticket.hidden_at is None and "hidden_at" in changes:
        # Whatever brought it back: a person, an undo, a message of somebody else about it.
        db.session.execute(delete(SpamSender).where(SpamSender.ticket_id == entry.ticket_id))


def _block(actor: Actor, ticket: Ticket, whose: str) -> None:
    address = sender_of(ticket)
    if address:
        value = value_of(address, whose)
        check_may_block(value, sure=whose.endswith(SURE))
        remember(actor, value, ticket=ticket)


def value_of(address: str, whose: str) -> str:
    """Return what stands on the list of a sender: their address, or their whole domain."""
    return f"@{address.rpartition('@')[2]}" if whose.startswith("domain") else address


def remember(actor: Actor, value: str, *, ticket: Ticket | None = None) -> SpamSender | None:
    """Remember a sender or a domain; None when they are known. Raises Denied."""
    actor.demand(Permission.TICKET_BIN)
    if db.session.scalar(select(SpamSender.id).where(SpamSender.value == value)) is not None:
        return None
    row = SpamSender(
        value=value, added_by_id=actor.person_id, ticket_id=ticket.id if ticket else None
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "spam-sender-added", row, {"value": [None, value]})
    return row


def add(actor: Actor, typed: str, *, sure: bool = False) -> SpamSender:
    """Add what a person typed: an address or a domain. Raises Denied, Refused."""
    value = typed.strip().lower()
    actor.demand(Permission.SETUP_MAIL)
    if "@" not in value:
        value = f"@{value}"
    try:
        contact_values.email(f"x{value}" if value.startswith("@") else value)
    except ValueError as error:
        message = _l("This is no address and no domain: %(value)s", value=typed.strip()[:100])
        raise Refused("no-address", message) from error
    check_may_block(value, sure=sure)
    row = remember(actor, value)
    if row is None:
        raise Refused("known", _l("%(value)s is on the list already.", value=value))
    return row


def forget(actor: Actor, row: SpamSender) -> None:
    """Take a sender off the list; their mail is filed again. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    audit.record(actor, "spam-sender-removed", row, {"value": [row.value, None]})
    db.session.delete(row)
    db.session.flush()


def check_may_block(value: str, *, sure: bool = False) -> None:
    """Raise Refused for ourselves and our staff, and for the domains of our customers.

    The latter with the field ``sure``: who has been asked and is sure may put them aside.
    """
    domain = value.rpartition("@")[2]
    ours = {address.rpartition("@")[2] for address in own_addresses()}
    if not value.startswith("@"):
        person = person_by_email(value)
        if value in own_addresses() or (person is not None and person.is_technician):
            raise Refused("ours", _l("%(value)s works here.", value=value))
        return
    if domain in _EVERYBODYS:
        message = _l("Everybody may write from %(value)s. Block single addresses.", value=value)
        raise Refused("everybody", message)
    if domain in ours or _is_staff_domain(domain):
        raise Refused("ours", _l("Mail from %(value)s is ours.", value=value))
    organisation: Organisation | None = organisation_of_address(f"x{value}")
    if organisation is not None and not sure:
        raise Refused(
            "customer",
            _l("%(value)s belongs to %(name)s. Put aside what everybody there writes?",
               value=value, name=organisation.name),
            "sure",
        )  # fmt: skip


def _is_staff_domain(domain: str) -> bool:
    found = db.session.scalar(
        select(ContactPoint.id)
        .join(Person, Person.id == ContactPoint.person_id)
        .where(
            Person.is_technician,
            ContactPoint.kind == ContactKind.EMAIL,
            ContactPoint.value.endswith(f"@{domain}", autoescape=True),
            ContactPoint.retired_at.is_(None),
        )
        .limit(1)
    )
    return found is not None


def page(actor: Actor, *, words: str = "", before: int | None = None) -> Sequence[SpamSender]:
    """Return a page of the list, newest first; ``words`` is a part of the address."""
    actor.demand(Permission.SETUP_MAIL)
    statement = select(SpamSender).order_by(SpamSender.id.desc()).limit(PAGE)
    if words:
        statement = statement.where(SpamSender.value.contains(words.lower(), autoescape=True))
    if before is not None:
        statement = statement.where(SpamSender.id < before)
    return db.session.scalars(statement).all()

"""Addresses that take no mail: marked when it comes back for good, cleared when they are alive.

A mark warns; it forbids nothing. What a mail system says may be wrong tomorrow, and a technician
who knows better sends all the same.
"""

from collections.abc import Collection, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import SYSTEM, Actor, Permission
from helpdesk.people.events import PersonChanged
from helpdesk.people.models import ContactKind, ContactPoint

WHY = {
    "user-unknown": _l("there is no such address"),
    "host-unknown": _l("there is no such domain"),
    "moved": _l("they have moved to another address"),
    "not-accepting": _l("the domain takes no mail"),
    "mailbox-full": _l("the mailbox is full"),
    "disabled": _l("the mailbox is switched off"),
    "too-large": _l("the message is too large"),
    "too-many": _l("their server takes no more from us for now"),
    "spam": _l("it was taken for spam"),
    "virus": _l("it was taken for a virus"),
    "content": _l("something in the message is not allowed there"),
    "policy": _l("a rule of their server forbids it"),
    "blocked": _l("their server blocks ours"),
    "authentication": _l("their server could not verify that the mail is ours"),
    "relaying": _l("the server takes no mail for this address"),
    "rejected": _l("their server refused it"),
    "network": _l("their server could not be reached"),
    "expired": _l("it was tried for too long"),
    "system": _l("a mail system had an error"),
}
"""Why mail came back, in plain words; what is not among them has no reason anybody could tell."""

NO_REASON = _l("no reason was given")


def why(reason: str) -> str:
    """Return a reason in plain words, for the reader."""
    return str(WHY.get(reason, NO_REASON))


def mark_undeliverable(address: str, reason: str) -> int:
    """Say of an e-mail address that mail to it comes back; returns how many people have it."""
    found = _points(address, marked=False)
    for point in found:
        point.undeliverable_since, point.undeliverable_why = now(), reason
        change = {"contact": [None, f"{point.value}: {reason}"]}
        audit.record(SYSTEM, "contact-undeliverable", point.person, change)
        publish(PersonChanged(SYSTEM, point.person))
    return len(found)


def undeliverable_among(addresses: Collection[str]) -> frozenset[str]:
    """Return those of these addresses that are marked. One query."""
    if not addresses:
        return frozenset()
    return frozenset(
        db.session.scalars(
            select(ContactPoint.value).where(
                ContactPoint.undeliverable_since.is_not(None),
                ContactPoint.kind == ContactKind.EMAIL,
                ContactPoint.value.in_(addresses),
            )
        )
    )


def heard_from(address: str) -> None:
    """Take the mark from an address somebody has just written from: it is alive."""
    for point in _points(address, marked=True):
        _clear(SYSTEM, point)


def deliverable_again(actor: Actor, point: ContactPoint) -> None:
    """Take the mark from an address by hand. Raises Denied."""
    actor.demand(Permission.PERSON_EDIT)
    if point.undeliverable_since is not None:
        _clear(actor, point)


def undeliverable_of(people: Collection[int]) -> Sequence[ContactPoint]:
    """Return the marked addresses of these people, as far as they are in use. One query."""
    if not people:
        return []
    return db.session.scalars(
        select(ContactPoint)
        .where(
            ContactPoint.undeliverable_since.is_not(None),
            ContactPoint.person_id.in_(people),
            ContactPoint.retired_at.is_(None),
        )
        .order_by(ContactPoint.person_id, ContactPoint.position)
    ).all()


def _points(address: str, *, marked: bool) -> Sequence[ContactPoint]:
    since = ContactPoint.undeliverable_since
    return db.session.scalars(
        select(ContactPoint).where(
            ContactPoint.kind == ContactKind.EMAIL,
            ContactPoint.value == address,
            ContactPoint.retired_at.is_(None),
            since.is_not(None) if marked else since.is_(None),
        )
    ).all()


def _clear(actor: Actor, point: ContactPoint) -> None:
    point.undeliverable_since, point.undeliverable_why = None, ""
    audit.record(actor, "contact-deliverable", point.person, {"contact": [None, point.value]})
    publish(PersonChanged(actor, point.person))

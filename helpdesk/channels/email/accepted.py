"""Senders whose mail is taken for theirs although their domain does not vouch for it.

Somebody said "It is really them" and wants that to hold. An address alone proves nothing, because
anybody may write it; so it is remembered together with what the trusted mail server *did* find
in the message: the domain that signed it (DKIM), or the one in whose name a server may send (SPF).
Only mail in which the same is found again is accepted. Where nothing was found, or only the name
of a service that everybody may send through, there is nothing to remember.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select, update
from sqlalchemy.orm import joinedload

from helpdesk.channels.email.accepted_models import AcceptedSender
from helpdesk.channels.email.authentication import Check, Proof, Result
from helpdesk.channels.email.shared_senders import is_shared
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Actor, Denied, Permission
from helpdesk.tickets.models import Entry
from helpdesk.tickets.services import Refused

PAGE = 100
METHODS = ("dkim", "spf")
"""What binds a message to a domain, the better one first: a signature is about the message."""


class Nothing(StrEnum):
    """Why a sender can't be remembered."""

    UNVERIFIABLE = "unverifiable"
    """Nothing was found that could be found again."""
    SHARED = "shared"
    """Everybody may send through what was found."""


@dataclass(frozen=True, slots=True)
class Bond:
    """What an address is remembered together with."""

    method: str
    domain: str


Known = Mapping[str, Mapping[Bond, int]]
"""Address → what it is accepted with → the row that says so."""


def bonds_in(results: Iterable[Result]) -> list[Bond]:
    """Return what was found of a message, passed, that names a domain; the better first."""
    found = {
        Bond(one.method, one.domain)
        for one in results
        if one.method in METHODS and one.result == "pass" and one.domain
    }
    return sorted(found, key=lambda one: (METHODS.index(one.method), one.domain))


def noted(address: str, found: Check) -> dict[str, object]:
    """Return what an entry keeps of a check: what it says, and what could be remembered of it."""
    kept = found.noted()
    if found.proof != Proof.PASS:
        kept["address"] = address
        kept["bonds"] = [[one.method, one.domain] for one in bonds_in(found.results)]
    return kept


def accepted_with(address: str, found: Check, known: Known) -> tuple[Bond, int] | None:
    """Return why a message of this address counts although its domain does not vouch for it."""
    rows = known.get(address, {})
    return next(((one, rows[one]) for one in bonds_in(found.results) if one in rows), None)


def known_among(addresses: Iterable[str]) -> Known:
    """Return those addresses that are remembered, and with what. One query, none for nobody."""
    asked = set(addresses)
    if not asked:
        return {}
    known: dict[str, dict[Bond, int]] = {}
    for row in db.session.execute(
        select(
            AcceptedSender.address,
            AcceptedSender.method,
            AcceptedSender.domain,
            AcceptedSender.id,
        ).where(AcceptedSender.address.in_(asked))
    ):
        known.setdefault(row.address, {})[Bond(row.method, row.domain)] = row.id
    return known


def count_hit(key: int) -> None:
    """Note that a message was accepted because of a row."""
    db.session.execute(
        update(AcceptedSender)
        .where(AcceptedSender.id == key)
        .values(hits=AcceptedSender.hits + 1, last_hit_at=now())
    )


def offered(entry: Entry) -> Bond | Nothing:
    """Return what the sender of a message can be remembered with, or why they can't be."""
    bonds = _bonds_of(entry)
    fit = [one for one in bonds if not is_shared(one.domain)]
    if fit:
        return fit[0]
    return Nothing.SHARED if bonds else Nothing.UNVERIFIABLE


def _bonds_of(entry: Entry) -> list[Bond]:
    pairs = _kept(entry).get("bonds", [])
    return [Bond(str(method), str(domain)) for method, domain in pairs]


def _kept(entry: Entry) -> dict[str, Any]:
    found = (entry.envelope or {}).get("sender_check")
    return found if isinstance(found, dict) else {}


def remember(actor: Actor, entry: Entry) -> AcceptedSender | None:
    """Accept further mail of a sender in which the same is found; None when that is so already.

    For who decided about the message, in the transaction in which they did. Raises Denied, and
    Refused where there is nothing to remember.
    """
    actor.demand(Permission.TICKET_WORK)
    bond, address = offered(entry), str(_kept(entry).get("address") or "")
    if isinstance(bond, Nothing) or not address:
        message = _l("Nothing about this message can be found again, so it can't be remembered.")
        raise Refused("not-verifiable", message)
    there = db.session.scalar(
        select(AcceptedSender.id).where(
            AcceptedSender.address == address,
            AcceptedSender.method == bond.method,
            AcceptedSender.domain == bond.domain,
        )
    )
    if there is not None:
        return None
    row = AcceptedSender(
        address=address,
        method=bond.method,
        domain=bond.domain,
        added_by_id=actor.person_id,
        entry_id=entry.id,
    )
    db.session.add(row)
    db.session.flush()
    changes = {"address": [None, address], bond.method: [None, bond.domain]}
    audit.record(actor, "sender-accepted", row, changes, label=address)
    return row


def row_of(entry: Entry) -> AcceptedSender | None:
    """Return what was remembered because of a message. One query."""
    return db.session.scalar(select(AcceptedSender).where(AcceptedSender.entry_id == entry.id))


def forget(actor: Actor, row: AcceptedSender) -> None:
    """Accept a sender no more. For who sets up mail, and for who remembered them. Raises Denied."""
    if actor.person_id is None or actor.person_id != row.added_by_id:
        actor.demand(Permission.SETUP_MAIL)
    elif not actor.can(Permission.TICKET_WORK):
        raise Denied(Permission.TICKET_WORK)
    changes = {"address": [row.address, None], row.method: [row.domain, None]}
    audit.record(actor, "sender-accepted-no-more", row, changes, label=row.address)
    db.session.delete(row)
    db.session.flush()


def page(actor: Actor, *, words: str = "", before: int | None = None) -> Sequence[AcceptedSender]:
    """Return a page of the list, newest first; ``words`` is a part of the address or domain."""
    actor.demand(Permission.SETUP_MAIL)
    statement = (
        select(AcceptedSender)
        .options(joinedload(AcceptedSender.added_by), joinedload(AcceptedSender.entry))
        .order_by(AcceptedSender.id.desc())
        .limit(PAGE)
    )
    if words:
        part = words.lower()
        statement = statement.where(
            or_(
                AcceptedSender.address.contains(part, autoescape=True),
                AcceptedSender.domain.contains(part, autoescape=True),
            )
        )
    if before is not None:
        statement = statement.where(AcceptedSender.id < before)
    return db.session.scalars(statement).all()

"""The switch in the composer that encrypts an answer."""

from flask import g, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import exists, select

from helpdesk.channels.email.outgoing import addresses_of
from helpdesk.channels.email.secure.models import PersonKey
from helpdesk.channels.email.secure.protecting import came_encrypted, is_sealed, keys_for
from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.talk import copy_recipients


def _reasons(ticket: Ticket) -> tuple[bool, bool]:
    """Return whether anybody has a key, and whether the customer wrote encrypted.

    One question for every page of a ticket, however many forms it has; most desks have neither.
    """
    kept: dict[int, tuple[bool, bool]] = g.setdefault("encrypting_reasons", {})
    if ticket.id not in kept:
        asked = select(exists(select(PersonKey.id)), is_sealed(ticket.id))
        some_key, sealed = map(bool, db.session.execute(asked).one())
        kept[ticket.id] = (some_key, sealed)
    return kept[ticket.id]


class Encrypt:
    """Asks whether an answer is to be encrypted, where that is possible or was done before."""

    def ask(self, ticket: Ticket) -> Markup | None:
        """Return the switch: on when the customer wrote encrypted, with who lacks a key."""
        some_key, sealed = _reasons(ticket)
        if not some_key and not sealed:
            return None
        people = {
            person.id: person.name
            for person in (ticket.requester or ticket.customer, *copy_recipients(ticket))
        }
        addresses = addresses_of(ticket, list(people))
        found = keys_for(list(dict.fromkeys(addresses.values())))
        missing = [people[key] for key in people if addresses.get(key) in (None, *found.missing)]
        if missing and not sealed and not found.keys:
            return None
        return Markup(  # noqa: S704 (our own template)
            render_template("mail/_encrypt.html", sealed=sealed, missing=missing, where="reply")
        )

    def answer(self, _actor: Actor, ticket: Ticket) -> None:
        """Refuse to put off what its author wants encrypted otherwise than by itself."""
        if not request.form.get("encrypt_asked") or not request.form.get("later"):
            return
        by_itself = came_encrypted(ticket.id)
        if bool(request.form.get("encrypt")) != by_itself:
            words = _("An answer that is put off leaves as the customer wrote: %(how)s.")
            how = _("encrypted") if by_itself else _("not encrypted")
            raise Refused("encrypt-later", words % {"how": how})


class EncryptAside:
    """Asks the same of a message to others; who has no key is named when it is sent."""

    def ask(self, ticket: Ticket) -> Markup | None:
        """Return the switch: on when the customer wrote encrypted."""
        some_key, sealed = _reasons(ticket)
        if not some_key and not sealed:
            return None
        return Markup(  # noqa: S704 (our own template)
            render_template("mail/_encrypt.html", sealed=sealed, missing=[], where="side")
        )

    def answer(self, _actor: Actor, _ticket: Ticket) -> None:
        """Nothing depends on the answer but the message itself."""

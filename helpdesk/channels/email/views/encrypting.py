"""The switch in the composer that encrypts an answer."""

from flask import render_template, request
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


class Encrypt:
    """Asks whether an answer is to be encrypted, where that is possible or was done before."""

    def ask(self, ticket: Ticket) -> Markup | None:
        """Return the switch: on when the customer wrote encrypted, with who lacks a key."""
        # One question for every page of a ticket; most desks have neither.
        asked = select(exists(select(PersonKey.id)), is_sealed(ticket.id))
        some_key, sealed = map(bool, db.session.execute(asked).one())
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
            render_template("mail/_encrypt.html", sealed=sealed, missing=missing, kind=found.kind)
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

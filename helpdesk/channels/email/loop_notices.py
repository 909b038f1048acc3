"""What administrators are written when the brake on loops took hold."""

from collections.abc import Callable

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from config import Settings
from helpdesk.channels.email.alarms import administrators
from helpdesk.channels.email.mailboxes import default_sender
from helpdesk.channels.email.outgoing import new_message_id
from helpdesk.db import db
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.models import Channel
from helpdesk.web.i18n import language_of


def tell_of_sender(sender: str) -> None:
    """Write that mail of a sender is held. Needs a transaction."""
    _tell(
        lambda: _("Mail of %(sender)s is held: there is too much of it", sender=sender),
        lambda: _(
            "So many messages in ten minutes look like two programs that answer each other. They"
            " are in the quarantine, and “Try again” files them. If this sender may write so much,"
            " say so in Set up, Mail, Handling."
        ),
        "/setup/mail/quarantine",
    )


def tell_of_ticket(number: int) -> None:
    """Write that nothing is sent by itself on a ticket any more. Needs a transaction."""
    _tell(
        lambda: _("Ticket #%(number)d: nothing more is sent by itself", number=number),
        lambda: _(
            "So many automatic messages in an hour look like two programs that answer each other."
            " What people write still leaves. Automatic messages leave again once the hour is over."
        ),
        f"/tickets/{number}",
    )


def _tell(subject: Callable[[], str], words: Callable[[], str], path: str) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    through = default_sender()
    for person, address in administrators():
        with force_locale(language_of(person.language) or "en"):
            about, text = subject(), f"{words()}\n\n{settings.base_url.rstrip('/')}{path}\n"
        db.session.add(
            OutboxMessage(
                channel=Channel.EMAIL,
                mailbox_id=through.id if through is not None else None,
                person_id=person.id,
                to=[[person.name, address]],
                recipients=[address],
                message_id=new_message_id(through),
                subject=about,
                text=text,
            )
        )

"""What administrators are written when the brake on loops took hold."""

from collections.abc import Callable

from flask_babel import gettext as _

from helpdesk.channels.email.mailboxes import default_sender
from helpdesk.channels.email.to_administrators import write


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
    write(lambda: (subject(), words(), path), default_sender())

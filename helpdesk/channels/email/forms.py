"""The form of a mailbox."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional

from helpdesk.channels.email.models import LINK_ABOVE, LINK_DAYS, Mailbox, Tls
from helpdesk.channels.email.set_up import MailboxSettings
from helpdesk.tickets.desk import Queue
from helpdesk.web.forms import Form, Needed, choices

MEGABYTE = 1024 * 1024
_TLS = (
    (str(Tls.IMPLICIT), _l("TLS")),
    (str(Tls.STARTTLS), _l("STARTTLS")),
    (str(Tls.NONE), _l("None, unprotected")),
)
_SAME = (
    *("name", "is_default", "active", "queue_id"),
    *("imap_host", "imap_port", "imap_tls", "imap_user", "folder", "move_to"),
    *("smtp_host", "smtp_port", "smtp_tls", "smtp_user"),
    *("per_minute", "per_hour", "link_days"),
)
"""Fields that are called the same in the form, the settings and the table."""


class MailboxForm(Form):
    """Everything about one mailbox. Passwords are never shown; empty keeps the one there is."""

    version = HiddenField()
    name = StringField(
        _l("Name"),
        [Needed()],
        description=_l("Who answers come from, as recipients see it."),
    )
    addresses = TextAreaField(
        _l("Addresses"),
        [Needed()],
        description=_l(
            "One a line, everything that mail to it is addressed to. Answers come from the first."
        ),
    )
    queue_id = SelectField(_l("New tickets go to"), coerce=int, choices=[])
    is_default = BooleanField(
        _l("Default"),
        description=_l(
            "Sends what no other mailbox is responsible for: answers to calls, links to sign in."
        ),
    )
    active = BooleanField(_l("Switched on"), default=True)

    imap_host = StringField(_l("Server"), [Needed()])
    imap_port = IntegerField(_l("Port"), [Needed()], default=993)
    imap_tls = SelectField(_l("Protection"), choices=choices(_TLS))
    imap_user = StringField(_l("User"), [Needed()])
    imap_password = PasswordField(_l("Password"))
    folder = StringField(_l("Folder"), default="INBOX")
    move_to = StringField(
        _l("Move filed messages to"),
        description=_l("A folder, made if need be. Empty: they stay where they are, unchanged."),
    )
    only_new = BooleanField(
        _l("Only new mail"),
        description=_l("What lies in the folder already is left alone."),
    )

    smtp_host = StringField(_l("Server"), description=_l("Empty: this mailbox only receives."))
    smtp_port = IntegerField(_l("Port"), [Optional()], default=587)
    smtp_tls = SelectField(_l("Protection"), choices=choices(_TLS), default=str(Tls.STARTTLS))
    smtp_user = StringField(
        _l("User"), description=_l("Empty: it lets us send without signing in.")
    )
    smtp_password = PasswordField(_l("Password"))
    per_minute = IntegerField(
        _l("At most a minute"),
        [Optional()],
        default=0,
        description=_l("Messages that its server takes. 0: any number."),
    )
    per_hour = IntegerField(_l("At most an hour"), [Optional()], default=0)
    link_megabytes = IntegerField(
        _l("Files as links from (MB)"),
        [Optional()],
        default=LINK_ABOVE // MEGABYTE,
        description=_l(
            "Files of an answer that are larger together go as links that end. 0: always attached."
        ),
    )
    link_days = IntegerField(_l("Links end after (days)"), [Optional()], default=LINK_DAYS)

    def offer(self, queues: list[Queue]) -> None:
        """Offer these queues."""
        self.queue_id.choices = choices((queue.id, queue.name) for queue in queues)

    def show(self, mailbox: Mailbox) -> None:
        """Fill the form with a mailbox as it is."""
        for name in _SAME:
            self._fields[name].data = getattr(mailbox, name)
        self.addresses.data = "\n".join(mailbox.addresses)
        self.link_megabytes.data = mailbox.link_above // MEGABYTE
        self.version.data = str(mailbox.version)

    def settings(self) -> MailboxSettings:
        """Return what was typed."""
        given: dict[str, Any] = {name: self._fields[name].data for name in _SAME}
        for name in ("imap_host", "imap_user", "folder", "move_to", "smtp_host", "smtp_user"):
            given[name] = given[name] or ""
        for name, usual in (("per_minute", 0), ("per_hour", 0), ("link_days", LINK_DAYS)):
            given[name] = usual if given[name] is None else given[name]
        megabytes = self.link_megabytes.data
        return MailboxSettings(
            **{**given, "smtp_port": given["smtp_port"] or 587},
            link_above=LINK_ABOVE if megabytes is None else megabytes * MEGABYTE,
            addresses=re.split(r"[\s,;]+", (self.addresses.data or "").strip()),
            imap_password=self.imap_password.data or None,
            smtp_password=self.smtp_password.data or None,
            only_new=bool(self.only_new.data),
        )

"""The form of a mailbox."""

import re
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import NumberRange, Optional

from helpdesk.channels.email.models import (
    LINK_ABOVE,
    LINK_DAYS,
    Kind,
    Mailbox,
    Plus,
    SignIn,
    Speaks,
    Tls,
)
from helpdesk.channels.email.oauth import PRESETS
from helpdesk.channels.email.set_up import MailboxSettings
from helpdesk.channels.email.source_models import Provider
from helpdesk.db import db
from helpdesk.people.models import Desk
from helpdesk.tickets.desk import Queue
from helpdesk.web.forms import Form, Needed, choices
from helpdesk.web.i18n import zone

MEGABYTE = 1024 * 1024
_TLS = (
    (str(Tls.IMPLICIT), _l("TLS")),
    (str(Tls.STARTTLS), _l("STARTTLS")),
    (str(Tls.NONE), _l("None, unprotected")),
)
KINDS = (
    (str(Kind.IMAP), _l("IMAP")),
    (str(Provider.MICROSOFT), "Microsoft 365"),
    (str(Provider.GOOGLE), "Google"),
    (str(Kind.PIPE), _l("Pipe of an MTA")),
    (str(Kind.HTTP), "HTTP"),
)
"""What a new mailbox can be."""
_SIGN_IN = (
    (str(SignIn.PASSWORD), _l("A password")),
    (str(SignIn.OAUTH), _l("OAuth2: the provider grants access")),
)
_SPEAKS = (
    (str(Speaks.ALL), _l("Everything")),
    (str(Speaks.PEOPLE), _l("Only what people write; receipts and other automatic mail wait")),
    (str(Speaks.NOTHING), _l("Nothing yet: answers wait, too")),
)
_PLUS = (
    (str(Plus.NONE), _l("No: answers are told by what they refer to")),
    (str(Plus.REPLIES), _l("Yes, for answers")),
    (str(Plus.ALL), _l("Yes, for answers and for mail that comes back")),
)
_FETCHED = (
    *("imap_host", "imap_port", "imap_tls", "imap_user", "imap_password"),
    *("folder", "move_to", "copies", "only_new", "not_before"),
)
"""Fields of mailboxes that are read; what is brought to us has none of them."""
_SAME = (
    *("kind", "sign_in", "speaks", "copies", "trusts", "staff_answers", "silent_hours", "plus"),
    *("name", "is_default", "active", "queue_id"),
    *("imap_host", "imap_port", "imap_tls", "imap_user", "folder", "move_to"),
    *("smtp_host", "smtp_port", "smtp_tls", "smtp_user"),
    *("per_minute", "per_hour", "link_days"),
)
"""Fields that are called the same in the form, the settings and the table."""


def _zone() -> tzinfo:
    name: str | None = db.session.scalar(select(Desk.time_zone).limit(1))
    return zone(name or "UTC")


def _midnight(day: date | None) -> datetime | None:
    """Return the beginning of a day as the desk counts days."""
    if day is None:
        return None
    return datetime(max(day.year, 2), day.month, day.day, tzinfo=_zone()).astimezone(UTC)


class MailboxForm(Form):
    """Everything about one mailbox. Passwords are never shown; empty keeps the one there is."""

    version = HiddenField()
    kind = HiddenField(default=str(Kind.IMAP))
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
    sign_in = SelectField(
        _l("Sign in with"), choices=choices(_SIGN_IN), default=str(SignIn.PASSWORD)
    )
    imap_user = StringField(_l("User"), [Needed()])
    imap_password = PasswordField(_l("Password"), description=_l("Not needed with OAuth2."))
    folder = StringField(_l("Folder"), default="INBOX")
    move_to = StringField(
        _l("Move filed messages to"),
        description=_l("A folder, made if need be. Empty: they stay where they are, unchanged."),
    )
    only_new = BooleanField(
        _l("Only new mail"),
        description=_l("What lies in the folder already is left alone."),
    )

    copies = BooleanField(
        _l("Copy instead of moving"),
        description=_l("The folder gets a copy, and the mailbox stays as it is."),
    )
    not_before = DateField(
        _l("File only mail from this day on"),
        [Optional()],
        description=_l("What came before stays in the folder; the ledger says so. Empty: all."),
    )
    speaks = SelectField(
        _l("What leaves through it"),
        choices=choices(_SPEAKS),
        default=str(Speaks.ALL),
        description=_l("Links to sign in and notices to staff always leave."),
    )
    drop_waiting = BooleanField(
        _l("Drop what waits instead of sending it"),
        description=_l("Counts when you choose above that more may leave."),
    )

    plus = SelectField(
        _l("Takes addresses with a +"),
        choices=choices(_PLUS),
        default=str(Plus.NONE),
        description=_l(
            "If mail to support+word@ arrives in this mailbox, answers find their ticket even where"
            " a mail system changed everything else. Test tries it."
        ),
    )
    trusts = StringField(
        _l("Mail servers that check senders"),
        description=_l(
            "The names with which your own mail servers begin Authentication-Results headers, for"
            " instance mx.example.org. What others claim there is not believed. Empty: nobody is"
            " verified."
        ),
    )

    silent_hours = IntegerField(
        _l("Alarm after so many hours without mail"),
        [Optional(), NumberRange(0, 8760)],
        default=0,
        description=_l("0: it may be silent for as long as it likes."),
    )
    staff_answers = BooleanField(
        _l("Technicians may answer customers by mail"),
        description=_l(
            "What they write about a ticket goes to its customer when a server above verified"
            " them. Otherwise, and without this, it becomes a note."
        ),
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

    def begin(self, preset: str) -> None:
        """Fill an empty form with what is known of a kind of mailbox, or of a provider."""
        known = PRESETS.get(Provider(preset)) if preset in set(Provider) else None
        self.kind.data = preset if preset in set(Kind) else str(Kind.IMAP)
        if known is not None:
            self.sign_in.data = str(SignIn.OAUTH)
            self.imap_host.data, self.smtp_host.data = known.imap_host, known.smtp_host
            self.smtp_port.data = known.smtp_port
        self.narrow(self.kind.data)

    def narrow(self, kind: str) -> None:
        """Leave out what mailboxes of another kind have."""
        self.kind.data = kind
        if kind != Kind.IMAP:
            for name in _FETCHED:
                del self[name]

    def offer(self, queues: list[Queue]) -> None:
        """Offer these queues."""
        self.queue_id.choices = choices((queue.id, queue.name) for queue in queues)

    def show(self, mailbox: Mailbox) -> None:
        """Fill the form with a mailbox as it is."""
        for name in _SAME:
            if name in self._fields:
                self._fields[name].data = getattr(mailbox, name)
        if mailbox.not_before is not None and "not_before" in self._fields:
            self.not_before.data = mailbox.not_before.astimezone(_zone()).date()
        self.addresses.data = "\n".join(mailbox.addresses)
        self.link_megabytes.data = mailbox.link_above // MEGABYTE
        self.version.data = str(mailbox.version)

    def settings(self) -> MailboxSettings:
        """Return what was typed."""
        given: dict[str, Any] = {
            name: self._fields[name].data for name in _SAME if name in self._fields
        }
        given["silent_hours"] = given["silent_hours"] or 0
        given["trusts"] = " ".join(re.split(r"[\s,;]+", (self.trusts.data or "").lower())).strip()
        for name in ("imap_host", "imap_user", "folder", "move_to", "smtp_host", "smtp_user"):
            if name in given:
                given[name] = given[name] or ""
        for name, usual in (("per_minute", 0), ("per_hour", 0), ("link_days", LINK_DAYS)):
            given[name] = usual if given[name] is None else given[name]
        megabytes = self.link_megabytes.data
        fetched = "imap_host" in self._fields
        return MailboxSettings(
            **{**given, "smtp_port": given["smtp_port"] or 587},
            link_above=LINK_ABOVE if megabytes is None else megabytes * MEGABYTE,
            addresses=re.split(r"[\s,;]+", (self.addresses.data or "").strip()),
            imap_password=(self.imap_password.data or None) if fetched else None,
            smtp_password=self.smtp_password.data or None,
            only_new=fetched and bool(self.only_new.data),
            not_before=_midnight(self.not_before.data) if fetched else None,
        )

"""Writing to those who may set up mail: about mailboxes, keys, and what was held back."""

from collections.abc import Callable, Iterable

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import select

from config import Settings
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.outgoing import new_message_id
from helpdesk.db import db
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.access import Permission
from helpdesk.people.models import Account, AccountRole, Channel, Person, RolePermission
from helpdesk.web.i18n import language_of

Words = tuple[str, str, str]
"""A subject, a text, and the path of the page where something can be done about it."""


def write(words: Callable[[], Words | None], through: Mailbox | None) -> None:
    """Write to every administrator, in their own language. Needs a transaction.

    ``words`` is asked in each language; None says that there is nothing to write after all.
    ``through`` sends it, else whichever mailbox sends what no other one is responsible for.
    """
    settings: Settings = current_app.config["SETTINGS"]
    base = settings.base_url.rstrip("/")
    for person, address in administrators():
        with force_locale(language_of(person.language) or "en"):
            said = words()
        if said is None:
            return
        subject, text, path = said
        db.session.add(
            OutboxMessage(
                channel=Channel.EMAIL,
                mailbox_id=through.id if through is not None else None,
                person_id=person.id,
                to=[[person.name, address]],
                recipients=[address],
                message_id=new_message_id(through),
                subject=subject,
                text=f"{text}\n\n{base}{path}\n",
            )
        )


def administrators() -> Iterable[tuple[Person, str]]:
    """Return those who may set up mail, with the address they sign in with."""
    rows = db.session.execute(
        select(Person, Account.login)
        .join(Account, Account.person_id == Person.id)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .join(RolePermission, RolePermission.role_id == AccountRole.role_id)
        .where(
            RolePermission.permission == Permission.SETUP_MAIL,
            Account.deactivated_at.is_(None),
            Person.retired_at.is_(None),
            Account.login.contains("@"),
        )
        .distinct()
        .order_by(Person.id)
    ).all()
    return [(person, login) for person, login in rows]

"""Links that work once: the first sign-in and a forgotten password."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from config import Settings
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import tokens
from helpdesk.people.models import Account, SingleUseLink


class Purpose(StrEnum):
    """What a link is for."""

    RESET = "reset"
    FIRST = "first"


PATHS = {Purpose.RESET: "/reset-password/", Purpose.FIRST: "/first-sign-in/"}
"""Where the links lead; the token follows."""

LIFETIMES = {Purpose.RESET: timedelta(hours=2), Purpose.FIRST: timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was just made. This is the only time its token is known."""

    token: str
    url: str
    expires_at: datetime


def issue(account: Account, purpose: Purpose) -> Link:
    """Make a link for the account; earlier ones for the same purpose stop working."""
    moment = now()
    db.session.execute(
        update(SingleUseLink)
        .where(
            SingleUseLink.account_id == account.id,
            SingleUseLink.purpose == purpose,
            SingleUseLink.used_at.is_(None),
        )
        .values(used_at=moment)
    )
    token = tokens.new()
    row = SingleUseLink(
        token_hash=tokens.digest(token),
        account_id=account.id,
        purpose=purpose,
        created_at=moment,
        expires_at=moment + LIFETIMES[purpose],
    )
    db.session.add(row)
    db.session.flush()
    settings: Settings = current_app.config["SETTINGS"]
    return Link(token, f"{settings.base_url}{PATHS[purpose]}{token}", row.expires_at)


def account_of(token: str, purpose: Purpose) -> Account | None:
    """Return whose link this is while it works. Looking does not use it up.

    Mail scanners open every link they see, so only the form behind it uses it.
    """
    row = db.session.scalar(
        select(SingleUseLink)
        .options(joinedload(SingleUseLink.account).joinedload(Account.person))
        .where(
            SingleUseLink.token_hash == tokens.digest(token),
            SingleUseLink.purpose == purpose,
            SingleUseLink.used_at.is_(None),
            SingleUseLink.expires_at > now(),
        )
    )
    if row is None or row.account.deactivated_at is not None:
        return None
    return row.account


def use(token: str, purpose: Purpose) -> bool:
    """Use the link up. Of two who try at once, one is told True."""
    result = db.session.execute(
        update(SingleUseLink)
        .where(
            SingleUseLink.token_hash == tokens.digest(token),
            SingleUseLink.purpose == purpose,
            SingleUseLink.used_at.is_(None),
            SingleUseLink.expires_at > now(),
        )
        .values(used_at=now())
        .execution_options(synchronize_session=False)
    )
    return bool(getattr(result, "rowcount", 0) == 1)

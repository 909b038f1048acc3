"""What will soon keep mailboxes from working, and what does already: said aloud, and in time.

An OAuth2 grant ends without a word: the secret of our program has a last day that no provider
tells, refresh tokens have an end, and a changed password takes everything back. So whoever may
set up mail is warned on every page and by mail, some weeks, some days and one day before, and at
once when a provider refuses.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from helpdesk.channels.email import tokens
from helpdesk.channels.email.mailboxes import other_sender
from helpdesk.channels.email.models import Mailbox, SignIn
from helpdesk.channels.email.source_models import Flow, MailGrant
from helpdesk.channels.email.to_administrators import Words, write
from helpdesk.channels.email.trouble import Trouble
from helpdesk.channels.email.watching import wrong_with
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.web.i18n import day, moment

log = logging.getLogger(__name__)

STAGES = (1, 3, 7, 14, 30)
"""Days before an end at which administrators are written to, each once."""
SOON = timedelta(days=30)
GRAVE = timedelta(days=7)
SHORT = 3
"""A refresh token is near its end when less than a third of its life is left: one that is renewed
with every use never is."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What has to be done about a mailbox. ``stage`` tells one warning from the next."""

    mailbox_id: int
    mailbox: str
    is_grave: bool
    words: str
    stage: str
    of_access: bool = True
    """About what a provider grants; otherwise about the mail itself."""


def alarms() -> list[Alarm]:
    """Return what there is to do about mailboxes in use, in the reader's language. One query."""
    rows = db.session.execute(
        select(MailGrant, Mailbox)
        .select_from(Mailbox)
        .join(MailGrant, Mailbox.id == MailGrant.mailbox_id, isouter=True)
        .where(Mailbox.active, Mailbox.retired_at.is_(None))
        .order_by(Mailbox.name, Mailbox.id)
    )
    found = (_gravest(row, mailbox) for row, mailbox in rows)
    return [alarm for alarm in found if alarm is not None]


def _gravest(row: MailGrant | None, mailbox: Mailbox) -> Alarm | None:
    """Return what there is to do: about access first, which explains the rest."""
    if row is not None and mailbox.sign_in == SignIn.OAUTH:
        alarm = _of(row, mailbox)
        if alarm is not None:
            return alarm
    wrong = wrong_with(mailbox)
    if wrong is None:
        return None
    stage, is_grave, words = wrong
    return Alarm(mailbox.id, mailbox.name, is_grave, words, stage, of_access=False)


def alarm_of(mailbox: Mailbox) -> Alarm | None:
    """Return what there is to do about one mailbox."""
    return _gravest(db.session.get(MailGrant, mailbox.id), mailbox)


def _of(row: MailGrant, mailbox: Mailbox) -> Alarm | None:
    """Return the gravest of what is to be said about a grant."""
    if row.refused_at is not None:
        stage = f"refused {row.refused_at.isoformat()}"
        return Alarm(mailbox.id, mailbox.name, True, str(tokens.refusal(row)), stage)
    ends = [end for end in (_secret_end(row), _access_end(row), _token_end(row)) if end is not None]
    if not ends:
        return None
    at, name, words = min(ends)
    left = at - now()
    if left > SOON:
        return None
    days = next((one for one in STAGES if left <= timedelta(days=one)), STAGES[-1])
    return Alarm(mailbox.id, mailbox.name, left <= GRAVE, words, f"{name} {at.date()} {days}")


End = tuple[datetime, str, str]
"""When something ends, its name for programs, and what to do about it."""


def _secret_end(row: MailGrant) -> End | None:
    if row.secret_ends_on is None:
        return None
    at = _end_of(row.secret_ends_on)
    if at < now():
        words = _(
            "The client secret should have ended by now. Make a new one at the provider and type it"
            " under Access."
        )
    else:
        words = _(
            "The client secret ends on %(day)s, and with it all reading and sending. Make a new one"
            " at the provider and type it under Access before that.",
            day=day(at.date()),
        )
    return at, "secret", words


def _access_end(row: MailGrant) -> End | None:
    if row.access_ends_on is None:
        return None
    at = _end_of(row.access_ends_on)
    words = _(
        "Access was granted until %(day)s. Before that, sign in at the provider again, under"
        " Access.",
        day=day(at.date()),
    )
    return at, "access", words


def _token_end(row: MailGrant) -> End | None:
    """Return the end of a refresh token that is not renewed with its use."""
    if row.flow != Flow.CODE or row.granted_at is None:
        return None
    words = _("What the provider granted ends at %(time)s. Sign in there again, under Access.")
    if not row.refresh_token and row.access_until is not None:
        return row.access_until, "token", words % {"time": moment(row.access_until)}
    if row.refresh_until is None or row.refresh_life is None:
        return None
    if row.refresh_until - now() >= timedelta(seconds=row.refresh_life / SHORT):
        return None
    return row.refresh_until, "token", words % {"time": moment(row.refresh_until)}


def _end_of(day: object) -> datetime:
    """Return the beginning of a last day in UTC: whoever acts on that day may be too late."""
    return datetime.fromisoformat(f"{day}T00:00:00+00:00")


# ---- Keeping access, and telling ----


@job(every=60)
def keep_access() -> None:
    """Renew what ends soon, also of mailboxes that rest, and write to administrators in time."""
    keys = db.session.scalars(
        select(MailGrant.mailbox_id)
        .join(Mailbox, Mailbox.id == MailGrant.mailbox_id)
        .where(
            Mailbox.active,
            Mailbox.retired_at.is_(None),
            Mailbox.sign_in == SignIn.OAUTH,
            MailGrant.granted_at.is_not(None),
            MailGrant.refused_at.is_(None),
        )
    ).all()
    db.session.rollback()
    for key in keys:
        try:
            tokens.token_for(key)
        except Trouble as trouble:
            log.warning("Mailbox %d has no token: %s", key, trouble)
        except SQLAlchemyError:
            log.exception("The token of mailbox %d could not be looked at", key)
            db.session.rollback()
    for alarm in alarms():
        with transaction():
            if _is_new(alarm):
                tell_administrators(alarm.mailbox_id)


def _is_new(alarm: Alarm) -> bool:
    """Note that administrators are told of an alarm; False when they were."""
    if alarm.of_access:
        row = db.session.get_one(MailGrant, alarm.mailbox_id, with_for_update=True)
        is_new, row.told = row.told != alarm.stage, alarm.stage
        return is_new
    mailbox = db.session.get_one(Mailbox, alarm.mailbox_id, with_for_update=True)
    is_new, mailbox.alarmed = mailbox.alarmed != alarm.stage, alarm.stage
    return is_new


def tell_administrators(mailbox_id: int) -> None:
    """Write to everybody who may set up mail what is to be done about a mailbox.

    Through another mailbox, if there is one that can send.
    """
    mailbox = db.session.get_one(Mailbox, mailbox_id)

    def words() -> Words | None:
        alarm = alarm_of(mailbox)
        if alarm is None:
            return None
        page = f"ledger?mailbox={mailbox_id}"
        if alarm.of_access:
            page = f"mailboxes/{mailbox_id}/access"
        about = _("Mailbox %(name)s needs you", name=mailbox.name)
        return about, alarm.words, f"/setup/mail/{page}"

    write(words, other_sender(mailbox_id))

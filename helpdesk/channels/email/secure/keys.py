"""Keeping keys: the desk's own, those of correspondents, and authorities."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from helpdesk.channels.email.alarms import STAGES
from helpdesk.channels.email.mailboxes import other_sender
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secrets import seal
from helpdesk.channels.email.secure import uploads
from helpdesk.channels.email.secure.keyring import keys_of
from helpdesk.channels.email.secure.models import MailAuthority, MailKey, PersonKey
from helpdesk.channels.email.secure.uploads import Uploaded
from helpdesk.channels.email.to_administrators import Words, write
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import ContactKind, Person
from helpdesk.tickets.services import Refused
from helpdesk.web.i18n import moment

SOON = timedelta(days=30)
"""A key that ends within this time is named aloud."""


# ---- The desk's own ----


def own_keys() -> list[MailKey]:
    """Return the keys of mailboxes in use."""
    chosen = select(MailKey).join(Mailbox).where(Mailbox.retired_at.is_(None))
    return list(db.session.scalars(chosen.order_by(Mailbox.name, MailKey.id)))


def ends_soon(at: datetime | None) -> bool:
    """Whether a key ends soon or has ended already."""
    return at is not None and at < now() + SOON


def ending_count() -> int:
    """Return how many keys that sign answers or still open mail end soon."""
    chosen = (
        select(MailKey.id)
        .join(Mailbox)
        .where(Mailbox.retired_at.is_(None), MailKey.expires_at < now() + SOON)
        .limit(100)
    )
    return len(db.session.scalars(chosen).all())


def add(actor: Actor, mailbox: Mailbox, data: bytes, password: str, *, signs: bool) -> MailKey:
    """Give a mailbox a secret key from a file. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_MAIL)
    found = uploads.own_key(data, password)
    known = select(MailKey.id).where(
        MailKey.mailbox_id == mailbox.id, MailKey.fingerprint == found.fingerprint
    )
    if db.session.scalar(known) is not None:
        raise Refused("key-known", _l("This mailbox has this key already."), "file")
    key = MailKey(
        mailbox_id=mailbox.id,
        kind=found.kind,
        name=found.name,
        addresses=found.addresses,
        fingerprint=found.fingerprint,
        numbers=list(found.numbers),
        begins_at=found.begins_at,
        expires_at=found.expires_at,
        public=found.public,
        secret=seal(found.secret),
        password=seal(found.password),
    )
    key.mailbox = mailbox
    db.session.add(key)
    db.session.flush()
    audit.record(actor, "mail-key-added", key, {"fingerprint": [None, found.fingerprint]})
    if signs:
        sign_with(actor, key, signs=True)
    return key


def sign_with(actor: Actor, key: MailKey, *, signs: bool) -> None:
    """Let a mailbox sign its answers with a key, or no longer. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_MAIL)
    if signs:
        if key.mailbox.address not in key.addresses:
            words = _l(
                "Answers come from %(address)s, and the key is not for that address: recipients"
                " would be warned.",
                address=key.mailbox.address,
            )
            raise Refused("key-address", words)
        if key.expires_at is not None and key.expires_at <= now():
            raise Refused("key-expired", _l("This key has expired."))
        others = update(MailKey).where(MailKey.mailbox_id == key.mailbox_id)
        db.session.execute(others.values(signs=False))
    audit.record(actor, "mail-key-changed", key, {"signs": [key.signs, signs]})
    key.signs = signs
    db.session.flush()


def remove(actor: Actor, key: MailKey) -> None:
    """Forget a secret key; what comes in for it can't be opened from then on. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    audit.record(actor, "mail-key-removed", key, {"fingerprint": [key.fingerprint, None]})
    db.session.delete(key)


# ---- Authorities ----


def authorities() -> list[MailAuthority]:
    """Return the authorities that were added, by name."""
    return list(db.session.scalars(select(MailAuthority).order_by(MailAuthority.name)))


def add_authority(actor: Actor, data: bytes) -> MailAuthority:
    """Trust an authority from a file. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_MAIL)
    found = uploads.authority(data)
    known = select(MailAuthority.id).where(MailAuthority.fingerprint == found.fingerprint)
    if db.session.scalar(known) is not None:
        raise Refused("key-known", _l("This authority is trusted already."), "file")
    assert found.expires_at is not None
    row = MailAuthority(
        name=found.name,
        fingerprint=found.fingerprint,
        expires_at=found.expires_at,
        public=found.public,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "mail-authority-added", row)
    return row


def remove_authority(actor: Actor, row: MailAuthority) -> None:
    """Trust an authority no longer. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    audit.record(actor, "mail-authority-removed", row)
    db.session.delete(row)


# ---- Correspondents ----


def addresses_of(person: Person) -> list[str]:
    """Return the e-mail addresses of a person."""
    return [
        point.value
        for point in person.contact_points
        if point.kind == ContactKind.EMAIL and point.retired_at is None
    ]


def keys_of_person(person: Person) -> list[PersonKey]:
    """Return the keys of all addresses of a person."""
    addresses = addresses_of(person)
    return keys_of(addresses) if addresses else []


def add_of_person(actor: Actor, person: Person, data: bytes) -> list[PersonKey]:
    """Keep a public key or certificate for those addresses of a person that it names.

    Whoever adds it vouches for it. Raises Denied, Refused.
    """
    actor.demand(Permission.PERSON_EDIT)
    found = uploads.public_key(data)
    fitting = [one for one in addresses_of(person) if one in found.addresses]
    if not fitting:
        words = _l(
            "The key is for %(theirs)s; none of this person's addresses is among them.",
            theirs=", ".join(found.addresses) or _l("nobody"),
        )
        raise Refused("key-address", words, "file")
    known = {row.address for row in keys_of(fitting, found.kind) if _is(row, found)}
    rows = [_row(address, found) for address in fitting if address not in known]
    if not rows:
        raise Refused("key-known", _l("This key is here already."), "file")
    db.session.add_all(rows)
    db.session.flush()
    audit.record(actor, "person-key-added", person, {"fingerprint": [None, found.fingerprint]})
    return rows


def _is(row: PersonKey, found: Uploaded) -> bool:
    return row.fingerprint == found.fingerprint


def _row(address: str, found: Uploaded) -> PersonKey:
    return PersonKey(
        address=address,
        kind=found.kind,
        name=found.name,
        fingerprint=found.fingerprint,
        expires_at=found.expires_at,
        public=found.public,
    )


def remove_of_person(actor: Actor, person: Person, row: PersonKey) -> None:
    """Forget a key of a person. Raises Denied."""
    actor.demand(Permission.PERSON_EDIT)
    audit.record(actor, "person-key-removed", person, {"fingerprint": [row.fingerprint, None]})
    db.session.delete(row)


# ---- Before they end ----


@job(every=3600)
def warn_of_keys() -> None:
    """Write to administrators some weeks, some days and one day before a key of ours ends."""
    ids = [key.id for key in own_keys() if ends_soon(key.expires_at)]
    db.session.rollback()
    for key_id in ids:
        with transaction():
            key = db.session.get(MailKey, key_id, with_for_update=True)
            stage = _stage(key.expires_at) if key is not None else ""
            if key is not None and stage and key.told != stage:
                key.told = stage
                _tell(key)


def _stage(end: datetime | None) -> str:
    if end is None:
        return ""
    left = end - now()
    days = next((one for one in (0, *STAGES) if left <= timedelta(days=one)), None)
    return "" if days is None else f"{days} {end:%Y-%m-%d}"


def _tell(key: MailKey) -> None:
    def words() -> Words:
        about = _("A key of mailbox %(name)s ends", name=key.mailbox.name)
        text = _(
            "The key of %(name)s is valid until %(end)s. Answers are no longer signed with it"
            " after that, and correspondents can't encrypt for it. Add its successor in time;"
            " keep the old one, which still opens what was encrypted for it.",
            name=key.name,
            end=moment(key.expires_at) if key.expires_at else "",
        )
        return about, text, "/setup/mail/keys"

    write(words, other_sender(key.mailbox_id))

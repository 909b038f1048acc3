"""Protected mail on its way into a ticket: what the journal keeps, shows, and learns."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from helpdesk.channels.email import importer
from helpdesk.channels.email.models import Mailbox, State
from helpdesk.channels.email.secrets import seal
from helpdesk.channels.email.secure.layers import is_wrapped
from helpdesk.channels.email.secure.model import Kind, Sealed
from helpdesk.channels.email.secure.models import MailKey, PersonKey
from helpdesk.db import db, transaction
from helpdesk.rules.facts import Facts
from helpdesk.rules.fields import field_of
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry
from tests import factories
from tests.channels.email import post
from tests.channels.email.secure import makers
from tests.channels.email.secure.makers import Identity, head, identity, trust
from tests.setup.makers import visitor

pytestmark = makers.needs_openssl


def take_in(raw: bytes, queue: Queue) -> Entry:
    list(importer.take_in([importer.Found("f.eml", 1, raw)], queue))
    row = post.ledger()[-1]
    assert row.state == State.FILED, row.error
    assert row.entry is not None
    return row.entry


def give_key(box: Mailbox, ours: Identity) -> None:
    with transaction():
        db.session.add(
            MailKey(
                mailbox_id=box.id,
                kind=Kind.SMIME,
                name="Desk",
                addresses=["support@desk.example"],
                fingerprint="AB" * 32,
                public=ours.pem.decode(),
                secret=seal(ours.secret.decode()),
            )
        )


def test_a_signed_mail_is_shown_as_such_and_its_certificate_is_learned(
    client, session, queue: Queue
):
    authority = identity("Test authority", authority=True)
    trust(authority)
    jane = identity("Jane Doe", "jane@customer.example", by=authority)
    entry = take_in(head() + makers.signed(jane), queue)
    assert entry.body.strip() == "The printer is on fire."
    assert entry.attachments == []
    take_in(head(subject="Again") + makers.signed(jane), queue)
    (known,) = db.session.scalars(select(PersonKey))
    assert (known.address, known.learned) == ("jane@customer.example", True)

    page = visitor(client).get(f"/tickets/{entry.ticket.number}")
    assert "Signed by Jane Doe &lt;jane@customer.example&gt;, verified" in page
    assert "Test authority" in page


def test_a_forged_one_says_why_and_teaches_nothing(client, session, queue: Queue):
    jane = identity("Jane Doe", "jane@customer.example")
    entry = take_in(head() + makers.signed(jane), queue)
    assert db.session.scalars(select(PersonKey)).all() == []
    page = visitor(client).get(f"/tickets/{entry.ticket.number}")
    assert "but not verified: nobody the desk trusts vouches for the certificate" in page
    assert "An administrator can add the authority" in page
    just_now = Facts(entry.ticket, entry=entry)
    assert field_of("signature").value(just_now) == "not-verified"
    assert field_of("came-encrypted").value(just_now) is False


@pytest.mark.parametrize("curve", [False, True])
def test_a_mail_for_the_queues_mailbox_is_decrypted(client, session, queue: Queue, curve: bool):
    ours = identity("Desk", "support@desk.example", curve=curve)
    give_key(post.mailbox(queue=queue), ours)
    entry = take_in(head() + makers.encrypted(ours), queue)
    assert entry.body.strip() == "The printer is on fire."
    page = visitor(client).get(f"/tickets/{entry.ticket.number}")
    assert "Encrypted for the desk, decrypted" in page


def test_the_key_of_one_queue_does_not_open_mail_to_another(session, queue: Queue):
    ours = identity("Personnel", "hr@desk.example")
    give_key(post.mailbox(queue=factories.queue("Personnel"), addresses=["hr@desk.example"]), ours)
    entry = take_in(head() + makers.encrypted(ours), queue)
    assert "on fire" not in entry.body
    assert "no key that opens it" in entry.body
    assert [one.name for one in entry.attachments] == ["smime.p7m"]


@pytest.mark.one_database
def test_protected_mail_of_other_projects_goes_through(session, queue: Queue, shared_data: Path):
    email = shared_data / "email"
    several = [email / "rt" / "msgs" / "gnupg", email / "notmuch", email / "mail_parser"]
    files = [file for one in several for file in sorted(one.rglob("*")) if file.is_file()]
    found = [one for one in importer.find(files) if one.raw and is_wrapped(one.raw)]
    assert len(found) > 20
    list(importer.take_in(found, queue))
    said: list[dict[str, Any]] = []
    for row in post.ledger():
        assert row.reason not in {"error", "unreadable", "not-parsed"}, row.error
        if row.entry is not None and row.entry.envelope:
            security: Any = row.entry.envelope.get("security", {})
            said.append(security)
    # Nobody here has their keys or trusts their authorities, and each says so.
    assert sum("signature" in one for one in said) > 8
    assert sum("sealed" in one for one in said) > 8
    assert all(one["signature"]["flaw"] for one in said if "signature" in one)
    assert all(one["sealed"] != Sealed.OPENED for one in said if "sealed" in one)

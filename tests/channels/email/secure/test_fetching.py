"""Encrypted mail over a real IMAP server, opened beside the filing of other mail."""

import pytest
from flask import Flask

from helpdesk.channels.email.models import State
from helpdesk.channels.email.secure import keys
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import transaction
from helpdesk.people.access import SYSTEM
from tests.channels.email import post
from tests.channels.email.secure import makers
from tests.channels.email.secure.makers import head, identity
from tests.support import dovecot

pytestmark = [pytest.mark.imap, makers.needs_openssl]


def test_encrypted_and_ordinary_mail_of_one_mailbox(own_desk: Flask, imap_account: dovecot.Account):
    ours = identity("Desk", "support@desk.example")
    with own_desk.app_context():
        box = post.mailbox(imap_account)
        with transaction():
            keys.add(SYSTEM, box, ours.pem + ours.secret, "", signs=False)
        for number in range(3):
            imap_account.deliver(post.letter(f"Plain {number}"))
            raw = head(subject=f"Sealed {number}") + makers.encrypted(ours)
            imap_account.deliver(raw)
        fetch_once(box.id)
        rows = post.ledger()
        assert [row.state for row in rows] == [State.FILED] * 6
        bodies = {row.subject: row.entry.body.strip() for row in rows if row.entry}
        assert {bodies[f"Sealed {number}"] for number in range(3)} == {"The printer is on fire."}

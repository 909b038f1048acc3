"""Somebody marks a trouble as fixed while somebody else logs a call about it."""

from collections import Counter

from flask import Flask
from sqlalchemy import select, text

from helpdesk.board import fixing, linking, queries
from helpdesk.board.models import AlertTicket
from helpdesk.db import db, is_postgresql, transaction
from helpdesk.people.access import Permission
from helpdesk.tickets.models import Entry
from tests import factories
from tests.board.makers import alert
from tests.support.meanwhile import Meanwhile, let_wait

CALL = {"subject": "VPN drops", "body": "Still.", "then": "log", "channel": "phone"}


def test_a_call_about_a_trouble_and_its_end_do_not_wait_for_each_other(own_desk: Flask):
    own_desk.config["WTF_CSRF_ENABLED"] = False
    client = own_desk.test_client()
    with own_desk.app_context():
        queue = factories.queue(is_default=True)
        priya = factories.technician("Priya Nair", queues=[queue])
        factories.sign_in(client, factories.account(priya, "technician"))
        lead = factories.actor(role="lead")
        row, ticket = alert(by=lead), factories.ticket(queue_=queue)
        with transaction():
            linking.link(lead, row, ticket)
        fields = {
            **CALL,
            "customer": ticket.customer_id,
            "same_matter": ticket.id,
            "trouble": row.id,
        }
        number, ticket_id = row.id, ticket.id
        with transaction():
            if is_postgresql():
                # Whoever waited for the other one would say so at once.
                db.session.execute(text("SET LOCAL lock_timeout = '500ms'"))
            held = queries.alert_for(lead, number, permission=Permission.BOARD_WRITE, lock=True)
            meanwhile = Meanwhile(
                own_desk,
                lambda: client.post("/tickets/new", data=fields, headers={"HX-Request": "true"}),
            )
            let_wait()
            fixing.fix(lead, held, "It works again.", expected=1)
        answer = meanwhile.answer()
        assert answer.status_code in {200, 303}, answer.text
        db.session.rollback()
        # The customer was told once, the call is there, and nothing was linked to what is over.
        entries = db.session.scalars(select(Entry.verb).where(Entry.ticket_id == ticket_id))
        assert Counter(entries) == {"log": 1, "link-alert": 1, "broadcast": 1, "call": 1}
        assert db.session.scalars(select(AlertTicket.ticket_id)).all() == [ticket_id]

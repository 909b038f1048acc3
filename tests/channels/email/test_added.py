"""What stands below an answer, what goes as a link, and whom the composer says it reaches."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from helpdesk import blobs
from helpdesk.channels.email import shared, signatures
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.send import send_mail
from helpdesk.channels.email.shared import Weighed
from helpdesk.channels.email.signatures import DESK, Owner
from helpdesk.channels.email.views import public_files
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.models import ContactKind, ContactPoint, Person
from helpdesk.people.services.reachable import mark_undeliverable
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import NewFile, Said
from tests import factories
from tests.channels.email import post
from tests.setup.makers import administrator, visitor
from tests.support import smtp
from tests.tickets.test_talking import upload
from tests.tickets.workspace import Workspace, work

__all__ = ["work"]

MEGABYTE = 1024 * 1024


def sign(owner: Owner, **bodies: str) -> None:
    actor = administrator()
    if owner.person_id is not None:
        actor = factories.actor(db.session.get_one(Person, owner.person_id), role="technician")
    with transaction():
        signatures.save(actor, owner, bodies)


def said_by(author: Person, ticket: Ticket, body: str = "Hello", **more: Any) -> Any:
    with transaction():
        return services.reply(factories.actor(author), ticket, Said(body=body, **more))


def text_of(received: smtp.Received, kind: str = "plain") -> str:
    part = received.message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.fixture
def priya(session) -> Person:
    person = factories.technician("Priya Nair")
    person.title = "Network_team *lead*"
    session.add(ContactPoint(person_id=person.id, kind=ContactKind.PHONE, value="+85223456789"))
    session.commit()
    return person


# ---- Signatures ----


def test_the_nearest_signature_stands_below_in_both_parts(
    box: Mailbox, ticket: Ticket, priya: Person, smtp_receiver: smtp.Receiver
):
    sign(DESK, en="The desk")
    sign(Owner(queue_id=ticket.queue_id), en="**{me}**\n{title}\nT {phone}\n{queue}, {desk}")
    said_by(priya, ticket)
    send_mail.run()
    (received,) = smtp_receiver.received
    plain = text_of(received)
    assert plain.startswith("Hello\n\n-- \n**Priya Nair**\nNetwork_team *lead*\nT +85223456789\n")
    html = text_of(received, "html")
    assert "<strong>Priya Nair</strong><br" in html
    assert "Network_team *lead*" in html
    sign(Owner(person_id=priya.id), en="Yours, Priya")
    said_by(priya, ticket)
    send_mail.run()
    assert text_of(smtp_receiver.received[1]).rstrip() == "Hello\n\n-- \nYours, Priya"


def test_the_language_of_the_customer_comes_first(
    box: Mailbox, ticket: Ticket, priya: Person, smtp_receiver: smtp.Receiver
):
    sign(Owner(person_id=priya.id), en="Yours, Priya")
    sign(DESK, en="The desk", zh_Hant_TW="{desk} 敬上")
    with transaction():
        db.session.get_one(Person, ticket.customer_id).language = "zh_Hant_TW"
    said_by(priya, ticket)
    send_mail.run()
    assert "敬上" in text_of(smtp_receiver.received[0])


def test_it_is_not_put_twice_and_not_below_what_the_desk_writes(
    box: Mailbox, ticket: Ticket, priya: Person, smtp_receiver: smtp.Receiver
):
    sign(DESK, en="Kind regards\n{me}")
    said_by(priya, ticket, "Done.\n\nKind regards\nPriya Nair")
    with transaction():
        services.reply_by_itself(factories.actor(), ticket, "By itself")
    send_mail.run()
    assert [text_of(one).count("Kind regards") for one in smtp_receiver.received] == [1, 0]
    assert all("-- " not in text_of(one) for one in smtp_receiver.received)


def test_signatures_are_written_with_a_preview_each_by_who_may(client: FlaskClient, session):
    queue = factories.queue("Field service")
    admin = visitor(client)
    assert "Field service" in admin.get("/setup/mail/signatures")
    path = f"/setup/mail/signatures/queues/{queue.id}"
    shown = admin.send(path, text_en="**{me}** of {queue}", preview="1")
    assert shown.status_code == 200
    assert f"<strong>{admin.person.name}</strong> of" in shown.text
    assert admin.send(path, text_en="**{me}** of {queue}").status_code == 303
    assert "{me}" in admin.get(path)
    technician = visitor(client, "technician")
    assert technician.client.get(path).status_code == 403
    assert technician.send("/signature", text_en="Mine").status_code == 303
    assert "Mine" in technician.get("/signature")
    assert 'href="/signature"' in technician.get("/account")


# ---- Files as links ----


@pytest.mark.parametrize(
    ("sizes", "above", "links"),
    [
        ([3, 9, 4], 20, []),
        ([3, 9, 4], 10, [2]),
        ([9, 9, 4], 3, [1, 2, 3]),
        ([9], 9, []),
        ([99], 0, []),
    ],
)
def test_the_largest_go_as_links_until_the_rest_fits(
    sizes: list[int], above: int, links: list[int]
):
    files = [Weighed(key, size) for key, size in enumerate(sizes, 1)]
    assert sorted(shared.heavy(files, above)) == links


def large(name: str = "trace 追蹤.pcap", size: int = 2 * MEGABYTE) -> NewFile:
    data = b"x" * size
    return NewFile(blobs.put(data), name, "application/octet-stream", size)


@pytest.fixture
def linked(box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver) -> smtp.Received:
    public_files._asked.clear()
    with transaction():
        db.session.get_one(Mailbox, box.id).link_above = MEGABYTE
    small = NewFile(blobs.put(b"small"), "small.txt", "text/plain", 5)
    post.answer(ticket, "See there")
    with transaction():
        services.reply(factories.actor(), ticket, Said(body="Here it is", files=[large(), small]))
    send_mail.run()
    return smtp_receiver.received[-1]


def link_in(received: smtp.Received) -> str:
    words = text_of(received).split()
    return next(word for word in words if "/shared/" in word).partition("/shared/")[2]


def test_a_large_file_is_a_link_that_opens_it_and_nothing_else(
    linked: smtp.Received, client: FlaskClient
):
    attached = [part.get_filename() for part in linked.message.iter_attachments()]
    assert attached == ["small.txt"]
    assert "trace 追蹤.pcap" in text_of(linked)
    token = link_in(linked)
    assert token in text_of(linked, "html")
    answer = client.get(f"/shared/{token}")
    assert answer.status_code == 200
    assert len(answer.data) == 2 * MEGABYTE
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert client.get(f"/shared/{token[:-2]}xx").status_code == 404
    assert client.get("/shared/nonsense").status_code == 404


def test_a_link_ends_with_its_time_and_with_a_redaction(
    linked: smtp.Received, client: FlaskClient, ticket: Ticket
):
    token = link_in(linked)
    with time_machine.travel(now() + timedelta(days=31), tick=False):
        assert client.get(f"/shared/{token}").status_code == 404
    assert client.get(f"/shared/{token}").status_code == 200
    entry = post.entries(ticket, "reply")[-1]
    with transaction():
        services.redact(administrator(), ticket, entry, reason="secret")
    answer = client.get(f"/shared/{token}")
    assert answer.status_code == 404
    assert "no longer works" in answer.text


def test_it_stays_one_message_however_often_it_is_tried(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    with transaction():
        db.session.get_one(Mailbox, box.id).link_above = MEGABYTE
    smtp_receiver.behaviour = "defer"
    with transaction():
        services.reply(factories.actor(), ticket, Said(body="Here", files=[large()]))
    send_mail.run()
    before = post.outbox()[0].linked
    with transaction():
        db.session.get_one(Mailbox, box.id).link_above = 0
    smtp_receiver.behaviour = "accept"
    with time_machine.travel(now() + timedelta(minutes=1), tick=False):
        send_mail.run()
    assert post.outbox()[0].linked == before
    assert "/shared/" in text_of(smtp_receiver.received[0])


def test_who_asks_too_often_waits(linked: smtp.Received, client: FlaskClient):
    codes = [client.get("/shared/nonsense").status_code for _number in range(public_files.MOST + 1)]
    assert set(codes[:-1]) == {404}
    assert codes[-1] == 429
    public_files._asked.clear()


# ---- Before it is sent ----


def test_the_composer_names_everybody_and_marks_who_is_outside(
    work: Workspace, smtp_receiver: smtp.Receiver
):
    firm = factories.organisation("Harbour")
    customer = factories.person("Ho", email="ho@harbour.example", organisation_id=firm.id)
    colleague = factories.person("Amy", email="amy@harbour.example", organisation_id=firm.id)
    stranger = factories.person("Bo", email="bo@elsewhere.example")
    mute = factories.person("No Mail", organisation_id=firm.id)
    for point in mute.contact_points:
        point.retired_at = now()
    db.session.commit()
    ticket = work.ticket(customer=customer)
    page = work.get(f"/tickets/{ticket.id}").text
    assert f"/tickets/{ticket.id}/recipients" in page
    found = work.client.get(
        f"/tickets/{ticket.id}/recipients?to={customer.id}&to=new@other.example"
        f"&cc={colleague.id}&cc={stranger.id}&cc={mute.id}&cc={customer.id}"
    ).text
    for address in ("ho@harbour.example", "amy@harbour.example", "bo@elsewhere.example"):
        assert found.count(address) == 1
    assert found.count("outside") == 2
    assert "has no address" in found


def test_the_composer_says_what_was_refused_and_what_goes_as_a_link(
    work: Workspace, smtp_receiver: smtp.Receiver
):
    post.mailbox(None, smtp_receiver, queue=work.queue, link_above=1000)
    customer = factories.person("Ho", email="ho@harbour.example")
    ticket = work.ticket(customer=customer)
    sign(Owner(queue_id=work.queue.id), en="From **{queue}**")
    smtp_receiver.behaviour = "refuse"
    post.answer(ticket)
    send_mail.run()
    key = upload(work, ticket, "big.zip", b"z" * 5000).get_json()["id"]
    found = work.get(f"/tickets/{ticket.id}/recipients", attachment=key).text
    assert "refused the last message" in found
    with transaction():
        mark_undeliverable("ho@harbour.example", "user-unknown")
    assert "Mail comes back" in work.get(f"/tickets/{ticket.id}/recipients").text
    assert "big.zip" in found
    assert "From <strong>Network &amp; VPN</strong>" in found

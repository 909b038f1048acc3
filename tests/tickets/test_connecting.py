"""Tickets and other tickets, their people, tasks and time, on the ticket's page."""

import re

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import ContactPoint
from helpdesk.tickets import services
from helpdesk.tickets.companions import Draft, Link, Task
from helpdesk.tickets.lifecycle import LinkType
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Said, Target
from tests import factories
from tests.tickets.workspace import Workspace, entries, lead, newest, triggers, work

__all__ = ["lead", "work"]


def reread(ticket: Ticket) -> Ticket:
    db.session.refresh(ticket)
    return ticket


# ---- Other tickets ----


def test_links_go_both_ways_and_come_off_again(work: Workspace):
    ticket, problem = work.ticket("VPN drops"), work.ticket("Gateway", kind="problem")
    path = f"/tickets/{ticket.id}/links"
    for wrong in ("", "999999", str(ticket.id), "words"):
        assert work.post(path, number=wrong, relation="related").status_code == 422
    answer = work.post(path, number=f"{problem.id} Gateway", relation="caused-by")
    assert answer.status_code == 200
    row = db.session.scalars(select(Link)).one()
    assert (row.from_id, row.to_id, row.type) == (ticket.id, problem.id, "caused-by")
    assert "VPN drops" in work.get(f"/tickets/{problem.id}").text
    other = work.ticket("Elsewhere")
    assert work.post(f"/tickets/{other.id}/links/{row.id}/remove").status_code == 404
    assert work.post(f"{path}/{row.id}/remove").status_code == 200
    assert db.session.scalar(select(Link.id)) is None


def test_merging_asks_which_survives(work: Workspace):
    customer = factories.person("Ho Mei-Ling")
    ticket, other = work.ticket("one", customer=customer), work.ticket("two", customer=customer)
    assert "two" in work.get(f"/tickets/{ticket.id}/merge").text
    answer = work.post(f"/tickets/{ticket.id}/merge", number=other.id, survivor="other")
    assert answer.headers["HX-Redirect"] == f"/tickets/{other.id}"
    assert reread(ticket).merged_into_id == other.id


def test_tickets_of_two_customers_are_not_merged_but_linked(work: Workspace):
    ticket, other = work.ticket("one"), work.ticket("two")
    refused = work.post(f"/tickets/{ticket.id}/merge", number=other.id)
    assert refused.status_code == 422
    assert "different customers" in refused.text
    assert "Put it under this one" in refused.text
    assert reread(other).merged_into_id is None
    work.post(f"/tickets/{ticket.id}/links", number=other.id, relation="child")
    assert db.session.scalars(select(Link)).one().from_id == ticket.id


def test_a_message_becomes_a_ticket_of_its_own(work: Workspace):
    ticket = work.ticket(body="Also, my chair squeaks.")
    path = f"/tickets/{ticket.id}/entries/{newest(ticket)}/split"
    assert "Also, my chair squeaks." in work.get(path).text
    assert work.post(path, subject="Squeaking chair").status_code == 200
    fresh = db.session.scalars(select(Ticket).order_by(Ticket.id.desc())).first()
    assert fresh is not None
    assert fresh.subject == "Squeaking chair"
    assert entries(fresh)[0].body == "Also, my chair squeaks."


def test_what_is_split_off_is_read_in_its_own_language(work: Workspace):
    customer = factories.person(language="zh-Hant-TW")
    ticket = work.ticket(body="印表機卡紙", customer=customer)
    page = work.get(f"/tickets/{ticket.id}/entries/{newest(ticket)}/split").text
    assert re.search(r'<blockquote[^>]* lang="zh-Hant[^"]*">印表機卡紙', page), page


def test_a_major_incident_gathers_many_and_tells_them_all(lead: Workspace):
    parent = lead.ticket("Gateway down")
    children = [lead.ticket(f"VPN {number}") for number in range(3)]
    assert lead.post(f"/tickets/{parent.id}/major", major="1").status_code == 200
    numbers = ", ".join(str(child.id) for child in children)
    partly = lead.post(f"/tickets/{parent.id}/children", numbers=f"{numbers}\n999999 words")
    assert partly.status_code == 200
    assert "3 tickets linked" in partly.text
    assert "#999999" in partly.text
    assert "0 of 3 tickets below are done" in lead.get(f"/tickets/{parent.id}").text
    sent = lead.post(f"/tickets/{parent.id}/broadcast", body="We are on it.")
    assert triggers(sent)["toast"]["text"] == "Sent to 4 people"
    assert triggers(sent)["toast"]["seconds"] == 60
    assert entries(children[0])[-1].body == "We are on it."
    undone = lead.client.post(triggers(sent)["toast"]["undo"])
    assert undone.status_code == 200
    assert all(row.withdrawn_at for row in entries(children[2]) if row.verb == "broadcast")
    # The text is where it was typed, and no answer to anybody.
    assert db.session.scalars(select(Draft)).all() == []
    there = undone.headers["HX-Redirect"]
    assert there.startswith(f"/tickets/{parent.id}?recalled=")
    asked = lead.get(f"/tickets/{parent.id}/broadcast?{there.partition('?')[2]}").text
    assert "We are on it.</textarea>" in asked


def test_a_message_to_many_is_looked_at_first(lead: Workspace):
    parent = lead.ticket("Gateway down")
    for number in range(21):
        services.link(lead.actor, parent, lead.ticket(f"VPN {number}"), LinkType.PARENT)
    path = f"/tickets/{parent.id}/broadcast"
    assert "Look at it first" in lead.get(path).text
    shown = lead.post(path, body="We are **on it**.")
    assert shown.status_code == 422
    assert "This is what 22 people get:" in shown.text
    assert "<strong>on it</strong>" in shown.text
    assert entries(parent)[-1].verb == "link"
    assert lead.post(path, body="We are **on it**.", expected="22").status_code == 200


def test_broadcasting_needs_its_permission(work: Workspace):
    assert work.post(f"/tickets/{work.ticket().id}/broadcast", body="x").status_code == 403


# ---- People, work ----


def test_the_customer_can_be_changed(work: Workspace):
    ticket = work.ticket()
    manager, assistant = factories.person("Grace Lim"), factories.person("Joe Mensah")
    path = f"/tickets/{ticket.id}/customer"
    assert work.post(path, customer="").status_code == 422
    answer = work.post(path, customer=manager.id, requester=assistant.id)
    assert answer.status_code == 200
    assert (ticket.customer_id, ticket.requester_id) == (manager.id, assistant.id)
    assert "Joe Mensah" in answer.text


def test_an_address_is_given_to_somebody_known(work: Workspace):
    stranger = factories.person("meiling@home.example", email="meiling@home.example")
    stranger.provisional = True
    known = factories.person("Ho Mei-Ling")
    ticket, earlier = work.ticket(customer=stranger), work.ticket("Earlier", customer=stranger)
    assert "meiling@home.example" in work.get(f"/tickets/{ticket.id}/address").text
    assert work.post(f"/tickets/{ticket.id}/address", person="").status_code == 422
    done = work.post(f"/tickets/{ticket.id}/address", person=known.id)
    assert done.status_code == 200
    assert "1 more ticket went along" in triggers(done)["toast"]["text"]
    assert reread(ticket).customer_id == reread(earlier).customer_id == known.id
    db.session.refresh(stranger)
    assert stranger.retired_at is not None, "nothing is left of the stranger"
    held = db.session.scalars(
        select(ContactPoint).where(
            ContactPoint.value == "meiling@home.example", ContactPoint.retired_at.is_(None)
        )
    ).one()
    assert held.person_id == known.id
    settled = work.ticket(customer=known)
    other = factories.person()
    assert work.post(f"/tickets/{settled.id}/address", person=other.id).status_code == 422


def test_copies_are_added_and_taken_away(work: Workspace):
    ticket = work.ticket()
    ana = factories.person("Ana Duarte")
    path = f"/tickets/{ticket.id}/copies"
    assert work.post(path).status_code == 422
    assert "Ana Duarte" in work.post(path, person=[ana.id, "new@example.org"]).text
    removed = work.post(f"{path}/{ana.id}/remove")
    assert removed.status_code == 200
    assert "No more copies for Ana Duarte" not in removed.text


def test_tasks_are_added_ticked_changed_and_removed(work: Workspace):
    ticket = work.ticket()
    path = f"/tickets/{ticket.id}/tasks"
    assert work.post(path, title=" ").status_code == 422
    work.post(path, title="Order\nInstall\n", checklist="New laptop", person=work.person.id)
    order, install = db.session.scalars(select(Task).order_by(Task.id))
    assert "0/2" in work.get(f"/tickets/{ticket.id}").text
    assert "1/2" in work.post(f"{path}/{order.id}/done", done="1").text
    assert "0/2" in work.post(f"{path}/{order.id}/done").text
    assert "Order" in work.get(f"{path}/{order.id}").text
    work.post(f"{path}/{order.id}", title="Order and pay", due_at="2030-01-02T10:00")
    assert db.session.get_one(Task, order.id).title == "Order and pay"
    assert work.post(f"{path}/{order.id}", title="").status_code == 422
    work.post(f"{path}/{install.id}/remove")
    assert work.get(f"/tickets/{ticket.id}").text.count('name="done"') == 1
    assert work.post(f"{path}/{install.id}/done", done="1").status_code == 422


def test_time_is_recorded_and_rolled_up(work: Workspace):
    parent, child = work.ticket("Gateway"), work.ticket("VPN")
    services.link(work.actor, parent, child, LinkType.PARENT)
    assert work.post(f"/tickets/{child.id}/time", minutes="30", note="Traced").status_code == 200
    assert work.post(f"/tickets/{child.id}/time", minutes="-10").status_code == 200
    assert work.post(f"/tickets/{child.id}/time", minutes="-100").status_code == 422
    assert work.post(f"/tickets/{child.id}/time", minutes="").status_code == 422
    assert child.time_spent == 1200
    work.post(f"/tickets/{parent.id}/time", minutes="5")
    assert "25m with those below" in work.get(f"/tickets/{parent.id}").text
    assert "Traced" in work.get(f"/tickets/{child.id}/time").text


def test_a_link_to_a_restricted_ticket_is_not_mentioned_to_others(work: Workspace):
    hidden = factories.queue("HR", restricted=True)
    secret, ticket = factories.ticket("Dismissal", queue_=hidden), work.ticket()
    insider = factories.actor(queues=[hidden])
    services.link(insider, ticket, secret, LinkType.RELATED)
    services.unlink(insider, ticket, db.session.scalars(select(Link.id)).one())
    services.link(work.actor, ticket, work.ticket("Other"), LinkType.RELATED)
    db.session.commit()
    for path in ("", "/timeline", "/preview", "/print"):
        shown = work.get(f"/tickets/{ticket.id}{path}").text
        assert f"#{secret.id}" not in shown, path
        assert f"/tickets/{secret.id}" not in shown, path
    assert "linked" in work.get(f"/tickets/{ticket.id}").text


def test_nothing_is_done_to_a_ticket_of_others(work: Workspace):
    hidden = factories.queue("HR", restricted=True)
    secret = factories.ticket("Dismissal", queue_=hidden)
    insider = factories.actor(queues=[hidden])
    services.add(insider, secret, [Target(hidden)])
    services.note(insider, secret, Said("secret"))
    db.session.commit()
    number, row, entry = secret.id, secret.assignments[0].id, newest(secret)
    for path in (
        "take acknowledge assign follow resolve hold close reopen bin links merge major customer"
        " copies tasks time reply note call presence leave set/kind drafts/reply"
        f" assignments/{row}/return assignments/{row}/resolve entries/{entry}/split"
    ).split():
        answer = work.post(f"/tickets/{number}/{path}", body="x", value="request")
        assert answer.status_code == 404, path
    assert newest(secret) == entry

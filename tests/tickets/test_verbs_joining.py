"""Verbs that join, part, hide or take back: merging, children, the bin, redaction, undo."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Denied
from helpdesk.tickets import search, services
from helpdesk.tickets.lifecycle import BinReason, LinkType, Outcome
from helpdesk.tickets.models import Entry
from helpdesk.tickets.sentences import sentence
from helpdesk.tickets.services import Refused, Said
from helpdesk.tickets.services.bin import expire_bin
from tests import factories
from tests.tickets.journals import entries, queues_of, resolve

pytestmark = pytest.mark.usefixtures("session")
DB = scoped_session[Session]


def test_a_ticket_is_not_closed_over_open_children_unless_forced() -> None:
    parent, child = factories.ticket(), factories.ticket()
    actor = factories.actor()
    services.link(actor, parent, child, LinkType.PARENT)
    with pytest.raises(Refused) as refusal:
        resolve(parent, actor)
    assert refusal.value.code == "open-children"
    with pytest.raises(Denied):
        resolve(parent, actor, force=True)
    resolve(parent, actor, with_children=True)
    assert child.status_class == "resolved"
    other_parent, other_child = factories.ticket(), factories.ticket()
    lead = factories.actor(role="lead")
    services.link(lead, other_parent, other_child, LinkType.PARENT)
    resolve(other_parent, lead, force=True)
    assert other_child.status_class == "new"


def test_parents_form_no_circle_and_there_is_one_of_them() -> None:
    a, b, c = factories.ticket(), factories.ticket(), factories.ticket()
    actor = factories.actor()
    services.link(actor, a, b, LinkType.PARENT)
    services.link(actor, b, c, LinkType.PARENT)
    for start, end, code in ((c, a, "link-circle"), (a, c, "has-parent"), (a, a, "link-self")):
        with pytest.raises(Refused) as refusal:
            services.link(actor, start, end, LinkType.PARENT)
        assert refusal.value.code == code


def test_merging_loses_nothing_and_the_old_number_leads_on() -> None:
    customer = factories.person()
    survivor = factories.ticket("VPN drops", customer=customer)
    merged = factories.ticket("VPN again", customer=customer)
    actor = factories.actor()
    services.set_tags(actor, merged, ["vpn"])
    services.merge(actor, survivor, merged)
    assert merged.hidden_at is not None
    assert queues_of(merged) == set()
    assert services.survivor_of(merged) is survivor
    entry = services.hear(merged, services.Heard(customer, "More on this"), reopen_days=5)
    assert entry.ticket_id == survivor.id
    assert {entry.body for entry in entries(merged)} >= {"It does not work."}


def test_merging_across_customers_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        services.merge(factories.actor(), factories.ticket(), factories.ticket())
    assert refusal.value.code == "merge-customers"


def test_splitting_gives_the_message_a_ticket_of_its_own() -> None:
    ticket = factories.ticket()
    entry = services.hear(
        ticket, services.Heard(ticket.customer, "Also, my screen flickers"), reopen_days=5
    )
    fresh = services.split(factories.actor(), ticket, entry, subject="Screen flickers")
    assert entries(fresh)[0].body == "Also, my screen flickers"
    assert fresh.customer_id == ticket.customer_id
    assert entry in entries(ticket)


def test_the_bin_gives_back_what_was_in_it() -> None:
    ticket = factories.ticket()
    actor = factories.actor()
    before = queues_of(ticket)
    services.bin_ticket(actor, ticket, BinReason.SPAM)
    assert queues_of(ticket) == set()
    services.restore(actor, ticket)
    assert queues_of(ticket) == before
    services.bin_ticket(actor, ticket, BinReason.MISTAKE)
    services.hear(ticket, services.Heard(ticket.customer, "No, this is real"), reopen_days=5)
    assert ticket.hidden_at is None


def test_undo_gives_back_status_owner_and_place_and_says_so() -> None:
    queue = factories.queue()
    ticket = factories.ticket(queue_=queue)
    actor = factories.actor(queues=[queue])
    services.take(actor, ticket)
    resolve(ticket, actor, undo_for=8)
    db.session.commit()
    group = services.latest_group(actor)
    assert group is not None
    services.undo(actor, group)
    assert ticket.status.key == "working"
    assert ticket.outcome is None
    assert queues_of(ticket) == {queue.id}
    assert entries(ticket)[-1].verb == "undo"
    with pytest.raises(Refused):
        services.undo(actor, group)


def test_undo_is_refused_when_somebody_went_on() -> None:
    ticket = factories.ticket()
    actor = factories.actor()
    services.set_priority(actor, ticket, 1, undo_for=8)
    services.set_priority(factories.actor(), ticket, 2)
    db.session.commit()
    group = services.latest_group(actor)
    assert group is not None
    with pytest.raises(Refused) as refusal:
        services.undo(actor, group)
    assert refusal.value.code == "undo-clash"


def test_a_message_to_many_is_recalled_though_one_of_the_tickets_moved_on() -> None:
    parent, child = factories.ticket(), factories.ticket()
    lead = factories.actor(role="lead")
    services.link(lead, parent, child, LinkType.PARENT)
    sent = services.broadcast(lead, parent, "We are on it.", hold=60)
    services.note(factories.actor(), child, Said(body="They called, too"))
    services.set_priority(factories.actor(), child, 1)
    db.session.commit()
    group = services.latest_group(lead)
    assert group is not None
    services.undo(lead, group)
    db.session.commit()
    assert all(entry.withdrawn_at is not None for entry in sent)
    assert child.priority == 1, "what a colleague did meanwhile stays"


def test_a_message_to_many_makes_nobody_the_owner_of_them_all() -> None:
    parent, child = factories.ticket(), factories.ticket()
    lead = factories.actor(role="lead", queues=[child.queue])
    services.link(lead, parent, child, LinkType.PARENT)
    services.broadcast(lead, parent, "We are on it.", hold=60)
    assert child.owner_id is None
    assert child.status_class == "new"
    assert {row.state for row in child.assignments} <= {"assigned"}
    assert child.first_reply_at is not None


def test_children_resolved_along_have_the_cause_of_their_parent() -> None:
    parent, child, cause = factories.ticket(), factories.ticket(), factories.cause()
    services.link(factories.actor(), parent, child, LinkType.PARENT)
    services.set_cause(factories.actor(), parent, cause)
    services.resolve(
        factories.actor(),
        parent,
        outcome=Outcome.SOLVED,
        solution="A new gateway",
        with_children=True,
    )
    assert (child.status_class, child.cause_id) == ("resolved", cause.id)


def test_undo_is_over_after_its_seconds() -> None:
    ticket = factories.ticket()
    actor = factories.actor()
    services.set_priority(actor, ticket, 1, undo_for=8)
    db.session.commit()
    with time_machine.travel(now() + timedelta(seconds=9)):
        assert services.latest_group(actor) is None


def test_undoing_a_merge_gives_both_tickets_back() -> None:
    customer = factories.person()
    survivor = factories.ticket(customer=customer)
    merged = factories.ticket(customer=customer)
    actor = factories.actor()
    before = queues_of(merged)
    services.merge(actor, survivor, merged, undo_for=8)
    db.session.commit()
    group = services.latest_group(actor)
    assert group is not None
    services.undo(actor, group)
    assert merged.merged_into_id is None
    assert merged.hidden_at is None
    assert queues_of(merged) == before


def test_redaction_empties_the_entry_and_leaves_a_trace() -> None:
    ticket = factories.ticket(body="My card is 4111 1111 1111 1111")
    [entry] = entries(ticket)
    with pytest.raises(Denied):
        services.redact(factories.actor(), ticket, entry, "card number")
    services.redact(factories.actor(role="administrator"), ticket, entry, "card number")
    db.session.commit()
    assert entry.body == ""
    assert entry.redacted_at is not None
    assert entries(ticket)[-1].body == "card number"


def test_a_secret_in_a_subject_goes_from_wherever_the_journal_noted_it() -> None:
    customer = factories.person()
    ticket = factories.ticket("Password hunter22", body="Please help", customer=customer)
    other, merged = factories.ticket("Other"), factories.ticket("Twin", customer=customer)
    lead = factories.actor(role="administrator")
    services.link(lead, ticket, other, LinkType.PARENT)
    services.merge(lead, ticket, merged)
    services.set_subject(lead, ticket, "Can't sign in")
    renaming = entries(ticket)[-1]
    services.link(lead, ticket, factories.ticket("Late"), LinkType.RELATED)
    db.session.commit()
    services.redact(lead, ticket, renaming, "a password")
    db.session.commit()
    everything = db.session.scalars(select(Entry).order_by(Entry.id)).all()
    assert not [row.id for row in everything if "hunter22" in str([row.changes, row.body])]
    assert [row.verb for row in everything if row.redacted_at] == ["link", "merged", "set-subject"]
    link = entries(other)[-1]
    assert f"#{ticket.id}" in sentence(link, lead), "which ticket it was is still told"
    assert search.find(lead, "hunter22") == []
    assert search.find(lead, "please help") == [ticket]
    assert ticket.subject == "Can't sign in"


def test_what_the_bin_forgets_no_other_ticket_remembers() -> None:
    ticket, other = factories.ticket("Password hunter22"), factories.ticket("Other")
    lead = factories.actor(role="administrator")
    services.link(lead, ticket, other, LinkType.RELATED)
    services.bin_ticket(lead, ticket, BinReason.MISTAKE)
    db.session.commit()
    with time_machine.travel(now() + timedelta(days=31)):
        assert expire_bin(30) == 1
    db.session.commit()
    assert "hunter22" not in str([row.changes for row in db.session.scalars(select(Entry))])


def test_tasks_and_time_add_up_over_children() -> None:
    parent, child = factories.ticket(), factories.ticket()
    actor = factories.actor()
    services.link(actor, parent, child, LinkType.PARENT)
    services.add_time(actor, parent, 600)
    services.add_time(actor, child, 300)
    assert services.time_with_children(parent) == 900
    services.add_tasks(actor, parent, ["Order", "Install"], checklist="Laptop")
    with pytest.raises(Refused):
        services.add_time(actor, child, -301)

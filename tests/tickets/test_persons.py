"""What becomes of tickets when people leave or turn out to be one person."""

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.events import TechnicianDeactivated
from helpdesk.people.services import merge as people_merge
from helpdesk.tickets import persons, services
from helpdesk.tickets.companions import Follower, Task
from helpdesk.tickets.models import Entry, Worklist
from helpdesk.tickets.queries.filters import Filter
from helpdesk.tickets.services import Said, Target
from helpdesk.tickets.services.views import save_view
from tests import factories

pytestmark = pytest.mark.usefixtures("session")


@pytest.mark.parametrize("has_heir", [True, False])
def test_a_leaver_leaves_nothing_behind(has_heir: bool) -> None:
    queue = factories.queue()
    leaver = factories.technician(queues=[queue])
    heir = factories.technician(queues=[queue]) if has_heir else None
    owned, beside = factories.ticket(queue_=queue), factories.ticket(queue_=queue)
    services.take(factories.actor(leaver), owned)
    services.add(factories.actor(), beside, [Target(queue, leaver)])
    services.set_owner(factories.actor(), beside, None)
    services.add_tasks(factories.actor(), owned, ["Order a ribbon"], person=leaver)
    services.follow(factories.actor(), beside, leaver)
    db.session.commit()
    persons.on_technician_deactivated(
        TechnicianDeactivated(factories.actor(role="administrator"), leaver, heir)
    )
    db.session.commit()
    heir_id = heir.id if heir else None
    assert owned.owner_id == heir_id
    for ticket in (owned, beside):
        open_rows = [row for row in ticket.assignments if row.state in {"assigned", "acknowledged"}]
        assert open_rows
        assert leaver.id not in {row.technician_id for row in open_rows}
        assert db.session.get(Worklist, (queue.id, ticket.id)) is not None
    assert db.session.scalar(select(Task.person_id)) == heir_id
    assert {row.person_id for row in db.session.scalars(select(Follower))} == (
        {heir_id} if heir else set()
    )


def test_leaving_says_what_was_passed_on_and_lets_nobody_into_a_restricted_queue() -> None:
    queue, closed = factories.queue(), factories.queue(restricted=True)
    leaver = factories.technician(queues=[queue, closed])
    heir = factories.technician("Karen Chan", queues=[queue])
    plain, secret = factories.ticket(queue_=queue), factories.ticket(queue_=closed)
    for ticket in (plain, secret):
        services.take(factories.actor(leaver, queues=[queue, closed]), ticket)
        services.follow(factories.actor(leaver), ticket, leaver)
    services.add_tasks(factories.actor(leaver), secret, ["Call them"], person=leaver)
    save_view(factories.actor(leaver), "Mine", Filter())
    before = persons.held_by(leaver)
    assert before is not None
    assert "2 open tickets, 1 open task, 1 saved view" in before
    event = TechnicianDeactivated(factories.actor(role="administrator"), leaver, heir)
    persons.on_technician_deactivated(event)
    db.session.commit()
    assert (plain.owner_id, secret.owner_id) == (heir.id, None)
    assert heir.id not in {row.technician_id for row in secret.assignments}
    assert db.session.get(Worklist, (closed.id, secret.id)) is not None
    assert db.session.get(Follower, (secret.id, heir.id)) is None
    assert db.session.scalar(select(Task.person_id)) is None
    assert event.said == [
        "Karen Chan takes over: 1 open ticket, 1 open task, 1 saved view",
        "1 restricted ticket went back to its queue, which Karen Chan does not work",
    ]


def test_two_records_of_one_customer_become_one_and_two_again() -> None:
    survivor, other = factories.person("Ho Mei-Ling"), factories.person("M. Ho")
    ticket = factories.ticket(customer=other)
    services.note(factories.actor(), ticket, Said(body="She called twice"))
    administrator = factories.actor(role="administrator")
    row = people_merge.merge(administrator, survivor, other)
    db.session.commit()
    assert ticket.customer_id == survivor.id
    first = db.session.scalars(select(Entry).where(Entry.ticket_id == ticket.id)).first()
    assert first is not None
    assert first.author_id == other.id, "the journal names who wrote at the time"
    people_merge.undo(administrator, row)
    db.session.commit()
    assert ticket.customer_id == other.id

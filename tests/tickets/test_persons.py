"""What becomes of tickets when people leave or turn out to be one person."""

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.events import TechnicianDeactivated
from helpdesk.people.services import merge as people_merge
from helpdesk.tickets import persons, services
from helpdesk.tickets.companions import Follower, Task
from helpdesk.tickets.models import Entry, Worklist
from helpdesk.tickets.services import Said, Target
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

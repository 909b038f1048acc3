"""Queues, statuses, causes and templates: what may be done to them, and what is refused."""

import pytest
from sqlalchemy import select

from helpdesk.people.access import Denied
from helpdesk.people.errors import Refused
from helpdesk.setup.services import Changed, causes, keeping, queues, quick_templates, statuses
from helpdesk.tickets import services as tickets
from helpdesk.tickets.companions import View
from helpdesk.tickets.desk import Cause, Queue, QuickTemplate, Status
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Worklist
from helpdesk.tickets.queries.access import NotFound, get_for
from tests import factories
from tests.setup.makers import administrator, last_log, log, nobody, stamp


def queue_fields(queue: Queue | None = None, **changes):
    fields = {"name": "Printers", "team_id": 0, "description": "", "restricted": False}
    if queue is not None:
        fields = {name: getattr(queue, name) for name in queues.FIELDS}
    return {**fields, **changes}


def seen(row, fields):
    return {name: getattr(row, name) for name in fields}


# ---- Queues ----


def test_a_queue_is_added_behind_the_others_and_logged(session):
    boss, team = administrator(), factories.team()
    first = queues.add(boss, queue_fields(name="First", team_id=team.id))
    before = stamp()
    second = queues.add(boss, queue_fields(name="  Second   line ", team_id=team.id))
    assert [row.name for row in queues.in_order()] == ["First", "Second line"]
    assert first.is_default
    assert not second.is_default
    assert last_log() == ("queue-created", "Second line", {})
    assert stamp() != before


def test_two_queues_cannot_have_one_name(session):
    boss, queue = administrator(), factories.queue("Service desk")
    with pytest.raises(Refused) as refusal:
        queues.add(boss, queue_fields(name="SERVICE DESK", team_id=queue.team_id))
    assert (refusal.value.code, refusal.value.field) == ("name-taken", "name")
    keeping.retire(boss, queue)
    with pytest.raises(Refused) as refusal:
        queues.add(boss, queue_fields(name="Service desk", team_id=queue.team_id))
    assert refusal.value.code == "name-retired"


def test_a_queue_needs_a_name_and_a_team_in_use(session):
    boss, team = administrator(), factories.team()
    with pytest.raises(Refused) as refusal:
        queues.add(boss, queue_fields(name="  ", team_id=team.id))
    assert refusal.value.field == "name"
    with pytest.raises(Refused) as refusal:
        queues.add(boss, queue_fields(team_id=None))
    assert refusal.value.field == "team_id"
    keeping.retire(boss, team)
    with pytest.raises(Refused):
        queues.add(boss, queue_fields(team_id=team.id))


def test_another_team_gets_the_queue_and_everybody_forgets_who_may_what(session):
    boss, queue, team = administrator(), factories.queue("ERP"), factories.team("ERP people")
    old = queue.team.name
    before = stamp()
    assert queues.edit(boss, queue, queue_fields(queue, team_id=team.id))
    assert last_log() == ("queue-edited", "ERP", {"team": [old, "ERP people"]})
    assert stamp() != before
    assert not queues.edit(boss, queue, queue_fields(queue))


def test_two_people_who_edit_different_fields_both_succeed(session):
    boss, queue = administrator(), factories.queue("ERP")
    shown = seen(queue, queues.FIELDS)
    queues.edit(boss, queue, {**shown, "description": "Orders and invoices"}, shown)
    queues.edit(administrator("Second"), queue, {**shown, "name": "SAP"}, shown)
    assert (queue.name, queue.description) == ("SAP", "Orders and invoices")


def test_two_people_who_edit_the_same_field_clash(session):
    boss, queue = administrator("Ada Min"), factories.queue("ERP")
    shown = seen(queue, queues.FIELDS)
    queues.edit(boss, queue, {**shown, "name": "SAP"}, shown)
    with pytest.raises(Changed) as clash:
        queues.edit(administrator("Second"), queue, {**shown, "name": "Oracle"}, shown)
    assert clash.value.theirs == {"name": "SAP"}
    assert clash.value.by == "Ada Min"
    assert queue.name == "SAP"
    # Who looks at it and saves again means it.
    assert queues.edit(
        boss, queue, {**shown, "name": "Oracle"}, {**shown, "name": clash.value.theirs["name"]}
    )
    assert queue.name == "Oracle"


def test_two_people_who_write_the_same_do_not_clash(session):
    boss, queue = administrator(), factories.queue("ERP")
    shown = seen(queue, queues.FIELDS)
    assert queues.edit(boss, queue, {**shown, "name": "SAP"}, shown)
    assert not queues.edit(boss, queue, {**shown, "name": "SAP"}, shown)


def test_there_is_one_default_queue(session):
    boss = administrator()
    first = factories.queue("First", is_default=True)
    second = factories.queue("Second")
    assert queues.make_default(boss, second)
    session.flush()
    session.expire_all()
    assert (first.is_default, second.is_default) == (False, True)
    assert last_log() == ("queue-default", "Second", {"default": ["First", "Second"]})
    assert not queues.make_default(boss, second)
    keeping.retire(boss, first)
    with pytest.raises(Refused):
        queues.make_default(boss, first)


def test_queues_are_moved_one_place_at_a_time(session):
    boss = administrator()
    # None was ever moved: all of them share the position 0 and stand by name.
    _first, second, third = (factories.queue(name) for name in "ABC")
    assert queues.move(boss, third, -1)
    assert [row.name for row in queues.in_order()] == ["A", "C", "B"]
    assert last_log() == ("queue-moved", "C", {"place": [3, 2]})
    assert queues.move(boss, third, -1)
    assert not queues.move(boss, third, -1)
    assert not queues.move(boss, second, +1)
    assert [row.name for row in queues.in_order()] == ["C", "A", "B"]


def test_a_queue_with_open_work_cannot_be_retired(session):
    boss = administrator()
    factories.queue("Default", is_default=True)
    queue = factories.queue("ERP")
    worker = factories.actor(queues=[queue])
    ticket = factories.ticket(queue_=queue, by=worker)
    with pytest.raises(Refused) as refusal:
        queues.retire(boss, queue)
    assert refusal.value.code == "queue-open"
    tickets.resolve(worker, ticket, outcome=Outcome.SOLVED, cause=factories.cause(), solution="x")
    assert queues.retire(boss, queue)
    assert queue not in queues.in_order()
    assert last_log()[:2] == ("queue-retired", "ERP")
    assert ticket.queue.name == "ERP"


def test_the_default_queue_cannot_be_retired_or_deleted(session):
    boss, queue = administrator(), factories.queue(is_default=True)
    for verb in (queues.retire, queues.delete):
        with pytest.raises(Refused) as refusal:
            verb(boss, queue)
        assert refusal.value.code == "queue-default"


def test_a_retired_queue_comes_back_once_its_team_is_there(session):
    boss = administrator()
    factories.queue(is_default=True)
    queue = factories.queue("ERP")
    queues.retire(boss, queue)
    keeping.retire(boss, queue.team)
    with pytest.raises(Refused):
        queues.restore(boss, queue)
    keeping.restore(boss, queue.team)
    assert queues.restore(boss, queue)
    assert not queues.restore(boss, queue)
    assert last_log()[:2] == ("queue-back", "ERP")


def test_only_what_was_never_used_is_deleted(session):
    boss = administrator()
    factories.queue(is_default=True)
    used, viewed, unused = (factories.queue(name) for name in ("Used", "Viewed", "Unused"))
    factories.category(queue_id=used.id)
    session.add(View(name="Mine", filters={"queue": [str(viewed.id)]}))
    session.flush()
    for row in (used, viewed):
        with pytest.raises(Refused) as refusal:
            queues.delete(boss, row)
        assert refusal.value.code == "in-use"
    queues.delete(boss, unused)
    assert session.scalar(select(Queue).where(Queue.name == "Unused")) is None
    assert last_log()[:2] == ("queue-deleted", "Unused")


def test_restricting_a_queue_hides_its_tickets_at_once(session):
    boss = administrator()
    queue, other = factories.queue("HR"), factories.queue("Service desk")
    outsider = factories.actor(queues=[other])
    inside = factories.ticket(queue_=queue)
    held = factories.ticket(queue_=queue)
    tickets.hand_over(
        factories.actor(queues=[queue, other]),
        held,
        tickets.Target(queue=other),
        assignment_id=held.assignments[0].id,
        reason="Yours",
    )
    outside = factories.ticket(queue_=other)
    stranger = factories.actor(queues=[factories.queue("Third")])
    session.commit()
    queues.edit(boss, queue, queue_fields(queue, restricted=True))
    for ticket in (inside, held):
        with pytest.raises(NotFound):
            get_for(stranger, ticket.id)
    assert get_for(outsider, outside.id) is outside
    lines = session.scalars(select(Worklist).where(Worklist.ticket_id == inside.id)).all()
    assert [line.restricted for line in lines] == [True]
    queues.edit(boss, queue, queue_fields(queue, restricted=False))
    assert get_for(outsider, inside.id) is inside
    session.expire_all()
    assert not any(line.restricted for line in session.scalars(select(Worklist)))


def test_a_ticket_stays_hidden_while_another_restricted_queue_has_a_part_in_it(session):
    boss = administrator()
    hr, security = factories.queue("HR"), factories.queue("Security", restricted=True)
    both = factories.actor(queues=[hr, security])
    ticket = factories.ticket(queue_=hr, by=both)
    tickets.add(both, ticket, [tickets.Target(queue=security)])
    session.commit()
    queues.edit(boss, hr, queue_fields(hr, restricted=True))
    queues.edit(boss, hr, queue_fields(hr, restricted=False))
    session.refresh(ticket)
    assert ticket.restricted


def test_queues_are_for_those_who_set_up_teams(session):
    queue = factories.queue(is_default=True)
    other = factories.queue()
    who = nobody()
    before = log()
    for attempt in (
        lambda: queues.add(who, queue_fields(team_id=queue.team_id)),
        lambda: queues.edit(who, queue, queue_fields(queue, name="Mine")),
        lambda: queues.make_default(who, other),
        lambda: queues.move(who, queue, 1),
        lambda: queues.retire(who, other),
        lambda: queues.restore(who, other),
        lambda: queues.delete(who, other),
    ):
        with pytest.raises(Denied):
            attempt()
    assert log() == before


# ---- Statuses ----


def status_fields(**changes):
    return {"name": "Testing", "status_class": "open", "hold_reason": "", **changes}


def test_a_status_is_added_at_the_end_of_its_class(session):
    boss = administrator()
    row = statuses.add(boss, status_fields())
    assert [one.name for one in statuses.of_class("open")] == ["Assigned", "Working", "Testing"]
    names = [one.name for one in statuses.in_order()]
    assert names.index("Testing") == names.index("Waiting on customer") - 1
    # What other pages order by agrees with the order here.
    stored = session.scalars(select(Status.name).order_by(Status.position, Status.id)).all()
    assert list(stored) == names
    assert last_log() == ("status-created", "Testing", {"class": [None, "open"]})
    assert row.hold_reason is None


def test_a_waiting_status_says_for_what(session):
    boss = administrator()
    with pytest.raises(Refused) as refusal:
        statuses.add(boss, status_fields(status_class="pending"))
    assert refusal.value.field == "hold_reason"
    row = statuses.add(boss, status_fields(status_class="pending", hold_reason="supplier"))
    assert row.hold_reason == "supplier"
    with pytest.raises(Refused):
        statuses.add(boss, status_fields(name="Odd", status_class="asleep"))


def test_the_class_of_a_status_is_fixed(session):
    boss = administrator()
    row = statuses.add(boss, status_fields())
    statuses.edit(boss, row, status_fields(name="In test", status_class="closed"))
    assert (row.name, row.status_class) == ("In test", "open")
    assert last_log() == ("status-edited", "In test", {"name": ["Testing", "In test"]})


def test_the_last_status_of_a_class_stays(session):
    boss = administrator()
    new = factories.status("new")
    for verb in (statuses.retire, statuses.delete):
        with pytest.raises(Refused) as refusal:
            verb(boss, new)
        assert refusal.value.code == "status-last"


def test_the_default_status_is_replaced_before_it_is_retired(session):
    boss = administrator()
    working, assigned = factories.status("working"), factories.status("assigned")
    with pytest.raises(Refused) as refusal:
        statuses.retire(boss, working)
    assert refusal.value.code == "status-default"
    assert statuses.make_default(boss, assigned)
    assert not statuses.make_default(boss, assigned)
    assert [row.name for row in statuses.of_class("open") if row.is_default] == ["Assigned"]
    assert statuses.retire(boss, working)
    with pytest.raises(Refused):
        statuses.make_default(boss, working)
    with pytest.raises(Refused) as refusal:
        statuses.delete(boss, working)
    assert refusal.value.code == "status-built-in"
    assert statuses.restore(boss, working)
    assert not statuses.restore(boss, working)


def test_statuses_are_moved_within_their_class(session):
    boss = administrator()
    working = factories.status("working")
    assert statuses.move(boss, working, -1)
    assert [row.name for row in statuses.of_class("open")] == ["Working", "Assigned"]
    assert not statuses.move(boss, working, -1)
    assert not statuses.move(boss, factories.status("assigned"), +1)


def test_a_status_of_ones_own_is_deleted_while_no_ticket_had_it(session):
    boss = administrator()
    row = statuses.add(boss, status_fields())
    statuses.delete(boss, row)
    assert session.scalar(select(Status).where(Status.name == "Testing")) is None


# ---- Causes ----


def test_causes_are_added_renamed_moved_and_retired(session):
    boss = administrator()
    row = causes.add(boss, {"name": "Power cut"})
    assert causes.in_order()[-1] is row
    assert causes.edit(boss, row, {"name": "Power failure"}, {"name": "Power cut"})
    assert last_log() == ("cause-edited", "Power failure", {"name": ["Power cut", "Power failure"]})
    assert causes.move(boss, row, -1)
    assert causes.in_order()[-2] is row
    assert causes.retire(boss, row)
    assert not causes.move(boss, row, -1)
    assert row not in causes.in_order()
    assert causes.restore(boss, row)
    causes.delete(boss, row)
    assert session.scalar(select(Cause).where(Cause.name == "Power failure")) is None


def test_a_cause_that_a_ticket_has_is_not_deleted(session):
    boss, queue = administrator(), factories.queue()
    worker, cause = factories.actor(queues=[queue]), factories.cause()
    ticket = factories.ticket(queue_=queue, by=worker)
    tickets.resolve(worker, ticket, outcome=Outcome.SOLVED, cause=cause, solution="x")
    with pytest.raises(Refused):
        causes.delete(boss, cause)
    causes.retire(boss, cause)
    assert ticket.cause is cause


# ---- Quick templates ----


def template_fields(**changes):
    return {
        "name": "Password",
        "subject": "Password forgotten",
        "kind": "request",
        "category_id": None,
        "cause_id": None,
        "impact": 3,
        "urgency": 2,
        "solution": "Sent a link.",
        **changes,
    }


def test_a_template_is_kept_and_changed(session):
    boss, category, cause = administrator(), factories.category("Accounts"), factories.cause()
    row = quick_templates.add(boss, template_fields())
    fields = template_fields(category_id=category.id, cause_id=cause.id, urgency=3)
    assert quick_templates.edit(boss, row, fields, seen(row, quick_templates.FIELDS))
    assert row.category is category
    assert last_log() == (
        "quick-template-edited",
        "Password",
        {"category": [None, "Accounts"], "cause": [None, cause.name], "urgency": [2, 3]},
    )
    keeping.retire(boss, category)
    # A category that was retired since stays until somebody chooses another.
    assert quick_templates.edit(boss, row, {**fields, "solution": "Done."})
    other = factories.category("Old", retired_at=row.category.retired_at)
    with pytest.raises(Refused) as refusal:
        quick_templates.edit(boss, row, {**fields, "category_id": other.id})
    assert refusal.value.field == "category_id"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("subject", " "), ("kind", "riddle"), ("impact", 4), ("urgency", 0)],
)
def test_a_template_must_make_sense(session, field, value):
    boss = administrator()
    with pytest.raises(Refused) as refusal:
        quick_templates.add(boss, template_fields(**{field: value}))
    assert refusal.value.field == field


def test_templates_are_moved_retired_and_deleted(session):
    boss = administrator()
    first = quick_templates.add(boss, template_fields(name="First"))
    second = quick_templates.add(boss, template_fields(name="Second"))
    assert quick_templates.move(boss, second, -1)
    assert quick_templates.in_order() == [second, first]
    assert quick_templates.retire(boss, second)
    assert not quick_templates.move(boss, second, 1)
    assert quick_templates.restore(boss, second)
    quick_templates.delete(boss, second)
    assert session.scalars(select(QuickTemplate.name)).all() == ["First"]

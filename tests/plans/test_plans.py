"""Work plans: kept in Set up, used on a ticket by hand and by a rule, and taken back."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.models import Channel
from helpdesk.plans import applying
from helpdesk.plans.content import Line, What, Who
from helpdesk.plans.models import WorkPlan
from helpdesk.rules import sentence
from helpdesk.rules.actions import action_of
from helpdesk.rules.content import Content
from helpdesk.rules.facts import Facts
from helpdesk.rules.models import RuleRun
from helpdesk.tickets import services
from helpdesk.tickets.companions import Link, Task
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.work import MAX_TASKS
from tests import factories
from tests.people.browser import post
from tests.rules.desk import about, rule
from tests.sla.desk import monday, office
from tests.tickets.workspace import Workspace, entries, triggers, work

__all__ = ["work"]
pytestmark = pytest.mark.usefixtures("session")


def starter(**more: Any) -> WorkPlan:
    """Return the plan for a new starter: two tickets and two tasks."""
    lines = (
        Line(What.TICKET, "Laptop: {subject}", priority=2, kind="request", text="For {customer}"),
        Line(What.TICKET, "Badge: {subject}"),
        Line(What.TASK, "Call the manager", Who.STARTER, due=4 * 3600),
        Line(What.TASK, "Lunch card", **more),
    )
    row = WorkPlan(name="New starter", lines=[line.to_json() for line in lines])
    db.session.add(row)
    db.session.commit()
    return row


def tasks(ticket: Ticket) -> list[Task]:
    rows = select(Task).where(Task.ticket_id == ticket.id, Task.removed_at.is_(None))
    return list(db.session.scalars(rows.order_by(Task.position)))


def children(ticket: Ticket) -> list[Ticket]:
    rows = select(Ticket).join(Link, Link.to_id == Ticket.id).where(Link.from_id == ticket.id)
    return list(db.session.scalars(rows.order_by(Ticket.id)))


def test_a_plan_is_used_once_a_press_and_taken_back(work: Workspace) -> None:
    ticket = work.ticket("Ana Duarte starts")
    plan = starter(queue=work.queue.id)
    page = work.get(f"/tickets/{ticket.id}/plans").text
    assert "Laptop: Ana Duarte starts" in page
    assert "2 tasks and 2 child tickets" in page
    url, sent = f"/tickets/{ticket.id}/plans", {"press": "once", "plan": str(plan.id)}
    answer = work.post(url, **sent)
    assert answer.status_code == 200
    assert "2 tasks and 2 child tickets" in triggers(answer)["toast"]["text"]
    work.post(url, **sent)
    laptop, badge = children(ticket)
    assert (laptop.subject, laptop.priority, laptop.kind) == (
        "Laptop: Ana Duarte starts",
        2,
        "request",
    )
    assert (laptop.channel, badge.customer_id) == (Channel.STAFF, ticket.customer_id)
    assert entries(laptop)[0].public is False
    call, card = tasks(ticket)
    assert (call.person_id, call.checklist) == (work.person.id, "New starter")
    assert (card.queue_id, card.due_at) == (work.queue.id, None)
    assert call.due_at is not None
    assert "Network &amp; VPN" in work.get(f"/tickets/{ticket.id}").text
    db.session.refresh(plan)
    assert plan.used == 1
    assert work.post(triggers(answer)["toast"]["undo"]).status_code == 200
    assert tasks(ticket) == []
    assert children(ticket) == []
    db.session.expire_all()
    assert laptop.hidden_at is not None


def test_what_somebody_began_is_not_taken_back(work: Workspace) -> None:
    ticket = work.ticket()
    plan = starter()
    answer = work.post(f"/tickets/{ticket.id}/plans", press="a", plan=str(plan.id))
    laptop = children(ticket)[0]
    services.note(work.actor, laptop, services.Said("Ordered"))
    db.session.commit()
    undone = work.post(triggers(answer)["toast"]["undo"])
    assert str(laptop.id) in undone.text or undone.status_code == 409
    db.session.expire_all()
    assert laptop.hidden_at is None
    assert len(tasks(ticket)) == 2


def test_nothing_is_half_done(work: Workspace) -> None:
    ticket = work.ticket()
    plan = starter()
    for number in range(MAX_TASKS - 1):
        db.session.add(Task(ticket_id=ticket.id, title=f"{number}", position=number))
    db.session.commit()
    answer = work.post(f"/tickets/{ticket.id}/plans", press="a", plan=str(plan.id))
    assert answer.status_code == 422
    assert "at most 200 tasks" in answer.text
    assert children(ticket) == []
    assert work.post(f"/tickets/{ticket.id}/plans", press="b").status_code == 422
    plan.retired_at = clock.now()
    db.session.commit()
    gone = work.post(f"/tickets/{ticket.id}/plans", press="c", plan=str(plan.id))
    assert gone.status_code == 404


def test_a_child_of_a_restricted_ticket_is_restricted(work: Workspace) -> None:
    ticket = work.ticket()
    ticket.restricted = True
    plan = starter()
    work.post(f"/tickets/{ticket.id}/plans", press="a", plan=str(plan.id))
    assert all(child.restricted for child in children(ticket))


def test_due_times_count_in_working_time(work: Workspace) -> None:
    office().is_default = True
    with clock.at(monday("15:00")):
        ticket = work.ticket()
        assert applying.apply(work.actor, ticket, starter(), "x") is not None
    assert tasks(ticket)[0].due_at == monday("11:00", days=1)


def test_a_rule_uses_a_plan_once_and_never_on_what_it_opened(work: Workspace) -> None:
    plan = starter()
    both = [{"do": key, "plan": plan.id} for key in ("open-child-tickets", "add-task-list")]
    row = rule("New starters", *both, if_=about("subject", "has-any", "Ana"))
    said = sentence.sentence(Content.from_json({"when": [{"on": "created"}], "then": both}))
    assert "open the child tickets of <b>New starter</b>" in said
    fresh = factories.ticket("Something else")
    foreseen = action_of("open-child-tickets").foresee(Facts(fresh), {"plan": plan.id})
    assert [change.new for change in foreseen] == [
        "Laptop: Something else",
        "Badge: Something else",
    ]
    ticket = factories.ticket("Ana Duarte starts")
    assert [child.subject for child in children(ticket)] == [
        "Laptop: Ana Duarte starts",
        "Badge: Ana Duarte starts",
    ]
    assert len(tasks(ticket)) == 2
    assert all(not children(child) and not tasks(child) for child in children(ticket))
    runs = select(RuleRun).where(RuleRun.rule_id == row.id, RuleRun.ticket_id == ticket.id)
    assert [step["said"] for step in db.session.scalars(runs).one().steps] == ["", ""]
    assert "New starters" in work.get(f"/tickets/{ticket.id}").text


def test_set_up_keeps_plans(client: FlaskClient) -> None:
    factories.desk()
    factories.sign_in(client, factories.account(factories.technician(), "administrator"))
    queue = factories.queue("Desktop")
    url, new = "/setup/plans", "/setup/plans?new=1"
    row = {"lines-0-what": "ticket", "lines-0-title": "Laptop", "lines-1-what": "task"}
    row |= {"lines-0-who": f"queue:{queue.id}", "lines-0-priority": "2"}
    row |= {"lines-1-title": "Call {customer}", "lines-1-who": "owner", "lines-1-due": "4h"}
    assert post(client, url, new, name="Starter").status_code == 422
    assert (
        "There are"
        in post(client, url, new, **row | {"name": "x", "lines-0-title": "{nobody}"}).text
    )
    wrong = post(client, url, new, **row | {"name": "x", "lines-1-due": "soon"})
    assert wrong.status_code == 422
    wrong = post(client, url, new, **row | {"name": "x", "lines-0-who": "owner"})
    assert "goes to a queue" in wrong.text
    assert post(client, url, new, name="Starter", **row).status_code == 303
    plan = db.session.scalars(select(WorkPlan)).one()
    laptop, call = plan.content
    assert (laptop.what, laptop.queue, laptop.priority) == (What.TICKET, queue.id, 2)
    assert (call.who, call.due) == (Who.OWNER, 4 * 3600)
    assert "1 task and 1 child ticket" in client.get(url).text
    edit = client.get(f"{url}?edit={plan.id}").text
    assert 'value="4h"' in edit
    changed = row | {"lines-0-title": ""}
    assert (
        post(
            client, f"{url}/{plan.id}", f"{url}?edit={plan.id}", name="Starter", **changed
        ).status_code
        == 303
    )
    db.session.refresh(plan)
    assert [line.title for line in plan.content] == ["Call {customer}"]
    assert post(client, f"{url}/{plan.id}/delete", url).status_code == 303
    assert db.session.scalars(select(WorkPlan)).all() == []

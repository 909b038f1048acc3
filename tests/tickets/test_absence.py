"""Who is away, who covers, and how new work and what was promised go round them."""

from datetime import datetime, timedelta

import pytest

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import notices
from helpdesk.people.access import SYSTEM, Actor, Denied
from helpdesk.people.errors import Refused as NotSo
from helpdesk.people.models import Absence, Person, Team, TeamMember
from helpdesk.people.services import absences, accounts
from helpdesk.people.stamp import access_changed
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Refused, Target
from helpdesk.tickets.services.inbound import Heard
from tests import factories
from tests.tickets.desk import Desk, desk, no_tokens, queue, text_of

__all__ = ["desk", "no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session")

DAY = timedelta(days=1)


@pytest.fixture
def karen(queue: Queue) -> Person:
    return factories.technician("Karen Chan", queues=[queue])


@pytest.fixture
def tom(queue: Queue) -> Person:
    return factories.technician("Tom Reyes", queues=[queue])


def goes(who: Person, cover: Person | None = None, days: int = 7, in_days: int = 0) -> Absence:
    begins = now() + in_days * DAY - timedelta(minutes=1)
    return absences.add(SYSTEM, who, begins, begins + days * DAY, cover=cover)


def technician_of(ticket: Ticket) -> str | None:
    row = next(row for row in ticket.assignments if row.state in {"assigned", "acknowledged"})
    return row.technician.name if row.technician is not None else None


# ---- Saying it ----


@pytest.mark.parametrize(
    ("begins", "ends", "code"),
    [
        (2 * DAY, DAY, "absence-backwards"),
        (-3 * DAY, -DAY, "absence-over"),
        (DAY, 900 * DAY, "absence-too-long"),
        (4 * DAY, 9 * DAY, "absence-overlaps"),
    ],
)
def test_what_makes_no_sense_is_refused(
    karen: Person, begins: timedelta, ends: timedelta, code: str
):
    goes(karen, days=5, in_days=3)
    with pytest.raises(NotSo) as refused:
        absences.add(SYSTEM, karen, now() + begins, now() + ends)
    assert refused.value.code == code


def test_who_covers_is_somebody_else_who_is_there(karen: Person, tom: Person):
    goes(tom, in_days=3)
    for cover, code in ((karen, "cover-self"), (tom, "cover-away"), (None, "cover-gone")):
        chosen = cover or factories.person("A customer")
        with pytest.raises(NotSo) as refused:
            goes(karen, chosen)
        assert refused.value.code == code


def test_oneself_a_lead_and_an_administrator_may_say_it(karen: Person, tom: Person, queue: Queue):
    assert absences.may_manage(factories.actor(karen), karen.id)
    assert not absences.may_manage(factories.actor(tom), karen.id)
    assert absences.may_manage(factories.actor(tom, role="administrator"), karen.id)
    lead = factories.actor(tom)
    team = db.session.get_one(Team, queue.team_id)
    member = db.session.get_one(TeamMember, (team.id, tom.id))
    member.is_lead = True
    lead = Actor(tom.id, tom.name, lead.permissions, lead_team_ids=frozenset({team.id}))
    assert absences.may_manage(lead, karen.id)
    with pytest.raises(Denied):
        absences.add(factories.actor(tom), karen, now(), now() + DAY)


# ---- New work goes round them ----


def test_work_for_somebody_away_goes_to_who_covers(queue: Queue, karen: Person, tom: Person):
    lead = factories.actor(role="lead")
    ticket = factories.ticket(queue_=queue)
    goes(karen, tom)
    entry = services.hand_over(lead, ticket, Target(queue, karen))
    assert technician_of(ticket) == "Tom Reyes"
    assert (entry.changes or {})["covering"] == [None, ["Karen Chan"]]
    # Unless it is meant for them all the same; and they may take work themselves.
    services.hand_over(lead, ticket, Target(queue, karen, even_if_away=True), reason="Hers")
    assert technician_of(ticket) == "Karen Chan"
    other = factories.ticket(queue_=queue)
    services.take(factories.actor(karen), other)
    assert technician_of(other) == "Karen Chan"


def test_who_covers_may_be_away_too(queue: Queue, karen: Person, tom: Person):
    sam = factories.technician("Sam Okafor", queues=[queue])
    goes(karen, tom)
    goes(tom, sam)
    ticket = factories.ticket(queue_=queue)
    services.hand_over(factories.actor(role="lead"), ticket, Target(queue, karen))
    assert technician_of(ticket) == "Sam Okafor"


def test_where_nobody_covers_it_says_so(queue: Queue, karen: Person):
    goes(karen)
    ticket = factories.ticket(queue_=queue)
    with pytest.raises(Refused) as refused:
        services.hand_over(factories.actor(role="lead"), ticket, Target(queue, karen))
    assert str(refused.value) == "Karen Chan is away and nobody covers for them."


def test_nobody_comes_to_read_a_secret_by_covering(karen: Person):
    secret = factories.queue("HR", restricted=True)
    anna = factories.technician("Anna", queues=[secret])
    goes(anna, karen)
    ticket = factories.ticket(queue_=secret)
    with pytest.raises(Refused):
        services.hand_over(SYSTEM, ticket, Target(secret, anna))


def test_a_reopened_ticket_goes_to_who_covers_and_its_owner_stays(
    queue: Queue, karen: Person, tom: Person
):
    ticket = factories.ticket(queue_=queue, technician=karen)
    services.resolve(
        factories.actor(karen), ticket, outcome=Outcome.WITHDRAWN, solution="It went by itself."
    )
    absence = goes(karen, tom)
    services.reopen(factories.actor(role="lead"), ticket)
    assert (technician_of(ticket), ticket.owner_id) == ("Tom Reyes", karen.id)
    # Back again, everything is as before.
    absences.end(SYSTEM, absence)
    again = factories.ticket(queue_=queue)
    services.hand_over(factories.actor(role="lead"), again, Target(queue, karen))
    assert technician_of(again) == "Karen Chan"


def test_who_covers_is_told_what_they_would_be_told(queue: Queue, karen: Person, tom: Person):
    ticket = factories.ticket(queue_=queue, technician=karen)
    goes(karen, tom)
    heard = Heard(author=ticket.customer, body="Any news?", happened_at=now())
    services.hear(ticket, heard, reopen_days=5)
    assert [row.kind for row in notices.newest(factories.actor(tom))] == ["answered"]


def test_who_leaves_covers_for_nobody(karen: Person, tom: Person):
    account = factories.account(tom, "technician")
    absence = goes(karen, tom)
    accounts.deactivate(SYSTEM, account)
    db.session.refresh(absence)
    assert absence.cover_id is None


# ---- On screen ----


def local(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M")


def test_going_away_leads_to_what_was_promised(desk: Desk, queue: Queue, karen: Person):
    me = db.session.get_one(Person, desk.person.id)
    ours, later, waits = (
        factories.ticket(name, queue_=queue, technician=me) for name in ("Told", "Later", "Waits")
    )
    services.expect(desk.actor, ours, now() + 2 * DAY)
    services.expect(desk.actor, later, now() + 20 * DAY)
    db.session.commit()
    assert "Everybody is here." in text_of(desk.get("/away"))
    fields = {
        "person": me.id,
        "begins": local(now() + DAY),
        "until": local(now() + 8 * DAY),
        "cover": karen.id,
    }
    answer = desk.post("/away", fields, htmx=False)
    assert answer.status_code == 303
    page = desk.get(answer.location)
    assert "Hand over the work of Priya Nair" in text_of(page)

    def is_chosen(ticket: Ticket) -> bool:
        box = page.split(f'value="{ticket.id}" data-pick')[1]
        return box.startswith(" checked")

    assert [is_chosen(ticket) for ticket in (ours, later, waits)] == [True, False, False]
    sent = {
        "absence": answer.location.rpartition("=")[2],
        "ticket": ours.id,
        "queue": queue.id,
        "technician": karen.id,
        "reason": "Away",
    }
    assert desk.post("/queue/hand-over", sent, htmx=False).status_code == 303
    db.session.expire_all()
    assert technician_of(ours) == "Karen Chan"
    page = text_of(desk.get("/away"))
    assert "Away later" in page
    assert "Priya Nair" in page


def test_a_lead_hands_the_work_of_somebody_ill_over(desk: Desk, queue: Queue, karen: Person):
    member = db.session.get_one(TeamMember, (queue.team_id, desk.person.id))
    ticket = factories.ticket(queue_=queue, technician=karen)
    absence = goes(karen)
    db.session.commit()
    desk.get(f"/queue/hand-over?absence={absence.id}", status=404)
    member.is_lead = True
    access_changed()
    db.session.commit()
    page = desk.get(f"/queue/hand-over?absence={absence.id}")
    assert f'value="{ticket.id}" data-pick' in page
    fields = {
        "absence": absence.id,
        "ticket": ticket.id,
        "queue": queue.id,
        "technician": desk.person.id,
        "reason": "Ill",
    }
    assert desk.post("/queue/hand-over", fields, htmx=False).status_code == 303
    db.session.expire_all()
    assert technician_of(ticket) == "Priya Nair"
    assert ticket.owner_id == desk.person.id
    assert "Karen Chan" in text_of(desk.get("/away"))
    assert desk.post(f"/away/{absence.id}/end", {}, htmx=False).status_code == 303
    assert "Everybody is here." in text_of(desk.get("/away"))


def test_pages_say_who_is_away(desk: Desk, queue: Queue, karen: Person, tom: Person):
    ticket = factories.ticket(queue_=queue, technician=karen)
    goes(karen, tom)
    db.session.commit()
    assert "Tom Reyes covers" in text_of(desk.get(f"/tickets/{ticket.id}"))
    choices = desk.client.get("/tickets/choices/target?q=karen").get_json()
    assert "Tom Reyes covers" in choices[0]["hint"]
    dialog = desk.get(f"/tickets/{ticket.id}/assign")
    assert "Also to somebody who is away" in dialog


def test_pages_say_how_much_somebody_has_in_hand(desk: Desk, queue: Queue, karen: Person):
    factories.account(karen, "technician").most_at_once = 8
    factories.ticket(queue_=queue, technician=karen)
    factories.desk().most_at_once = 3
    db.session.commit()
    choices = desk.client.get("/tickets/choices/target?q=karen").get_json()
    assert choices[0]["hint"] == "1 of 8 in hand"
    assert "0 of 3 in hand" in desk.get("/queue")


def test_wrong_input_comes_back_with_a_sentence(desk: Desk, karen: Person):
    fields = {"person": desk.person.id, "begins": "", "until": "yesterday", "cover": ""}
    assert desk.post("/away", fields, htmx=False).status_code == 422
    later = local(now() + DAY)
    fields |= {"begins": later, "until": local(now() + 2 * DAY), "cover": desk.person.id}
    refused = desk.post("/away", fields, htmx=False)
    assert refused.status_code == 422
    assert "Choose somebody else to cover." in text_of(refused.text)
    # Of somebody in another team one can't say it.
    fields |= {"person": factories.technician("Elsewhere").id, "cover": ""}
    assert desk.post("/away", fields, htmx=False).status_code == 403

"""The pages of policies, and which one would hold."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import SYSTEM, Permission
from helpdesk.people.models import RolePermission
from helpdesk.setup.services import promises
from helpdesk.sla import saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Policy
from helpdesk.sla.policy import WAITS, Conditions, Do, Step, Terms
from helpdesk.tickets.desk import Supplier
from tests import factories
from tests.setup.makers import Visitor, administrator, last_log, visitor
from tests.sla.desk import HOUR, office, promised, terms
from tests.support.queries import count_queries


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    return visitor(client)


def fields(calendar_id: int, **more: Any) -> dict[str, Any]:
    return {
        "name": "Standard",
        "calendar_id": calendar_id,
        "fix_1": "4h",
        "fix_2": "8h",
        "first_reply_1": "30m",
        "waits": list(WAITS),
        **more,
    }


def asking(**conditions: Any) -> Conditions:
    """Return conditions; what is given as a list is a set."""
    sets: dict[str, Any] = {
        name: frozenset(one) if isinstance(one, list) else one for name, one in conditions.items()
    }
    return Conditions(**sets)


def newest(name: str = "Standard") -> Terms:
    return saving.newest_terms(db.session.scalars(select(Policy).filter_by(name=name)).one())


def test_an_empty_desk_is_led_to_its_first_calendar_and_policy(admin):
    assert "first say when the desk is open" in admin.get("/setup/promises")
    office()
    db.session.commit()
    page = admin.get("/setup/promises")
    assert "Nothing is promised yet" in page
    assert "/setup/promises?new=1" in page
    assert "Which policy would hold?" not in page


def test_a_policy_is_added_and_said_as_a_sentence(admin):
    calendar = office()
    queue = factories.queue("ERP")
    firm = factories.organisation("Acme")
    db.session.commit()
    answer = admin.send(
        "/setup/promises",
        **fields(
            calendar.id, vip="y", queues=[queue.id], organisations=[firm.id], kinds=["incident"]
        ),
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    said = newest()
    assert said.length(Promise.FIX, 1) == 4 * HOUR
    assert said.length(Promise.FIX, 3) is None
    assert said.length(Promise.FIRST_REPLY, 1) == HOUR / 2
    assert said.conditions == Conditions(
        organisations=frozenset({firm.id}),
        vip=True,
        queues=frozenset({queue.id}),
        kinds=frozenset({"incident"}),
    )
    page = admin.get("/setup/promises")
    assert "Fix within 4h (P1), 8h (P2)" in page
    assert "of Office hours, for Acme; VIP customers; ERP; Incident." in page
    assert last_log()[:2] == ("policy-created", "Standard")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fix_1": "2d"}, "Write hours instead of days"),
        ({"fix_1": "soon"}, "Write it like 30m"),
        ({"fix_1": "", "fix_2": "", "first_reply_1": ""}, "Promise something"),
        ({"calendar_id": "999999"}, "Not a valid choice"),
        ({"queues": ["999999"]}, "valid choice"),
        ({"organisations": ["999999"]}, "Choose only what is in use."),
        ({"organisations": [str(2**70)]}, "Invalid choice"),
        ({"waits": ["nothing"]}, "not a valid choice"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(admin, wrong, said):
    calendar = office()
    db.session.commit()
    answer = admin.send("/setup/promises", **{**fields(calendar.id), **wrong})
    assert answer.status_code == 422
    assert said.lower() in answer.get_data(as_text=True).lower()
    assert not db.session.scalar(select(Policy.id))


def test_what_is_shown_again_is_saved_as_the_same(admin):
    calendar = office()
    db.session.commit()
    admin.send("/setup/promises", **fields(calendar.id, vip="y"))
    row = db.session.scalars(select(Policy)).one()
    page = admin.get(f"/setup/promises?edit={row.id}")
    assert 'value="30m"' in page
    seen = admin.saw(f"/setup/promises?edit={row.id}")
    admin.send(f"/setup/promises/{row.id}", **fields(calendar.id, vip="y", seen=seen))
    db.session.refresh(row)
    assert row.version == 1


def steps(*rows: tuple[str, str, str]) -> dict[str, str]:
    """Return the fields of an escalation: promise, when, what is done."""
    return {
        f"steps-{number}-{name}": value
        for number, row in enumerate(rows)
        for name, value in zip(("promise", "when", "do"), row, strict=True)
    }


def test_an_escalation_is_typed_shown_again_and_taken_away(admin):
    calendar, queue = office(), factories.queue("Second line")
    db.session.commit()
    typed = steps(
        ("fix", "75%", "warn-owner"),
        ("fix", "", "tell-leads"),
        ("first-reply", "10m", "tell-leads"),
        ("fix", "150 %", f"move:{queue.id}"),
    )
    assert admin.send("/setup/promises", **fields(calendar.id, **typed)).status_code == 303
    assert newest().steps == (
        Step(Promise.FIX, 75, None, Do.WARN_OWNER),
        Step(Promise.FIRST_REPLY, None, 600, Do.TELL_LEADS),
        Step(Promise.FIX, 150, None, Do.MOVE, queue.id),
    )
    listed = admin.get("/setup/promises")
    assert "Fix at 75%: Tell the owner" in listed
    assert "First reply 10m before: Tell the leads" in listed
    assert "Fix at 150%: Hand over to Second line" in listed
    row = db.session.scalars(select(Policy)).one()
    address = f"/setup/promises?edit={row.id}"
    page = admin.get(address)
    assert page.count('name="steps-') == 4 * 4, "those there are, and an empty one"
    assert 'value="10m"' in page
    again = steps(
        ("fix", "75%", "warn-owner"),
        ("first-reply", "10m", "tell-leads"),
        ("fix", "150%", f"move:{queue.id}"),
    )
    admin.send(f"/setup/promises/{row.id}", **fields(calendar.id, seen=admin.saw(address), **again))
    assert row.version == 1, "the same again is no new version"
    one = steps(("fix", "75%", "warn-owner"))
    admin.send(f"/setup/promises/{row.id}", **fields(calendar.id, seen=admin.saw(address), **one))
    assert newest().steps == (Step(Promise.FIX, 75, None, Do.WARN_OWNER),)
    assert newest().length(Promise.FIX, 1) == 4 * HOUR


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("fix", "soon", "warn-owner"), "Write 75%, or 30m"),
        (("fix", "2000%", "warn-owner"), "at most 1,000%"),
        (("fix", "75%", "explode"), "valid choice"),
        (("fix", "75%", "move:999"), "valid choice"),
        (("next-reply", "75%", "raise"), "a promise for which no time is written"),
    ],
)
def test_a_step_that_makes_no_sense_is_said_at_its_field(admin, row, said):
    calendar = office()
    db.session.commit()
    answer = admin.send("/setup/promises", **fields(calendar.id, **steps(row)))
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_two_people_edit_the_same_policy(admin):
    calendar = office()
    row = promised(calendar=calendar, fix=8)
    db.session.commit()
    seen = admin.saw(f"/setup/promises?edit={row.id}")
    shown = promises.shown(row)
    theirs = {name: getattr(shown, name) for name in promises.FIELDS}
    other = administrator("Somebody Else")
    promises.edit(other, row, {**theirs, "lengths": {"fix": {"1": 7200}}, "vip": True})
    db.session.commit()
    all_eight = {f"fix_{priority}": "8h" for priority in (1, 2, 3, 4)}
    same = fields(calendar.id, seen=seen, first_reply_1="", **all_eight)
    # Who changed nothing but the name keeps what the other one saved.
    assert admin.send(f"/setup/promises/{row.id}", **{**same, "name": "Gold"}).status_code == 303
    assert newest("Gold").conditions.vip
    clash = admin.send(f"/setup/promises/{row.id}", **{**same, "name": "Gold", "fix_1": "1h"})
    page = clash.get_data(as_text=True)
    assert clash.status_code == 409
    assert "Fix P1 2h" in page
    assert 'value="1h"' in page


def test_the_list_is_in_the_order_in_which_policies_win(admin):
    calendar = office()
    firm = factories.organisation("Acme")
    promised("Everybody", calendar=calendar, fix=8)
    promised("Incidents", calendar=calendar, conditions=asking(kinds=["incident"]), fix=8)
    promised("VIP", calendar=calendar, conditions=asking(vip=True), fix=4)
    promised("Acme", calendar=calendar, conditions=asking(organisations=[firm.id]), fix=2)
    last = promised("Anybody", calendar=calendar, fix=9)
    db.session.commit()
    assert _names(admin) == ["Acme", "VIP", "Incidents", "Everybody", "Anybody"]
    admin.send(f"/setup/promises/{last.id}/up")
    assert _names(admin) == ["Acme", "VIP", "Incidents", "Anybody", "Everybody"]
    # Further up stands what is more specific; no place in the list changes that.
    admin.send(f"/setup/promises/{last.id}/up")
    assert _names(admin) == ["Acme", "VIP", "Incidents", "Anybody", "Everybody"]


def _names(admin: Visitor) -> list[str]:
    return re.findall(r'<span class="m">([^<]+)</span>', admin.get("/setup/promises"))


def test_it_says_which_policy_would_hold_and_why(admin):
    calendar = office()
    firm = factories.organisation("Acme")
    firm.support_level = "Gold"
    top = factories.category("Network")
    below = factories.category("Wi-Fi", parent_id=top.id)
    promised("Everybody", calendar=calendar, fix=8)
    promised("VIP", calendar=calendar, conditions=asking(vip=True), fix=4)
    promised("Gold", calendar=calendar, conditions=asking(support_levels=["Gold"]), fix=2)
    promised("Network", calendar=calendar, conditions=asking(categories=[top.id]), fix=3)
    db.session.commit()

    def asked(**more: Any) -> str:
        query = "&".join(f"{name}={value}" for name, value in more.items())
        page = admin.get(f"/setup/promises?which=1&kind=incident&priority=2&{query}")
        found = re.search(r'<div role="status">(.*?)</div>', page, re.DOTALL)
        assert found is not None
        return re.sub(r"<[^>]+>|\s+", " ", found[1])

    said = asked()
    assert "Everybody" in said
    assert "asks for nothing" in said
    assert "Fix 8h of Office hours" in said
    said = asked(vip="yes", category=below.id)
    assert "VIP . It holds because of: VIP." in said
    assert "less specific or stand further down: Network, Everybody." in said
    assert "Gold . It holds because of: support level." in asked(vip="yes", organisation=firm.id)
    assert "Network . It holds because of: category." in asked(category=below.id)
    assert "Everybody" in asked(organisation=2**60, category=2**60, queue=2**60)


def test_no_policy_would_hold(admin):
    promised("VIP", conditions=asking(vip=True), fix=4)
    db.session.commit()
    assert "None: nothing would be promised." in admin.get("/setup/promises?which=1")


def test_a_policy_is_retired_restored_and_deleted(admin):
    calendar = office()
    row = promised(calendar=calendar, fix=8)
    factories.ticket()
    admin.send(f"/setup/promises/{row.id}/retire")
    assert "1 retired" in admin.get("/setup/promises")
    answer = admin.send(f"/setup/promises/{row.id}/delete")
    assert answer.status_code == 422
    assert "retire it instead" in answer.get_data(as_text=True)
    unused = promised("Unused", calendar=calendar, fix=8)
    db.session.commit()
    assert admin.send(f"/setup/promises/{unused.id}/delete").status_code == 303
    assert not db.session.scalars(select(Policy).filter_by(name="Unused")).all()
    admin.send(f"/setup/promises/{row.id}/restore")
    assert _names(admin) == ["Standard"]


def test_edited_promises_are_offered_for_replay(admin):
    calendar = office()
    row = promised(calendar=calendar, fix=8)
    factories.ticket()
    assert "keeps what was promised" not in admin.get("/setup/promises")
    saving.change_policy(SYSTEM, row, terms(calendar, fix=4))
    db.session.commit()
    for page in ("promises", "calendars"):
        said = admin.get(f"/setup/{page}")
        assert "1 open ticket keeps what was promised." in said
        assert "/setup/promises/replay" in said


def test_restricted_queues_are_named_only_to_those_who_may_know(client):
    """Whoever may set promises up but not teams does not learn the name of a restricted queue."""
    secret = factories.queue("Personnel", restricted=True)
    row = promised("Quiet", conditions=asking(queues=[secret.id]), fix=8)
    role = factories.account(factories.person(), "manager").roles[0]
    role.permissions.append(RolePermission(permission=Permission.SETUP_SLA))
    db.session.commit()
    manager = visitor(client, "manager")
    page = manager.get("/setup/promises?which=1")
    assert "Personnel" not in page
    assert "something you may not see" in page
    assert row.name in page


def test_the_list_asks_little_however_many_there_are(admin):
    calendar = office()
    promised("First", calendar=calendar, fix=8)
    db.session.commit()
    admin.get("/setup/promises?which=1")
    with count_queries() as one:
        admin.get("/setup/promises?which=1")
    for number in range(8):
        promised(f"Policy {number}", calendar=calendar, fix=timedelta(hours=number + 1) / HOUR)
    db.session.commit()
    with count_queries() as many:
        admin.get("/setup/promises?which=1")
    assert many.count == one.count, many


def test_teams_promise_each_other_and_suppliers_promise_us(admin):
    calendar, servers = office(), factories.queue("Servers")
    cables = Supplier(name="Harbour Cables")
    db.session.add(cables)
    db.session.commit()
    page = admin.get("/setup/promises?new=1&scope=team&example=1")
    assert "first_reply_1" not in page
    assert 'name="acknowledge_1"' in page
    assert 'value="50%"' in page
    assert 'value="150%"' in page
    typed = steps(
        ("acknowledge", "50%", "warn-owner"), ("acknowledge", "150%", f"move:{servers.id}")
    )
    sent = {
        "name": "Second level",
        "scope": "team",
        "calendar_id": calendar.id,
        "acknowledge_1": "30m",
        "waits": ["customer"],
    }
    assert admin.send("/setup/promises", **sent, **typed).status_code == 303
    row = db.session.scalars(select(Policy)).one()
    assert (row.scope, newest("Second level").length(Promise.ACKNOWLEDGE, 1)) == ("team", HOUR / 2)
    # Nothing but suppliers' promises writes to suppliers.
    wrong = steps(("acknowledge", "50%", "remind"))
    assert admin.send("/setup/promises", **{**sent, "name": "B"}, **wrong).status_code == 422
    listed = admin.get("/setup/promises")
    assert "Between teams: Everything else" in listed
    assert "for every assignment" in listed
    asked = {
        "name": "Cables",
        "scope": "supplier",
        "calendar_id": calendar.id,
        "suppliers": [cables.id],
        "waits": ["customer"],
    }
    reminds = steps(("fix", "100%", "remind"))
    # No time is written: what they promise each time is what counts.
    assert admin.send("/setup/promises", **asked, **reminds).status_code == 303
    listed = admin.get("/setup/promises")
    assert "By suppliers: By supplier" in listed
    assert "Whatever they promise each time" in listed
    assert "Write to the supplier" in listed


def test_suppliers_are_kept_like_other_lists(admin):
    place = factories.organisation("Harbour Group")
    db.session.commit()
    typed = {"name": "Harbour Cables", "email": "Help@Cables.example", "organisation_id": place.id}
    assert admin.send("/setup/suppliers", **typed).status_code == 303
    row = db.session.scalars(select(Supplier)).one()
    assert (row.email, row.organisation_id) == ("help@cables.example", place.id)
    assert "Harbour Group" in admin.get("/setup/suppliers")
    assert admin.send("/setup/suppliers", name="X", email="nowhere").status_code == 422
    admin.send(f"/setup/suppliers/{row.id}", name="Harbour Cables", phone="+852 2233 4455")
    admin.send(f"/setup/suppliers/{row.id}/retire")
    assert (row.phone, row.retired_at is None) == ("+852 2233 4455", False)
    log = admin.get("/setup/audit")
    assert "retired the supplier" in log

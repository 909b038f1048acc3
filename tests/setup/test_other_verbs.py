"""Categories, priorities, tags, the desk, teams, skills and roles: what their verbs do."""

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Actor, Denied
from helpdesk.people.errors import Refused
from helpdesk.people.models import Desk
from helpdesk.setup.services import (
    Changed,
    categories,
    desk_settings,
    priorities,
    queues,
    roles,
    tags,
    teams,
)
from helpdesk.tickets import services as tickets
from helpdesk.tickets.companions import View
from helpdesk.tickets.desk import Category, Tag, TicketTag
from helpdesk.tickets.services import choose
from tests import factories
from tests.setup.makers import administrator, last_log, log, nobody

# ---- Categories ----


def category(boss: Actor, name: str, parent: Category | None = None, **more) -> Category:
    fields = {"name": name, "parent_id": parent.id if parent else None, "queue_id": None, **more}
    return categories.add(boss, fields)


def fields_of(row: Category, **changes):
    return {**{name: getattr(row, name) for name in categories.FIELDS}, **changes}


def paths() -> list[str]:
    return [row.path for row in categories.everything()]


def test_a_tree_of_categories_knows_its_paths(session):
    boss = administrator()
    network = category(boss, "Network")
    remote = category(boss, "Remote", network)
    vpn = category(boss, "VPN", remote)
    category(boss, "access")
    assert paths() == ["access", "Network", "Network › Remote", "Network › Remote › VPN"]
    assert [categories.depth(row) for row in (network, remote, vpn)] == [0, 1, 2]
    assert last_log()[:2] == ("category-created", "access")


def test_renaming_takes_everything_below_along(session):
    boss = administrator()
    network = category(boss, "Network")
    # A name that begins alike is another branch.
    category(boss, "Networking club")
    remote = category(boss, "Remote", network)
    category(boss, "VPN", remote)
    assert categories.edit(boss, network, fields_of(network, name="Lines"))
    assert paths() == ["Lines", "Lines › Remote", "Lines › Remote › VPN", "Networking club"]
    assert last_log() == (
        "category-edited",
        "Lines",
        {"name": ["Network", "Lines"], "path": ["Network", "Lines"]},
    )


def test_moving_takes_everything_below_along(session):
    boss = administrator()
    network, hardware = category(boss, "Network"), category(boss, "Hardware")
    remote = category(boss, "Remote", network)
    category(boss, "VPN", remote)
    categories.edit(boss, remote, fields_of(remote, parent_id=hardware.id))
    assert paths() == ["Hardware", "Hardware › Remote", "Hardware › Remote › VPN", "Network"]
    categories.edit(boss, remote, fields_of(remote, parent_id=None))
    assert paths() == ["Hardware", "Network", "Remote", "Remote › VPN"]


def test_a_category_cannot_be_below_itself(session):
    boss = administrator()
    network = category(boss, "Network")
    remote = category(boss, "Remote", network)
    for parent in (network, remote):
        with pytest.raises(Refused) as refusal:
            categories.edit(boss, network, fields_of(network, parent_id=parent.id))
        assert refusal.value.field == "parent_id"


def test_siblings_have_different_names(session):
    boss = administrator()
    network, hardware = category(boss, "Network"), category(boss, "Hardware")
    category(boss, "Cable", network)
    below = category(boss, "Cable", hardware)
    with pytest.raises(Refused):
        category(boss, "cable", network)
    with pytest.raises(Refused):
        categories.edit(boss, below, fields_of(below, parent_id=network.id))
    with pytest.raises(Refused):
        category(boss, "Net › work")


def test_one_renames_while_another_moves(session):
    boss = administrator()
    network, hardware = category(boss, "Network"), category(boss, "Hardware")
    cable = category(boss, "Cable", network)
    shown = fields_of(cable)
    categories.edit(boss, cable, {**shown, "name": "Cables"}, shown)
    categories.edit(boss, cable, {**shown, "parent_id": hardware.id}, shown)
    assert cable.path == "Hardware › Cables"


def test_paths_have_an_end(session):
    boss = administrator()
    row = category(boss, "A" * 100)
    for _turn in range(3):
        row = category(boss, "B" * 100, row)
    with pytest.raises(Refused):
        category(boss, "C" * 100, row)
    top = categories.everything()[0]
    short = category(boss, "Short")
    deep = category(boss, "Deep", short)
    category(boss, "D" * 90, deep)
    with pytest.raises(Refused):
        categories.edit(boss, short, fields_of(short, parent_id=row.id, name="E" * 80))
    assert top.path == "A" * 100


def test_retiring_a_category_retires_what_is_below(session):
    boss = administrator()
    network = category(boss, "Network")
    remote = category(boss, "Remote", network)
    assert categories.retire(boss, network)
    assert remote.retired_at is not None
    assert not categories.retire(boss, network)
    with pytest.raises(Refused):
        categories.restore(boss, remote)
    assert categories.restore(boss, network)
    assert remote.retired_at is not None
    assert categories.restore(boss, remote)
    with pytest.raises(Refused) as refusal:
        categories.delete(boss, network)
    assert refusal.value.code == "has-children"
    categories.delete(boss, remote)
    categories.delete(boss, network)
    assert paths() == []


def test_a_category_sends_tickets_to_its_queue(session):
    boss = administrator()
    factories.queue("Default", is_default=True)
    erp = factories.queue("ERP")
    row = category(boss, "Orders")
    categories.edit(boss, row, fields_of(row, queue_id=erp.id))
    assert last_log()[2] == {"queue": [None, "ERP"]}
    session.expire(row)
    assert choose.default_queue(row) is erp
    queues.retire(boss, erp)
    assert choose.default_queue(row).name == "Default"
    # It stays in the form until somebody chooses another, but nobody can choose it anew.
    assert categories.edit(boss, row, fields_of(row, name="Order"))
    with pytest.raises(Refused):
        category(boss, "Invoices", queue_id=erp.id)


# ---- Priorities ----


def test_the_matrix_decides_from_now_on(session):
    boss, queue = administrator(), factories.queue()
    before = factories.ticket(queue_=queue, impact=3, urgency=3)
    wanted = {**priorities.matrix(), (3, 3): 2}
    assert priorities.set_matrix(boss, wanted, priorities.matrix())
    assert before.priority == 4
    assert factories.ticket(queue_=queue, impact=3, urgency=3).priority == 2
    entry = next(entry for entry in log() if entry[0] == "priorities-edited")
    assert entry[2] == {"impact-3-urgency-3": [4, 2]}
    assert not priorities.set_matrix(boss, wanted)


def test_two_people_set_cells_of_the_matrix(session):
    boss = administrator("Ada Min")
    shown = priorities.matrix()
    priorities.set_matrix(boss, {**shown, (1, 1): 2}, shown)
    assert priorities.set_matrix(boss, {**shown, (2, 2): 1}, shown)
    assert (priorities.matrix()[1, 1], priorities.matrix()[2, 2]) == (2, 1)
    with pytest.raises(Changed) as clash:
        priorities.set_matrix(boss, {**shown, (1, 1): 3}, shown)
    assert clash.value.theirs == {"impact-1-urgency-1": 2}
    assert clash.value.by == "Ada Min"


def test_a_matrix_is_whole(session):
    boss = administrator()
    for wanted in ({}, {**priorities.matrix(), (1, 1): 5}):
        with pytest.raises(Refused):
            priorities.set_matrix(boss, wanted)


# ---- Tags ----


def tagged(worker: Actor, queue, *names: str):
    row = factories.ticket(queue_=queue, by=worker)
    tickets.set_tags(worker, row, list(names))
    return row


def tag_names(ticket) -> list[str]:
    query = select(Tag.name).join(TicketTag).where(TicketTag.ticket_id == ticket.id)
    return sorted(db.session.scalars(query))


def test_a_tag_is_renamed_on_all_its_tickets(session):
    boss, queue = administrator(), factories.queue()
    worker = factories.actor(queues=[queue])
    ticket = tagged(worker, queue, "printr")
    tag = session.scalars(select(Tag)).one()
    assert tags.edit(boss, tag, {"name": "printer"}, {"name": "printr"})
    assert tag_names(ticket) == ["printer"]
    assert last_log() == ("tag-edited", "printer", {"name": ["printr", "printer"]})
    assert tags.edit(boss, tag, {"name": "Printer"})


def test_two_tags_become_one(session):
    boss, queue = administrator(), factories.queue()
    worker = factories.actor(queues=[queue])
    one = tagged(worker, queue, "printers")
    both = tagged(worker, queue, "printers", "Printer")
    tag, into = (session.scalars(select(Tag).where(Tag.name == name)).one()
                 for name in ("printers", "Printer"))  # fmt: skip
    view = View(name="Paper", filters={"tag": [str(into.id), str(tag.id)], "class": ["open"]})
    session.add(view)
    with pytest.raises(tags.SameName) as same:
        tags.edit(boss, tag, {"name": "printer"})
    assert same.value.other is into
    tags.merge(boss, tag, into)
    assert tag_names(one) == tag_names(both) == ["Printer"]
    assert view.filters == {"tag": [str(into.id)], "class": ["open"]}
    assert last_log() == ("tag-merged", "Printer", {"merged": ["printers", "Printer"]})
    with pytest.raises(Refused):
        tags.merge(boss, into, into)


def test_merging_into_a_retired_tag_brings_it_back(session):
    boss = administrator()
    tag, into = tags.add(boss, {"name": "one"}), tags.add(boss, {"name": "two"})
    tags.retire(boss, into)
    tags.merge(boss, tag, into)
    assert into.retired_at is None


def test_a_tag_on_a_ticket_is_retired_not_deleted(session):
    boss, queue = administrator(), factories.queue()
    ticket = tagged(factories.actor(queues=[queue]), queue, "vpn")
    tag = session.scalars(select(Tag)).one()
    with pytest.raises(Refused):
        tags.delete(boss, tag)
    assert tags.retire(boss, tag)
    assert tag_names(ticket) == ["vpn"]
    assert tags.restore(boss, tag)
    unused = tags.add(boss, {"name": "unused"})
    tags.delete(boss, unused)
    with pytest.raises(Refused):
        tags.add(boss, {"name": "VPN"})


# ---- The desk ----


def desk_fields(**changes):
    return {
        "name": "Northline",
        "language": "en",
        "time_zone": "Asia/Hong_Kong",
        "phone_region": "HK",
        **changes,
    }


def test_the_desk_is_renamed(session):
    boss = administrator()
    assert desk_settings.edit(boss, desk_fields(name="Harbour IT"))
    desk = session.scalars(select(Desk)).one()
    assert (desk.name, desk.time_zone, desk.phone_region) == ("Harbour IT", "Asia/Hong_Kong", "HK")
    assert last_log()[2]["name"] == ["Northline", "Harbour IT"]
    assert not desk_settings.edit(boss, desk_fields(name="Harbour IT"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("language", "tlh"),
        ("time_zone", "Middle/Earth"),
        ("time_zone", "../etc/passwd"),
        ("phone_region", "XX"),
    ],
)
def test_the_desk_is_somewhere_on_earth(session, field, value):
    with pytest.raises(Refused) as refusal:
        desk_settings.edit(administrator(), desk_fields(**{field: value}))
    assert refusal.value.field == field


def test_none_of_it_is_for_everybody(session):
    boss, who = administrator(), nobody()
    row = category(boss, "Network")
    tag = tags.add(boss, {"name": "vpn"})
    team = factories.team()
    role = roles.add(boss, "Auditor", "", [])
    before = log()
    for attempt in (
        lambda: category(who, "Mine"),
        lambda: categories.edit(who, row, fields_of(row, name="Mine")),
        lambda: categories.retire(who, row),
        lambda: categories.restore(who, row),
        lambda: categories.delete(who, row),
        lambda: priorities.set_matrix(who, {**priorities.matrix(), (1, 1): 4}),
        lambda: tags.add(who, {"name": "mine"}),
        lambda: tags.edit(who, tag, {"name": "mine"}),
        lambda: tags.merge(who, tag, tag),
        lambda: tags.retire(who, tag),
        lambda: tags.restore(who, tag),
        lambda: tags.delete(who, tag),
        lambda: desk_settings.edit(who, desk_fields(name="Mine")),
        lambda: teams.add(who, {"name": "Mine", "description": ""}),
        lambda: teams.edit(who, team, {"name": "Mine", "description": ""}),
        lambda: teams.set_members(who, team, {}, None),
        lambda: teams.retire(who, team),
        lambda: teams.restore(who, team),
        lambda: teams.delete(who, team),
        lambda: teams.add_skill(who, {"name": "Mine"}),
        lambda: roles.add(who, "Mine", "", []),
        lambda: roles.edit(who, role, {"name": "Mine", "description": ""}, []),
        lambda: roles.retire(who, role),
        lambda: roles.restore(who, role),
        lambda: roles.delete(who, role),
    ):
        with pytest.raises(Denied):
            attempt()
    assert log() == before

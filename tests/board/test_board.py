"""The alert board: who writes and who reads, what follows from times, what the public sees."""

from dataclasses import replace
from datetime import timedelta

import pytest

from helpdesk.board import linking, queries, remembered, writing
from helpdesk.board.models import Alert, Audience, Severity
from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.people.access import Denied
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services.errors import Refused
from tests import factories
from tests.board.makers import alert, wording

pytestmark = pytest.mark.usefixtures("session")


def headlines(rows: list[Alert]) -> list[str]:
    return [row.headline for row in rows]


def test_what_runs_comes_to_an_end_by_itself():
    reader = factories.actor()
    alert("Running")
    alert("To come", starts_at=now() + timedelta(hours=2))
    assert headlines(queries.current(reader)) == ["Running", "To come"]
    assert [row.state for row in queries.current(reader)] == ["running", "coming"]
    assert [row.headline for row in remembered.running(reader, afresh=True)] == ["Running"]
    with clock.at(now() + timedelta(hours=5)):
        assert queries.current(reader) == []
        assert {row.state for row in queries.past(reader)} == {"expired"}
        assert remembered.running(reader, afresh=True) == []


def test_the_past_is_paged_by_its_ends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queries, "PAGE", 2)
    reader = factories.actor()
    for hour in (3, 1, 2, 2):
        alert(f"Ended after {hour}", ends_at=now() + timedelta(hours=hour))
    with clock.at(now() + timedelta(days=1)):
        first = queries.past(reader)
        after = queries.Place(first[1].ends_at, first[1].id)
        rest = queries.past(reader, after=queries.Place.parse(str(after)))
    assert headlines(first[:2] + rest) == [
        "Ended after 3",
        "Ended after 2",
        "Ended after 2",
        "Ended after 1",
    ]


def test_a_teams_notice_is_for_its_members_and_for_who_writes():
    ours, others = factories.queue(), factories.queue()
    row = alert("Only us", audience=Audience.TEAM, team_id=ours.team_id)
    member, stranger = factories.actor(queues=[ours]), factories.actor(queues=[others])
    assert queries.alert_for(member, row.id) is row
    assert [one.id for one in remembered.running(member)] == [row.id]
    with pytest.raises(NotFound):
        queries.alert_for(stranger, row.id)
    assert remembered.running(stranger) == []
    assert queries.current(stranger) == []
    manager = factories.actor(role="manager")
    # Whoever answers for the board reads it all, but is not shown other teams' matters unasked.
    assert headlines(queries.current(manager)) == ["Only us"]
    assert remembered.running(manager) == []


def test_the_public_reads_public_notices_only_and_only_what_was_said_publicly():
    lead = factories.actor(role="lead")
    row = alert("Mail is late", by=lead)
    alert("For staff", by=lead)
    writing.say(lead, row, "The provider is at fault, keep it to yourselves.")
    assert queries.public_notices() == []
    writing.change(lead, row, wording("Mail is late", audience=Audience.PUBLIC))
    writing.say(lead, row, "It gets better.")
    (seen,) = queries.public_notices()
    assert (seen.headline, seen.severity) == ("Mail is late", Severity.OUTAGE)
    assert [text for _at, text in seen.updates] == ["It gets better."]
    with clock.at(now() + timedelta(days=1)):
        assert queries.public_notices() == []


def test_only_those_who_may_write_do_and_not_nonsense():
    with pytest.raises(Denied):
        writing.write(factories.actor(), wording())
    lead = factories.actor(role="lead")
    for fields in (
        {"headline": "  "},
        {"ends_at": now() - timedelta(hours=2)},
        {"starts_at": now() - timedelta(hours=9), "ends_at": now() - timedelta(hours=2)},
        {"ends_at": now() + timedelta(days=900)},
        {"audience": Audience.TEAM},
    ):
        with pytest.raises(Refused):
            writing.write(lead, wording(**fields))


def test_what_changed_is_written_down():
    lead = factories.actor(role="lead")
    row = alert(by=lead)
    said = wording(row.headline, starts_at=row.starts_at, ends_at=row.ends_at + timedelta(hours=1))
    assert writing.change(lead, row, said)
    assert not writing.change(lead, row, said)
    db.session.flush()
    db.session.refresh(row)
    assert [line.kind for line in row.lines] == ["changed", "written"]
    assert list(row.lines[0].changes) == ["ends_at"]


def test_two_who_change_a_notice_at_once_lose_nothing():
    karen, row = factories.actor(role="lead"), alert()
    seen = writing.wording_of(row)
    writing.change(karen, row, replace(seen, headline="VPN is slow"), seen=seen)
    # Another field goes through, and Karen's headline stays.
    ours = factories.actor(role="lead")
    assert writing.change(ours, row, replace(seen, body="Use Tokyo."), seen=seen)
    assert (row.headline, row.body) == ("VPN is slow", "Use Tokyo.")
    db.session.flush()
    db.session.refresh(row)
    with pytest.raises(writing.ChangedMeanwhile) as clash:
        writing.change(ours, row, replace(seen, headline="VPN drops"), seen=seen)
    assert clash.value.theirs == {"headline": "VPN is slow"}
    assert row.headline == "VPN is slow"


def test_restricted_tickets_show_to_nobody_else_through_a_notice_not_even_by_their_number():
    secret = factories.queue("HR", restricted=True)
    insider, outsider = factories.actor(queues=[secret]), factories.actor(role="lead")
    row = alert()
    linking.link(insider, row, factories.ticket("Salaries", queue_=secret, by=insider))
    open_to_all = factories.ticket("Printer", queue_=factories.queue())
    linking.link(insider, row, open_to_all)
    db.session.flush()
    assert [one.subject for one in queries.tickets_of(outsider, row)] == ["Printer"]
    assert queries.linked_numbers(outsider, [row.id]) == {row.id: 1}
    assert queries.linked_numbers(insider, [row.id]) == {row.id: 2}
    assert [one.tickets for one in remembered.running(insider, afresh=True)] == [1]

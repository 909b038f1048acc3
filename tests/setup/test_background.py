"""The page of background work: what runs, what is late, what fails."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from helpdesk import jobs
from helpdesk.db import db
from helpdesk.jobs import JobRun
from helpdesk.lib.clock import now
from helpdesk.setup.views.background import NAMES
from tests.setup.makers import visitor
from tests.support.queries import count_queries

pytestmark = pytest.mark.usefixtures("session")


def ran(name: str, *, ago: int = 0, **fields: object) -> None:
    values = {"worker": "host:7", "seconds": 0.012, "failures": 0, "error": "", **fields}
    db.session.add(JobRun(name=name, started_at=now() - timedelta(seconds=ago), **values))
    db.session.commit()


def test_a_desk_whose_worker_never_ran_says_so(client: FlaskClient):
    page = visitor(client).get("/setup/background")
    assert "No worker is at work" in page
    assert "never ran" in page
    assert "Send mail" in page


def test_what_fails_stands_first_with_its_reason(client: FlaskClient):
    ran("send_mail", failures=3, error="OSError: no route")
    ran("escalate", ago=4)
    ran("wake_snoozed", ago=600)
    admin = visitor(client)
    with count_queries() as queries:
        page = admin.get("/setup/background")
    assert queries.count <= 6
    assert "Failed 3 times: OSError: no route" in page
    assert page.index("Send mail") < page.index("Wake tickets") < page.index("Escalate promises")
    assert page.count(">late<") == 1
    assert page.count(">fine<") == 1


def test_only_who_sets_the_desk_up_sees_it(client: FlaskClient):
    who = visitor(client, "lead")
    assert who.client.get("/setup/background").status_code == 403


def test_every_job_has_a_name_for_people(app):
    assert {each.name for each in app.extensions["hearth-jobs"]} <= NAMES.keys()
    assert jobs.RECORD_EVERY >= 5

"""What load balancers and Prometheus ask."""

import dataclasses
import re

import pytest
from flask import Flask
from sqlalchemy import text

from helpdesk.db import db, transaction
from helpdesk.jobs import Job, record
from helpdesk.lib.clock import now
from tests import factories

TOKEN = "a-token-for-the-figures"


@pytest.fixture
def desk(own_desk: Flask) -> Flask:
    own_desk.config["SETTINGS"] = dataclasses.replace(
        own_desk.config["SETTINGS"], metrics_token=TOKEN
    )
    return own_desk


def figures(desk: Flask) -> dict[str, float]:
    answer = desk.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_a_process_says_that_it_lives_and_is_ready(desk: Flask):
    client = desk.test_client()
    assert client.get("/health/live").text == "alive\n"
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.text) == (200, "ready\n")


def test_a_database_of_another_release_is_not_ready(desk: Flask):
    with desk.app_context(), transaction():
        db.session.execute(text("UPDATE alembic_version SET version_num = 'another'"))
    ready = desk.test_client().get("/health/ready")
    assert (ready.status_code, ready.text) == (503, "the database needs an upgrade\n")


def test_figures_need_the_token(desk: Flask, own_desk: Flask):
    client = desk.test_client()
    assert client.get("/metrics").status_code == 401
    wrong = {"Authorization": "Bearer something-else-entirely"}
    assert client.get("/metrics", headers=wrong).status_code == 401
    own_desk.config["SETTINGS"] = dataclasses.replace(own_desk.config["SETTINGS"], metrics_token="")
    assert client.get("/metrics").status_code == 404


def test_figures_tell_of_jobs_and_open_work(desk: Flask):
    with desk.app_context():
        factories.ticket(queue_=factories.queue())
        record(Job("fine", lambda: None, 60), now(), 0.1)
        record(Job("broken", lambda: None, 60), now(), 0.1, 'ValueError: "no"')
        record(Job("broken", lambda: None, 60), now(), 0.1, "ValueError")
    found = figures(desk)
    assert found["hearth_tickets_unfinished"] == 1
    assert found["hearth_worker_leading"] == 0
    assert found['hearth_job_failures{job="broken"}'] == 2
    assert found['hearth_job_failures{job="fine"}'] == 0
    assert found['hearth_job_last_success_timestamp_seconds{job="fine"}'] > 1_700_000_000
    assert 'hearth_job_last_success_timestamp_seconds{job="broken"}' not in found


def test_every_figure_is_described_once(desk: Flask):
    answer = desk.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    described = re.findall(r"^# TYPE (\w+) gauge$", answer.text, re.MULTILINE)
    assert len(described) == len(set(described)) >= 5

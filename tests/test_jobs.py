"""Background work: on time, once, by one leader, and ended without harm."""

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask

from helpdesk import jobs
from helpdesk.db import db
from helpdesk.jobs import Job, Service, job, new_leader, run_forever, service


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def worker(own_desk: Flask):
    """Run a worker in a thread; the function returned ends it and waits."""
    running: list[tuple[threading.Event, threading.Thread]] = []

    def start(*some: Job, services: tuple[Service, ...] = ()) -> Callable[[], None]:
        stop = threading.Event()
        thread = threading.Thread(
            target=run_forever, args=(own_desk, some, services), kwargs={"stop": stop}
        )
        thread.start()
        running.append((stop, thread))

        def end() -> None:
            stop.set()
            thread.join(15)
            assert not thread.is_alive()

        return end

    yield start
    for stop, thread in running:
        stop.set()
        thread.join(15)


def test_a_job_runs_again_and_again_and_a_failure_does_not_end_it(worker):
    times: list[float] = []

    @job(every=0.2)
    def fails() -> None:
        times.append(time.monotonic())
        raise RuntimeError("as it happens")

    end = worker(fails)
    until(lambda: len(times) >= 3)
    end()
    count = len(times)
    time.sleep(0.5)
    assert len(times) == count


def test_a_job_never_runs_twice_at_once(worker):
    inside, most = [], []

    @job(every=0.1)
    def slow() -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.4)
        inside.pop()

    worker(slow)
    until(lambda: len(most) >= 3)
    assert max(most) == 1


def test_one_worker_leads_and_another_follows_it(worker):
    runs: list[str] = []
    everywhere: list[str] = []

    def named(name: str) -> tuple[Job, Job]:
        return (
            Job("look", lambda: runs.append(name), 0.1),
            Job("claim", lambda: everywhere.append(name), 0.1, everywhere=True),
        )

    end_first = worker(*named("first"))
    until(lambda: runs)
    worker(*named("second"))
    until(lambda: "second" in everywhere)
    time.sleep(2.5)
    assert set(runs) == {"first"}
    end_first()
    until(lambda: "second" in runs, 12)


def test_how_a_job_went_is_written_down(worker, own_desk: Flask):
    @job(every=0.2)
    def breaks() -> None:
        raise RuntimeError("as it happens")

    @job(every=0.2)
    def works() -> None:
        pass

    end = worker(breaks, works)
    with own_desk.app_context():

        def runs() -> dict[str, jobs.JobRun]:
            db.session.rollback()
            return {row.name: row for row in db.session.query(jobs.JobRun)}

        until(lambda: {"breaks", "works"} <= runs().keys() and runs()["breaks"].failures >= 2)
        end()
        found = runs()
        assert found["breaks"].error == "RuntimeError: as it happens"
        assert found["breaks"].succeeded_at is None
        assert (found["works"].failures, found["works"].error) == (0, "")
        assert found["works"].succeeded_at is not None


def test_who_stops_leading_makes_room_for_another(own_desk: Flask):
    with own_desk.app_context():
        first, second = new_leader(), new_leader()

        def leads() -> tuple[bool, bool]:
            first.keep()
            second.keep()
            return first.leading, second.leading

        def leads_now() -> bool:
            second.keep()
            return second.leading

        assert leads() == (True, False)
        first.release()
        # PostgreSQL frees the lock once its server process has seen the connection close.
        until(leads_now)
        assert leads() == (False, True)
        first.release()
        second.release()


def test_somebody_leads_or_nobody_does(own_desk: Flask):
    with own_desk.app_context():
        assert not jobs.somebody_leads()
        leader = new_leader()
        leader.keep()
        assert jobs.somebody_leads()
        leader.release()
        db.session.rollback()
        assert not jobs.somebody_leads()


def test_a_service_runs_until_the_end_and_is_started_again_when_it_fails(
    worker, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "RESTART_SECONDS", 0.1)
    starts: list[float] = []
    ended = threading.Event()

    @service
    def watches(stop: threading.Event) -> None:
        starts.append(time.monotonic())
        if len(starts) == 1:
            raise RuntimeError("the first time")
        stop.wait()
        ended.set()

    end = worker(services=(watches,))
    until(lambda: len(starts) == 2)
    end()
    assert ended.is_set()


def test_a_signal_ends_the_worker_after_what_it_is_doing(own_desk: Flask):
    done: list[str] = []

    @job(every=60)
    def works() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
        done.append("finished")

    before = signal.getsignal(signal.SIGTERM)
    run_forever(own_desk, [works])
    assert done == ["finished"]
    assert signal.getsignal(signal.SIGTERM) is before

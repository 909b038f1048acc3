"""`helpdesk run`: the first start, the second, and the end, with real processes."""

import json
import re
import signal
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.demo.running import PROGRAM, Running, sign_in
from tests.support.paths import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SECOND_START = 5.0
"""Seconds that a desk with its data may take until it serves pages."""


def test_the_first_start_is_a_demo_desk_that_says_how_to_sign_in(
    first_start: Path, demo_folder: Path
):
    said = (first_start / "said").read_text("utf-8")
    assert "http://127.0.0.1:" in said
    assert "demo desk" in said
    sign_ins = re.findall(r"^\s+(\w+)\s+(\S+@\S+)\s+(\S+)$", said, re.MULTILINE)
    assert [role for role, _login, _password in sign_ins] == [
        "administrator",
        "lead",
        "technician",
        "manager",
        "customer",
    ]
    with Running(demo_folder) as desk:
        desk.wait()
        for _role, login, password in sign_ins:
            page = sign_in(desk.url, login, password)
            assert 'class="demo-strip"' in page, "every page says what it is"


def test_a_second_start_is_quick_and_keeps_the_data(demo_folder: Path, record_property):
    """The best of a few tries counts: other work on the machine is not the desk's doing."""
    waiting = _waiting(demo_folder)
    seconds = []
    for _try in range(4):
        with Running(demo_folder) as desk:
            seconds.append(desk.wait())
        if seconds[-1] < SECOND_START:
            break
    record_property("second_start_seconds", round(min(seconds), 2))
    first = json.loads((demo_folder / "seconds").read_text())
    print(f"first start {first:.1f} s, second start {min(seconds):.1f} s")
    assert min(seconds) < SECOND_START
    assert _waiting(demo_folder) == waiting > 50


def _waiting(folder: Path) -> int:
    done = subprocess.run(
        [PROGRAM, "tickets", "rebuild-worklist", "--json"],
        env={"HEARTH_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    waiting: int = json.loads(done.stdout)["tickets"]
    return waiting


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_everything_ends_when_asked(demo_folder: Path, how: signal.Signals):
    with Running(demo_folder) as desk:
        desk.wait()
        family = desk.whole_family(5)
        assert len(family) >= 5, "itself, web server with two processes, worker"
        assert desk.stop(how) == 0
        assert not [one for one in family if one.is_running()]
        assert "Traceback" not in desk.said()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", desk.port)) != 0


def test_when_the_worker_dies_the_desk_does_not_pretend_to_work(demo_folder: Path):
    with Running(demo_folder) as desk:
        desk.wait()
        family = desk.whole_family(5)
        worker = psutil.Process(desk.process.pid).children()[-1]
        assert not worker.children()
        worker.kill()
        assert desk.process.wait(40) == 1
        assert "worker process ended" in desk.said()
        assert not [one for one in family if one.is_running()]


def test_a_demo_desk_listens_on_loopback_only(demo_folder: Path):
    with Running(demo_folder, HEARTH_HOST="0.0.0.0") as desk:
        assert desk.process.wait(60) == 2
        assert "loopback only" in desk.said()


def test_a_port_that_is_taken_is_said_at_once(tmp_path: Path):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        Running(tmp_path, HEARTH_PORT=str(taken.getsockname()[1])) as desk,
    ):
        assert desk.process.wait(60) == 2
        assert "HEARTH_PORT" in desk.said()


def test_without_a_desk_the_web_server_says_how_to_begin_one(tmp_path: Path):
    environment = {"HEARTH_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([PROGRAM, "migrate"], env=environment, cwd=PROJECT, check=True)
    done = subprocess.run(
        [PROGRAM, "web"], env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "helpdesk init" in done.stderr

"""Mail that is brought to us: through an MTA's pipe, and posted over HTTP."""

import hashlib
import hmac
import json
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from helpdesk import blobs
from helpdesk.channels.email import delivered, intake
from helpdesk.channels.email.mailbox_commands import mailbox
from helpdesk.channels.email.models import Mailbox, State
from helpdesk.channels.email.pipe_command import pipe as pipe_command
from helpdesk.channels.email.views import api
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets.desk import Queue
from tests import factories
from tests.channels.email import post
from tests.setup.makers import Visitor, last_log, visitor
from tests.support.server import LiveDesk


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue("Service desk", is_default=True)


# ---- The pipe ----


def pipe(desk: LiveDesk, raw: bytes, *options: str) -> tuple[int, str]:
    """Run the command as an MTA does; returns its exit code and what it said."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("helpdesk")), "mail", "pipe", *options],
        input=raw,
        env=desk._environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.one_database
def test_an_mta_hands_messages_over_and_hears_what_to_do_with_them(live_desk: LiveDesk) -> None:
    with live_desk.app.app_context():
        factories.queue("Service desk", is_default=True)
        box = post.mailbox(kind="pipe", imap_host="", imap_user="", imap_password=None)
        key = box.id
    raw = post.letter("Through the pipe").as_bytes()
    envelope = ("--sender", "mei-ling@customer.example", "--recipient", "support+vpn@desk.example")
    assert pipe(live_desk, b"From x Mon Jan  1 00:00:00 2024\n" + raw, *envelope)[0] == 0
    # The MTA did not hear our answer and repeats.
    code, said = pipe(live_desk, raw, *envelope, "--json")
    assert (code, '"again": true' in said) == (0, True)
    with live_desk.app.app_context():
        (line,) = post.ledger()
        assert (line.state, line.mailbox_id, line.source) == (State.STORED, key, "pipe")
        assert blobs.get(line.raw_sha256 or "").startswith(
            b"Return-Path: <mei-ling@customer.example>\nDelivered-To: support+vpn@desk.example\n"
        )
        delivered.file_delivered_mail.run()
        assert [ticket.subject for ticket in post.tickets()] == ["Through the pipe"]
        with transaction():
            db.session.get_one(Mailbox, key).active = False
    assert pipe(live_desk, raw, "--mailbox", str(key))[0] == 75
    for message, options, code in (
        (raw, ("--mailbox", str(key)), 75),
        (raw, ("--mailbox", "nonsense"), 75),
        (raw, ("--recipient", "nobody@desk.example"), 67),
        (b"", ("--mailbox", str(key)), 65),
        (raw, (), 64),
        (raw, ("--nonsense",), 64),
    ):
        done = CliRunner().invoke(pipe_command, options, input=message, obj=lambda: live_desk.app)
        assert done.exit_code == code, (options, done.output)
    # Without a database the MTA keeps the message.
    live_desk.environment["HEARTH_DATABASE_URL"] = "sqlite:////nowhere/at/all.db"
    assert pipe(live_desk, raw, "--mailbox", str(key))[0] == 75
    live_desk.environment["HEARTH_DATABASE_URL"] = "nonsense"
    assert pipe(live_desk, raw, "--mailbox", str(key))[0] == 75


# ---- Commands ----


@pytest.mark.one_database
def test_mailboxes_of_every_kind_are_set_up_by_command(own_desk: Flask) -> None:
    with own_desk.app_context():
        factories.queue("Service desk", is_default=True)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(mailbox, arguments, obj=lambda: own_desk)
        assert done.exit_code == 0, done.output
        return done.output

    run("add", "--kind", "pipe", "--name", "MTA", "--address", "mta@desk.example", "--no-test")
    run("add", "--kind", "http", "--name", "Shop", "--address", "shop@desk.example", "--no-test")
    said = run(
        *("add", "--preset", "microsoft", "--name", "IT", "--address", "it@desk.example"),
        *("--user", "it@desk.example", "--off", "--from-day", "2026-01-31", "--speaks", "people"),
    )
    assert "/setup/mail/mailboxes/3/access" in said
    assert len(run("secret", "Shop").strip()) > 40
    lines = [json.loads(line) for line in run("list", "--json").splitlines()]
    assert [(one["name"], one["kind"], one["host"]) for one in lines] == [
        ("IT", "imap", "outlook.office365.com"),
        ("MTA", "pipe", ""),
        ("Shop", "http", ""),
    ]
    refused = CliRunner().invoke(
        mailbox, ["add", "--name", "x", "--address", "x@desk.example"], obj=lambda: own_desk
    )
    assert refused.exit_code == 2
    assert "needs --user and --host" in refused.output


# ---- Posting ----


@pytest.fixture
def box(queue: Queue) -> Mailbox:
    return post.mailbox(queue=queue, kind="http", imap_host="", imap_user="", imap_password=None)


def send(
    client: FlaskClient,
    box: Mailbox | int,
    secret: str,
    raw: bytes,
    *,
    at: float | None = None,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    moment = int(at if at is not None else time.time())
    v1 = hmac.new(secret.encode(), f"{moment}.".encode() + raw, hashlib.sha256).hexdigest()
    sent = {"Hearth-Signature": f"t={moment},v1={v1}", "Content-Type": "message/rfc822"}
    key = box if isinstance(box, int) else box.id
    return client.post(f"/api/mail/{key}", data=raw, headers={**sent, **(headers or {})})


def secret_of(box: Mailbox) -> str:
    with transaction():
        return intake.new_secret(SYSTEM, db.session.get_one(Mailbox, box.id))


def test_a_signed_message_becomes_a_ticket_once(client: FlaskClient, box: Mailbox) -> None:
    secret = secret_of(box)
    raw = post.letter("Posted").as_bytes()
    answer = send(client, box, secret, raw)
    assert answer.status_code == 202
    (line,) = post.ledger()
    assert answer.json == {"id": line.id, "state": "stored", "again": False}
    delivered.file_delivered_mail.run()
    assert [ticket.subject for ticket in post.tickets()] == ["Posted"]
    again = send(client, box, secret, raw)
    assert again.status_code == 202
    assert again.json == {"id": line.id, "state": "filed", "again": True}
    delivered.file_delivered_mail.run()
    assert len(post.tickets()) == 1
    assert db.session.get_one(Mailbox, box.id).received_count == 1


def test_what_is_not_signed_right_is_refused_without_a_trace(
    client: FlaskClient, box: Mailbox
) -> None:
    secret, raw = secret_of(box), post.letter().as_bytes()
    refused = {
        "another secret": send(client, box, "guessed", raw),
        "no such mailbox": send(client, 9999, secret, raw),
        "old": send(client, box, secret, raw, at=time.time() - 301),
        "of the future": send(client, box, secret, raw, at=time.time() + 301),
        "none": send(client, box, secret, raw, headers={"Hearth-Signature": ""}),
        "nonsense": send(client, box, secret, raw, headers={"Hearth-Signature": "t=1,v1=é"}),
    }
    for what, answer in refused.items():
        assert (what, answer.status_code, (answer.json or {})["again"]) == (what, 401, False)
    assert send(client, box, secret, raw, headers={"Content-Type": "text/plain"}).status_code == 415
    assert send(client, box, secret, b" \r\n").status_code == 422
    assert post.ledger() == []


def test_a_sender_hears_when_to_come_back(
    client: FlaskClient, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, raw = secret_of(box), post.letter().as_bytes()
    with transaction():
        db.session.get_one(Mailbox, box.id).active = False
    off = send(client, box, secret, raw)
    assert (off.status_code, (off.json or {})["again"], off.headers["Retry-After"]) == (
        503,
        True,
        "30",
    )
    monkeypatch.setattr(api, "MAX_MESSAGE", 100)
    large = send(client, box, secret, raw)
    assert (large.status_code, (large.json or {})["again"]) == (413, False)


def test_a_new_secret_is_shown_once_and_the_one_before_counts_for_a_day(
    client: FlaskClient, box: Mailbox
) -> None:
    admin: Visitor = visitor(client)
    path = f"/setup/mail/mailboxes/{box.id}"
    shown = []
    for _again in range(2):
        page = admin.send(f"{path}/secret").get_data(as_text=True)
        found = re.search(r'id="secret">([^<]+)<', page)
        assert found is not None
        shown.append(found[1])
    first, second = shown
    assert second not in admin.get(path)
    assert second not in str(last_log())
    assert send(client, box, first, post.letter("1").as_bytes()).status_code == 202
    assert send(client, box, second, post.letter("2").as_bytes()).status_code == 202
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        assert send(client, box, first, post.letter("3").as_bytes()).status_code == 401
        assert send(client, box, second, post.letter("4").as_bytes()).status_code == 202
    admin.send(f"{path}/secret/end")
    assert send(client, box, first, post.letter("5").as_bytes()).status_code == 401


@pytest.mark.one_database
def test_the_example_of_the_documentation_works(live_desk: LiveDesk, tmp_path: Path) -> None:
    with live_desk.app.app_context():
        box = post.mailbox(kind="http", imap_host="", imap_user="", imap_password=None)
        secret, key = secret_of(box), box.id
    template = Path(delivered.__file__).parent / "templates" / "mail" / "_curl.txt"
    script = template.read_text().replace("{{ address }}", f"{live_desk.url}/api/mail/{key}")
    message = tmp_path / "message.eml"
    message.write_bytes(post.letter("By curl").as_bytes())
    for tool in ("curl", "openssl"):
        if subprocess.run(["which", tool], capture_output=True, check=False).returncode:
            pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        ["sh", "-e"],
        input=script,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "SECRET": secret},
        capture_output=True,
        text=True,
        check=False,
    )
    assert '"state":"stored"' in done.stdout.replace(" ", ""), done.stderr

"""``helpdesk mail`` and ``helpdesk mailbox``."""

import json
import mailbox as mailboxes
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from helpdesk.channels.email.commands import mail
from helpdesk.channels.email.mailbox_commands import mailbox
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db, transaction
from helpdesk.tickets import services
from tests import factories
from tests.channels.email import post
from tests.support import dovecot, smtp


@pytest.fixture
def run(app: Flask, session):
    """Run a command as a person at a terminal would; returns its output, parsed with --json."""
    factories.queue("Service desk", is_default=True)

    def call(*arguments: str, code: int = 0) -> Any:
        group, *rest = arguments
        result: Result = CliRunner().invoke(
            {"mail": mail, "mailbox": mailbox}[group], rest, obj=lambda: app, catch_exceptions=False
        )
        assert result.exit_code == code, result.output
        if "--json" in arguments:
            return [json.loads(line) for line in result.stdout.splitlines()]
        return result.output

    return call


def write(folder: Path, name: str, *messages: Any) -> str:
    path = folder / name
    path.write_bytes(b"".join(message.as_bytes() for message in messages))
    return str(path)


# ---- mail import ----


def test_files_go_to_the_queue_that_is_named(run, tmp_path: Path):
    factories.queue("Sales")
    file = write(tmp_path, "one.eml", post.letter("One"))
    (line,) = run("mail", "import", file, "--queue", "Sales", "--json")
    assert line["file"] == file
    assert (line["state"], line["reason"], line["again"]) == ("filed", "opened", False)
    (ticket,) = post.tickets()
    assert line["ticket"] == ticket.number
    assert ticket.queue.name == "Sales"


def test_an_unknown_queue_is_said_with_those_there_are(run, tmp_path: Path):
    file = write(tmp_path, "one.eml", post.letter())
    output = run("mail", "import", file, "--queue", "Nonsense", code=1)
    assert "Service desk" in output


def test_the_same_file_again_changes_nothing(run, tmp_path: Path):
    file = write(tmp_path, "one.eml", post.letter())
    (first,) = run("mail", "import", file, "--json")
    (second,) = run("mail", "import", file, "--json")
    both = run("mail", "import", file, file, "--json")
    assert second == {**first, "again": True}
    assert [line["again"] for line in both] == [True, True]
    assert len(post.ledger()) == 1


def test_an_mbox_holds_many_messages(run, tmp_path: Path):
    box = mailboxes.mbox(tmp_path / "archive.mbox")
    for number in range(3):
        box.add(post.letter(f"Number {number}", "Hello\n\nFrom here to there\n").as_bytes())
    box.close()
    lines = run("mail", "import", str(tmp_path / "archive.mbox"), "--json")
    assert [(line["part"], line["state"]) for line in lines] == [(n, "filed") for n in (1, 2, 3)]
    assert [ticket.subject for ticket in post.tickets()] == ["Number 0", "Number 1", "Number 2"]
    assert "From here to there" in post.entries(post.tickets()[0])[0].body


def test_a_maildir_and_a_folder_of_files(run, tmp_path: Path):
    maildir = mailboxes.Maildir(tmp_path / "Maildir")
    maildir.add(post.letter("In the Maildir").as_bytes())
    (tmp_path / "files" / "deeper").mkdir(parents=True)
    write(tmp_path / "files", "b.eml", post.letter("B"))
    write(tmp_path / "files" / "deeper", "a.eml", post.letter("A"))
    output = run("mail", "import", str(tmp_path / "Maildir"), str(tmp_path / "files"))
    assert "3 filed" in output
    assert {ticket.subject for ticket in post.tickets()} == {"In the Maildir", "A", "B"}


def test_a_file_that_cannot_be_read_is_named_and_the_others_go_in(run, tmp_path: Path):
    file = write(tmp_path, "one.eml", post.letter())
    lines = run("mail", "import", str(tmp_path / "missing.eml"), file, "--json", code=1)
    assert [line["state"] for line in lines] == ["unread", "filed"]
    assert lines[0]["error"] == "No such file or directory"


def test_what_waits_for_a_person_is_listed_tried_and_dismissed(run, tmp_path: Path):
    file = write(tmp_path, "one.eml", post.letter("Lost", sender="nobody"))
    run("mail", "import", file)
    (waiting,) = run("mail", "quarantine", "list", "--json")
    assert (waiting["subject"], waiting["reason"]) == ("Lost", "no-sender")
    (tried,) = run("mail", "quarantine", "retry", str(waiting["id"]), "--json")
    assert tried["state"] == "quarantined"
    (gone,) = run("mail", "quarantine", "dismiss", str(waiting["id"]), "--json")
    assert gone["state"] == "dismissed"
    assert run("mail", "quarantine", "list", "--json") == []
    (refused,) = run("mail", "quarantine", "retry", str(waiting["id"]), "--json", code=1)
    assert refused["state"] == "refused"
    (unknown,) = run("mail", "quarantine", "dismiss", "999", "--json", code=1)
    assert unknown["state"] == "unknown"


# ---- mailboxes ----


@pytest.mark.imap
def test_a_mailbox_from_the_command_line(
    run, imap_account: dovecot.Account, smtp_receiver: smtp.Receiver, tmp_path: Path
):
    secret = tmp_path / "password"
    secret.write_text(imap_account.password + "\n")
    lines = run(
        *("mailbox", "add", "--name", "Support", "--address", "Support@Desk.example"),
        *("--host", "127.0.0.1", "--port", str(imap_account.server.port), "--tls", "none"),
        *("--user", imap_account.user, "--password-file", str(secret)),
        *("--smtp-host", "127.0.0.1", "--smtp-port", str(smtp_receiver.port)),
        *("--smtp-tls", "none", "--json"),
    )
    assert lines[0]["addresses"] == ["support@desk.example"]
    assert lines[0]["queue"] == "Service desk"
    assert lines[0]["default"]
    assert [line["ok"] for line in lines[1:]] == [True, True, True]
    row = db.session.get_one(Mailbox, lines[0]["id"])
    assert imap_account.password not in row.imap_secret

    imap_account.deliver(post.letter("By command"))
    (fetched,) = run("mail", "fetch", "--once", "--json")
    assert (fetched["mailbox"], fetched["state"]) == ("Support", "filed")
    (listed,) = run("mailbox", "list", "--json")
    assert listed["received"] == 1
    assert "ok    Signing in to read" in run("mailbox", "test", "support@desk.example")

    (removed,) = run("mailbox", "remove", "Support", "--json")
    assert removed["state"] == "retired"
    assert run("mailbox", "list", "--json") == []
    assert db.session.get_one(Mailbox, lines[0]["id"], populate_existing=True).imap_secret == ""


def test_a_mailbox_that_does_not_work_is_said_in_words(run):
    run(
        *("mailbox", "add", "--name", "Broken", "--address", "x@desk.example", "--password", "x"),
        *("--host", "127.0.0.1", "--port", "1", "--user", "x", "--no-test"),
    )
    output = run("mailbox", "test", "Broken", code=1)
    assert "FAIL  Signing in to read: 127.0.0.1 is there, but nothing answers on port 1." in output
    (line,) = run("mail", "fetch", "--once", "--json", code=1)
    assert line["state"] == "failed"
    (removed,) = run("mailbox", "remove", "Broken", "--json")
    assert removed["state"] == "deleted"


def test_settings_that_cannot_be_right_are_refused(run):
    given = ("--name", "X", "--host", "h", "--user", "u", "--password", "p", "--no-test")
    assert "is not an e-mail address" in run(
        "mailbox", "add", *given, "--address", "nonsense", code=1
    )
    assert "can't be moved to the folder" in run(
        "mailbox", "add", *given, "--address", "a@x.example", "--move-to", "INBOX", code=1
    )
    run("mailbox", "add", *given, "--address", "a@x.example")
    assert "belongs to the mailbox X already" in run(
        "mailbox", "add", *given, "--address", "A@x.example", code=1
    )


# ---- outbox ----


def test_the_outbox_is_listed_and_failed_messages_are_sent_again(run, smtp_receiver: smtp.Receiver):
    post.mailbox(None, smtp_receiver)
    smtp_receiver.behaviour = "refuse"
    with transaction():
        services.reply(factories.actor(), factories.ticket(), services.Said(body="Hello"))
    (waiting,) = run("mail", "outbox", "list", "--json")
    assert waiting["state"] == "queued"
    send_mail.run()
    (failed,) = run("mail", "outbox", "list", "--state", "failed", "--json")
    assert "550" in failed["error"]
    smtp_receiver.behaviour = "accept"
    (again,) = run("mail", "outbox", "retry", str(failed["id"]), "--json")
    assert again["state"] == "queued"
    send_mail.run()
    assert run("mail", "outbox", "list", "--json") == []
    (sent,) = run("mail", "outbox", "list", "--state", "sent", "--json")
    assert sent["message_id"] == failed["message_id"]
    (refused,) = run("mail", "outbox", "retry", str(failed["id"]), "--json", code=1)
    assert refused["state"] == "refused"

"""`helpdesk mail parse` as a person and as a program use it."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpdesk.channels.email.commands import mail
from tests.support.paths import PROJECT

MAIL = PROJECT / "tests" / "fixtures" / "mail"
KEYS = [
    "file",
    "subject",
    "from",
    "reply_to",
    "to",
    "cc",
    "date",
    "message_id",
    "references",
    "text",
    "reply_text",
    "signature",
    "folded",
    "html",
    "attachments",
    "defects",
    "bounce",
    "auto_reply",
    "list",
]


def run(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(mail, ["parse", *arguments], input=given)


def test_one_line_a_file_in_the_order_given():
    files = [str(MAIL / f"{name}.eml") for name in ("names", "big5-webmail", "names")]
    result = run("--json", *files)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [line["file"] for line in lines] == files
    assert [list(line) for line in lines] == [KEYS] * 3
    assert list(lines[0]["attachments"][0]) == ["name", "type", "size", "sha256"]


def test_what_a_message_lacks_is_null_or_empty(tmp_path: Path):
    file = tmp_path / "empty.eml"
    file.write_bytes(b"\n")
    assert json.loads(run("--json", str(file)).stdout) == {
        "file": str(file),
        "subject": "",
        "from": None,
        "reply_to": [],
        "to": [],
        "cc": [],
        "date": None,
        "message_id": None,
        "references": [],
        "text": "",
        "reply_text": "",
        "signature": None,
        "folded": [],
        "html": None,
        "attachments": [],
        "defects": [],
        "bounce": {
            "is_bounce": False,
            "hard": False,
            "temporary": False,
            "status": None,
            "reason": None,
            "addresses": [],
            "original_message_id": None,
            "failures": [],
        },
        "auto_reply": None,
        "list": None,
    }


def test_a_file_that_cannot_be_read_stops_nothing(tmp_path: Path):
    good = str(MAIL / "names.eml")
    result = run("--json", str(tmp_path / "missing.eml"), good, str(tmp_path))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [list(line) for line in lines] == [[*KEYS, "error"], KEYS, [*KEYS, "error"]]
    assert lines[0]["error"] == "No such file or directory"
    assert lines[1]["subject"] == "names of files"


def test_a_message_may_come_from_the_input():
    result = run("--json", "-", given="Subject: Grüße\n\nx".encode())
    assert json.loads(result.stdout)["subject"] == "Grüße"


def test_without_json_it_reads_like_a_message():
    result = run(str(MAIL / "foxmail-gb18030.eml"))
    assert "From:       王小明 <wang.xm@example.cn>" in result.stdout
    assert "Subject:    回复: [#48213] 三楼打印机又卡纸了，请尽快处理" in result.stdout
    assert "Attachment: 照片 一.png (image/png, 8 bytes)" in result.stdout
    assert "\n\n您好：\n" in result.stdout


def test_a_name_that_is_no_utf_8_comes_back_as_it_was(tmp_path: Path):
    file = os.fsencode(tmp_path) + b"/\xe9t\xe9.eml"
    try:
        Path(os.fsdecode(file)).write_bytes(b"Subject: x\n\n")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert b"/\xe9t\xe9.eml" in run("--json", os.fsdecode(file)).stdout_bytes


def test_what_is_quoted_is_told_apart(tmp_path: Path):
    file = tmp_path / "reply.eml"
    file.write_bytes(
        b"From: a@x.example\n\nYes.\n\n-- \nAnn\n\nOn 1/1/26, B wrote:\n> Is it?\n> b\n"
    )
    found = json.loads(run("--json", str(file)).stdout)
    assert (found["reply_text"], found["signature"]) == ("Yes.", "-- \nAnn")
    assert [one["kind"] for one in found["folded"]] == ["signature", "quote"]
    for one in found["folded"]:
        assert found["text"][one["start"] : one["end"]] == one["text"]

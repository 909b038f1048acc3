"""What a mail system says with a report, and what is none."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpdesk.channels.email.automatic import auto_reply_of, list_of
from helpdesk.channels.email.parse_command import parse_files
from helpdesk.channels.email.reports import Bounce, read_report
from helpdesk.lib.mime import parse

REPORT = """\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: help@desk.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

{fields}

--b
Content-Type: message/rfc822

Message-ID: <answer-1@desk.example>
X-Hearth-Ticket: 10042
References: <first@customer.example>
From: help@desk.example
To: ana@customer.example
Subject: [#10042] Printer

Hello
--b--
"""

WORDS = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: help@desk.example
Subject: failure notice

{words}
"""


def report(fields: str) -> Bounce:
    found = read_report(parse(REPORT.format(fields=fields).encode()))
    assert found is not None
    return found


def words(text: str) -> Bounce:
    found = read_report(parse(WORDS.format(words=text).encode()))
    assert found is not None
    return found


def test_a_report_says_who_and_why_and_which_mail():
    found = report(
        "Final-Recipient: rfc822; mailbox7@backend.example\n"
        "Original-Recipient: rfc822;ana@customer.example\n"
        "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"
    )
    assert found.addresses == ("ana@customer.example",)
    assert (found.hard, found.temporary, found.status) == (True, False, "5.1.1")
    assert found.reason == "user-unknown"
    assert found.returned.message_id == "<answer-1@desk.example>"
    assert found.returned.references == ("<first@customer.example>",)
    assert found.returned.markers == {"x-hearth-ticket": "10042"}
    assert found.proven


@pytest.mark.parametrize(
    ("status", "said", "reason", "hard"),
    [
        ("5.0.0", "550 No such user here", "user-unknown", True),
        ("5.1.2", "550 Host unknown", "host-unknown", True),
        ("5.1.6", "551 User has moved to <b@c.example>", "moved", True),
        ("5.1.1", "552 5.2.2 Over quota", "mailbox-full", False),
        ("5.7.1", "550 5.7.1 blocked using Spamhaus", "blocked", False),
        ("5.7.26", "550-5.7.26 This mail has been blocked because SPF fails", "authentication", 0),
        ("5.3.4", "552 Message size exceeds fixed limit", "too-large", False),
        ("4.4.7", "", "expired", False),
        ("5.1.10", "", "not-accepting", True),
        # The mail was taken and then refused: a filter spoke, whatever it says of the user.
        ("5.0.0", "550 Unknown user (in reply to end of DATA command)", "rejected", False),
        ("5.1.0", "550 No such user (in reply to MAIL FROM command)", "rejected", False),
    ],
)
def test_why_and_whether_the_address_is_no_good(status: str, said: str, reason: str, hard: bool):
    found = report(
        "Final-Recipient: rfc822; ana@customer.example\nAction: failed\n"
        f"Status: {status}\nDiagnostic-Code: smtp; {said}"
    )
    assert (found.reason, found.hard) == (reason, bool(hard))
    assert not found.temporary


def test_a_late_mail_is_temporary_and_says_nothing_of_the_address():
    found = report(
        "Final-Recipient: rfc822; ana@customer.example\nAction: delayed\n"
        "Status: 4.1.1\nDiagnostic-Code: smtp; 450 user unknown"
    )
    assert (found.hard, found.temporary, found.reason) == (False, True, "delayed")


def test_what_arrived_is_no_bounce():
    text = REPORT.format(
        fields="Final-Recipient: rfc822; ana@customer.example\nAction: delivered\nStatus: 2.0.0"
    )
    assert read_report(parse(text.encode())) is None


def test_a_receipt_is_no_bounce():
    text = REPORT.replace("delivery-status", "disposition-notification").format(
        fields="Final-Recipient: rfc822; ana@customer.example\n"
        "Disposition: manual-action/MDN-sent-manually; displayed"
    )
    parsed = parse(text.encode())
    assert read_report(parsed) is None
    assert auto_reply_of(parsed) == "receipt"


@pytest.mark.parametrize(
    "text",
    [
        # qmail
        (
            "I'm afraid I wasn't able to deliver your message.\n\n<ana@customer.example>:\n"
            "Remote host said: 550 5.1.1 User unknown\n\n"
            "--- Below this line is a copy of the message.\n\nTo: other@customer.example\n"
        ),
        # Exim
        (
            "A message that you sent could not be delivered. The following address(es) failed:\n\n"
            "  ana@customer.example\n    host mx said: 550 no such user\n\n"
            "------ This is a copy of the message ------\n\nReceived: by x\nTo: other@x.example\n"
        ),
        # Exchange
        (
            "Your message\n\n  To:      list@customer.example\n  Subject: Printer\n"
            "  Sent:    Mon, 1 Jan\n\ndid not reach the following recipient(s):\n\n"
            "ana@customer.example on Mon, 1 Jan\n    The recipient name is not recognized\n"
        ),
        # Sendmail
        (
            "   ----- The following addresses had permanent fatal errors -----\n"
            "<ana@customer.example>\n    (reason: 550 5.1.1 User unknown)\n"
        ),
        # Chinese providers
        "很抱歉，您的邮件被退回\n收件人：ana@customer.example\n原因：550 用户不存在\n",
        # Japanese telephones
        "次のあて先へ送信できませんでした。\n\n<ana@customer.example>: 550 User unknown\n",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_reports_in_plain_words(text: str, end: str):
    raw = WORDS.format(words=text).replace("\n", end).encode()
    found = read_report(parse(raw))
    assert found is not None
    assert found.addresses == ("ana@customer.example",)
    assert found.hard


def test_nothing_is_read_out_of_the_mail_that_came_back():
    found = words(
        "<ana@customer.example>:\nSorry, the mailbox is full\n\n"
        "--- Below this line is a copy of the message.\n\n"
        "Message-ID: <m@desk.example>\nFrom: help@desk.example\n\n"
        "<bob@customer.example>: user unknown\n"
    )
    assert found.addresses == ("ana@customer.example",)
    assert not found.hard
    assert found.returned.message_id == "<m@desk.example>"


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        (
            "Ana <ana@customer.example>",
            "Mail delivery failed",
            "Hi, my mail to bob@other.example bounces: 550 user unknown. Can you help?",
        ),
        (
            "admin@customer.example",
            "Mail problem",
            "We cannot send mail to bob@other.example since Monday: user unknown.",
        ),
        (
            "Ana <ana@customer.example>",
            "Fwd: Undelivered Mail Returned to Sender",
            "See below.\n\nYour message could not be delivered to bob@other.example",
        ),
    ],
)
def test_people_write_about_bounces_too(sender: str, subject: str, text: str):
    raw = f"From: {sender}\nTo: help@desk.example\nSubject: {subject}\n\n{text}\n"
    assert read_report(parse(raw.encode())) is None


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("Subject: Automatic reply: Printer", "auto-reply"),
        ("Subject: Automatische Antwort: Drucker", "auto-reply"),
        ("Subject: 自动答复: 打印机", "auto-reply"),
        ("Subject: Out of Office: Printer", "out-of-office"),
        ("Subject: Abwesenheitsnotiz: Drucker", "out-of-office"),
        ("Subject: Printer\nAuto-Submitted: auto-replied (vacation)", "auto-reply"),
        ("Subject: Printer\nX-Autoreply: yes", "auto-reply"),
        ("Subject: Printer", ""),
        ("Subject: Re: Automatic reply: Printer", ""),
        ("Subject: Out of office replies do not work", ""),
        ("Subject: Backup done\nAuto-Submitted: auto-generated", ""),
    ],
)
def test_answers_nobody_wrote(headers: str, kind: str):
    parsed = parse(f"From: ana@customer.example\n{headers}\n\nHello\n".encode())
    assert auto_reply_of(parsed) == kind


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("List-Id: Printers <printers.lists.example>", "printers.lists.example"),
        ("List-Post: <mailto:printers@lists.example>", "printers@lists.example"),
        (
            "Mailing-List: list printers@lists.example; contact x@y.example",
            "printers@lists.example",
        ),
        ("List-Unsubscribe: <mailto:off@news.example>", ""),
    ],
)
def test_lists_are_named(header: str, name: str):
    assert list_of(parse(f"From: ana@customer.example\n{header}\n\nHello\n".encode())) == name


def test_the_command_prints_it(tmp_path: Path):
    file = tmp_path / "bounce.eml"
    fields = "Final-Recipient: rfc822; ana@customer.example\nAction: failed\nStatus: 5.1.1"
    file.write_text(REPORT.format(fields=fields))
    line = json.loads(CliRunner().invoke(parse_files, ["--json", str(file)]).stdout)
    assert line["bounce"]["is_bounce"] is True
    assert line["bounce"]["hard"] is True
    assert line["bounce"]["addresses"] == ["ana@customer.example"]
    assert (line["auto_reply"], line["list"]) == (None, None)


@pytest.mark.parametrize(
    "piece",
    [
        "user ", "<a@b> ", "a@", "-", "\n", ">>> RCPT TO:<a@b>\n", "delivered to ", "5.1.1 ",
        "Final-Recipient: rfc822; <a@b>\n", "(expanded from: ", "over quota ", "To: a@b\n",
        "Subject: x\n", "x-a: ",
    ],
)  # fmt: skip
def test_no_text_takes_long(piece: str):
    start = time.process_time()
    parsed = parse(WORDS.format(words=piece * (200_000 // len(piece))).encode())
    read_report(parsed)
    auto_reply_of(parsed)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("filling", ["\n", " \n", "\t\n", ">\n", "-" * 79 + "\n", "\u3000\n"])
def test_a_report_that_is_mostly_nothing_takes_no_time(filling: str):
    raw = WORDS.format(words="It could not be delivered.\n" + filling * (120_000 // len(filling)))
    parsed = parse(raw.encode())
    started = time.process_time()
    read_report(parsed)
    assert time.process_time() - started < 1

"""Real and awkward mail of other projects goes through, and means what their tests say it means."""

import json
import re
import time
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from helpdesk.channels.email.parse_command import describe
from helpdesk.lib.mime import Limits, ParsedMessage, parse
from helpdesk.lib.mime.addresses import parse_addresses
from helpdesk.lib.mime.headers import decode_header
from helpdesk.lib.mime.params import parse_params
from helpdesk.lib.mime.tree import Splitter
from tests.support.shared import json_lines, shared

SECONDS = 2
# Where messages lie; the other files of the shared mail are expectations.
FOLDERS = [
    "bounceparser/msgs",
    "cpython/msgs",
    "django_helpdesk/msgs",
    "django_mailbox/msgs",
    "flufl_bounce/msgs",
    "hyperkitty/msgs",
    "mail_parser/msgs",
    "notmuch/msgs",
    "rt/msgs",
    "sisimai/msgs",
    "spamassassin",
    "talon/fixtures",
]


def understood(path: str) -> ParsedMessage:
    return parse(shared(f"email/{path}").read_bytes())


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_message_goes_through(folder: str):
    files = [file for file in sorted(shared(f"email/{folder}").rglob("*")) if file.is_file()]
    assert files
    for file in files:
        raw = file.read_bytes()
        start = time.process_time()
        parsed = parse(raw)
        assert time.process_time() - start < SECONDS, file
        assert "not-parsed" not in [defect.code for defect in parsed.defects], file
        line = json.loads(json.dumps(describe(file.name, parsed)))
        # Nothing is lost: what stands after the headers is text or a file.
        said = re.split(rb"\r?\n\r?\n", raw.lstrip(), maxsplit=1)[1:]
        if b"".join(said).strip():
            assert line["text"] or line["attachments"] or line["subject"], file


# Python's own tests. They ask the library's objects; what they ask about is answered here by what
# we make of the same message.


def test_python_headers():
    assert [str(address) for address in understood("cpython/msgs/msg_20.txt").cc] == [
        "ccc@zzz.org",
        "ddd@zzz.org",
        "eee@zzz.org",
    ]
    digest = understood("cpython/msgs/msg_02.txt")
    assert str(digest.from_) == "ppp-request@zzz.org"
    assert [str(address) for address in digest.to] == ["ppp@zzz.org"]
    assert digest.header("xx") is None


def test_python_transfer_encodings():
    parsed = understood("cpython/msgs/msg_10.txt")
    for part in (
        "This is a 7bit encoded message.",
        "¡This is a Quoted Printable encoded message!",
        "This is a Base64 encoded message.",
        "This has no Content-Transfer-Encoding: header.",
    ):
        assert parsed.text.count(part) == 1  # The library's fourth part repeats the third.
    assert parsed.attachments == ()


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("msg_01.txt", "text/plain"),
        ("msg_02.txt", "multipart/mixed"),
        ("msg_03.txt", "text/plain"),
        ("msg_36.txt", "multipart/mixed"),
        ("msg_40.txt", "text/html"),
    ],
)
def test_python_content_types(file: str, kind: str):
    raw = shared(f"email/cpython/msgs/{file}").read_bytes()
    assert Splitter(Limits(), []).split(raw).type == kind


def test_python_alternative_inside_mixed():
    raw = shared("email/cpython/msgs/msg_36.txt").read_bytes()
    assert Splitter(Limits(), []).split(raw).children[1].type == "multipart/alternative"


def test_python_parameters():
    [first, _] = understood("cpython/msgs/msg_22.txt").attachments
    assert first.name == "wibble.JPG"
    raw = shared("email/cpython/msgs/msg_29.txt").read_bytes()
    title = Splitter(Limits(), []).split(raw).params["title"]
    assert title == "This is even more ***fun*** isn't it!"


def test_python_html_with_a_boundary_is_html():
    parsed = understood("cpython/msgs/msg_40.txt")
    assert parsed.html is not None
    assert "<html></html>" in parsed.html


# What those tests ask that has no meaning here, and why.
PYTHON_ONLY = {
    "test_email.py:62": "the default that a caller of get_all passes in",
    "test_email.py:244": "the payload of a multipart object is None",
    "test_email.py:2059": "msg1 is the second part: test_python_alternative_inside_mixed",
    "test_email.py:2112": "as_string writes a message; here only the meaning is read",
    "test_email.py:5309": "unquote=False asks for the quotes to be left on",
    "test_email.py:5317": "the title was set by the test with set_param, the file has none",
    "test_email.py:5321": "the title was set by the test with set_param, the file has none",
    "test_email.py:5326": "as_string after set_param",
    "test_email.py:5366": "as_string after del_param",
}
PYTHON_HERE = {
    "test_email.py:61": "test_python_headers",
    **dict.fromkeys(
        ["test_email.py:3869", "test_email.py:3870", "test_email.py:3880", "test_email.py:3881"],
        "test_python_headers",
    ),
    **dict.fromkeys(
        [f"test_email.py:{line}" for line in (246, 249, 252, 256, 259)],
        "test_python_transfer_encodings",
    ),
    **dict.fromkeys(
        [f"test_email.py:{line}" for line in (548, 552, 573, 577, 598, 602, 3871, 3882)],
        "test_python_content_types",
    ),
    "test_email.py:432": "test_python_parameters",
    "test_email.py:5307": "test_python_parameters",
}


def test_no_question_of_python_is_left_out():
    asked = {case["id"] for case in json_lines(shared("email/cpython/asserts.jsonl"))}
    assert asked == set(PYTHON_ONLY) | set(PYTHON_HERE)
    assert set(PYTHON_HERE.values()) <= set(globals())


# Request Tracker: one header each.


def test_request_tracker_headers():
    cases = json_lines(shared("email/rt/mime_header_cases.jsonl"))
    assert cases
    for case in cases:
        assert header(case) == case["expected"], case["id"]


def header(case: dict[str, Any]) -> str:
    """Return the decoded header in the form that Request Tracker gives it."""
    source: str = case["input"]
    if (case["field"] or "").lower() != "content-disposition":
        return decode_header(source.encode())
    kind, params = parse_params(source.encode())
    shown = [kind]
    for name, value in params.items():
        text = decode_header(value.encode()).replace('"', '\\"')
        shown.append(f'{name}="{text}"')
    return "; ".join(shown)


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("emails/notes-uuencoded", ["Naz_Head.jpg"]),
        ("emails/email-file-attachment.eml", ["test-email.eml"]),
        (
            "gnupg/emails/2-signed-MIME-plain-with-attachment.txt",
            ["text-attachment", "signature.asc"],
        ),
        ("gnupg/emails/6-signed-inline-with-binary.txt", ["favicon.png", "signature.asc"]),
        (
            "gnupg/emails/5-signed-inline-with-attachment.txt",
            ["text-attachment", "text-attachment.sig"],
        ),
    ],
)
def test_request_tracker_files(file: str, names: list[str]):
    assert [a.name for a in understood(f"rt/msgs/{file}").attachments] == names


@pytest.mark.parametrize(
    ("file", "subject", "text"),
    [
        ("8859-15-message-series/msg1", "test äöüßÄÖÜß€", "test äöüßÄÖÜß€"),
        ("new-ticket-from-gb18030", "测试", "测试"),
        ("new-ticket-from-iso-8859-1", "Re: rt-3.0.3pre1", "Håvard"),
        ("new-ticket-from-iso-8859-1-full", "Re: rt-3.0.3pre1", "Håvard"),
        ("subject-with-folding-ws", "test", "test"),
        ("nested-rfc-822", "[Jonas Liljegren] Re: [Para] Nivåer?", "Material för att uppdatera"),
        ("multipart-alternative-with-umlaut", "RE: [rt-users]", "Mit freundlichen Grüßen"),
    ],
)
def test_request_tracker_charsets(file: str, subject: str, text: str):
    parsed = understood(f"rt/msgs/emails/{file}")
    assert parsed.subject.startswith(subject)
    assert text in parsed.text


# django-mailbox


def test_django_mailbox():
    cases = json_lines(shared("email/django_mailbox/asserts.jsonl"))
    assert cases
    # These tests take the attachments from a database, where two of one message have no order.
    numbers = {"test_process_email.py:127": 0, "test_process_email.py:133": 1}
    for case in cases:
        parsed = understood(f"django_mailbox/msgs/{case['file']}")
        about = case["about"]
        if about == "msg.text":
            found: object = parsed.text
        elif about == "msg.attachments.all().count()":
            found = len(parsed.attachments)
        else:
            index = re.match(r"attachments\[(\d)\]", about)
            number = int(index[1]) if index else numbers[case["id"]]
            found = parsed.attachments[number].name
        assert found == case["expected"], case["id"]


# mail-parser


def test_mail_parser():
    cases = {case["id"]: case for case in json_lines(shared("email/mail_parser/asserts.jsonl"))}
    assert set(cases) == {
        "test_mail_parser.py:811",
        "test_mail_parser.py:1062",
        "test_mail_parser.py:1100",
    }
    # :811 is a name for a defect of that library, "overlong-encoded-word": an encoded word of more
    # than 75 characters. Everyone reads such words, so it is no defect here; the name is read.
    author = understood("mail_parser/msgs/mail_test_1").from_
    assert author is not None
    assert author.name == "служба ФНС Даниил Суворов"

    # :1062 says that the zip after the end of its multipart is found, without a disposition.
    [attachment] = understood("mail_parser/msgs/mail_malformed_1").attachments
    assert (attachment.name, attachment.type) == ("20160523_916527.jpg_.zip", "application/zip")

    # :1100 is about another message than the file it is filed under: nothing in that Outlook file
    # holds the address, and mail_test_2 does. An Outlook file is no mail; it is kept whole.
    address = cases["test_mail_parser.py:1100"]["expected"]
    outlook = shared("email/mail_parser/msgs/mail_outlook_1").read_bytes()
    assert address.encode() not in outlook
    assert address.encode("utf-16-le") not in outlook
    assert parse(outlook).attachments[0].content == outlook
    sender = understood("mail_parser/msgs/mail_test_2").from_
    assert sender is not None
    assert sender.address == address


def test_mail_parser_names():
    parsed = understood("mail_parser/msgs/mail_test_18")
    assert [str(one) for one in (*parsed.authors, *parsed.to, *parsed.cc)] == [
        '"LastßlName, FirstName" <comma.name@example.com>',
        "tony.stark@example.com",
        "simple@example.net",
        '"John \\"Johnny\\" Doe" <john.doe@example.com>',
    ]
    parsed = understood("mail_parser/msgs/mail_test_19")
    assert [one.address for one in (*parsed.authors, *parsed.to, *parsed.cc, *parsed.reply_to)] == [
        "bob@example.com",
        "charlie@example.com",
        "dave@example.com",
        "frank@example.com",
        "ivan@example.com",
    ]


# The standard library as the judge of everything it does not give up on.

# Where we find more than it does: boundaries lost with a header line, parts after the end.
MORE_THAN_STANDARD = {
    "lhost-messagingserver-03.eml",
    "lhost-office365-09.eml",
    "lhost-office365-11.eml",
    "lhost-office365-12.eml",
    "lhost-verizon-02.eml",
    "lhost-x1-02.eml",
    "mail_malformed_1",
    "msg_39.txt",
    "rfc3464-06.eml",
    "spam-rejection15.msg",
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_standard_library_sees_the_same_parts(folder: str):
    def standard(part: Message) -> object:
        kind = part.get_content_type()
        children = part.get_payload() if kind.startswith("multipart/") else []
        nested = [child for child in children if isinstance(child, Message)]
        return (kind, [standard(child) for child in nested])

    def ours(part: Any) -> object:
        return (part.type, [ours(child) for child in part.children])

    differing: set[str] = set()
    for file in sorted(shared(f"email/{folder}").rglob("*")):
        raw = file.read_bytes() if file.is_file() else b""
        # Doubled carriage returns are undone before the message is cut into parts.
        if raw and b"\r\r\n" not in raw[:2048]:
            split = Splitter(Limits(), []).split(raw)
            if ours(split) != standard(message_from_bytes(raw)):
                differing.add(file.name)
    assert differing <= MORE_THAN_STANDARD


def test_addresses_of_the_corpora_have_an_address():
    without: list[Path] = []
    files = [file for file in shared("email/spamassassin").rglob("*") if file.is_file()]
    for file in files:
        value = parse(file.read_bytes()).header("from")
        if value and "@" in value and not any("@" in one.address for one in parse_addresses(value)):
            without.append(file)
    assert not without

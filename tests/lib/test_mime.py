"""Messages of our own in tests/fixtures/mail, and single rules of bodies."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from helpdesk.channels.email.parse_command import describe
from helpdesk.lib.mime import parse
from helpdesk.lib.mime.charsets import codec_for, decode
from tests.lib.messages import codes, message
from tests.support.paths import PROJECT

MESSAGES = sorted((PROJECT / "tests" / "fixtures" / "mail").glob("*.eml"))


@pytest.mark.parametrize("file", MESSAGES, ids=lambda file: file.stem)
def test_messages_of_many_programs_are_understood(file: Path):
    expected: dict[str, Any] = json.loads(file.with_suffix(".json").read_text("utf-8"))
    described = describe(file.name, parse(file.read_bytes()))
    if "attachments" in expected:
        # An expectation names only those facts of an attachment that matter in it.
        wanted = expected["attachments"]
        assert len(described["attachments"]) == len(wanted)
        described["attachments"] = [
            {key: attachment[key] for key in facts}
            for attachment, facts in zip(described["attachments"], wanted, strict=True)
        ]
    assert {key: described[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("utf-8", "Grüße €".encode(), "Grüße €"),
        ("UTF8", "Grüße €".encode(), "Grüße €"),
        ("iso-8859-1", b"\x93smart\x94", "“smart”"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße – ja?".encode(), "Grüße – ja?"),
        ("gb2312", "镕基".encode("gb18030"), "镕基"),
        ("gb2312", "打印机坏了".encode(), "打印机坏了"),
        ("gb2312", "联通".encode("gbk"), "联通"),
        ("big5", "印表機".encode("big5"), "印表機"),
        ("big5-hkscs", "嘅".encode("big5hkscs"), "嘅"),
        ("ISO-2022-JP", "日本語ｱ".encode("iso2022_jp_ext"), "日本語ｱ"),
        ("us-ascii", "日本語".encode("iso2022_jp"), "日本語"),
        ("shift_jis", "①".encode("cp932"), "①"),
        ("ks_c_5601-1987", "한국어".encode("cp949"), "한국어"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("utf-16", "Grüße".encode("utf-16"), "Grüße"),
        ("utf-7", b"Hi +AOQ-", "Hi ä"),
        ("unicode", b"plain", "plain"),
        ("x-made-up", b"plain", "plain"),
        ("idna", b"xn--a", "xn--a"),
        ('"utf-8"', "ü".encode(), "ü"),
        (None, "Gruß aus Köln, und bis bald".encode("latin-1"), "Gruß aus Köln, und bis bald"),
        (None, "Добрый день, не работает".encode("cp1251"), "Добрый день, не работает"),
        (None, "您好，我的打印机无法工作，谢谢".encode("gbk"), "您好，我的打印机无法工作，谢谢"),
        ("utf-8", "Über".encode() * 20 + b"\xff", "Über" * 20 + "\ufffd"),
        ("utf-7", b"a+2AA-b", "ab"),
    ],
)
def test_charsets(charset: str | None, data: bytes, text: str):
    assert decode(data, charset)[0] == text


def test_only_charsets_are_charsets():
    names = ("zlib", "hex", "rot13", "idna", "punycode", "unicode_escape", "x" * 5000, "", "\x00")
    for name in names:
        assert codec_for(name) is None


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        ("base64", b"SGVs\r\nbG8=", "Hello"),
        ("BASE64 (comment)", b"SGVsbG8", "Hello"),
        ("base64", b"SGVsbG8g\nSGVsbG8=SGVsbG8=", "Hello HelloHello"),
        ("base64", b"SGVsbG8g\nSGVsbG8g\nSGVs*bG8=", "Hello Hello Hello"),
        ("base64", b"This is plain text, not base64.", "This is plain text, not base64."),
        ("quoted-printable", b"a=\r\nb=3Dc =zz=", "ab=c =zz"),
        ("Quoted-Printable", b"Gr=c3=bc=C3=9Fe", "Grüße"),
        ("8bit", "Grüße".encode(), "Grüße"),
        ("x-unheard-of", b"left alone", "left alone"),
        ("x-uuencode", b"begin 644 t\n%2&5L;&\\\n`\nend\n", "Hello"),
    ],
)
def test_transfer_encodings(encoding: str, data: bytes, text: str):
    headers = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}"
    parsed = message(headers, data)
    assert parsed.text == text


def test_a_file_is_the_bytes_that_were_sent():
    content = bytes(range(256)) * 5
    parsed = parse(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\n"
        b"Content-Type: Application/X-Thing; name=t\nContent-Transfer-Encoding: binary\n\n"
        + content
        + b"\n--b--"
    )
    [attachment] = parsed.attachments
    assert attachment.content == content
    assert attachment.size == len(content)
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()
    assert attachment.type == "application/x-thing"


def test_a_forwarded_message_is_kept_to_the_byte():
    inner = b"From: x@y.org\r\nSubject:  two spaces \r\nX: \xff\r\n\r\nbody \r\n"
    parsed = parse(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    )
    assert parsed.attachments[0].content == inner
    assert parsed.attachments[0].name == "two spaces.eml"


def test_images_that_the_html_shows_are_inline():
    parsed = message(
        "Content-Type: multipart/related; boundary=b",
        b'--b\nContent-Type: text/html\n\n<img src="cid:one@x">\n'
        b"--b\nContent-Type: image/png\nContent-ID: <one@x>\n\n1\n"
        b"--b\nContent-Type: image/png\nContent-ID: <two@x>\n\n2\n--b--",
    )
    assert [(a.content_id, a.inline) for a in parsed.attachments] == [
        ("one@x", True),
        ("two@x", False),
    ]


def test_html_only_mail_has_text():
    parsed = message("Content-Type: text/html; charset=utf-8", b"<p>One</p><p>Two</p>")
    assert parsed.text == "One\n\nTwo"
    assert parsed.html == "<p>One</p><p>Two</p>"


def test_the_charset_may_stand_in_the_html():
    html = '<meta http-equiv=Content-Type content="text/html; charset=big5"><p>測試</p>'
    assert message("Content-Type: text/html", html.encode("big5")).text == "測試"


def test_the_first_text_is_read_even_when_it_has_a_name():
    parsed = message(
        "Content-Type: multipart/mixed; boundary=b",
        b'--b\nContent-Type: text/plain; name="body.txt"\n\nread me\n'
        b'--b\nContent-Type: text/plain; name="log.txt"\n\nattach me\n--b--',
    )
    assert parsed.text == "read me"
    assert [attachment.name for attachment in parsed.attachments] == ["log.txt"]


def test_text_marked_as_attachment_is_one():
    parsed = message("Content-Type: text/plain\nContent-Disposition: attachment", b"file")
    assert parsed.text == ""
    assert parsed.attachments[0].name == "text-1.txt"


def test_invitations_and_cards_are_files():
    parsed = message(
        "Content-Type: multipart/alternative; boundary=b",
        b"--b\nContent-Type: text/plain\n\ncome\n"
        b"--b\nContent-Type: text/calendar; method=REQUEST\n\n"
        b"BEGIN:VCALENDAR\n--b--",
    )
    assert parsed.text == "come"
    assert [(a.name, a.type) for a in parsed.attachments] == [("invitation-2.ics", "text/calendar")]


def test_parts_after_the_end_are_found():
    parsed = message(
        "Content-Type: multipart/mixed; boundary=b",
        b"--b\n\none\n--b--\nepilogue\n--b\nContent-Type: application/pdf; name=x.pdf\n\n2\n--b--",
    )
    assert parsed.text == "one"
    assert [attachment.name for attachment in parsed.attachments] == ["x.pdf"]
    assert codes(parsed) == ["parts-after-end"]


def test_a_multipart_without_parts_is_read():
    parsed = message("Content-Type: multipart/mixed; boundary=none", b"just words")
    assert parsed.text == "just words"
    assert codes(parsed) == ["no-parts"]


def test_an_encoded_multipart_is_opened():
    parsed = message(
        "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64",
        b"LS1iCgppbnNpZGUKLS1iLS0K",
    )
    assert parsed.text == "inside"


def test_encrypted_mail_is_said_to_be():
    parsed = message(
        "Content-Type: multipart/encrypted; protocol=application/pgp-encrypted; boundary=b",
        b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
        b"--b\nContent-Type: application/octet-stream; name=msg.asc\n\nx\n--b--",
    )
    assert codes(parsed) == ["encrypted"]
    assert [a.name for a in parsed.attachments] == ["encrypted-1.asc", "msg.asc"]


def test_a_message_saved_as_utf_16_is_read():
    parsed = parse("Subject: Grüße\n\nText".encode("utf-16"))
    assert parsed.subject == "Grüße"
    assert parsed.text == "Text"


def test_doubled_carriage_returns_are_undone():
    parsed = parse(b"Subject: x\r\r\nFrom: a@x.org\r\r\n\r\r\nbody\r\r\nmore\r\r\n")
    assert parsed.subject == "x"
    assert parsed.text == "body\nmore"


def test_an_outlook_file_is_kept_and_named():
    parsed = parse(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert codes(parsed) == ["not-mail"]
    assert parsed.attachments[0].name == "message.msg"

"""Every limit is recorded and loses nothing, and no message takes long."""

import time
from collections.abc import Callable

import pytest

from helpdesk.lib.mime import Limits, parse
from tests.lib.messages import codes

SECONDS = 2


def test_a_text_beyond_the_limit_is_cut_and_attached():
    parsed = parse(b"Subject: log\n\n" + b"line\n" * 100, Limits(text_chars=50))
    assert parsed.text == ("line\n" * 10).strip()
    assert codes(parsed) == ["text-too-long"]
    assert parsed.attachments[0].content == b"line\n" * 100


def test_html_beyond_the_limit_is_shown_as_text_and_attached():
    html = b"<p>word</p>" * 100
    parsed = parse(b"Content-Type: text/html\n\n" + html, Limits(html_chars=500))
    assert parsed.html is None
    assert parsed.text.startswith("word\nword")
    assert codes(parsed) == ["html-too-long"]
    assert parsed.attachments[0].content == html


def test_the_limit_of_html_is_for_the_whole_message():
    part = b"--b\nContent-Type: text/html\n\n" + b"<p>x</p>" * 50 + b"\n"
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + part * 5 + b"--b--"
    parsed = parse(raw, Limits(html_chars=1000))
    assert codes(parsed) == ["html-too-long"] * 3
    assert len(parsed.attachments) == 3


def test_parts_beyond_the_limit_stay_together():
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nword\n" * 50 + b"--b--"
    parsed = parse(raw, Limits(parts=10))
    assert codes(parsed) == ["too-many-parts"]
    assert parsed.attachments[-1].content.count(b"word") == 41


def test_multiparts_beyond_the_depth_stay_unopened():
    raw = b""
    for level in range(30):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level)
    raw += b"Content-Type: text/plain\n\ndeep"
    parsed = parse(raw, Limits(depth=5))
    assert "too-deep" in codes(parsed)
    assert parsed.attachments[0].type == "message/rfc822"
    assert parse(parsed.attachments[0].content, Limits(depth=40)).text == "deep"


def test_a_message_beyond_the_limit_is_read_as_far_as_it_goes():
    parsed = parse(b"Subject: big\n\n" + b"x" * 1000, Limits(total_bytes=100))
    assert parsed.subject == "big"
    assert codes(parsed) == ["message-too-long"]


def test_html_of_more_tags_than_a_letter_has_is_kept_whole_and_read_as_text():
    raw = b"Content-Type: text/html\n\n" + b"<p>a</p>" * 6
    parsed = parse(raw, Limits(html_tags=11))
    assert codes(parsed) == ["html-too-long"]
    assert (parsed.html, parsed.text.split()) == (None, ["a"] * 6)
    assert parsed.attachments[0].content == b"<p>a</p>" * 6
    assert parse(raw, Limits(html_tags=12)).html == "<p>a</p>" * 6


def test_headers_beyond_the_limits_are_cut():
    parsed = parse(b"Subject: x\n" + b"X-A: b\n" * 50 + b"\nbody", Limits(header_count=10))
    assert len(parsed.headers) == 10
    assert codes(parsed) == ["too-many-headers"]
    assert parsed.text == "body"
    parsed = parse(b"Subject: " + b"x" * 500 + b"\n\nbody", Limits(header_value=100))
    assert parsed.subject == "x" * 100
    parsed = parse(b"Subject: x\n" + b"X-A: b\n" * 5000 + b"\nbody", Limits(header_bytes=1000))
    assert parsed.subject == "x"
    assert parsed.text == "body"
    assert codes(parsed) == ["headers-too-long"]


def test_recipients_beyond_the_limit_are_counted_out():
    raw = b"To: " + b", ".join(b"a%d@x.org" % n for n in range(30)) + b"\n\n"
    parsed = parse(raw, Limits(addresses=10))
    assert len(parsed.to) == 10
    assert codes(parsed) == ["too-many-addresses"]


def test_what_breaks_the_parser_is_kept_whole(monkeypatch: pytest.MonkeyPatch):
    def broken(*_arguments: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("helpdesk.lib.mime.message.Splitter", broken)
    raw = b"Subject: still readable\n\nbody"
    parsed = parse(raw)
    assert parsed.subject == "still readable"
    assert parsed.attachments[0].content == raw
    assert codes(parsed) == ["not-parsed"]


HEAD = b"From: a@example.org\nTo: b@example.org\nSubject: x\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n"
HTML = HEAD + b"Content-Type: text/html; charset=utf-8\n\n"
BASE64 = HEAD + b"Content-Transfer-Encoding: base64\n\n"
MILLION = 1_000_000


def nested(depth: int, kind: bytes) -> bytes:
    levels = (
        b"Content-Type: multipart/%s; boundary=x%d\n\n--x%d\n" % (kind, level, level)
        for level in range(depth)
    )
    return HEAD + b"".join(levels) + b"Content-Type: text/plain\n\nhi\n"


def plain(parameters: bytes, content: bytes) -> bytes:
    return HEAD + b"Content-Type: text/plain; " + parameters + b"\n\n" + content


# Made one at a time when its test runs: all of them together are 700 MB.
HOSTILE: dict[str, Callable[[], bytes]] = {
    "10,000 parts": lambda: MIXED + b"--x\n\nhello\n" * 10_000 + b"--x--\n",
    "5 million boundaries": lambda: MIXED + b"--x\n" * 5 * MILLION,
    "5 million ends": lambda: MIXED + b"--x--\n" * 5 * MILLION,
    "parts of headers": lambda: MIXED + (b"--x\n" + b"a:b\n" * 5_000 + b"\n") * 900,
    "100,000 multiparts inside each other": lambda: nested(100_000, b"mixed"),
    "5,000 alternatives inside each other": lambda: nested(5_000, b"alternative"),
    "one boundary at every depth": lambda: (MIXED + b"--x\n") * 20_000,
    "50,000 forwards": lambda: HEAD + b"Content-Type: message/rfc822\n\n" * 50_000,
    "990 equal texts": lambda: MIXED + (b"--x\n\n" + b"a" * 60_000 + b"\n") * 990,
    "990 HTML texts": lambda: (
        MIXED + (b"--x\nContent-Type: text/html\n\n" + b"<p>a</p>" * 6_000 + b"\n") * 990
    ),
    "990 unknown texts": lambda: MIXED + b"--x\n\n\xc4\xe3\xe9\xe3\xc4 abc\xe3\xb9\xb2\n" * 990,
    "a line of 60 MB": lambda: HEAD + b"\n" + b"a" * 60 * MILLION,
    "60 million empty lines": lambda: HEAD + b"\n" + b"\n" * 60 * MILLION,
    "15 million lines of CR": lambda: HEAD.replace(b"\n", b"\r") + b"\r" + b"a\r" * 15 * MILLION,
    "quotes": lambda: HEAD + b"\n" + b">" * 20 * MILLION,
    "flowed quotes": lambda: plain(b"format=flowed", b"> \n" * 7 * MILLION),
    "bytes": lambda: HEAD + b"\n" + bytes(range(256)) * 40_000,
    "a subject of 5 MB": lambda: b"Subject: " + b"a" * 5 * MILLION + b"\n\n",
    "a subject of 200,000 folds": lambda: b"Subject: x\n" + b" a\n" * 200_000 + b"\n",
    "encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 200_000 + b"\n\n",
    "beginnings of encoded words": lambda: b"Subject: " + b"=?utf-8?q?" * 30_000 + b"\n\n",
    "an encoded word of 4 MB": lambda: b"Subject: =?utf-8?b?" + b"YWJj" * MILLION + b"?=\n\n",
    "unknown words": lambda: b"Subject: " + b"=?x-a?q?=C4=E3=e9?= =?x-b?q?=C4=E3?= " * 2_000,
    "eight bits": lambda: b"X-A: \xc4\xe3\xe9\xe3\xc4 abc\xe3\xb9\xb2\n" * 20_000 + b"\n",
    "200,000 headers": lambda: b"X-A: b\n" * 200_000 + b"\n",
    "20,000 recipients": lambda: b"To: " + b", ".join(b'"a b" <%d@b.c>' % n for n in range(20_000)),
    "comments": lambda: b"To: " + b"(" * 60_000 + b"\n\n",
    "quotes in recipients": lambda: b"To: " + b'"\\a' * 20_000 + b"\n\n",
    "a recipient without an address": lambda: b"To: mu" + b"=?" * 30_000 + b"@\n\n",
    "brackets in recipients": lambda: b"To: " + b"<" * 60_000 + b"\n\n",
    "references": lambda: b"References: " + b"<a@b> " * 10_000 + b"<" * 5_000 + b"\n\n",
    "parameters": lambda: plain(b"a=b; " * 12_000, b"x"),
    "semicolons": lambda: plain(b";" * 60_000, b"x"),
    "a quote in parameters": lambda: plain(b'a="' + b"\\" * 60_000, b"x"),
    "continuations": lambda: plain(b"".join(b"; a*%d*=b" % n for n in range(6_000)), b"x"),
    "base64 of 60 MB": lambda: BASE64 + (b"QUJD" * 19 + b"\n") * 780_000,
    "padding": lambda: BASE64 + b"A=" * 8 * MILLION,
    "padding and junk": lambda: BASE64 + b"A=!" * 5 * MILLION,
    "quoted-printable": lambda: (
        BASE64.replace(b"base64", b"quoted-printable") + b"=E9" * 7 * MILLION
    ),
    "beginnings of uuencode": lambda: HEAD + b"\n" + b"begin 644 a\n" * 500_000,
    "uuencode without end": lambda: HEAD + b"\nbegin 644 a\n" + b"#86)C\n" * MILLION,
    "200,000 uuencoded files": lambda: HEAD + b"\n" + b"begin 644 a\n#86)C\n`\nend\n" * 200_000,
    "utf-7": lambda: plain(b"charset=utf-7", b"+AAA" * 5 * MILLION),
    "hz": lambda: plain(b"charset=hz", b"~{" * 8 * MILLION),
    "iso-2022-jp": lambda: plain(b"charset=iso-2022-jp", b"\x1b$B!!" * 4 * MILLION),
    "5,000 nested divs": lambda: HTML + b"<div>" * 5_000 + b"deep",
    "100,000 nested divs": lambda: HTML + b"<div>" * 100_000 + b"deep",
    "HTML of 10 MB": lambda: HTML + b"<p>a</p>" * 1_250_000,
    "attributes": lambda: HTML + b"<p " + b" ".join(b"a%d=1" % n for n in range(60_000)) + b">x",
    "images of the message": lambda: HTML + b'<img src="cid:a">' * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_message_takes_long(name: str):
    raw = HOSTILE[name]()
    start = time.process_time()
    parsed = parse(raw)
    assert time.process_time() - start < SECONDS
    assert "not-parsed" not in codes(parsed)

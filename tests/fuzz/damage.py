"""Damage to messages, of the kinds that programs, servers and attackers do to them.

Every choice comes from one ``random.Random``, so that a number makes the same message again.
"""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

MOST_BYTES = 300_000
"""Length of a message that was made; the limits for longer ones have tests of their own."""

_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|$)")
_TOKENS = (
    *(b"\x00", b"\xff\xfe", b"\r", b"\n\n", b"\r\n\r\n", b"\x1b$B", b"=?", b"?=", b"=\n", b"=FF"),
    *(b"--", b"--\n", b"begin 644 x\n", b"<", b"<!--", b"]]>", b"&#x110000;", b"cid:", b"%00"),
    *(b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Type: message/rfc822\n"),
    *(b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n",),
    *(b"Content-Type: message/delivery-status\n", b"Content-Type: application/pkcs7-mime\n"),
    *(b"Content-Type: application/ms-tnef; name=winmail.dat\n", b"Content-Type: text/calendar\n"),
    *(b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=x\n',),
    *(b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n"),
    *(b"Content-Type: text/html; charset=utf-7\n", b"; charset=hz-gb-2312", b"; format=flowed"),
    *(b"-----BEGIN PGP MESSAGE-----\n", b"-----Original Message-----\n", b"> ", b"-- \n"),
    *(b"Final-Recipient: rfc822; <a@b>\n", b"Status: 5.1.1\n", b"Action: failed\n", b"550 5.1.1 "),
    *(b"Authentication-Results: x; dkim=pass\n", b"Received: from x by y; Mon, 1 Jan 1 0:0:0\n"),
    *(b"On Mon, 1 Jan 2024 at 10:00, a <a@b> wrote:\n", b"From: a\nSent: b\nTo: c\nSubject: d\n"),
    *(b'<div class="gmail_quote">', b"<blockquote type=cite>", b"<table><tr><td>", b"</div>" * 9),
    *(
        "在 2024年1月1日，张三 写道：\n".encode(),
        "\u202e\u200b\ufeff".encode(),
        b"\xc4\xe3\xe9\xe3",
    ),
)
_HEADERS = (
    *(b"From", b"To", b"Subject", b"Date", b"Message-ID", b"References", b"In-Reply-To", b"Cc"),
    *(b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"Reply-To"),
    *(b"Return-Path", b"Auto-Submitted", b"List-Id", b"Delivered-To", b"Thread-Index"),
    *(b"Authentication-Results", b"X-Spam-Status", b"X-Failed-Recipients"),
)


def seeds(folder: Path | None) -> list[bytes]:
    """Return messages to begin with: a few of our own, and the files of a folder of mail."""
    own = [
        b"From: a@b.example\nTo: c@d.example\nSubject: x\n\nhello\n",
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x--\n",
        b"From: a@b.example\nContent-Type: text/html\n\n<p>hello <b>you</b></p>\n",
    ]
    files = sorted(file for file in folder.rglob("*") if file.is_file()) if folder else []
    read = (file.read_bytes() for file in files if file.stat().st_size < MOST_BYTES)
    return own + [raw for raw in read if b":" in raw[:2000]]


def damaged(dice: random.Random, known: Sequence[bytes]) -> bytes:
    """Return one of the known messages with up to six kinds of damage."""
    raw = dice.choice(known)
    for _time in range(dice.randint(1, 6)):
        raw = dice.choice(_WAYS)(dice, raw, known)[:MOST_BYTES]
    return raw


def _place(dice: random.Random, raw: bytes) -> int:
    # Half of all damage is done in the headers, where most of what is hard is decided.
    head = raw.find(b"\n\n")
    return dice.randint(0, head if head > 0 and dice.random() < 0.5 else len(raw))


def _flip(dice: random.Random, raw: bytes, _known: Sequence[bytes]) -> bytes:
    changed = bytearray(raw)
    for _time in range(dice.randint(1, 12)):
        if changed:
            changed[min(_place(dice, raw), len(changed) - 1)] = dice.randrange(256)
    return bytes(changed)


def _insert(dice: random.Random, raw: bytes, _known: Sequence[bytes]) -> bytes:
    at = _place(dice, raw)
    return raw[:at] + dice.choice(_TOKENS) * dice.choice((1, 1, 1, 3, 40, 900)) + raw[at:]


def _cut(dice: random.Random, raw: bytes, _known: Sequence[bytes]) -> bytes:
    begin = _place(dice, raw)
    return raw[:begin] + raw[begin + dice.choice((1, 7, 80, 4000, len(raw))) :]


def _repeat(dice: random.Random, raw: bytes, _known: Sequence[bytes]) -> bytes:
    begin = _place(dice, raw)
    piece = raw[begin : begin + dice.choice((1, 2, 9, 60, 700))]
    return raw[:begin] + piece * dice.choice((2, 30, 1000, 20_000)) + raw[begin:]


def _splice(dice: random.Random, raw: bytes, known: Sequence[bytes]) -> bytes:
    other = dice.choice(known)
    return raw[: _place(dice, raw)] + other[_place(dice, other) :]


def _shuffle(dice: random.Random, raw: bytes, _known: Sequence[bytes]) -> bytes:
    lines = _LINES.findall(raw[:MOST_BYTES])
    for _time in range(min(10, len(lines))):
        one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
        lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def _header(dice: random.Random, raw: bytes, known: Sequence[bytes]) -> bytes:
    other = dice.choice(known)
    at = _place(dice, other)
    value = dice.choice((dice.choice(_TOKENS), other[at : at + 90], dice.randbytes(30)))
    return dice.choice(_HEADERS) + b": " + value * dice.choice((1, 1, 50)) + b"\n" + raw


def _ends(dice: random.Random, raw: bytes, _known: Sequence[bytes]) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", dice.choice((b"\r\n", b"\r", b"\n\r", b"")))


def _wrap(dice: random.Random, raw: bytes, _known: Sequence[bytes]) -> bytes:
    kind = dice.choice((b"mixed", b"alternative", b"related", b"report", b"signed", b"x"))
    part = dice.choice((b"", b"Content-Type: message/rfc822\n", b"Content-Type: text/html\n"))
    boundary = dice.choice((b"x", b"", b"=_x y", b'"\xe9"'))
    head = b"From: a@b.example\nContent-Type: multipart/" + kind + b"; boundary=" + boundary
    return head + b"\n\n--" + boundary + b"\n" + part + b"\n" + raw + b"\n--" + boundary + b"--\n"


def _charset(dice: random.Random, raw: bytes, _known: Sequence[bytes]) -> bytes:
    name = dice.choice((b"utf-16", b"utf-7", b"idna", b"hex", b"gb18030", b"x", b"iso-2022-kr"))
    return re.sub(rb"(?i)charset=\"?[\w-]+", b"charset=" + name, raw, count=3)


_WAYS: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    *(_flip, _insert, _insert, _cut, _repeat, _splice, _shuffle, _header, _ends, _wrap, _charset),
)

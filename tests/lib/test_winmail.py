"""winmail.dat is taken apart, whatever is wrong with it; invitations without words are readable."""

import struct
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.mime import ParsedMessage, parse
from helpdesk.lib.mime.calendar import invitation_text
from helpdesk.lib.mime.tnef import BEGIN, NotTnef, open_tnef, unpacked_rtf


def attribute(name: int, value: bytes) -> bytes:
    level = 2 if name in {0x9002, 0x8010, 0x800F, 0x9005} else 1
    checksum = struct.pack("<H", sum(value) & 0xFFFF)
    return struct.pack("<BII", level, 0x60000 | name, len(value)) + value + checksum


def padded(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*several: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(several))
    for kind, number, value in several:
        out += struct.pack("<HH", kind, number)
        out += value if kind == 3 else struct.pack("<I", 1) + padded(value)
    return out


def wide(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")


def tnef(*attributes: bytes) -> bytes:
    page = attribute(0x9007, struct.pack("<II", 1252, 0))
    return BEGIN + b"\1\0" + page + b"".join(attributes)


FILES = (
    attribute(0x9002, b"\0" * 14),
    attribute(0x8010, b"BUDGET~1.XLS\0"),
    attribute(0x800F, b"first"),
    attribute(0x9005, properties((3, 0x3705, b"\1\0\0\0"), (31, 0x3707, wide("Büdget 预算.xls")))),
    attribute(0x9002, b"\0" * 14),
    attribute(0x8010, b"plan.pdf\0"),
    attribute(0x800F, b"second"),
    attribute(0x9005, properties((30, 0x370E, b"application/pdf\0"))),
)


def mail(wrapped: bytes, text: str = "") -> ParsedMessage:
    message = EmailMessage()
    message["From"] = "jane@example.org"
    if text:
        message.set_content(text)
    message.add_attachment(wrapped, "application", "ms-tnef", filename="winmail.dat")
    return parse(message.as_bytes())


def test_the_files_come_out_with_their_names():
    parsed = mail(tnef(*FILES), "See the files")
    assert parsed.text.strip() == "See the files"
    files = [(file.name, file.type, file.content) for file in parsed.attachments]
    assert files == [
        ("Büdget 预算.xls", "application/vnd.ms-excel", b"first"),
        ("plan.pdf", "application/pdf", b"second"),
    ]
    assert parsed.defects == ()


def test_its_text_is_read_where_the_mail_has_none():
    html = attribute(0x9003, properties((258, 0x1013, b"<p>Hello <b>there</b></p>")))
    parsed = mail(tnef(html))
    assert (parsed.html, parsed.text) == ("<p>Hello <b>there</b></p>", "Hello there")
    assert parsed.attachments == ()
    assert mail(tnef(html), "Its own words").text.strip() == "Its own words"
    assert mail(tnef(attribute(0x800C, b"plain words\0"))).text == "plain words"


def test_a_message_inside_gives_its_files_too():
    inner = b"\0" * 16 + tnef(attribute(0x800C, b"inner words\0"), *FILES[:3])
    both = properties((13, 0x3701, inner), (31, 0x3001, wide("Re: plan")))
    parsed = mail(tnef(attribute(0x9002, b"\0" * 14), attribute(0x9005, both)), "x")
    assert {file.name: file.content for file in parsed.attachments} == {
        "Re: plan.txt": b"inner words",
        "BUDGET~1.XLS": b"first",
    }


def test_what_breaks_off_is_kept_whole_as_well():
    cut = tnef(*FILES)[:-20]
    parsed = mail(cut, "x")
    assert [file.name for file in parsed.attachments] == [
        "Büdget 预算.xls",
        "plan.pdf",
        "winmail.dat",
    ]
    assert parsed.attachments[-1].content == cut
    assert [defect.code for defect in parsed.defects] == ["winmail"]
    nothing = mail(b"no tnef at all", "x")
    assert [file.name for file in nothing.attachments] == ["winmail.dat"]


def test_compressed_text_is_unpacked_to_the_example_of_the_standard():
    # [MS-OXRTFCP] section 4.1.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232"
        "0af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpacked_rtf(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert unpacked_rtf(packed, 10) == b"{\\rtf1\\ans"
    assert unpacked_rtf(packed[:20])[:5] == b"{\\rtf"[: len(unpacked_rtf(packed[:20]))]


@given(st.data())
def test_damage_never_does_harm(data: st.DataObject):
    raw = bytearray(tnef(*FILES))
    for _time in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    found = open_tnef(bytes(raw))
    assert sum(len(file.content) for file in found.files) <= len(raw)


def test_other_bytes_are_refused():
    with pytest.raises(NotTnef):
        open_tnef(b"")
    with pytest.raises(NotTnef):
        open_tnef(b"PK\3\4" * 10)


INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
SUMMARY:Printer replace
 ment\\, floor 3
DTSTART;TZID="Europe/Berlin":20261201T090000
DTEND;TZID="Europe/Berlin":20261201T103000
LOCATION:Room 3.14
ORGANIZER;CN=Jane:mailto:jane@example.org
DESCRIPTION:Bring\\nthe key.
END:VEVENT
END:VCALENDAR
"""
SAID = """Printer replacement, floor 3
2026-12-01 09:00 Europe/Berlin – 10:30 Europe/Berlin
Room 3.14
jane@example.org

Bring
the key."""


def test_an_invitation_without_words_is_read():
    assert invitation_text(INVITATION) == SAID
    message = EmailMessage()
    message["From"] = "jane@example.org"
    message.set_content(INVITATION, subtype="calendar", params={"method": "REQUEST"})
    parsed = parse(message.as_bytes())
    assert parsed.text == SAID
    assert [file.name for file in parsed.attachments] == ["invitation-1.ics"]
    assert invitation_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261201T090000Z") == (
        "2026-12-01 09:00 UTC"
    )
    assert invitation_text("BEGIN:VCARD") == ""

from datetime import UTC, datetime

import pytest

from helpdesk.lib.mime import Address, parse
from helpdesk.lib.mime.addresses import parse_addresses
from helpdesk.lib.mime.headers import decode_header, message_ids, parse_date
from helpdesk.lib.mime.params import parse_params
from tests.lib.messages import codes, message


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?Q?T=C3=BCr?=", "Tür"),
        ("=?UTF-8?B?VMO8cg=?= and =?utf-8?q?door?=", "Tür and door"),
        ("=?utf-8?q?a?=  \r\n =?utf-8?q?b?=", "ab"),
        ("=?utf-8?Q?=E3?=    =?utf-8?Q?=82?=    =?utf-8?Q?=AD?=", "キ"),
        ("=?utf-8?q?two words with spaces?=", "two words with spaces"),
        ("=?gb18030?B?suLK1A===?=", "测试"),
        ("=?big5?B?tPq41Q==?=", "測試"),
        ("=?iso-8859-1?q?a=A4?= =?iso-8859-15?q?=A4?=", "a¤€"),
        ("=?utf-8*en?q?language?=", "language"),
        ("[=?utf-8?q?list?=] x", "[list] x"),
        ("=?unknown-8bit?q?Gr=FC=DFe?=", "Grüße"),
        ("=?utf-8?b?!!!?= x", "x"),
        ("=?utf-8?x?text?=", "=?utf-8?x?text?="),
        ("=?utf-8?q?never closed", "=?utf-8?q?never closed"),
        ("=?utf-8?q?a=0Ab=E2=80=AEc?=", "a bc"),
        ("folded\r\n\tby a tab", "folded by a tab"),
        ("Grüße, raw", "Grüße, raw"),
        ("?=", "?="),
    ],
)
def test_encoded_words(raw: str, text: str):
    assert decode_header(raw.encode()) == text


@pytest.mark.parametrize(
    ("raw", "addresses"),
    [
        ("jane@example.org", [("", "jane@example.org")]),
        ("Jane Doe <jane@example.org>", [("Jane Doe", "jane@example.org")]),
        ('"Doe, Jane" <jane@example.org>', [("Doe, Jane", "jane@example.org")]),
        ("Doe, Jane <jane@example.org>", [("Doe, Jane", "jane@example.org")]),
        ("jane@example.org (Jane Doe)", [("Jane Doe", "jane@example.org")]),
        ("jane@example.org (Jane (IT) Doe)", [("Jane (IT) Doe", "jane@example.org")]),
        ("a@x.org, B <b@x.org>,, c@x.org", [("", "a@x.org"), ("B", "b@x.org"), ("", "c@x.org")]),
        ("a@x.org; b@x.org", [("", "a@x.org"), ("", "b@x.org")]),
        ("a@x.org b@x.org", [("", "a@x.org"), ("", "b@x.org")]),
        ("undisclosed-recipients:;", []),
        ("team: a@x.org, B <b@x.org>;", [("", "a@x.org"), ("B", "b@x.org")]),
        ("<@relay.org,@b.org:jane@x.org>", [("", "jane@x.org")]),
        ("<mailto:jane@x.org>", [("", "jane@x.org")]),
        ("'jane@x.org' <jane@x.org>", [("", "jane@x.org")]),
        ("\"'Jane Doe'\" <jane@x.org>", [("Jane Doe", "jane@x.org")]),
        ("MAILER-DAEMON", [("", "MAILER-DAEMON")]),
        ("Mail Delivery System", [("Mail Delivery System", "")]),
        ("root, Jane <j@x.org>", [("root, Jane", "j@x.org")]),
        ('root, "Jane" <j@x.org>', [("", "root"), ("Jane", "j@x.org")]),
        ("=?utf-8?q?Doe=2C_Jane?= <j@x.org>", [("Doe, Jane", "j@x.org")]),
        ('"=?utf-8?q?J=C3=BCrg?=" <j@x.org>', [("Jürg", "j@x.org")]),
        ("=?utf-8?q?Jane_<j@x.org>?=", [("Jane", "j@x.org")]),
        ("=?utf-8?B?SmFuZSA8akB4Lm9yZz4=?=", [("Jane", "j@x.org")]),
        # What a deceiver puts in the name never becomes the address.
        ('"boss@example.com" <x@evil.org>', [("boss@example.com", "x@evil.org")]),
        ("=?utf-8?q?a=40good=2Eorg=3E?= <x@evil.org>", [("a@good.org>", "x@evil.org")]),
        ("<x@evil.org> <a@good.org>", [("", "x@evil.org")]),
        ('"never closed <j@x.org>', [("never closed", "j@x.org")]),
        ("(never closed <j@x.org>", [("never closed", "j@x.org")]),
        ("< j@x.org >", [("", "j@x.org")]),
        ("<>", []),
        ("", []),
    ],
)
def test_addresses(raw: str, addresses: list[tuple[str, str]]):
    assert parse_addresses(raw) == [Address(name, address) for name, address in addresses]


def test_an_address_reads_back_as_it_was_written():
    for address in (
        Address('Doe, "J" (IT)', "j@x.org"),
        Address("back\\slash", "j@x.org"),
        Address("Jane Doe", "j@x.org"),
        Address("", "j@x.org"),
    ):
        assert parse_addresses(str(address)) == [address]


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("Mon, 2 Mar 2026 09:11:58 +0800", datetime(2026, 3, 2, 1, 11, 58, tzinfo=UTC)),
        ("2 Mar 26 09:11 EST (winter)", datetime(2026, 3, 2, 14, 11, tzinfo=UTC)),
        ("Mon, 2 Mar 2026 09:11:58", datetime(2026, 3, 2, 9, 11, 58, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 09:11:60 GMT", datetime(2026, 3, 2, 9, 11, 59, tzinfo=UTC)),
        ("2026-03-02T09:11:58+01:00", datetime(2026, 3, 2, 8, 11, 58, tzinfo=UTC)),
        ("Sent: Mon, 2 Mar 2026 09:11:58 +0000", datetime(2026, 3, 2, 9, 11, 58, tzinfo=UTC)),
        ("Sun, 25 Aug 0102 10:36:36 -1000", datetime(2002, 8, 25, 20, 36, 36, tzinfo=UTC)),
        ("Mon, 32 Mar 2026 09:11:58 +0000", None),
        ("Mon, 2 Mar 9999 23:59:59 -2359", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_dates(raw: str, moment: datetime | None):
    assert parse_date(raw) == moment


def test_message_ids_come_in_order_and_once():
    assert message_ids("<a@x> (comment) <b@x>\n <a@x>", 10) == ["<a@x>", "<b@x>"]
    assert message_ids("<very.long\n .id@x>", 10) == ["<very.long.id@x>"]
    assert message_ids("a@x b@x", 10) == ["<a@x>", "<b@x>"]
    assert message_ids("Your message of Monday", 10) == []
    # The first names the thread, the last what was answered.
    assert message_ids(" ".join(f"<{n}@x>" for n in range(9)), 3) == ["<0@x>", "<7@x>", "<8@x>"]


def test_the_thread_is_references_then_in_reply_to():
    parsed = message("References: <a@x> <b@x>\nIn-Reply-To: <c@x>\nMessage-ID: <d@x>")
    assert parsed.references == ("<a@x>", "<b@x>", "<c@x>")
    assert parsed.in_reply_to == "<c@x>"
    assert parsed.message_id == "<d@x>"


@pytest.mark.parametrize(
    ("raw", "kind", "params"),
    [
        ("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ('a; name="x; y"; size=3', "a", {"name": "x; y", "size": "3"}),
        ('a; name="x \\"y\\""', "a", {"name": 'x "y"'}),
        ("a; filename=my file.pdf; x=y", "a", {"filename": "my file.pdf", "x": "y"}),
        ("a; t*=utf-8'en'%E2%82%AC%20x", "a", {"t": "€ x"}),
        ("a; t*0*=utf-8''%E2%82; t*1*=%AC; t*2=\" x\"", "a", {"t": "€ x"}),
        ("a; t*1=b; t*0=a", "a", {"t": "ab"}),
        ("a; t=plain; t*=utf-8''better", "a", {"t": "better"}),
        ("a; t=first; t=second", "a", {"t": "first"}),
        ('a; t="never closed', "a", {"t": "never closed"}),
        ("text/plain\n   charset=x", "text/plain", {"charset": "x"}),
        ("charset=x", "", {"charset": "x"}),
        ("text/plain (comment); charset=x", "text/plain", {"charset": "x"}),
        (";;; a=b;;", "", {"a": "b"}),
        ("", "", {}),
    ],
)
def test_parameters(raw: str, kind: str, params: dict[str, str]):
    assert parse_params(raw.encode()) == (kind, params)


def test_headers_are_looked_up_in_any_case():
    parsed = message("Auto-Submitted: auto-replied\nX-A: 1\nx-a: =?utf-8?q?zw=C3=B6lf?=")
    assert parsed.header("auto-submitted") == "auto-replied"
    assert parsed.header_all("X-A") == ("1", "zwölf")
    assert parsed.header("Precedence") is None


def test_several_authors_and_the_sender_are_kept():
    parsed = message("From: Secretary, a@x.org, B <b@x.org>\nSender: c@x.org")
    assert [str(author) for author in parsed.authors] == ["Secretary", "a@x.org", "B <b@x.org>"]
    assert parsed.from_ == Address("", "a@x.org")
    assert parsed.sender == Address("", "c@x.org")


def test_recipients_of_several_headers_are_one_list():
    parsed = message("Cc: a@x.org\nTo: t@x.org\nCC: b@x.org\ncc: c@x.org")
    assert [one.address for one in parsed.cc] == ["a@x.org", "b@x.org", "c@x.org"]


def test_a_second_subject_does_not_replace_the_first():
    parsed = message("Subject: shown\nSubject: smuggled")
    assert parsed.subject == "shown"
    assert codes(parsed) == ["duplicate-header"]


def test_raw_eight_bit_headers_follow_the_charset_of_the_text():
    raw = "Subject: 打印机坏了\nContent-Type: text/plain; charset=gbk\n\n你好".encode("gbk")
    assert parse(raw).subject == "打印机坏了"


def test_envelope_lines_and_blank_lines_before_the_headers():
    envelope = b"From jane@x.org Mon Mar  2 09:11:58 2026\n"
    for before in (envelope, b"\r\n\r\n", b"\xef\xbb\xbf", b"912\n"):
        assert parse(before + b"Subject: x\nTo: a@x.org\n\nbody").subject == "x"


def test_a_header_line_that_lost_its_indentation_is_joined():
    raw = "Subject: x\nContent-Type: text/html;\ncharset=utf-8\nFrom: a@x.org"
    parsed = message(raw, "<p>Grüße</p>")
    assert parsed.from_ == Address("", "a@x.org")
    assert parsed.text == "Grüße"
    assert codes(parsed) == ["broken-header"]


def test_a_message_without_headers_is_all_text():
    assert parse(b"Just a line\nand another").text == "Just a line\nand another"

import time

import pytest

from helpdesk.lib.text import (
    bare_subject,
    clean_text,
    normalise_newlines,
    one_line,
    snippet,
    ticket_number,
)


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Printer jams", "Printer jams"),
        ("Re: Printer jams", "Printer jams"),
        ("RE: FW: AW: Re[2]: Printer jams", "Printer jams"),
        ("Fwd: Re: WG: SV: Printer jams", "Printer jams"),
        ("回复: 打印机卡纸", "打印机卡纸"),
        ("答复：回复：打印机卡纸", "打印机卡纸"),
        ("轉寄: 回覆: 印表機", "印表機"),
        ("Re:打印机", "打印机"),
        ("Re^2: Odp: Drukarka", "Drukarka"),
        ("RE (3): Printer", "Printer"),
        ("R: drive is full", "R: drive is full"),
        ("Regarding: the printer", "Regarding: the printer"),
        ("Reset: my password", "Reset: my password"),
        ("Re:", "Re:"),
        ("", ""),
    ],
)
def test_prefixes_of_replies_and_forwards_are_taken_off(subject: str, bare: str):
    assert bare_subject(subject) == bare


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Re: [#48213] Printer", 48213),
        ("[ #7 ] x", 7),
        ("【#48213】打印机", 48213),
        ("Re: [＃４８２１３] 打印机", 48213),
        ("[#1] and [#2]", 1),
        ("Invoice #48213", None),
        ("[48213]", None),
        ("[#123456789012345]", None),
        ("", None),
    ],
)
def test_the_ticket_number_is_found_in_the_subject(subject: str, number: int | None):
    assert ticket_number(subject) == number


def test_a_long_subject_of_spaces_takes_no_time():
    hostile = "re" + " " * 60_000 + "x"
    start = time.process_time()
    bare_subject(hostile)
    ticket_number("[" * 60_000)
    one_line(hostile)
    assert time.process_time() - start < 0.5


def test_text_loses_what_would_deceive_or_break():
    assert clean_text("a\r\nb\rc\x00d\x1b[31me\u202ef\ud800g") == "a\nb\ncd[31mefg"
    assert clean_text("tab\tstays\n") == "tab\tstays\n"
    # Marks that Arabic and Hebrew need are no deceit in running text.
    assert clean_text("\u200fשלום\u2067x\u2069") == "\u200fשלום\u2067x\u2069"


def test_every_line_end_is_a_newline():
    assert normalise_newlines("a\r\nb\rc\x85d\u2028e\u2029f") == "a\nb\nc\nd\ne\nf"


def test_one_line_is_one_line():
    assert one_line("  a\r\n\tb\u202ec\u2066d  ") == "a bcd"
    assert one_line("全角　スペース") == "全角　スペース"
    assert one_line("abcdef", limit=4) == "abc…"


def test_a_snippet_leaves_out_quotes_and_cuts_between_words():
    text = "> you wrote\n\nIt still jams.\nPlease come.\n> more"
    assert snippet(text) == "It still jams. Please come."
    assert snippet("one two three four", limit=12) == "one two…"
    assert snippet("打" * 50, limit=10) == "打" * 9 + "…"
    assert snippet("> only quoted words") == "> only quoted words"
    assert snippet("") == ""

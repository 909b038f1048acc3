"""What holds for every message: real ones are understood by construction, any bytes are survived.

The standard library writes the messages and so is the judge of what they mean.
"""

import re
from email import policy
from email.headerregistry import Address as StdAddress
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser

from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpdesk.lib.html import clean, markdown_to_html, text_to_html, to_text
from helpdesk.lib.mime import Limits, ParsedMessage, parse
from helpdesk.lib.mime.addresses import parse_addresses
from helpdesk.lib.mime.headers import decode_header
from helpdesk.lib.mime.model import Address
from helpdesk.lib.mime.tree import Part, Splitter
from helpdesk.lib.text import bare_subject, clean_text, one_line, snippet

# Characters that may be written into a message; controls and the like are cleaned away.
WORDS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="\ufffd") | st.just(" "),
    max_size=60,
).map(lambda text: " ".join(text.split()))
LINES = st.lists(WORDS, max_size=6).map("\n".join)
CHARSETS = st.sampled_from(["utf-8", "gb18030"])
FILES = st.tuples(WORDS, st.binary(max_size=300))
DAMAGE = st.lists(
    st.sampled_from(
        [
            b"Content-Type: multipart/mixed; boundary=b\n",
            b"Content-Type: multipart/alternative; boundary=b\r\n",
            b"Content-Type: message/rfc822\n",
            b"Content-Type: text/html; charset=utf-7\n",
            b"Content-Transfer-Encoding: base64\n",
            b"Content-Transfer-Encoding: quoted-printable\n",
            b"Content-Disposition: attachment; filename*0*=utf-8''%e2%; filename*1=x\n",
            b"Subject: =?utf-8?q?a?= =?iso-2022-jp?b?GyRC?= =?\n",
            b'From: "a (b <c@d>, e: f;\n',
            b"Date: Mon, 99 Foo 1 99:99:99 +9999\n",
            b"References: <a <b@c> d>\n",
            b"--b\n",
            b"--b--\r\n",
            b"begin 644 x\n",
            b"`\nend\n",
            b"\n",
            b"\r",
            b"<div><p><!--",
            b"=\n=3D=E9",
        ]
    )
    | st.binary(max_size=40),
    max_size=25,
).map(b"".join)


def check_sound(parsed: ParsedMessage) -> None:
    """Whatever came in, what comes out can be stored, shown and sent as JSON."""
    texts = [parsed.subject, parsed.text, parsed.html or "", parsed.message_id or ""]
    texts += [str(address) for address in (*parsed.authors, *parsed.to, *parsed.cc)]
    texts += [attachment.name for attachment in parsed.attachments]
    for text in texts:
        text.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text)
    assert "\n" not in parsed.subject
    for attachment in parsed.attachments:
        assert attachment.size == len(attachment.content)
        assert attachment.name.strip()
        assert not re.search(r"[/\n\r]|^\.\.?$", attachment.name)
    assert "not-parsed" not in [defect.code for defect in parsed.defects]


@given(DAMAGE)
@example(b"")
@example(b"\xff\xfe\x00")
@settings(max_examples=400, deadline=None)
def test_no_bytes_raise(raw: bytes):
    check_sound(parse(raw))
    check_sound(parse(raw, Limits(depth=2, parts=3, header_count=2, text_chars=9, html_chars=9)))


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_random_bytes_raise(raw: bytes):
    check_sound(parse(raw))
    check_sound(parse(b"Content-Type: text/html\n\n" + raw))


@given(subject=WORDS, name=WORDS, text=LINES, html=WORDS, charset=CHARSETS, files=st.lists(FILES))
@settings(max_examples=150, deadline=None)
def test_what_was_written_is_read(
    subject: str, name: str, text: str, html: str, charset: str, files: list[tuple[str, bytes]]
):
    written = EmailMessage(policy=policy.SMTP)
    written["Subject"] = subject
    written["From"] = StdAddress(name, "jane", "example.org")
    written.set_content(text, charset=charset, cte="base64")
    if html:
        written.add_alternative(f"<p>{html}</p>", subtype="html")
    for file_name, content in files:
        written.add_attachment(
            content, maintype="application", subtype="x-test", filename=file_name or "f"
        )
    parsed = parse(written.as_bytes())
    assert parsed.subject == subject
    assert [author.address for author in parsed.authors] == ["jane@example.org"]
    assert parsed.text.split() == (text if text.strip() else to_text(parsed.html or "")).split()
    assert [attachment.content for attachment in parsed.attachments] == [
        content for _, content in files
    ]
    assert parsed.defects == ()


TREE = st.recursive(
    st.sampled_from(["text/plain", "text/html", "application/pdf", "image/png"]),
    lambda children: st.tuples(
        st.sampled_from(["mixed", "alternative", "related", "signed"]),
        st.lists(children, min_size=1, max_size=4),
    ),
    max_leaves=12,
)


def write_tree(tree: object, depth: int = 0) -> bytes:
    if isinstance(tree, str):
        return f"Content-Type: {tree}\n\ncontent of {depth}\n".encode()
    assert isinstance(tree, tuple)
    kind, children = tree
    boundary = f"=_{depth}_{kind}"
    lines = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\npreamble\n'.encode()
    for child in children:
        lines += f"--{boundary}\n".encode() + write_tree(child, depth + 1) + b"\n"
    return lines + f"--{boundary}--\nepilogue\n".encode()


def shape(part: Part) -> object:
    return (
        part.type,
        [shape(child) for child in part.children],
        b"" if part.children else part.body,
    )


def standard_shape(part: EmailMessage) -> object:
    if part.is_multipart():
        children = [child for child in part.get_payload() if isinstance(child, EmailMessage)]
        return (part.get_content_type(), [standard_shape(child) for child in children], b"")
    payload = part.get_payload(decode=True)
    return (part.get_content_type(), [], payload)


@given(TREE, st.sampled_from([b"\n", b"\r\n"]))
@settings(max_examples=150, deadline=None)
def test_trees_are_cut_as_the_standard_library_cuts_them(tree: object, newline: bytes):
    raw = write_tree(tree).replace(b"\n", newline)
    standard = BytesParser(policy=policy.default).parsebytes(raw)
    assert shape(Splitter(Limits(), []).split(raw)) == standard_shape(standard)


@given(
    st.lists(st.tuples(WORDS, st.from_regex(r"[a-z0-9.]{1,20}@[a-z]{1,9}\.org", fullmatch=True)))
)
@settings(max_examples=200, deadline=None)
def test_address_lists_read_back(pairs: list[tuple[str, str]]):
    # A name that is wrapped in quotes of its own, or that an encoded word hides in, is not.
    addresses = [
        Address(name, address)
        for name, address in pairs
        if "=?" not in name and not re.match(r"""['"].*['"]$""", name)
    ]
    assert parse_addresses(", ".join(map(str, addresses))) == addresses


@given(st.text(max_size=300), st.binary(max_size=100))
@settings(max_examples=300, deadline=None)
def test_no_header_raises(text: str, raw: bytes):
    parse_addresses(text)
    assert "\n" not in decode_header(raw)
    assert "\n" not in one_line(text)
    bare_subject(text)
    assert len(snippet(text, 40)) <= 40
    clean_text(text).encode("utf-8")


PIECES = st.lists(
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            '<a href="javascript:alert(1)">x</a>',
            "<svg><style><img src=x onerror=alert(1)>",
            "<math><mtext><table><mglyph><style><!--</style>",
            '<p title="</p><script>alert(1)</script>">',
            "<noscript><textarea></noscript><img src=1 onerror=alert(1)>",
            "<div style=position:fixed>",
            "<iframe srcdoc='<script>alert(1)</script>'>",
            "<!--><script>alert(1)</script>-->",
            "</p><table><td><form><form>",
            "[x](javascript:alert(1))",
            "![x](data:text/html;base64,PHNjcmlwdD4=)",
            '<https://x.org/"onclick="alert(1)>',
            "&lt;script&gt;",
            "`",
            "> ",
            "\n",
            "&#106;avascript&colon;",
        ]
    )
    | st.text(max_size=20),
    max_size=12,
).map("".join)


class Live(HTMLParser):
    """Finds what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "iframe", "object", "embed", "svg", "math", "form", "base"):
            self.found.append(tag)
        for name, value in attrs:
            address = re.sub(r"[\x00-\x20]", "", (value or "").lower())
            if name.startswith("on") or name in ("style", "srcdoc", "srcset", "id", "class"):
                self.found.append(f"{tag} {name}")
            if name in ("href", "src") and not address.startswith(
                ("http:", "https:", "mailto:", "tel:", "data:image/")
            ):
                self.found.append(f"{tag} {name}={value}")


def live(html: str) -> list[str]:
    reader = Live()
    reader.feed(html)
    reader.close()
    return reader.found


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_nothing_from_outside_becomes_live(source: str):
    cleaned = clean(source)
    assert live(cleaned) == []
    assert live(text_to_html(source)) == []
    assert live(markdown_to_html(source)) == []
    # What was cleaned once has nothing left to clean.
    assert live(clean(cleaned)) == []
    to_text(source).encode("utf-8")


@given(PIECES)
@settings(max_examples=150, deadline=None)
def test_html_of_a_message_is_harmless_once_cleaned(source: str):
    parsed = parse(
        b"Content-Type: text/html; charset=utf-8\n\n" + source.encode("utf-8", "replace")
    )
    assert live(clean(parsed.html or "")) == []
    assert live(text_to_html(parsed.text)) == []

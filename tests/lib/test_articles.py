"""Articles in Markdown: what becomes of them, and what never reaches a page."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.html.articles import Target, article_to_html, files_in, keys_in
from helpdesk.lib.html.to_markdown import html_to_markdown

FILES = {"a.png": Target("/knowledge/files/3", "a.png", True), "b.pdf": Target("/f/4", "b.pdf")}
OTHERS = {"vpn": Target("/knowledge/7", "Connect to VPN")}


def shown(text: str) -> str:
    return article_to_html(text, file=FILES.get, article=OTHERS.get).html


def test_callouts_have_a_word():
    html = shown(
        "> [!WARNING] Careful\n> more\n\n> [!caution]\n> - a\n\n> a quote\n\n> [!WHAT]\n> x"
    )
    assert '<div class="callout warning">\n<p class="callout-h">Warning</p>' in html
    assert "Careful\nmore" in html
    assert '<div class="callout danger">' in html
    assert html.count("<blockquote>") == 2
    words = {"note": "注意", "tip": "T", "warning": "W", "danger": "D"}
    assert "注意" in article_to_html("> [!NOTE]\n> x", words=words).html


def test_headings_can_be_pointed_at():
    found = article_to_html("# One\n## Two\n### Three\n## Two\n#### Four\n> ## Within")
    assert [(one.level, one.anchor) for one in found.headings] == [
        *((2, "s-one"), (2, "s-two"), (3, "s-three"), (2, "s-two-2")),
    ]
    assert '<h2 id="s-two-2">' in found.html


def test_steps_tables_and_code():
    html = shown("1. One\n2. Two\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```py\nx<y\n```")
    assert '<ol class="steps">' in html
    assert '<div class="table-wrap" tabindex="0"><table>' in html
    assert '<td align="right">2</td>' in html
    assert '<pre><code class="language-py">x&lt;y\n</code></pre>' in html


def test_pictures_and_links_are_our_own():
    html = shown("![x](a.png) ![gone](c.png) ![far](http://t.example/p.png) [f](b.pdf) [n](c.pdf)")
    assert '<img src="/knowledge/files/3" alt="x" loading="lazy">' in html
    assert '<span class="missing">gone</span>' in html
    assert "<img" not in html.partition("gone")[2]
    assert 'href="http://t.example/p.png"' in html
    assert '<a href="/f/4"' in html
    assert '<span class="missing">n</span>' in html
    linked = shown("[](article:vpn) [Other](article:none) [b](article:vpn)")
    assert ">Connect to VPN</a>" in linked
    assert '<span class="missing">Other</span>' in linked
    assert keys_in("[x](article:a-b) [y](article:c%20d)") == {"a-b", "c d"}
    assert files_in("![x](a%20b.png) [y](http://z) [k](article:q)") == {"a b.png"}


TAG = re.compile(r"<[^>]*>")
ALLOWED = re.compile(
    r"</?(?:a|blockquote|br|code|del|div|em|h[2-4]|hr|img|li|ol|p|pre|s|span|strong|table|tbody|td"
    r"|thead|th|tr|ul)(?:\s+(?:href|src|alt|class|id|title|rel|loading|start|tabindex|align)"
    r'="[^"]*")*>'
)
ADDRESS = re.compile(r' (?:href|src)="(?!https?://|mailto:|tel:|/(?!/)|#)')


def is_harmless(html: str) -> bool:
    return all(ALLOWED.fullmatch(tag) and not ADDRESS.search(tag) for tag in TAG.findall(html))


HOSTILE = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1)) [y](JaVaScRiPt:alert(1)) [z](data:text/html,x)",
    "![x](javascript:alert(1)) ![x](//evil.example/x.png) [y](//evil.example)",
    '<img src=x onerror=alert(1)> <a href="x" onclick="y">',
    "[x](/setup) [y](article:../../x) ![z](../../etc/passwd)",
    '```"onmouseover="alert(1)\nx\n```',
    "| <svg onload=alert(1)> |\n|---|\n| x |",
    "## <b onclick=x>Hi</b>",
    "> [!NOTE]<script>\n> x",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_active_reaches_a_page(text: str):
    html = shown(text)
    assert is_harmless(html), html
    assert 'href="/setup"' not in html
    assert "evil.example" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', html))


@given(st.text(alphabet='<>[]()!"`*_|#-:/ \njavscript&;x1.', max_size=120))
def test_whatever_is_typed_stays_harmless(text: str):
    assert is_harmless(shown(text))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "part",
    [
        "[",
        "> ",
        "*a ",
        "![](",
        "`",
        "- ",
        "[a](<",
        "](article:x",
        "_*",
        "1. ",
        "> [!NOTE]\n",
        "# x\n",
        "&#x;",
        "[x]: y\n",
        "![a](b.png)",
        "~~a ",
        "|a",
        "<a ",
    ],
)
def test_hostile_markdown_is_read_in_time(part: str):
    began = time.monotonic()
    shown((part * 100_000)[:100_000])
    assert time.monotonic() - began < 20


def test_too_much_is_text():
    html = shown("**x** " * 30_000)
    assert "<strong>" not in html


def test_html_becomes_markdown():
    html = (
        "<h1>Reset</h1><p>Hi <b>bold </b>and <a href='o.html'>other</a></p><ul><li>one</li><li>two"
        "<ul><li>deep</li></ul></li></ul><ol start=3><li>a <img src='i/a b.png' alt='pic'>"
        "</li></ol>"
        "<table><tr><th>A</th></tr><tr><td>1|2</td></tr></table><pre><code>x = 1\ny</code></pre>"
        "<blockquote><p>q</p></blockquote><script>alert(1)</script><p># no head *x*</p>"
    )
    assert html_to_markdown(html).split("\n\n") == [
        "# Reset",
        "Hi **bold** and [other](o.html)",
        "-  one\n-  two",
        "   -  deep",
        "3. a ![pic](i/a%20b.png)",
        "| A |\n|---|\n| 1\\|2 |",
        "```\nx = 1\ny\n```",
        "> q",
        "\\# no head \\*x\\*",
    ]


@given(st.text(alphabet="<>/abliuopretdhx =\"'1&;\n", max_size=150))
def test_any_html_becomes_harmless_markdown(html: str):
    assert is_harmless(shown(html_to_markdown(html)))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["<b>", "<ul><li>", "<table><tr><td>x", "<a href=x>", "<pre>"])
def test_hostile_html_is_converted_in_time(part: str):
    html_to_markdown(part * 30_000)

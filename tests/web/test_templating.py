"""Templates are compiled once a language and say the same as if they were not."""

from collections.abc import Iterator

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale
from jinja2 import DictLoader
from markupsafe import Markup

from helpdesk.web.templating import Templates

pytestmark = pytest.mark.one_database


@pytest.fixture
def pages(app: Flask) -> Iterator[Templates]:
    env = app.jinja_env
    assert isinstance(env, Templates)
    loader, env.loader = env.loader, DictLoader({})
    made, env.by_language = env.by_language, {}
    with app.test_request_context():
        yield env
    env.loader, env.by_language = loader, made


def test_each_language_has_its_own_words(pages: Templates) -> None:
    pages.loader = DictLoader({"page.html": "{{ _('Queue') }}"})
    said = {}
    for language in ("en", "zh_Hans_CN", "zh_Hant_TW", "en"):
        with force_locale(language):
            said[language] = pages.get_template("page.html").render()
    assert said["en"] == "Queue"
    assert len(set(said.values())) == 3


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ _('Reply to %(name)s', name=name) }}", "Reply to &lt;b&gt;"),
        ("{{ _('Reply to %(name)s', name=safe) }}", "Reply to <i>"),
        ("{% trans %}Reply to {{ name }}{% endtrans %}", "Reply to &lt;b&gt;"),
        ("{{ _('Queue') ~ name }}", "Queue&lt;b&gt;"),
        ("{{ _('100 %%') }}", "100 %"),
        ("{{ _(word) }}", "Queue"),
        ('<i title="{{ _("Queue") }}">', '<i title="Queue">'),
        ("{{ tag(_('Queue'), 'ok') }}", '<span class="tag ok">Queue</span>'),
        ("{{ tag(name) }}", '<span class="tag">&lt;b&gt;</span>'),
        ("{% macro f(x) %}[{{ x }}]{% endmacro %}{{ f(_('Queue')) }}", "[Queue]"),
    ],
)
def test_what_is_filled_in_is_escaped_as_ever(pages: Templates, source: str, expected: str) -> None:
    source = "{% from 'atoms.html' import tag %}" * ("tag(" in source) + source
    pages.loader = DictLoader({"page.html": source, "atoms.html": "{% set tag = draw_tag %}"})
    shown = pages.get_template("page.html").render(name="<b>", safe=Markup("<i>"), word="Queue")
    assert shown == expected


def test_text_is_not_escaped(pages: Templates) -> None:
    pages.loader = DictLoader({"letter.txt": "{{ _('Reply to %(name)s', name=name) }}"})
    assert pages.get_template("letter.txt").render(name="A & B") == "Reply to A & B"


def test_a_template_given_as_text_follows_the_language_too(app: Flask) -> None:
    with app.test_request_context(), force_locale("zh_Hans_CN"):
        assert render_template_string("{{ _('Queue') }}") == "队列"

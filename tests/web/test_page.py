"""What every page says of itself, and the small parts pages are made of."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask, g, render_template, render_template_string
from flask.testing import FlaskClient
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, StringField, validators

from helpdesk.people.access import Actor
from helpdesk.web import panels
from helpdesk.web.forms import Form, choices
from helpdesk.web.page import initials


@pytest.fixture
def request_of_priya(app: Flask) -> Iterator[None]:
    """A request by a technician in Hong Kong who likes it dark and dense, without letter keys."""
    with app.test_request_context():
        g.actor = Actor(
            person_id=7,
            name="Priya Nair",
            permissions=frozenset(),
            language="zh-HK",
            time_zone="Asia/Hong_Kong",
            preferences={"theme": "dark", "density": "compact", "keys": "off"},
        )
        yield


class Attributes(HTMLParser):
    """Collects the attributes of elements by their tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.of: dict[str, list[dict[str, str | None]]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.of.setdefault(tag, []).append(dict(attrs))


@pytest.mark.usefixtures("request_of_priya")
def test_a_page_carries_its_readers_choices() -> None:
    [html] = Attributes(render_template("shell.html")).of["html"]
    assert html["lang"] == "zh-Hant"
    assert html["data-theme"] == "dark"
    assert html["data-density"] == "compact"
    assert html["data-keys"] == "off"
    assert html["data-zone"] == "Asia/Hong_Kong"
    assert html["data-person"] == "7"


@pytest.mark.usefixtures("request_of_priya")
def test_every_script_of_a_page_has_the_nonce_and_no_style_is_inline() -> None:
    page = render_template("shell.html")
    elements = Attributes(page)
    nonces = {script.get("nonce") for script in elements.of["script"]}
    assert len(nonces) == 1
    assert nonces != {None}
    assert not any("style" in given for found in elements.of.values() for given in found)
    assert "<style" not in page


def test_without_a_choice_the_system_decides(client: FlaskClient) -> None:
    page = client.get("/no/such/page", headers={"Accept": "text/html"}).text
    [html] = Attributes(page).of["html"]
    assert "data-theme" not in html
    assert "data-person" not in html


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Priya Nair", "PN"),
        ("何美玲 Ho Mei-Ling", "HM"),
        ("陳嘉欣 Karen Chan", "KC"),
        ("王芳", "王芳"),
        ("欧阳小明", "小明"),
        ("Piotr Zieliński", "PZ"),
        ("Łukasz", "ŁU"),
        ("ana de la cruz", "AC"),
        ("김민준", "민준"),
        ("+852 5555 0100", "00"),
        ("", "?"),
    ],
)
def test_initials_fit_every_script(name: str, shown: str) -> None:
    assert initials(name) == shown


class Example(Form):
    """A form with a field of each kind."""

    name = StringField("Name", [validators.DataRequired("Type a name.")], description="In full")
    vip = BooleanField("VIP")
    size = RadioField("Size", choices=choices([("s", "Small"), ("l", "Large")]))


def test_fields_tie_label_hint_and_error_together(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    try:
        with app.test_request_context(method="POST"):
            form = Example(MultiDict({"name": "  "}))
            assert not form.validate()
            html = render_template_string(
                "{% from 'macros/forms.html' import field, choices %}"
                "{{ field(form.name, autofocus=true) }}{{ choices(form.size) }}",
                form=form,
            )
    finally:
        app.config["WTF_CSRF_ENABLED"] = True
    elements = Attributes(html)
    name = elements.of["input"][0]
    assert name["aria-invalid"] == "true"
    assert "autofocus" in name
    described = (name["aria-describedby"] or "").split()
    assert described == ["name-hint", "name-error"]
    assert {"name-hint", "name-error"} <= {p.get("id") for p in elements.of["p"]}
    assert elements.of["label"][0]["for"] == name["id"]
    assert "Type a name." in html
    assert "<legend" in html


def test_text_is_trimmed_and_a_refusal_stands_beside_its_field(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    try:
        with app.test_request_context(method="POST"):
            form = Example(MultiDict({"name": "  Ho Mei-Ling \t", "size": "s"}))
            assert form.validate()
            assert form.name.data == "Ho Mei-Ling"
            form.refuse("name", "That name is taken.")
            form.refuse(None, "Nothing was saved.")
            assert form.name.errors == ["That name is taken."]
            assert form.form_errors == ["Nothing was saved."]
    finally:
        app.config["WTF_CSRF_ENABLED"] = True


def test_panels_come_in_order_and_silent_ones_are_left_out(app: Flask) -> None:
    place = "test-place"

    def says(text: str | None) -> Any:
        return lambda subject: None if text is None else Markup(f"{text} {subject}")

    panels.register(app, place, 20, says("second"))
    panels.register(app, place, 10, says("first"))
    panels.register(app, place, 15, says(None))
    with app.app_context():
        assert panels.panels_for(place, 7) == ["first 7", "second 7"]
        assert panels.panels_for("nowhere", 7) == []


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("/sign-in?next=/queue", "/sign-in?next=/queue"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_choosing_a_language_stays_on_the_desk(
    client: FlaskClient, back: str, leads_to: str
) -> None:
    answer = client.get("/language/zh_Hant_TW", query_string={"back": back})
    assert answer.status_code == 303
    assert answer.headers["Location"] == leads_to
    page = client.get("/no/such/page", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert re.search(r'<html[^>]* lang="zh-Hant"|<html lang="zh-Hant"', page.text)


def test_an_unknown_language_changes_nothing(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.get("/language/tlh").headers

"""What every form has in common."""

from collections.abc import Iterator

import pytest
from flask import Flask
from wtforms import StringField
from wtforms.validators import DataRequired, InputRequired

from helpdesk.web.forms import Form, Needed, is_blank

BLANK = ["", " ", "\t \n", "\u3000", "\u200b", "\u00a0\u2003", "\ufeff"]


class Note(Form):
    """A form with something that must be there."""

    text = StringField("Text", [Needed()])


@pytest.mark.parametrize("blank", BLANK)
def test_needed_text_is_more_than_white_space(app: Flask, blank: str):
    with app.test_request_context(method="POST", data={"text": blank}):
        form = Note(meta={"csrf": False})
        assert not form.validate()
        assert form.text.errors == ["This is needed."]


@pytest.mark.parametrize("text", ["a", " a ", "。", "\u3000王芳", "👍", "0"])
def test_anything_that_can_be_seen_is_text(app: Flask, text: str):
    assert not is_blank(text)
    with app.test_request_context(method="POST", data={"text": text}):
        form = Note(meta={"csrf": False})
        assert form.validate()
        assert form.text.data == text.strip()


def forms(base: type[Form] = Form) -> Iterator[type[Form]]:
    for form in base.__subclasses__():
        if form.__module__.startswith("helpdesk."):
            yield form
        yield from forms(form)


@pytest.mark.usefixtures("app")
def test_every_form_of_the_desk_asks_for_it_like_that():
    looser = {
        f"{form.__module__}.{form.__name__}.{name}"
        for form in forms()
        for name, field in vars(form).items()
        for rule in getattr(field, "kwargs", {}).get("validators") or _positional(field)
        if isinstance(rule, InputRequired | DataRequired) and not isinstance(rule, Needed)
    }
    assert looser == set()
    assert len(list(forms())) > 40


def _positional(field: object) -> list[object]:
    given = getattr(field, "args", ())
    return next((list(one) for one in given if isinstance(one, list | tuple)), [])

"""The forms of a page, as a browser without scripts has them: to fill one in and send it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

TYPED = frozenset(
    {"text", "textarea", "email", "tel", "url", "search", "password", "number", "date", "time"}
    | {"datetime-local"}
)
"""Types of controls that somebody types into."""


@dataclass
class Control:
    """A control that is sent with its form."""

    name: str
    type: str
    value: str


@dataclass
class PageForm:
    """A form that is posted somewhere."""

    action: str
    controls: list[Control] = field(default_factory=list)

    def typed(self) -> Iterator[Control]:
        """Return what somebody types into."""
        return (control for control in self.controls if control.type in TYPED)

    def data(self, **instead: str) -> dict[str, list[str]]:
        """Return what a browser sends; ``instead`` is typed over what stands there."""
        found: dict[str, list[str]] = {}
        for control in self.controls:
            found.setdefault(control.name, []).append(control.value)
        return {**found, **{name: [value] for name, value in instead.items()}}


class _Reader(HTMLParser):
    """Collects the forms of a page that are posted."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.form: PageForm | None = None
        self.select: Control | None = None
        self.area: Control | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and said.get("method", "").lower() == "post":
            self.form = PageForm(said.get("action", ""))
            self.forms.append(self.form)
        elif tag == "option" and self.select is not None:
            if not self.select.value or "selected" in said:
                self.select.value = said.get("value", "")
        elif self.form is not None and said.get("name"):
            self._control(self.form, tag, said)

    def _control(self, form: PageForm, tag: str, said: dict[str, str]) -> None:
        kind = said.get("type", "text") if tag == "input" else tag
        control = Control(said["name"], kind, said.get("value", ""))
        if tag == "select":
            self.select = control
            if "multiple" in said:
                return
        elif tag == "textarea":
            self.area = control
        elif tag != "input" or (kind in {"checkbox", "radio"} and "checked" not in said):
            return
        elif "readonly" in said:
            control.type = "readonly"
        form.controls.append(control)

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            if self.area is not None:
                self.area.value = self.area.value.removeprefix("\r\n").removeprefix("\n")
            self.area = None


def forms_of(page: str) -> list[PageForm]:
    """Return the forms of a page that are posted."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms

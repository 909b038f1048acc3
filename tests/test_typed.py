"""What is typed into the forms of Set up, people and the board is kept whole or refused.

A rule for all of them: the pages are opened, and into each field of each form that is found there
goes what does not fit. A form that comes later is tried as soon as its page is named here.
"""

import html
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import Site, Skill
from helpdesk.tickets.desk import Supplier, Tag
from tests import factories
from tests.board.makers import alert
from tests.channels.email import post
from tests.kb.makers import article
from tests.setup.makers import Visitor, visitor
from tests.sla.desk import office
from tests.support.forms import Control, PageForm, forms_of

MUCH = "x" * 25_000
"""More than there is room for anywhere, and nothing that can be read as anything else."""
NULL = "a\0b"
FOREIGN = "שלום 🙂 مرحبا"
MOMENTS = ("0001-01-01T00:00", "9999-12-31T23:59", "25:00", "tomorrow")
NUMBERS = ("-1", "9" * 30, "1e9", "many")

SHELVES = (
    *("queues", "categories", "statuses", "causes", "tags", "templates", "teams", "skills"),
    *("calendars", "promises", "suppliers", "webhooks", "search"),
)


def lists() -> list[str]:
    """Return the pages with the form of a new thing in each list of Set up."""
    factories.category("Network")
    return [f"/setup/{shelf}?new=1" for shelf in SHELVES]


def rows() -> list[str]:
    """Return the pages on which something that is there is edited."""
    made: dict[str, Any] = {
        "tags": Tag(name="vpn"),
        "skills": Skill(name="SQL"),
        "suppliers": Supplier(name="Cables", email="", phone="", contract=""),
    }
    db.session.add_all(made.values())
    db.session.commit()
    box = post.mailbox(sign_in="oauth").id
    of_box = f"/setup/mail/mailboxes/{box}"
    return [
        *(f"/setup/{shelf}?edit={row.id}" for shelf, row in made.items()),
        *(f"{of_box}/access", f"{of_box}/aliases"),
    ]


def settings() -> list[str]:
    """Return the pages of Set up that are no lists."""
    return [
        *("/setup/desk", "/setup/roles/new", "/setup/messages", "/setup/messages/received/en"),
        *(
            "/setup/mail/handling",
            "/setup/mail/keys",
            "/setup/mail/spam",
            "/setup/mail/mailboxes/new",
            "/setup/mail/mailboxes/new?kind=http",
        ),
        *("/account", "/notices"),
    ]


def people() -> list[str]:
    """Return the pages of a person and an organisation on which something is typed."""
    organisation, person = factories.organisation(), factories.person()
    site = Site(organisation_id=organisation.id, name="Harbour")
    db.session.add(site)
    db.session.commit()
    point = person.contact_points[0].id
    of = f"/organisations/{organisation.id}"
    return [
        *("/organisations/new", f"{of}/edit", f"{of}/domains/new", f"{of}/sites/new"),
        *(f"{of}/sites/{site.id}", "/people/new", f"/people/{person.id}/edit", "/away"),
        *(f"/people/{person.id}/contacts/new", f"/people/{person.id}/contacts/{point}"),
    ]


def board() -> list[str]:
    """Return the pages of the alert board on which something is typed."""
    there = f"/board/{alert().id}"
    return ["/board/new", there, f"{there}/edit", f"{there}/fixed"]


def knowledge() -> list[str]:
    """Return the pages of the knowledge base on which something is typed."""
    there = f"/knowledge/{article(publish=True).id}"
    parts = ("edit", "details", "translate")
    return ["/knowledge/new", there, *(f"{there}/{part}" for part in parts)]


class Walker:
    """Types something into one field of a form after the other, and notes what came of it."""

    def __init__(self, admin: Visitor) -> None:
        self.admin = admin
        self.numbers = count(1)
        self.wrong: list[str] = []

    def walk(self, path: str) -> None:
        """Try every field of a page."""
        for at, form in enumerate(self.forms(path)):
            there = [form]
            for control in form.typed():
                for typed in _tried(control):
                    if there and self.type(path, there[0], control, typed):
                        # Opened anew: what was accepted has changed it.
                        there = self.forms(path)[at : at + 1]

    def forms(self, path: str) -> list[PageForm]:
        """Return the forms of a page; none of one that is over, as a notice that is fixed."""
        page = self.admin.client.get(path).get_data(as_text=True)
        return [form for form in forms_of(page) if any(form.typed())]

    def type(self, path: str, form: PageForm, control: Control, typed: str) -> bool:
        """Type something into one field and send the form; False when it was refused."""
        data = form.data(**{**self.fitting(form), control.name: typed})
        answer = self.admin.send(form.action or path, **data)
        page = html.unescape(answer.get_data(as_text=True))
        fault = ""
        if answer.status_code == 422:
            if 'aria-invalid="true"' not in page and 'role="alert"' not in page:
                fault = "is refused without a word"
            elif typed in (MUCH, FOREIGN) and control.type != "password" and typed not in page:
                fault = "is refused, and what was typed is gone"
        elif answer.status_code != 303:
            fault = f"answers {answer.status_code}"
        elif typed in (MUCH, NULL, FOREIGN) and not _is_kept(typed):
            fault = "is taken, but not kept as it was typed"
        if fault:
            self.wrong.append(f"{path}: {typed[:20]!r} in {control.name} {fault}")
        return answer.status_code != 422

    def fitting(self, form: PageForm) -> dict[str, str]:
        """Return something good for the fields that may not be empty."""
        number = next(self.numbers)
        fits = {
            **dict.fromkeys(("name", "subject", "headline", "text", "closing"), f"N{number}"),
            **dict.fromkeys(("value", "addresses"), f"p{number}@example.net"),
            "url": "https://pager.example/in",
            "domain": f"n{number}.example",
            "fix_1": "4h",
            "imap_host": "mail.example",
            "imap_user": "desk",
            "client_id": "hearth",
            **dict.fromkeys(("authorize_url", "token_url"), "https://login.example/oauth"),
        }
        empty = {control.name for control in form.typed() if not control.value}
        found = {name: value for name, value in fits.items() if name in empty}
        # Only a step that mails has an address to mail to.
        return {**found, "steps-0-do": "mail"} if "steps-0-to" in empty else found


def _tried(control: Control) -> tuple[str, ...]:
    if control.type == "number":
        return NUMBERS
    if control.type in {"date", "time", "datetime-local"}:
        return MOMENTS
    if control.name in {"try_at", "try_for"}:
        return ()  # They ask something and are not kept.
    return MUCH, NULL, FOREIGN, "   "


def _is_kept(text: str) -> bool:
    """Whether any row of any table has a text as it was typed."""
    return any(
        text in str(cell)
        for table in db.metadata.sorted_tables
        for row in db.session.execute(select(table))
        for cell in row
        if isinstance(cell, str | list | dict)
    )


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    factories.queue("Default", is_default=True)
    office()
    return visitor(client)


@pytest.mark.parametrize("pages", [lists, rows, settings, people, board, knowledge])
def test_what_is_typed_is_kept_whole_or_refused_beside_its_field(
    admin: Visitor, pages: Callable[[], list[str]]
) -> None:
    walker = Walker(admin)
    for path in pages():
        walker.walk(path)
    assert not walker.wrong, "\n".join(walker.wrong)


def test_the_answer_says_how_much_there_is_room_for(admin: Visitor) -> None:
    answer = admin.send("/setup/causes", name="c" * 121)
    assert answer.status_code == 422
    assert "There is room for 120 characters, and these are 121." in answer.text
    assert admin.send("/setup/causes", name="c" * 120).status_code == 303


def test_no_field_cuts_in_the_browser_what_is_pasted(admin: Visitor) -> None:
    for path in [*lists(), *rows(), *settings(), *people(), *board(), *knowledge()]:
        fields = [line for line in admin.get(path).split("<") if "maxlength" in line]
        assert all('type="search"' in line for line in fields), (path, fields)


def test_a_null_character_in_an_address_is_no_crash(admin: Visitor) -> None:
    assert admin.client.get("/setup/tags?q=a%00b").status_code in (200, 400)
    assert admin.client.get("/people?q=a%00b").status_code in (200, 400)
    assert admin.client.get("/notices?before=" + "9" * 30).status_code == 200

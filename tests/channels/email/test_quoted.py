"""What a mail quotes is shown closed, is kept whole, and does not speak for its author."""

import re
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient

from helpdesk.channels.email import importer
from helpdesk.db import db, transaction
from helpdesk.lib.html import to_text
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.own_words import words_of
from tests import factories
from tests.channels.email import post
from tests.setup.makers import visitor

QUOTE = (
    "\n\nAm 01.01.26 um 10:00 schrieb Support <support@desk.example>:\n> Is the lamp on?\n> Yes?\n"
)
PASSED_ON = (
    "\n\n---------- Forwarded message ----------\nFrom: A <a@x.example>\nSubject: b\n\nFire!"
)
FOLD = re.compile(
    r'<details class="fold"( open)?><summary>([^<]+)</summary>(.*?)</details>', re.DOTALL
)


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue("Service desk", is_default=True)


def take(queue: Queue, mail: EmailMessage) -> Ticket:
    (one,) = importer.take_in([importer.Found("a.eml", 1, mail.as_bytes())], queue)
    assert one.fate is not None
    return db.session.get_one(Ticket, one.fate.ticket)


def body_of(page: str) -> str:
    found = re.search(r'<div class="bub-b rich"[^>]*>(.*?)</div>\n {2}', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_quoted_text_and_signature_are_there_and_closed(client: FlaskClient, queue: Queue):
    mail = post.letter("Re: lamp", "The lamp is off.\n\n-- \nMei-Ling\nRoom 3" + QUOTE)
    ticket = take(queue, mail)
    entry = post.entries(ticket, "log")[0]
    assert "Is the lamp on?" in entry.body
    assert words_of(entry) == "The lamp is off."

    reader = visitor(client)
    folds = FOLD.findall(reader.get(f"/tickets/{ticket.id}"))
    assert [(is_open, word) for is_open, word, _html in folds] == [
        ("", "Signature"),
        ("", "Quoted text"),
    ]
    assert "Is the lamp on?" in folds[1][2]
    # On paper nothing can be opened.
    paper = reader.get(f"/tickets/{ticket.id}/print")
    assert FOLD.findall(paper) == []
    assert "Is the lamp on?" in paper


def test_html_is_closed_where_its_quote_begins(client: FlaskClient, queue: Queue):
    mail = post.letter("Re: lamp", "The lamp is off." + QUOTE)
    mail.add_alternative(
        "<div>The <b>lamp</b> is off.<br><br><div class=gmail_quote>On Mon, 1 Jan 2026 at 10:00, "
        "Support &lt;support@desk.example&gt; wrote:<blockquote>Is the lamp on?</blockquote></div>"
        "</div><script>alert(1)</script>",
        subtype="html",
    )
    page = visitor(client).get(f"/tickets/{take(queue, mail).id}")
    ((_open, word, quote),) = FOLD.findall(page)
    assert word == "Quoted text"
    assert "<blockquote>Is the lamp on?</blockquote>" in quote
    assert to_text(FOLD.sub("", body_of(page))) == "The lamp is off."


def test_what_was_passed_on_is_open(client: FlaskClient, queue: Queue):
    ticket = take(queue, post.letter("Fwd: b", "FYI" + PASSED_ON))
    ((is_open, word, html),) = FOLD.findall(visitor(client).get(f"/tickets/{ticket.id}"))
    assert (is_open, word) == (" open", "Forwarded message")
    assert "Fire!" in html


def test_thanks_above_a_quote_reopen_nothing(queue: Queue):
    ticket = take(queue, post.letter("lamp", Message_ID="<lamp@customer.example>"))
    with transaction():
        services.resolve(
            factories.actor(),
            ticket,
            outcome=Outcome.SOLVED,
            cause=factories.cause(),
            solution="A new bulb",
        )
    thanks = post.letter("Re: lamp", "Thank you!" + QUOTE, In_Reply_To="<lamp@customer.example>")
    assert take(queue, thanks) is ticket
    assert ticket.status_class == "resolved"

"""The form for calls: little is needed, the caller's open tickets come first, nothing is lost."""

from typing import Any

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import ContactPoint, Person
from helpdesk.tickets import services
from helpdesk.tickets.companions import Draft
from helpdesk.tickets.desk import QuickTemplate
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.tickets.workspace import Workspace, entries, lead, triggers, work

__all__ = ["lead", "work"]


def latest() -> Ticket:
    return db.session.scalars(select(Ticket).order_by(Ticket.id.desc())).first()  # type: ignore[return-value]


def test_only_customer_and_one_line_are_needed(work: Workspace):
    customer = factories.person("Ho Mei-Ling")
    answer = work.post("/tickets/new", customer=customer.id, subject="VPN drops", then="log")
    ticket = latest()
    assert answer.headers["HX-Redirect"] == f"/tickets/{ticket.id}"
    assert (ticket.subject, ticket.customer_id, ticket.channel) == (
        "VPN drops",
        customer.id,
        "phone",
    )
    [call] = entries(ticket)
    # The technician's words about a call are for staff.
    assert (call.kind, call.public, call.author_id) == ("call", False, work.person.id)


def test_what_is_missing_is_said_and_what_was_typed_stays(work: Workspace):
    answer = work.post("/tickets/new", subject="VPN drops", body="since nine", then="log")
    assert answer.status_code == 422
    assert "Choose the customer, or add a new person." in answer.text
    assert 'value="VPN drops"' in answer.text
    assert "since nine" in answer.text
    customer = factories.person()
    answer = work.post("/tickets/new", customer=customer.id, subject=" ", then="log")
    assert answer.status_code == 422
    assert "Say in one line what it is about." in answer.text
    assert db.session.scalar(select(Ticket.id)) is None


def test_a_plain_browser_gets_the_whole_page_again(work: Workspace):
    answer = work.client.post("/tickets/new", data={"subject": "VPN drops"})
    assert answer.status_code == 422
    assert "<!doctype html>" in answer.text
    assert 'value="VPN drops"' in answer.text


def test_log_and_take_makes_it_mine(work: Workspace):
    work.post("/tickets/new", customer=factories.person().id, subject="VPN drops", then="take")
    ticket = latest()
    assert ticket.owner_id == work.person.id
    assert ticket.status.key == "working"
    assert ticket.assignments[0].acknowledged_at is not None


def test_log_and_resolve_counts_as_solved_at_first_contact(work: Workspace):
    customer = factories.person()
    form: dict[str, Any] = {"customer": customer.id, "subject": "Password", "then": "resolve"}
    missing = work.post("/tickets/new", **form)
    assert missing.status_code == 422
    assert "Say what fixed it" in missing.text
    form["solution"] = "Reset it."
    assert "Choose a cause." in work.post("/tickets/new", **form).text
    form["cause"] = factories.cause().id
    work.post("/tickets/new", **form)
    ticket = latest()
    assert ticket.first_contact_fix
    assert (ticket.status_class, ticket.outcome) == ("resolved", Outcome.SOLVED)


def test_the_callers_open_tickets_come_first_and_take_the_call(work: Workspace):
    customer = factories.person("Ho Mei-Ling", vip=True)
    old = work.ticket("Docking station", customer=customer)
    services.resolve(work.actor, old, outcome=Outcome.SOLVED, solution="x", cause=factories.cause())
    still = work.ticket("VPN drops every few minutes", customer=customer)
    card = work.get("/tickets/new/caller", customer=customer.id).text
    assert "VIP" in card
    assert card.index("VPN drops") < card.index("Docking station")
    assert f'value="{still.id}"' in card
    count = db.session.query(Ticket).count()
    answer = work.post(
        "/tickets/new",
        customer=customer.id,
        subject="Still drops",
        body="Every five minutes now",
        seconds="95",
        same_matter=still.id,
    )
    assert answer.headers["HX-Redirect"] == f"/tickets/{still.id}"
    assert db.session.query(Ticket).count() == count
    call = entries(still)[-1]
    assert (call.kind, call.inbound, call.duration) == ("call", True, 95)
    assert call.body == "Still drops\n\nEvery five minutes now"


def test_somebody_asks_for_somebody_else(work: Workspace):
    manager, assistant = factories.person("The manager"), factories.person("The assistant")
    work.post(
        "/tickets/new",
        customer=manager.id,
        requester=assistant.id,
        subject="New phone",
        channel="visit",
        kind="request",
        impact="2",
        urgency="1",
        minutes="10",
    )
    ticket = latest()
    assert (ticket.customer_id, ticket.requester_id) == (manager.id, assistant.id)
    assert (ticket.channel, ticket.kind, ticket.priority) == ("visit", "request", 2)
    assert ticket.time_spent == 600


def test_the_category_chooses_the_queue_unless_somebody_did(work: Workspace):
    other = factories.queue("Desktop")
    category = factories.category("Hardware", queue_id=other.id)
    form: dict[str, Any] = {"customer": factories.person().id, "subject": "Screen"}
    work.post("/tickets/new", **form, category=category.id)
    assert latest().queue_id == other.id
    work.post("/tickets/new", **form, category=category.id, queue=work.queue.id)
    assert latest().queue_id == work.queue.id


def test_nonsense_in_the_form_falls_back_to_defaults(work: Workspace):
    customer = factories.person()
    answer = work.post("/tickets/new", customer="x", subject="Screen")
    assert answer.status_code == 422
    answer = work.post("/tickets/new", customer=customer.id, subject="Screen", kind="poem")
    assert answer.status_code == 422
    secret = factories.queue("HR", restricted=True)
    answer = work.post("/tickets/new", customer=customer.id, subject="Screen", queue=secret.id)
    assert answer.status_code == 404


def test_a_quick_template_fills_the_form(work: Workspace):
    template = QuickTemplate(
        name="Password expired",
        subject="Password expired, can't sign in",
        cause_id=factories.cause().id,
        solution="Reset the password.",
        impact=3,
        urgency=1,
    )
    db.session.add(template)
    db.session.commit()
    assert "Password expired" in work.get("/tickets/new").text
    fields = work.get("/tickets/new/fields", template=template.id, body="typed before").text
    assert "Reset the password." in fields
    assert "typed before" in fields
    assert "<html" not in fields


def test_a_new_person_is_made_on_the_spot(work: Workspace):
    dialog = work.get("/tickets/new/person", words="+44 20 7946 0018").text
    assert 'value="+44 20 7946 0018"' in dialog
    assert work.post("/tickets/new/person", name="").status_code == 422
    made = work.post("/tickets/new/person", name="Rachel Adler", email="rachel@adler.example")
    chosen = triggers(made)["person-made"]
    assert chosen["label"] == "Rachel Adler"
    assert db.session.get_one(Person, chosen["value"]).name == "Rachel Adler"
    taken = work.post("/tickets/new/person", name="Another", email="rachel@adler.example")
    assert taken.status_code == 422
    assert "Rachel Adler" in taken.text
    assert (
        len(
            list(
                db.session.scalars(
                    select(ContactPoint.id).where(ContactPoint.value == "rachel@adler.example")
                )
            )
        )
        == 1
    )


def test_the_call_being_logged_is_a_draft(work: Workspace):
    customer = factories.person("Ho Mei-Ling")
    work.client.post(
        "/drafts/log",
        data={"customer": customer.id, "subject": "VPN", "body": "since nine", "seconds": "75"},
    )
    page = work.get("/tickets/new").text
    assert 'value="VPN"' in page
    assert "since nine" in page
    assert 'value="Ho Mei-Ling"' in page
    assert 'name="seconds" value="75"' in page
    work.post("/tickets/new", customer=customer.id, subject="VPN", body="since nine")
    assert db.session.scalar(select(Draft.id)) is None


def test_beginning_afresh_forgets_the_draft(work: Workspace):
    work.client.post("/drafts/log", data={"subject": "Typewriter"})
    assert work.post("/drafts/log/discard").headers["HX-Redirect"] == "/tickets/new"
    assert "Typewriter" not in work.get("/tickets/new").text


def test_only_who_may_back_date_is_asked_when_it_was(work: Workspace):
    assert 'name="happened_at"' not in work.get("/tickets/new").text


def test_who_may_back_date_is_asked(lead: Workspace):
    assert 'name="happened_at"' in lead.get("/tickets/new").text

"""Every page opens, on a database that commits for real and where reading cannot write.

The tests of single pages share one outer transaction, in which PostgreSQL can't be told that a
request only reads. Here every address that can be read is read, as a page and as a fragment, by
somebody who may do everything, on a desk that has one of everything an address can name. A page
that writes, or locks a row, fails.
"""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from helpdesk import blobs
from helpdesk.board import writing
from helpdesk.board.models import Audience, Severity
from helpdesk.channels.email import shared
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.set_up import MailboxSettings, add
from helpdesk.db import db, transaction
from helpdesk.kb import services as kb_services
from helpdesk.kb.models import Kind
from helpdesk.kb.services import files as kb_files
from helpdesk.kb.services import shelves
from helpdesk.lib.clock import now
from helpdesk.macros.models import Macro
from helpdesk.notify.telling import Tell
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Site
from helpdesk.people.services import links
from helpdesk.rules.fields import all_fields
from helpdesk.sla.models import Policy
from helpdesk.tickets import services
from helpdesk.tickets.companions import Task, View
from helpdesk.tickets.lifecycle import LinkType
from helpdesk.tickets.models import Attachment
from helpdesk.tickets.services import NewFile, drafts
from helpdesk.tickets.services.act import Manner, done_together
from helpdesk.tickets.views.bulk import ACTIONS
from helpdesk.tickets.views.change import FIELDS
from tests import factories
from tests.rules import desk as rules
from tests.sla.desk import promised

PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa7\x9a\xa0"
    b"\xa0\x00\x00\x00\x00IEND\xaeB`\x82"
)
NOT_A_PAGE = {"live.stream", "health.metrics"}
"""One never ends, one is not there without a token; they are tested where they live."""
EVERYTHING_OPEN = (
    "?ticket={number}&ticket={other}&number={other}&person={person_id}&q=printer&kind=reply"
    "&other_id={technician_id}"
)
# Everything is read bare as a page, and with what an address may leave open as a fragment.
WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("", {"Accept": "text/html"}),
    (EVERYTHING_OPEN, {"Accept": "text/html", "HX-Request": "true"}),
)


def picture() -> NewFile:
    return NewFile(blobs.put(PICTURE), "screen.png", "image/png", len(PICTURE))


@pytest.fixture
def references(own_desk: Flask) -> dict[str, Any]:
    """One of everything an address can name, by the name it has there."""
    with own_desk.app_context():
        queue = factories.queue("Service desk")
        boss = factories.technician("Judith Brenner", queues=[queue], lead=True)
        account = factories.account(boss, "administrator", "lead")
        actor = factories.actor(boss, role="administrator")
        customer = factories.person("Ho Mei-Ling", organisation_id=factories.organisation().id)
        promised(fix=8)
        ticket, other = (
            factories.ticket("Printer prints half a label", queue_=queue, customer=customer)
            for _ in range(2)
        )
        with transaction():
            with done_together(Manner(by={"macro": 1, "name": "Try again"})):
                reply = services.reply(
                    actor, ticket, services.Said(body="Try again.", files=[picture()])
                )
            services.add_tasks(actor, ticket, ["Order toner"])
            services.add_time(actor, ticket, 600, note="On the phone")
            services.link(actor, ticket, other, LinkType.RELATED)
            drafted = drafts.add_draft_file(actor, ticket, "note", picture())
        site = Site(organisation_id=customer.organisation_id, name="Hong Kong")
        view = View(name="Mine", owner_id=boss.id, filters={"owner": ["me"]})
        with transaction():
            raw = blobs.put(b"Subject: neither one nor the other\r\n\r\nBroken.")
            unread = MailMessage(
                queue_id=queue.id,
                raw_sha256=raw,
                size=9,
                received_at=now(),
                state=State.QUARANTINED,
            )
            macro = Macro(name="Note it", actions=[{"do": "note", "text": "Seen"}])
            db.session.add_all([site, view, unread, macro])
            mailbox = add(
                SYSTEM,
                MailboxSettings(
                    name="IT",
                    addresses=["it@desk.example"],
                    queue_id=queue.id,
                    imap_host="imap.desk.example",
                    imap_user="it",
                ),
            )
            begins = now()
            alert = writing.write(
                actor,
                writing.Wording(
                    "VPN gateway is down",
                    "We are at it.",
                    Severity.OUTAGE,
                    Audience.STAFF,
                    begins,
                    begins + timedelta(hours=8),
                ),
            )
            article = kb_services.create(
                actor,
                kb_services.NewArticle(
                    kb_services.Wording("No network", "", "## Step: one\nIs it on?\n- solved"),
                    kind=Kind.TROUBLESHOOTING,
                ),
            )
            shelf = shelves.add(actor, "Network")
            drawn = kb_files.add(actor, article, kb_services.Upload("a.png", PICTURE))
            role = account.roles[0]
            reset, first = (links.issue(account, purpose) for purpose in links.Purpose)
            attachment_id = db.session.scalars(
                select(Attachment.id).where(Attachment.entry_id == reply.id)
            ).one()
        return {
            "account": account,
            "number": ticket.id,
            "other": other.id,
            "alert": alert.id,
            "article": article.id,
            "shelf": shelf.id,
            "file_id": drawn.id,
            "entry_id": reply.id,
            "assignment_id": ticket.assignments[0].id,
            "attachment_id": attachment_id,
            "draft_attachment_id": drafted.id,
            "task_id": db.session.scalars(select(Task.id)).one(),
            "person_id": customer.id,
            "technician_id": boss.id,
            "point_id": customer.contact_points[0].id,
            "organisation_id": customer.organisation_id,
            "site_id": site.id,
            "team_id": queue.team_id,
            "view_id": view.id,
            "role_id": role.id,
            "mailbox_id": mailbox.id,
            "rule_id": rules.rule("Louder", {"do": "set-priority", "priority": 1}).id,
            "message_id": unread.id,
            "macro_id": macro.id,
            "policy_id": db.session.scalars(select(Policy.id)).one(),
            "version": "x",
            "reset": reset.token,
            "first": first.token,
            "language": "zh_Hant_TW",
            "queue_id": queue.id,
            "shared": shared.url(attachment_id, now() + timedelta(days=1)).rpartition("/")[2],
        }


def variants(rule: Rule, references: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what to fill in: what the address names, and every kind of form it offers."""
    given = {name: references[name] for name in rule.arguments if name in references}
    if rule.rule.startswith("/static/"):
        return [{**given, "name": "css/queue.css"}]
    if rule.rule.startswith("/board/") and "number" in given:
        return [{**given, "number": references["alert"]}]
    if rule.rule.startswith("/knowledge/"):
        return [{**given, "number": references["article"], "key": references["shelf"]}]
    if rule.rule.startswith("/drafts/files/"):
        return [{"attachment_id": references["draft_attachment_id"]}]
    if rule.rule.startswith("/setup/technicians/"):
        return [{"person_id": references["technician_id"]}]
    if rule.rule.startswith("/setup/rules/values/"):
        return [{"key": key} for key in all_fields()]
    if rule.rule.startswith("/setup/messages/"):
        return [{**given, "kind": kind} for kind in Tell]
    if rule.rule.startswith("/shared/"):
        return [{"token": references["shared"]}]
    if "token" in rule.arguments:
        return [{"token": references["first" if rule.rule.startswith("/first") else "reset"]}]
    if "action" in rule.arguments:
        return [{**given, "action": action} for action in ACTIONS]
    if "name" in rule.arguments:
        return [{**given, "name": name} for name in FIELDS if name not in {"status", "kind"}]
    return [given]


def open_all(client: FlaskClient, rule: Rule, references: dict[str, Any]) -> list[str]:
    """Read all addresses of a rule; returns what went wrong."""
    problems = []
    answers = set()
    for values in variants(rule, references):
        assert rule.arguments <= values.keys(), f"{rule.rule}: what is a {rule.arguments}?"
        with client.application.test_request_context():
            built = rule.build(values)
        assert built is not None, rule.rule
        for query, headers in WAYS:
            where = built[1] + query.format(**references)
            answer = client.get(where, headers=headers)
            answer.get_data()
            answers.add(answer.status_code)
            if answer.status_code >= 500:
                problems.append(f"{where} {headers}: {answer.status_code}")
    if min(answers) >= 400:
        problems.append(f"{rule.rule} never opened: {sorted(answers)}")
    return problems


def test_every_page_opens_and_none_writes(own_desk: Flask, references: dict[str, Any]) -> None:
    client = own_desk.test_client()
    problems = []
    for rule in sorted(own_desk.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or ()) or rule.endpoint in NOT_A_PAGE:
            continue
        if rule.endpoint.startswith("people.") or not rule.arguments:
            # One of these may have ended the stay.
            with own_desk.app_context():
                factories.sign_in(client, db.session.merge(references["account"]))
        problems += open_all(client, rule, references)
    assert "\n".join(problems) == ""

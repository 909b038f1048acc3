"""Living ninety days of a made-up desk in under a minute.

Everything goes through the verbs with the clock set back, so the journal, the worklist and the
counts are what they would be on a real desk. Chance is seeded: every demo desk is alike, but its
times are relative to the moment it is loaded.
"""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

from sqlalchemy import select

from helpdesk.channels.email import aliases, importer, set_up
from helpdesk.channels.email.models import Plus
from helpdesk.db import db, transaction
from helpdesk.demo import cast, matters, people, telling
from helpdesk.demo.alerts import live_board
from helpdesk.demo.answers import make_answers
from helpdesk.demo.around import live_around, screenshot
from helpdesk.demo.asides import live_asides
from helpdesk.demo.breach import live_breach
from helpdesk.demo.knowledge import live_knowledge
from helpdesk.demo.macros import make_macros
from helpdesk.demo.past import in_other_words, live_past, log_at
from helpdesk.demo.plans import make_plans
from helpdesk.demo.promises import FIELD, make_promises, promised
from helpdesk.demo.returned import live_returned
from helpdesk.demo.rules import make_rules
from helpdesk.demo.secure_mail import make_keys
from helpdesk.demo.sending import live_sending, make_signatures
from helpdesk.demo.shifts import make_shifts
from helpdesk.demo.story import DAYS, Demo
from helpdesk.demo.suppliers import make_suppliers, wait_for
from helpdesk.demo.today import TODAY, Today
from helpdesk.demo.told import live_told
from helpdesk.demo.warning import live_warnings, warn
from helpdesk.lib import clock
from helpdesk.people import search as people_search
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.sla.clocks import Promise
from helpdesk.tickets import services
from helpdesk.tickets.beginning import begin_desk
from helpdesk.tickets.desk import Category, Cause, QuickTemplate
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, HoldReason
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Said, Target

FINISHED = 600
"""Tickets that came to an end."""

ADDRESS = "helpdesk@northline.example"
"""Where the customers of the demo write to."""

SCANNED = """\
From: "Scanner 4F" <>
To: {address}
Date: {date}
Message-ID: <scan-0417@scan-4f.northline.example>
Subject: Scan from 4F: delivery notes
Content-Type: text/plain; charset=utf-8

4 pages were scanned. The attachment was larger than this device may send.
"""
"""A raw message, as a device writes one that nobody gave an address."""

EVERYDAY_OPEN = 38
"""Open tickets made from the common matters, beside those of today."""


def load_demo() -> Demo:
    """Fill an empty, migrated database with the demo desk, in one transaction."""
    with transaction():
        demo = Demo()
        begin_desk(
            "Northline",
            time_zone="Asia/Hong_Kong",
            phone_region="HK",
            first_team=people.TEAMS[0][0],
            is_demo=True,
        )
        with clock.at(demo.moment - timedelta(days=DAYS + 5)):
            cast.make_teams(demo)
            cast.make_customers(demo)
            cast.make_technicians(demo)
            _desk_words(demo)
            make_suppliers(demo)
            make_answers(demo)
            make_signatures(demo)
            make_plans(demo)
            make_promises(demo)
            make_shifts(demo)
        _mailbox(demo)
        live_past(demo, FINISHED)
        telling.switch_on()
        live_breach(demo)
        _everyday(demo)
        open_today = [_today(demo, today) for today in TODAY]
        live_around(demo, {ticket.subject: ticket for ticket in open_today})
        live_asides(demo, {ticket.subject: ticket for ticket in open_today})
        live_sending(demo, {ticket.subject: ticket for ticket in open_today})
        live_board(demo, {ticket.subject: ticket for ticket in open_today})
        live_told(demo)
        live_warnings(demo)
        live_returned(demo)
        telling.settle(demo)
        make_rules(demo)
        make_macros(demo)
        live_knowledge(demo)
        people_search.rebuild()
    warn(demo.actors["karen"])
    _mail_without_a_sender(demo)
    return demo


def _mail_without_a_sender(demo: Demo) -> None:
    """Take in what a badly set up scanner mailed; nobody could answer it, so a person decides."""
    at = demo.moment - timedelta(minutes=47)
    raw = SCANNED.format(date=format_datetime(at), address=ADDRESS).replace("\n", "\r\n")
    found = importer.Found("scan-4f.eml", 1, raw.encode())
    list(importer.take_in([found], demo.queues[0]))


def _desk_words(demo: Demo) -> None:
    for root, below in matters.CATEGORIES.items():
        paths = [root, *(f"{root}/{path}" for path in below)]
        for path in paths:
            above, _slash, name = path.rpartition("/")
            parent = demo.categories.get(above)
            row = Category(
                name=name,
                parent_id=parent.id if parent else None,
                path=path.replace("/", " › "),
            )
            db.session.add(row)
            db.session.flush()
            demo.categories[path] = row
    demo.causes = {cause.name: cause for cause in db.session.scalars(select(Cause))}
    for position, matter in enumerate(matters.COMMON[:10]):
        db.session.add(
            QuickTemplate(
                name=matter.subject,
                subject=matter.subject,
                kind=matter.kind,
                category_id=demo.categories[matter.category].id,
                cause_id=demo.causes[matter.cause].id,
                impact=matter.impact,
                urgency=matter.urgency,
                solution=matter.solution,
                position=position,
            )
        )
    db.session.flush()


SPENT = (0.15, 0.35, 0.5, 0.65, 0.8, 0.92, 0.25, 1.15, 0.45, 0.7, 0.1, 0.55, 0.3)
"""How much of what is promised is used up, in turn: most have time, some are late."""


def _mailbox(demo: Demo) -> None:
    """Say which address is the desk's own, so that it is nobody's copy; nothing is read or sent."""
    mailbox = set_up.add(
        SYSTEM,
        set_up.MailboxSettings(
            name="Northline Service Desk",
            addresses=[ADDRESS],
            queue_id=demo.queues[0].id,
            imap_host="imap.northline.example",
            imap_user=ADDRESS,
            active=False,
            plus=str(Plus.REPLIES),
        ),
    )
    local, _at, domain = ADDRESS.partition("@")
    for word, queue in zip(("network", "desktop"), demo.queues[1:3], strict=True):
        aliases.add(SYSTEM, mailbox, f"{local}+{word}*@{domain}", aliases.Leads(queue.id))
    make_keys(demo, mailbox)


def _everyday(demo: Demo) -> None:
    """Live the open tickets that are nobody's story."""
    for number in range(EVERYDAY_OPEN):
        matter = matters.COMMON[number % len(matters.COMMON)]
        matter = in_other_words(matter, number // len(matters.COMMON))
        fitting = [person for person in demo.customers if person.language == matter.language]
        customer = fitting[number * 7 % len(fitting)]
        given = promised(demo, matter, customer)
        is_replied = number % 3 == 1
        is_answered = is_replied or matter.channel == "phone"
        owed = given.length(Promise.FIX if is_answered else Promise.FIRST_REPLY)
        spent = owed * SPENT[number % len(SPENT)]
        at = given.ago(demo.moment, spent)
        technician = demo.on_queue(matter.queue)
        ticket = log_at(demo, matter, customer, at, technician)
        if number % 3 == 0:
            continue
        soon = min(given.length(Promise.FIRST_REPLY), spent) * demo.chance.uniform(0.1, 0.6)
        taken = given.later(at, soon)
        telling.tell(taken)
        with clock.at(taken):
            services.take(demo.actors[technician], ticket)
            if is_replied:
                services.reply(demo.actors[technician], ticket, Said(body=matter.reply))
            if number % 6 == 5:
                services.hold(demo.actors[technician], ticket, HoldReason.CUSTOMER)


def _today(demo: Demo, today: Today) -> Ticket:
    """Live one ticket of today, step by step."""
    matter, technician = today.matter, today.technician or "mina"
    customer = demo.people[today.customer]
    given = promised(demo, matter, customer)
    opened = given.ago(demo.moment, timedelta(minutes=today.minutes))
    ticket = log_at(demo, matter, customer, opened, technician)
    actor = demo.actors[technician]
    texts = list(today.replies)
    steps = today.steps.split()

    def text() -> str:
        return texts.pop(0) if texts else "I am looking into it and come back to you today."

    acts: dict[str, Callable[[], object]] = {
        "take": lambda: services.take(actor, ticket),
        "assign": lambda: services.hand_over(
            demo.actors["karen"],
            ticket,
            Target(demo.queues[matter.queue], demo.technicians[technician]),
        ),
        "reply": lambda: services.reply(actor, ticket, Said(body=text(), duration=480)),
        "note": lambda: services.note(
            demo.actors["karen"],
            ticket,
            Said(
                body=f"@[{actor.name}](person:{actor.person_id}) same pattern on 10 others."
                " HK-GW1 is dropping at rekey, I have asked the line supplier to check."
                if "VPN" in today.tags
                else "Checked the usual suspects: power, cable, restart. No change."
            ),
        ),
        "call": lambda: services.log_call(
            actor,
            ticket,
            Said(body="Tried it together on the phone, stable for ten minutes.", duration=252),
            inbound=False,
        ),
        "hear": lambda: services.hear(
            ticket,
            services.Heard(ticket.customer, text(), files=[screenshot()]),
            reopen_days=5,
        ),
        "hold:customer": lambda: services.hold(actor, ticket, HoldReason.CUSTOMER),
        "hold:supplier": lambda: services.hold(
            actor,
            ticket,
            HoldReason.SUPPLIER,
            note="They have the case",
            supplier=wait_for(demo, matter.subject),
        ),
        # Nobody there has said that they have it.
        "part": lambda: services.add(
            actor, ticket, [Target(demo.queues[FIELD], note="Is the access point alive?")]
        ),
        "part-waits": lambda: _let_part_wait(demo, actor, ticket),
        "major": lambda: services.set_major(actor, ticket, True),
        "tasks": lambda: services.add_tasks(
            actor,
            ticket,
            ["Order laptop", "Make account and mailbox", "Badge for Leeds", "Desk and phone"],
            checklist="New starter",
        ),
    }
    at = opened
    for step in steps:
        name, _at, minutes = step.partition("@")
        at = given.later(opened, timedelta(minutes=int(minutes)))
        telling.tell(at)
        with clock.at(at):
            acts[name]()
    if today.tags:
        with clock.at(at):
            services.set_tags(demo.actors["karen"], ticket, list(today.tags))
    return ticket


def _let_part_wait(demo: Demo, actor: Actor, ticket: Ticket) -> None:
    """Let the actor's own part of a ticket wait for the supplier that its story names."""
    wait = wait_for(demo, ticket.subject)
    held = next(
        row
        for row in ticket.assignments
        if row.technician_id == actor.person_id and row.state in OPEN_ASSIGNMENT
    )
    if wait is not None:
        services.set_part_waits(
            actor, ticket, held.id, wait, note="They measure the line to gate 3"
        )

"""The pages of Set up: what the side navigation and the cards of its first page show."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.people.access import Actor, Permission


@dataclass(frozen=True, slots=True)
class Place:
    """One page. It is shown to who may open it, once the room that owns it is there."""

    key: str
    endpoint: str
    icon: str
    name: Any
    about: Any
    permission: Permission


P = Permission

GROUPS: tuple[tuple[Any, tuple[Place, ...]], ...] = (
    (
        _l("Desk"),
        (
            Place(
                "desk",
                "setup.desk",
                "house",
                _l("Desk"),
                _l("Name, language, time zone"),
                P.SETUP_DESK,
            ),
            Place(
                "work",
                "setup.background_work",
                "timer",
                _l("Background work"),
                _l("What runs by itself, when it ran, and what fails"),
                P.SETUP_DESK,
            ),
            Place(
                "search",
                "setup.search",
                "search",
                _l("Search"),
                _l("Words that mean the same, and how the index of articles stands"),
                P.SETUP_DESK,
            ),
            Place(
                "audit",
                "setup.audit_log",
                "history",
                _l("Audit log"),
                _l("Who signed in, and who changed what here"),
                P.AUDIT_READ,
            ),
        ),
    ),
    (
        _l("People"),
        (
            Place(
                "technicians",
                "setup.technicians",
                "headset",
                _l("Technicians"),
                _l("Who works tickets, in which teams, with which skills"),
                P.SETUP_TEAMS,
            ),
            Place(
                "teams",
                "setup.teams",
                "users",
                _l("Teams"),
                _l("Members and who leads them"),
                P.SETUP_TEAMS,
            ),
            Place(
                "skills",
                "setup.skills",
                "badge-check",
                _l("Skills"),
                _l("What technicians know"),
                P.SETUP_TEAMS,
            ),
            Place(
                "roles",
                "setup.roles",
                "key-round",
                _l("Roles"),
                _l("What people may do"),
                P.SETUP_ROLES,
            ),
        ),
    ),
    (
        _l("Work"),
        (
            Place(
                "queues",
                "setup.queues",
                "layers",
                _l("Queues"),
                _l("Where tickets wait"),
                P.SETUP_TEAMS,
            ),
            Place(
                "categories",
                "setup.categories",
                "list",
                _l("Categories"),
                _l("What tickets are about"),
                P.SETUP_TICKETS,
            ),
            Place(
                "statuses",
                "setup.statuses",
                "circle-dot",
                _l("Statuses"),
                _l("Where a ticket stands"),
                P.SETUP_TICKETS,
            ),
            Place(
                "priorities",
                "setup.priorities",
                "signal",
                _l("Priorities"),
                _l("From impact and urgency"),
                P.SETUP_TICKETS,
            ),
            Place(
                "causes",
                "setup.causes",
                "target",
                _l("Causes"),
                _l("Why it happened"),
                P.SETUP_TICKETS,
            ),
            Place(
                "suppliers",
                "setup.suppliers",
                "truck",
                _l("Suppliers"),
                _l("Firms that tickets wait for"),
                P.SETUP_TICKETS,
            ),
            Place(
                "tags",
                "setup.tags",
                "tags",
                _l("Tags"),
                _l("Free words on tickets"),
                P.SETUP_TICKETS,
            ),
            Place(
                "answers",
                "setup.answers",
                "message-square-text",
                _l("Answer templates"),
                _l("Texts to put into an answer, in the customer’s language"),
                P.SETUP_TICKETS,
            ),
            Place(
                "plans",
                "setup.plans",
                "clipboard-check",
                _l("Work plans"),
                _l("Tasks and child tickets that belong together"),
                P.SETUP_TICKETS,
            ),
            Place(
                "macros",
                "macros.index",
                "wand-sparkles",
                _l("Macros"),
                _l("Changes and a text that are run by hand in one go"),
                P.SETUP_TICKETS,
            ),
            Place(
                "templates",
                "setup.templates",
                "zap",
                _l("Quick templates"),
                _l("Logged and resolved in one form"),
                P.SETUP_TICKETS,
            ),
        ),
    ),
    (
        _l("Rules and promises"),
        (
            Place(
                "rules",
                "rules.index",
                "workflow",
                _l("Rules"),
                _l("What the desk does by itself, when, and if what holds"),
                P.RULE_VIEW,
            ),
            Place(
                "promises",
                "setup.promises",
                "handshake",
                _l("Promises"),
                _l("How soon, for whom, and what is due now"),
                P.SETUP_SLA,
            ),
            Place(
                "calendars",
                "setup.calendars",
                "calendar-clock",
                _l("Calendars"),
                _l("When the desk is open, and its holidays"),
                P.SETUP_SLA,
            ),
        ),
    ),
    (
        _l("Channels"),
        (
            Place(
                "mail",
                "mail.mailboxes",
                "mail",
                _l("Mail"),
                _l("Mailboxes, what could not be read, what is on its way out"),
                P.SETUP_MAIL,
            ),
            Place(
                "messages",
                "setup.messages",
                "message-square-text",
                _l("Messages to customers"),
                _l("What they are told by itself, and in which words"),
                P.SETUP_MAIL,
            ),
            Place(
                "webhooks",
                "setup.webhooks",
                "zap",
                _l("Webhooks"),
                _l("Other programs that escalations call"),
                P.SETUP_DESK,
            ),
        ),
    ),
)

PERMISSIONS: tuple[Permission, ...] = tuple(
    dict.fromkeys(place.permission for _group, places in GROUPS for place in places)
)
"""Any of these opens the room."""


def groups_for(actor: Actor, known: Container[str]) -> list[tuple[Any, list[Place]]]:
    """Return the pages that somebody may open, under their headings.

    ``known`` contains the endpoints that the application has.
    """
    found = []
    for heading, places in GROUPS:
        shown = [
            place for place in places if actor.can(place.permission) and place.endpoint in known
        ]
        if shown:
            found.append((heading, shown))
    return found

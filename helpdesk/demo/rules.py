"""The rules of the demo desk: what a desk of this size would have.

They come last, so what is told of the past happened without them; they act on what happens now.
"""

from typing import Any, NamedTuple

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.demo.plans import NEW_STARTER
from helpdesk.demo.promises import NETWORK
from helpdesk.demo.story import Demo
from helpdesk.people.access import SYSTEM
from helpdesk.plans.models import WorkPlan
from helpdesk.rules import saving
from helpdesk.rules.content import Content, Folder
from helpdesk.sla.models import BusinessCalendar

REMINDER = "Hello {customer},\n\nwe still need an answer from you about #{number}: {subject}."
REMINDER_HANS = "{customer}，您好：\n\n关于 #{number}（{subject}），我们仍在等待您的回复。"
REMINDER_HANT = "{customer}，您好：\n\n關於 #{number}（{subject}），我們仍在等待您的回覆。"
NO_ANSWER = "We did not hear from you for ten working days. Answer this and it is open again."

Said = dict[str, Any]


class Keys(NamedTuple):
    """What the rules name, by its keys."""

    network: int
    """The queue of the network team."""
    hours: int
    """The calendar of the desk."""
    starter: int
    """The work plan for a new starter."""
    starts: int
    """The category of new starters."""


def make_rules(demo: Demo) -> None:
    """Make the rules and turn them on, all but one that is still thought about."""
    hours = db.session.scalars(
        select(BusinessCalendar.id).order_by(
            BusinessCalendar.is_default.desc(), BusinessCalendar.id
        )
    ).first()
    assert hours is not None
    starter = db.session.scalars(select(WorkPlan.id).where(WorkPlan.name == NEW_STARTER)).one()
    keys = Keys(
        network=demo.queues[NETWORK].id,
        hours=hours,
        starter=starter,
        starts=demo.categories["Workplace/New starter"].id,
    )
    for name, folder, on, said in rules_of(keys):
        rule = saving.add(SYSTEM, name, folder, Content.from_json(said))
        if on:
            saving.turn(SYSTEM, rule, True)


def rules_of(keys: Keys) -> list[tuple[str, Folder, bool, Said]]:
    """Return the rules: name, folder, whether it is on, what it says."""
    hours = keys.hours
    return [*_sorting(keys), *_escalating(hours), *_telling(hours), *_tidying(hours)]


def _is(field: str, operator: str, *operands: object) -> Said:
    return {"field": field, "is": operator, "of": list(operands)}


def _all(*parts: Said) -> Said:
    return {"all": list(parts)}


_CREATED = [{"on": "created"}]
_LEADS = {"do": "tell", "whom": "leads"}
_BEST = {"do": "assign", "way": "skill"}
"""To who knows best what its category asks for, and speaks its language."""


def _sorting(keys: Keys) -> list[tuple[str, Folder, bool, Said]]:
    words = _is("subject-or-message", "has-any", "VPN", "FortiClient", "斷線", "断线")
    urgent = {"any": [_is("priority", "is-one-of", 1, 2), _is("vip", "is")]}
    late = {"do": "tell-unless-acknowledged", "minutes": 20, "whom": "leads"}
    return [
        (
            "VIP to senior technicians",
            Folder.SORT,
            True,
            {
                "when": _CREATED,
                "if": _all(_is("vip", "is")),
                "then": [{"do": "raise-priority", "priority": 2}, _BEST, _LEADS],
            },
        ),
        (
            "HK VPN to Network",
            Folder.SORT,
            True,
            {
                "when": _CREATED,
                "if": _all(words, urgent),
                "then": [
                    {"do": "set-queue", "queue": keys.network},
                    {"do": "raise-priority", "priority": 2},
                    {"do": "assign", "way": "least-busy"},
                    late,
                ],
            },
        ),
        (
            "Chinese to who reads it",
            Folder.SORT,
            True,
            {
                "when": _CREATED,
                "if": _all(_is("language", "is-one-of", "zh_Hans_CN", "zh_Hant_TW")),
                "then": [{"do": "add-tags", "tags": ["中文"]}, _BEST],
            },
        ),
        (
            "Monitoring mails into one ticket",
            Folder.SORT,
            True,
            {
                "when": _CREATED,
                "if": _all(_is("subject", "begins-with", "PROBLEM", "RECOVERY", "ALERT")),
                "then": [{"do": "gather", "hours": 4}],
            },
        ),
        (
            "New starter: laptop, badge, account",
            Folder.SORT,
            True,
            {
                "when": _CREATED,
                "if": _all(
                    _is("kind", "is-one-of", "request"),
                    _is("category", "has-any", keys.starts),
                ),
                "then": [
                    {"do": "open-child-tickets", "plan": keys.starter},
                    {"do": "add-task-list", "plan": keys.starter},
                ],
            },
        ),
        (
            "Repeat contact",
            Folder.SORT,
            True,
            {
                "when": _CREATED,
                "if": _all(_is("repeat-contact", "at-least-within", 7, 3)),
                "then": [{"do": "add-tags", "tags": ["repeat contact"]}],
            },
        ),
    ]


def _escalating(hours: int) -> list[tuple[str, Folder, bool, Said]]:
    return [
        (
            "P1 not acknowledged",
            Folder.ESCALATE,
            True,
            {
                "when": [*_CREATED, {"on": "updated", "fields": ["priority"]}],
                "if": _all(_is("priority", "is-one-of", 1)),
                "then": [{"do": "tell-unless-acknowledged", "minutes": 15, "whom": "leads"}],
            },
        ),
        (
            "Urgent at night",
            Folder.ESCALATE,
            True,
            {
                "when": _CREATED,
                "if": _all(_is("priority", "is-one-of", 1), _is("business-hours", "closed", hours)),
                "then": [{"do": "tell", "whom": "team", "text": "Urgent, and nobody is here"}],
            },
        ),
        (
            "Wrote three times unanswered",
            Folder.ESCALATE,
            True,
            {
                "when": [{"on": "replied", "by": "customer"}],
                "if": _all(_is("unanswered", "at-least", 3)),
                "then": [{"do": "raise-priority", "priority": 2}, _LEADS],
            },
        ),
        (
            "Reopened twice",
            Folder.ESCALATE,
            False,
            {
                "when": [{"on": "status", "to": ["open"]}],
                "if": _all(_is("reopenings", "at-least", 2)),
                "then": [_LEADS],
            },
        ),
    ]


def _waiting(hours: int, days: int) -> list[Said]:
    since = {"on": "after", "since": "status", "amount": days, "unit": "days"}
    return [{**since, "calendar": hours}]


_WAITS = _all(_is("hold-reason", "is-one-of", "customer"))


def _telling(hours: int) -> list[tuple[str, Folder, bool, Said]]:
    reminder = {
        "do": "send",
        "text": REMINDER,
        "text_zh_Hans_CN": REMINDER_HANS,
        "text_zh_Hant_TW": REMINDER_HANT,
    }
    return [
        (
            f"Waiting for the customer: remind after {days} working days",
            Folder.TELL,
            True,
            {"when": _waiting(hours, days), "if": _WAITS, "then": [reminder]},
        )
        for days in (2, 5)
    ]


def _tidying(hours: int) -> list[tuple[str, Folder, bool, Said]]:
    return [
        (
            "Resolve after 10 quiet working days",
            Folder.TIDY,
            True,
            {
                "when": _waiting(hours, 10),
                "if": _WAITS,
                "then": [{"do": "resolve", "outcome": "no-answer", "text": NO_ANSWER}],
            },
        )
    ]

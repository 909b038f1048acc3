"""Words of the audit log: what was done, to what kind of thing, in which fields."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.web.i18n import LANGUAGES

WHOLE = {
    "signed-in": _l("signed in"),
    "sign-in-failed": _l("could not sign in as"),
    "sign-in-blocked": _l("was kept from trying to sign in as"),
    "signed-out": _l("signed out"),
    "session-ended": _l("signed out a browser:"),
    "sessions-ended": _l("signed out every browser of"),
    "password-changed": _l("changed the password of"),
    "password-reset-asked": _l("asked for a new password for"),
    "password-set-by-reset-link": _l("set a new password for"),
    "password-set-by-first-link": _l("chose a first password for"),
    "sign-in-link-made": _l("made a sign-in link for"),
    "account-created": _l("gave access to"),
    "account-changed": _l("changed the access of"),
    "account-deactivated": _l("took access away from"),
    "roles-changed": _l("changed the roles of"),
    "role-permissions-changed": _l("changed what is allowed to"),
    "people-merged": _l("merged another record into"),
    "people-separated": _l("took a merged record out of"),
    "tag-merged": _l("merged another tag into"),
    "queue-default": _l("made the default queue"),
    "status-default": _l("made the default status"),
    "calendar-default": _l("made the default calendar"),
    "rule-on": _l("turned on the rule"),
    "rule-off": _l("turned off the rule"),
    "rule-restored": _l("restored an earlier version of the rule"),
    "rule-brake-changed": _l("changed how much a rule may do at"),
    "mailbox-access-changed": _l("changed who grants access to the mailbox"),
    "mailbox-access-granted": _l("had access granted to the mailbox"),
    "mailbox-access-forgotten": _l("forgot what was granted to the mailbox"),
    "mailbox-secret-made": _l("made a secret for posting to the mailbox"),
    "mailbox-secret-ended": _l("ended the former secret of the mailbox"),
    "promises-replayed": _l("worked promises of tickets out anew:"),
    "search-renewed": _l("had the search index made anew"),
    "people-exported": _l("exported the list of people"),
    "organisations-exported": _l("exported the list of organisations"),
    "tickets-exported": _l("exported a list of tickets"),
    "audit-exported": _l("exported the audit log"),
}
"""Actions whose words are not put together of a verb and a thing."""

VERBS = {
    "created": _l("added"),
    "added": _l("added"),
    "edited": _l("changed"),
    "changed": _l("changed"),
    "retired": _l("retired"),
    "removed": _l("removed"),
    "back": _l("restored"),
    "deleted": _l("deleted"),
    "moved": _l("moved"),
    "dismissed": _l("dismissed"),
    "given-up": _l("gave up"),
    "readdressed": _l("sent to another address"),
}
"""Ends of actions: ``queue-created``."""


def _of(thing: str) -> tuple[str, ...]:
    """Return every action that is put together of a thing and a verb."""
    return tuple(f"{thing}-{verb}" for verb in VERBS)


THINGS = {
    "desk": _l("the desk"),
    "queue": _l("the queue"),
    "status": _l("the status"),
    "category": _l("the category"),
    "priorities": _l("the priorities"),
    "cause": _l("the cause"),
    "supplier": _l("the supplier"),
    "tag": _l("the tag"),
    "quick-template": _l("the quick template"),
    "answer-template": _l("the answer template"),
    "work-plan": _l("the work plan"),
    "macro": _l("the macro"),
    "team": _l("the team"),
    "team-members": _l("the members of"),
    "skill": _l("the skill"),
    "skills": _l("the skills of"),
    "role": _l("the role"),
    "person": _l("the person"),
    "organisation": _l("the organisation"),
    "organisation-domain": _l("a mail domain of"),
    "site": _l("the site"),
    "calendar": _l("the calendar"),
    "policy": _l("the promises"),
    "rule": _l("the rule"),
    "mailbox": _l("the mailbox"),
    "signature": _l("the signature of"),
    "webhook": _l("the webhook"),
    "search-synonym": _l("the synonym"),
    "message": _l("the text of a message to customers"),
    "messages": _l("what customers are told, on"),
    "mail": _l("the message"),
}
"""Beginnings of actions."""

FIELDS = {
    "folder": _l("Folder"),
    "lines": _l("Lines"),
    "text_en": "English",
    "text_hans": "简体中文",
    "text_hant": "繁體中文",
    "name": _l("Name"),
    "description": _l("Description"),
    "team": _l("Team"),
    "restricted": _l("Restricted"),
    "default": _l("Default"),
    "place": _l("Place in the list"),
    "class": _l("Meaning"),
    "hold_reason": _l("Waits for"),
    "path": _l("Path"),
    "queue": _l("Queue"),
    "merged": _l("Merged"),
    "subject": _l("Subject"),
    "kind": _l("Kind"),
    "category": _l("Category"),
    "cause": _l("Cause"),
    "impact": _l("Impact"),
    "urgency": _l("Urgency"),
    "solution": _l("Solution"),
    "language": _l("Language"),
    "time_zone": _l("Time zone"),
    "phone_region": _l("Telephone numbers"),
    "most_at_once": _l("Open work at once"),
    "working_hours": _l("Working hours"),
    "silent_minutes": _l("Minutes without a sign"),
    "members": _l("Members"),
    "leads": _l("Leads"),
    "skills": _l("Skills"),
    "roles": _l("Roles"),
    "permissions": _l("Permissions"),
    "login": _l("Signs in as"),
    "successor": _l("Who takes over"),
    "deactivated": _l("Deactivated"),
    "mailed": _l("Sent by mail"),
    "email": _l("E-mail"),
    "contract": _l("What was agreed"),
    "scope": _l("To whom"),
    "title": _l("Job title"),
    "call_name": _l("Known as"),
    "notes": _l("Notes"),
    "vip": _l("VIP"),
    "contact": _l("Address or number"),
    "domain": _l("Mail domain"),
    "phone": _l("Phone"),
    "support_level": _l("Support level"),
    "support_until": _l("Last day of support"),
    "address": _l("Address"),
    "organisation": _l("Organisation"),
    "site": _l("Site"),
    "hours": _l("Hours"),
    "holidays": _l("Public holidays"),
    "own_days": _l("Days of its own"),
    "make_up_like": _l("Weekends that the country works instead"),
    "calendar": _l("Calendar"),
    "promises": _l("Promised"),
    "conditions": _l("Conditions"),
    "waits": _l("Waiting that halts the clocks"),
    "tickets": _l("Tickets looked at, changed"),
    "text": _l("Text"),
    "kinds": _l("What customers are told"),
    "secret": _l("Secret"),
    "private": _l("Within our own network"),
    "steps": _l("Escalation"),
    "quiet": _l("Quiet hours"),
    "receipts_always": _l("Receipts at once"),
    "per_day": _l("A person gets, in 24 hours, at most"),
    "apart": _l("Minutes between two about one ticket"),
    "sign_in": _l("Sign in with"),
    "speaks": _l("What leaves through it"),
    "not_before": _l("File only mail from this day on"),
    "copies": _l("Copy instead of moving"),
    "provider": _l("Provider"),
    "flow": _l("How access is granted"),
    "asked_scope": _l("Scope"),
    "client_id": _l("Client ID"),
    "client_secret": _l("Client secret"),
    "secret_ends_on": _l("The client secret ends on"),
    "access_ends_on": _l("Access ends on"),
    "without_receipt": _l("Queues without receipts"),
}


TOPICS: tuple[tuple[Any, tuple[tuple[str, Any, tuple[str, ...]], ...]], ...] = (
    (
        _l("Access"),
        (
            (
                "signing-in",
                _l("Signing in and out"),
                (
                    "signed-in",
                    "sign-in-failed",
                    "sign-in-blocked",
                    "signed-out",
                    "session-ended",
                    "sessions-ended",
                ),
            ),
            (
                "passwords",
                _l("Passwords and links"),
                (
                    "password-changed",
                    "password-reset-asked",
                    "password-set-by-reset-link",
                    "password-set-by-first-link",
                    "sign-in-link-made",
                ),
            ),
            (
                "accounts",
                _l("Accounts and roles"),
                (
                    "account-created",
                    "account-changed",
                    "account-deactivated",
                    "roles-changed",
                    "role-permissions-changed",
                    *_of("role"),
                ),
            ),
        ),
    ),
    (
        _l("Set up"),
        (
            ("desk", _l("Desk"), _of("desk")),
            ("teams", _l("Teams"), (*_of("team"), *_of("team-members"))),
            ("skills", _l("Skills"), (*_of("skill"), *_of("skills"))),
            ("queues", _l("Queues"), (*_of("queue"), "queue-default")),
            ("categories", _l("Categories"), _of("category")),
            ("statuses", _l("Statuses"), (*_of("status"), "status-default")),
            ("priorities", _l("Priorities"), _of("priorities")),
            ("causes", _l("Causes"), _of("cause")),
            ("suppliers", _l("Suppliers"), _of("supplier")),
            ("tags", _l("Tags"), (*_of("tag"), "tag-merged")),
            ("answers", _l("Answer templates"), _of("answer-template")),
            ("plans", _l("Work plans"), _of("work-plan")),
            ("macros", _l("Macros"), _of("macro")),
            ("templates", _l("Quick templates"), _of("quick-template")),
            ("promises", _l("Promises"), (*_of("policy"), "promises-replayed")),
            (
                "rules",
                _l("Rules"),
                (*_of("rule"), "rule-on", "rule-off", "rule-restored", "rule-brake-changed"),
            ),
            ("calendars", _l("Calendars"), (*_of("calendar"), "calendar-default")),
            (
                "mail",
                _l("Mail"),
                (
                    *_of("mailbox"),
                    *_of("mail"),
                    *_of("signature"),
                    *(one for one in WHOLE if one.startswith("mailbox-")),
                ),
            ),
            ("messages", _l("Messages to customers"), (*_of("message"), *_of("messages"))),
            ("webhooks", _l("Webhooks"), _of("webhook")),
            ("search", _l("Search"), (*_of("search-synonym"), "search-renewed")),
        ),
    ),
    (
        _l("Records"),
        (
            ("people", _l("People"), (*_of("person"), "people-merged", "people-separated")),
            (
                "organisations",
                _l("Organisations"),
                (*_of("organisation"), *_of("organisation-domain"), *_of("site")),
            ),
            (
                "exports",
                _l("Exports"),
                (
                    "people-exported",
                    "organisations-exported",
                    "tickets-exported",
                    "audit-exported",
                ),
            ),
        ),
    ),
)
"""What the log can be narrowed to, under headings: key, name, actions."""


def topics() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the topics for choosing: heading, then keys and names."""
    return [
        (str(heading), [(key, str(name)) for key, name, _actions in group])
        for heading, group in TOPICS
    ]


def actions_of(topic: str) -> tuple[str, ...]:
    """Return the actions of a topic; none when there is no such topic."""
    for _heading, group in TOPICS:
        for key, _name, actions in group:
            if key == topic:
                return actions
    return ()


def sentence(action: str) -> str:
    """Return what was done, to stand between the person's name and the thing's."""
    if action in WHOLE:
        return str(WHOLE[action])
    for end, verb in VERBS.items():
        thing = THINGS.get(action.removesuffix(f"-{end}"))
        if action.endswith(f"-{end}") and thing is not None:
            return str(_("%(verb)s %(thing)s", verb=verb, thing=thing))
    return action.replace("-", " ")


def is_about_the_actor(action: str) -> bool:
    """Whether the thing is the person who did it, so that it needs no name."""
    return action in {"signed-in", "signed-out"}


def changes(entry_changes: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return what changed as field, old and new value in words."""
    found = []
    for key, pair in entry_changes.items():
        old, new = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        say = _language if key == "language" else value
        found.append((_field(key), say(old), say(new)))
    return found


def _field(key: str) -> str:
    return str(FIELDS[key]) if key in FIELDS else key.replace("_", " ").replace("-", " ")


def _language(stored: Any) -> str:
    return LANGUAGES.get(str(stored), value(stored))


def value(stored: Any) -> str:
    """Return a stored value for reading; nothing is an empty text."""
    if stored is None or stored == "":
        return ""
    if isinstance(stored, bool):
        return str(_("Yes") if stored else _("No"))
    if isinstance(stored, list):
        return ", ".join(value(one) for one in stored)
    if isinstance(stored, dict):
        return ", ".join(f"{key}: {value(one)}" for key, one in stored.items())
    return str(stored)

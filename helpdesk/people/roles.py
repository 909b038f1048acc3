"""The names of the built-in roles, and of what they allow, in the reader's language."""

from flask_babel import lazy_gettext as _l

from helpdesk.people.access import Permission
from helpdesk.people.models import Role

NAMES = {
    "customer": _l("Customer"),
    "technician": _l("Technician"),
    "lead": _l("Team lead"),
    "manager": _l("Manager"),
    "knowledge-editor": _l("Knowledge editor"),
    "asset-manager": _l("Asset manager"),
    "administrator": _l("Administrator"),
}
"""A built-in role keeps its key; its name is the reader's unless somebody renamed it."""

ENGLISH_NAMES = {
    "customer": "Customer",
    "technician": "Technician",
    "lead": "Team lead",
    "manager": "Manager",
    "knowledge-editor": "Knowledge editor",
    "asset-manager": "Asset manager",
    "administrator": "Administrator",
}
"""The names as they stand in the database until somebody renames the role."""

DESCRIPTIONS = {
    "customer": _l("Sees only their own account"),
    "technician": _l("Works tickets: logs, replies, assigns, resolves; keeps people up to date"),
    "lead": _l("A technician who may also force, back-date, merge people and write to many"),
    "manager": _l("Reads everything, shares views, saves lists, reads the log of access"),
    "knowledge-editor": _l("Writes, reviews and publishes articles, and keeps them in order"),
    "asset-manager": _l("Reads tickets, keeps people and their equipment up to date"),
    "administrator": _l("May do everything"),
}
"""What the built-in roles are for."""

PERMISSIONS = {
    Permission.TICKET_READ: _l("See tickets"),
    Permission.TICKET_LOG: _l("Log tickets"),
    Permission.TICKET_WORK: _l("Work on tickets: reply, assign, resolve"),
    Permission.TICKET_BULK: _l("Change many tickets at once"),
    Permission.TICKET_MERGE: _l("Merge and split tickets"),
    Permission.TICKET_BIN: _l("Put tickets into the bin and take them out"),
    Permission.TICKET_FORCE: _l("Close over open children and other rules"),
    Permission.TICKET_BACKDATE: _l("Record what happened earlier"),
    Permission.TICKET_REDACT: _l("Remove texts and files for good"),
    Permission.TICKET_BROADCAST: _l("Send one message to many customers"),
    Permission.TICKET_EXPORT: _l("Save lists of tickets as files"),
    Permission.VIEW_SHARE: _l("Share views with others"),
    Permission.PERSON_READ: _l("See people and organisations"),
    Permission.PERSON_EDIT: _l("Change people and organisations"),
    Permission.PERSON_MERGE: _l("Merge two records of one person"),
    Permission.PERSON_IMPORT: _l("Import people from files"),
    Permission.ACCOUNT_EDIT: _l("Give and take away access"),
    Permission.SETUP_DESK: _l("Set up the desk: name, language, times"),
    Permission.SETUP_TEAMS: _l("Set up teams and queues"),
    Permission.SETUP_TICKETS: _l("Set up categories, statuses, priorities"),
    Permission.SETUP_ROLES: _l("Set up roles"),
    Permission.SETUP_MAIL: _l("Set up mailboxes"),
    Permission.SETUP_SLA: _l("Set up calendars and promises"),
    Permission.RULE_VIEW: _l("See the rules and what they did"),
    Permission.RULE_EDIT: _l("Change the rules, try them and turn them on"),
    Permission.BOARD_WRITE: _l("Write on the alert board, and tell people when it is fixed"),
    Permission.KB_READ: _l("Read articles for staff"),
    Permission.KB_WRITE: _l("Write articles and changes of them"),
    Permission.KB_PUBLISH: _l("Review, publish and retire articles"),
    Permission.KB_MANAGE: _l("Keep the shelves of articles, import and export them"),
    Permission.AUDIT_READ: _l("Read the log of access"),
    Permission.SELF_USE: _l("Sign in and change one's own settings"),
}
"""What each permission allows, as a sentence about a person."""


def name_of(role: Role) -> str:
    """Return the role's name for reading: translated while it has the name it came with."""
    if role.key in NAMES and role.name == ENGLISH_NAMES[role.key]:
        return str(NAMES[role.key])
    return role.name


def description_of(role: Role) -> str:
    """Say in a line what a role is for: its own description, else the product's."""
    if role.description:
        return role.description
    if role.key in DESCRIPTIONS:
        return str(DESCRIPTIONS[role.key])
    held = {row.permission for row in role.permissions}
    return "; ".join(str(words) for key, words in PERMISSIONS.items() if key in held)

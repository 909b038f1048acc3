"""Permissions, the built-in roles and the actor who carries them into every verb."""

from dataclasses import dataclass, field
from enum import StrEnum


class Denied(Exception):
    """The actor may not do this. ``permission`` names what is missing."""

    def __init__(self, permission: "Permission") -> None:
        """Remember the missing permission for the page and the log line."""
        super().__init__(permission.value)
        self.permission = permission


class Permission(StrEnum):
    """What somebody may do, as ``scope:action``."""

    TICKET_READ = "ticket:read"
    TICKET_LOG = "ticket:log"
    TICKET_WORK = "ticket:work"
    TICKET_BULK = "ticket:bulk"
    TICKET_MERGE = "ticket:merge"
    TICKET_BIN = "ticket:bin"
    TICKET_FORCE = "ticket:force"
    TICKET_BACKDATE = "ticket:backdate"
    TICKET_REDACT = "ticket:redact"
    TICKET_BROADCAST = "ticket:broadcast"
    TICKET_EXPORT = "ticket:export"
    VIEW_SHARE = "view:share"
    PERSON_READ = "person:read"
    PERSON_EDIT = "person:edit"
    PERSON_MERGE = "person:merge"
    PERSON_IMPORT = "person:import"
    ACCOUNT_EDIT = "account:edit"
    SETUP_DESK = "setup:desk"
    SETUP_TEAMS = "setup:teams"
    SETUP_TICKETS = "setup:tickets"
    SETUP_ROLES = "setup:roles"
    SETUP_MAIL = "setup:mail"
    SETUP_SLA = "setup:sla"
    RULE_VIEW = "rule:view"
    RULE_EDIT = "rule:edit"
    BOARD_WRITE = "board:write"
    KB_READ = "kb:read"
    KB_WRITE = "kb:write"
    KB_PUBLISH = "kb:publish"
    KB_MANAGE = "kb:manage"
    AUDIT_READ = "audit:read"
    SELF_USE = "self:use"


P = Permission
_TECHNICIAN = frozenset(
    {
        P.SELF_USE,
        P.TICKET_READ,
        P.TICKET_LOG,
        P.TICKET_WORK,
        P.TICKET_BULK,
        P.TICKET_MERGE,
        P.TICKET_BIN,
        P.TICKET_EXPORT,
        P.PERSON_READ,
        P.PERSON_EDIT,
        P.KB_READ,
        P.KB_WRITE,
    }
)
_LEAD = _TECHNICIAN | {
    P.TICKET_FORCE,
    P.TICKET_BACKDATE,
    P.TICKET_BROADCAST,
    P.BOARD_WRITE,
    P.KB_PUBLISH,
    P.VIEW_SHARE,
    P.PERSON_MERGE,
}
BUILT_IN_ROLES: dict[str, frozenset[Permission]] = {
    "customer": frozenset({P.SELF_USE}),
    "technician": _TECHNICIAN,
    "lead": _LEAD,
    "manager": frozenset(
        {
            P.SELF_USE,
            P.TICKET_READ,
            P.TICKET_EXPORT,
            P.PERSON_READ,
            P.BOARD_WRITE,
            P.KB_READ,
            P.VIEW_SHARE,
            P.RULE_VIEW,
            P.RULE_EDIT,
            P.AUDIT_READ,
        }
    ),
    "knowledge-editor": frozenset(
        {
            P.SELF_USE,
            P.TICKET_READ,
            P.PERSON_READ,
            P.KB_READ,
            P.KB_WRITE,
            P.KB_PUBLISH,
            P.KB_MANAGE,
        }
    ),
    "asset-manager": frozenset(
        {P.SELF_USE, P.TICKET_READ, P.PERSON_READ, P.PERSON_EDIT, P.KB_READ}
    ),
    "administrator": frozenset(Permission),
}
"""Permissions that the built-in roles start with; an administrator may change all but the last."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in person, or the house itself (``person_id`` is None).

    ``queue_ids`` are the queues of the actor's teams; restricted tickets are visible through
    them only.
    """

    person_id: int | None
    name: str
    permissions: frozenset[Permission]
    account_id: int | None = None
    team_ids: frozenset[int] = frozenset()
    lead_team_ids: frozenset[int] = frozenset()
    queue_ids: frozenset[int] = frozenset()
    language: str = "en"
    time_zone: str = "UTC"
    preferences: dict[str, object] = field(default_factory=dict, hash=False, compare=False)

    @property
    def is_system(self) -> bool:
        """Whether the house acts by itself: mail coming in, timers."""
        return self.person_id is None

    def can(self, permission: Permission) -> bool:
        """Whether the actor holds the permission."""
        return permission in self.permissions

    def demand(self, permission: Permission) -> None:
        """Raise Denied unless the actor holds the permission."""
        if permission not in self.permissions:
            raise Denied(permission)


SYSTEM = Actor(person_id=None, name="Hearth", permissions=frozenset(Permission))
"""The house acting by itself."""

"""What the people room publishes, inside the transaction of the change."""

from dataclasses import dataclass, field
from datetime import datetime

from helpdesk.people.access import Actor
from helpdesk.people.models import Organisation, Person, PersonMerge


@dataclass(frozen=True, slots=True)
class PasswordResetAsked:
    """Somebody asked for a new password and the login is known: mail ``link`` to ``address``.

    ``link`` is complete, works once and stops working at ``expires_at``.
    """

    person: Person
    address: str
    link: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignInLinkSent:
    """An administrator asked that a person be sent their first sign-in link."""

    actor: Actor
    person: Person
    address: str
    link: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TechnicianDeactivated:
    """A technician works here no longer: tickets, tasks and views go to ``successor``.

    Without a successor, work goes back to its queue. Whoever passes something on adds a sentence
    to ``said``, which is shown to the actor.
    """

    actor: Actor
    person: Person
    successor: Person | None
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """Somebody edited a person, their contact points or whom they belong to."""

    actor: Actor
    person: Person


@dataclass(frozen=True, slots=True)
class PersonRenamed:
    """Somebody is called otherwise from now on."""

    person: Person


@dataclass(frozen=True, slots=True)
class OrganisationRenamed:
    """An organisation is called otherwise from now on."""

    organisation: Organisation


@dataclass(frozen=True, slots=True)
class PeopleMerged:
    """Two records became one; ``merge.undone_at`` tells a merge from its undoing."""

    actor: Actor
    merge: PersonMerge

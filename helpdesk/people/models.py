"""Tables of people: persons with their contact points, organisations, teams and skills."""

from datetime import date, datetime
from enum import StrEnum
from secrets import randbits

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now


def new_stamp() -> int:
    """Return a number that was hardly ever used before; see ``people.stamp``."""
    return randbits(31)


class Channel(StrEnum):
    """The way a contact reached us or we reached somebody."""

    EMAIL = "email"
    PHONE = "phone"
    PORTAL = "portal"
    CHAT = "chat"
    SMS = "sms"
    FAX = "fax"
    WALK_IN = "walk-in"
    VISIT = "visit"
    MONITORING = "monitoring"
    STAFF = "staff"


class ContactKind(StrEnum):
    """Kinds of contact point."""

    EMAIL = "email"
    PHONE = "phone"
    CHAT = "chat"
    FAX = "fax"


class Organisation(Model):
    """A firm or department whose people we help."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    phone: Mapped[str] = mapped_column(String(40), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    time_zone: Mapped[str | None] = mapped_column(String(64))
    # What support they have bought ("Gold"), and the last day of it; empty has no end.
    support_level: Mapped[str] = mapped_column(String(60), default="")
    support_until: Mapped[date | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    domains: Mapped[list["OrganisationDomain"]] = relationship(
        back_populates="organisation",
        cascade="all, delete-orphan",
        order_by="OrganisationDomain.domain",
    )
    sites: Mapped[list["Site"]] = relationship(back_populates="organisation", order_by="Site.name")


class OrganisationDomain(Model):
    """A mail domain whose new correspondents belong to the organisation."""

    __tablename__ = "organisation_domain"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)

    organisation: Mapped[Organisation] = relationship(back_populates="domains")


class Site(Model):
    """A place where an organisation works."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(Text, default="")
    time_zone: Mapped[str | None] = mapped_column(String(64))
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    organisation: Mapped[Organisation] = relationship(back_populates="sites")


class Person(Model):
    """Anyone who is helped or helps. One row a human being, whatever the channel."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    # How the person wants to be addressed ("Mei-Ling"); empty means the whole name.
    call_name: Mapped[str] = mapped_column(String(100), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"), index=True)
    language: Mapped[str | None] = mapped_column(String(20))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    vip: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str] = mapped_column(Text, default="")
    # Known only from a first contact (an address in a mail); cleared when somebody completes it.
    provisional: Mapped[bool] = mapped_column(default=False)
    is_technician: Mapped[bool] = mapped_column(default=False)
    # Bigram-expanded words of name, title, organisation and contact points; see people.search.
    search_text: Mapped[str] = deferred(mapped_column(Text, default=""))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation | None] = relationship()
    site: Mapped[Site | None] = relationship()
    contact_points: Mapped[list["ContactPoint"]] = relationship(
        back_populates="person",
        order_by="(ContactPoint.kind, ContactPoint.position, ContactPoint.id)",
        foreign_keys="ContactPoint.person_id",
    )
    account: Mapped["Account | None"] = relationship(back_populates="person")


# Lists of people page by (name, id): all of them, an organisation's, the VIPs, the technicians.
Index("ix_person_name", Person.name, Person.id)
Index("ix_person_organisation", Person.organisation_id, Person.name, Person.id)
Index(
    "ix_person_vip", Person.name, Person.id, postgresql_where=text("vip"), sqlite_where=text("vip")
)
Index(
    "ix_person_technician",
    Person.name,
    Person.id,
    postgresql_where=text("is_technician"),
    sqlite_where=text("is_technician"),
)


class ContactPoint(Model):
    """An address or number of a person.

    ``value`` is normalised: e-mail addresses in lower case, telephone and fax numbers in E.164.
    ``identifies`` says that the value belongs to this person alone; such values are unique.
    A shared number (a reception desk) does not identify.
    """

    __tablename__ = "contact_point"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(String(320))
    extension: Mapped[str] = mapped_column(String(20), default="")
    label: Mapped[str] = mapped_column(String(60), default="")
    position: Mapped[int] = mapped_column(default=0)
    identifies: Mapped[bool] = mapped_column(default=True)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when mail to it comes back for good, and why (see services.reachable).
    undeliverable_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    undeliverable_why: Mapped[str] = mapped_column(String(30), default="")

    person: Mapped[Person] = relationship(back_populates="contact_points", foreign_keys=[person_id])


Index(
    "uq_contact_point_identifying",
    ContactPoint.kind,
    ContactPoint.value,
    ContactPoint.extension,
    unique=True,
    postgresql_where=text("identifies AND retired_at IS NULL"),
    sqlite_where=text("identifies AND retired_at IS NULL"),
)
Index("ix_contact_point_value", ContactPoint.value)
Index(
    "ix_contact_point_undeliverable",
    ContactPoint.person_id,
    postgresql_where=text("undeliverable_since IS NOT NULL"),
    sqlite_where=text("undeliverable_since IS NOT NULL"),
)


class PersonMerge(Model):
    """Two records of one human being made one; ``moved`` is what it takes to undo it."""

    __tablename__ = "person_merge"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    survivor_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    merged_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    moved: Mapped[dict[str, object]] = mapped_column(Json)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Team(Model):
    """Technicians who share queues."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    members: Mapped[list["TeamMember"]] = relationship(
        back_populates="team", cascade="all, delete-orphan"
    )


class TeamMember(Model):
    """A technician in a team; a lead sees and moves the whole team's work."""

    __tablename__ = "team_member"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    is_lead: Mapped[bool] = mapped_column(default=False)

    team: Mapped[Team] = relationship(back_populates="members")
    person: Mapped[Person] = relationship()


class Skill(Model):
    """Something a technician knows."""

    __tablename__ = "skill"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    # Who has the skill speaks this language; None for a skill that is no language.
    language: Mapped[str | None] = mapped_column(String(20))
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PersonSkill(Model):
    """How well a technician knows it, 1 (can help) to 3 (expert)."""

    __tablename__ = "person_skill"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), primary_key=True, index=True)
    level: Mapped[int] = mapped_column(default=1)

    skill: Mapped[Skill] = relationship()


class Account(Model):
    """The right to sign in. A person has at most one."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), unique=True)
    # The address typed at sign-in, in lower case; usually the person's first e-mail address.
    login: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Theme, density, key map and the like; shown and changed on the preferences page.
    preferences: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    # Where a technician stands: available, busy, away.
    availability: Mapped[str] = mapped_column(String(12), default="available")
    # How much open work rules give them at once: None is what the desk says, 0 is none at all.
    most_at_once: Mapped[int | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    deactivated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    person: Mapped[Person] = relationship(back_populates="account")
    roles: Mapped[list["Role"]] = relationship(secondary="account_role", order_by="Role.position")


class Absence(Model):
    """Somebody is away from when to when, and who covers for them."""

    __tablename__ = "absence"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # What is over is looked at no more; being back early moves this.
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    # Who gets the work meanwhile; without anybody it goes to the queues.
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    cover: Mapped[Person | None] = relationship(foreign_keys=[cover_id])


class Role(Model):
    """A named set of permissions. ``key`` marks the roles that come with the product."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str | None] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    permissions: Mapped[list["RolePermission"]] = relationship(
        cascade="all, delete-orphan", order_by="RolePermission.permission"
    )


class RolePermission(Model):
    """One permission (``scope:action``) of a role."""

    __tablename__ = "role_permission"

    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)
    permission: Mapped[str] = mapped_column(String(60), primary_key=True)


class AccountRole(Model):
    """A role held by an account."""

    __tablename__ = "account_role"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True, index=True)


class SignInSession(Model):
    """One signed-in browser. Only the SHA-256 of the cookie's token is kept."""

    __tablename__ = "sign_in_session"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    account: Mapped[Account] = relationship()


class SingleUseLink(Model):
    """A mailed or printed link that works once: password reset, first sign-in."""

    __tablename__ = "single_use_link"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    account: Mapped[Account] = relationship()


class AuditEntry(Model):
    """Who did what to access and to the set-up. Append-only, enforced in the database.

    ``subject_type`` and ``subject_id`` name the thing changed; ``changes`` maps a field to its
    old and new value, ``{"name": ["Network", "Network & VPN"]}``.
    """

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    action: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[str] = mapped_column(String(40), default="")
    subject_id: Mapped[int | None] = mapped_column(BigId)
    subject_label: Mapped[str] = mapped_column(String(300), default="")
    changes: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    address: Mapped[str] = mapped_column(String(45), default="")

    actor: Mapped[Person | None] = relationship()


Index("ix_audit_entry_subject", AuditEntry.subject_type, AuditEntry.subject_id)
# The log narrowed to some actions reads the newest of each.
Index("ix_audit_entry_action", AuditEntry.action, AuditEntry.id)


class Desk(Model):
    """The desk itself: one row, made by ``helpdesk init`` or by the demo."""

    __tablename__ = "desk"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    language: Mapped[str] = mapped_column(String(20), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    # Telephone numbers typed without a country code are read as numbers of this region.
    phone_region: Mapped[str] = mapped_column(String(2), default="GB")
    # How much open work rules give a technician at once; None sets no limit.
    most_at_once: Mapped[int | None] = mapped_column()
    # Who has had no page open for so many minutes gets no work from rules; None asks for nothing.
    silent_minutes: Mapped[int | None] = mapped_column()
    is_demo: Mapped[bool] = mapped_column(default=False)
    settings: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    # Another whenever who may do what has changed; processes then forget what they remember.
    access_stamp: Mapped[int] = mapped_column(default=new_stamp)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

"""Accounts: who may sign in, as what, and what happens when somebody leaves."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.events import SignInLinkSent, TechnicianDeactivated
from helpdesk.people.models import (
    Account,
    AccountRole,
    ContactKind,
    Person,
    Role,
    TeamMember,
)
from helpdesk.people.seed import ensure_roles
from helpdesk.people.services import absences, links, sessions
from helpdesk.people.services.links import Link, Purpose
from helpdesk.people.services.sign_in import clean_login
from helpdesk.people.stamp import access_changed

CUSTOMER = "customer"
"""The built-in role of people who are helped; everybody else's roles make them technicians."""

ADMINISTRATOR = "administrator"


def give(
    actor: Actor, person: Person, roles: Iterable[Role], *, login: str | None = None
) -> Account:
    """Let a person sign in with these roles; make them a technician unless all are customers'.

    ``login`` is their first e-mail address by default. Somebody whose account was deactivated
    gets it back. Raises Denied, Refused.
    """
    actor.demand(Permission.ACCOUNT_EDIT)
    if person.retired_at is not None or person.merged_into_id is not None:
        raise Refused("person-gone", _l("This person's record is no longer in use."))
    account = _account(person)
    login = typed_text.line(login, 320, "login")
    name = clean_login(login or (account.login if account is not None else "") or _address(person))
    if not name:
        raise Refused(
            "login-missing", _l("Give them an e-mail address first: they sign in with it."), "login"
        )
    _check_login(name, account)
    if account is None:
        account = Account(person_id=person.id, login=name, preferences={})
        db.session.add(account)
        db.session.flush()
        audit.record(actor, "account-created", account, {"login": [None, name]}, label=person.name)
    else:
        changes: dict[str, audit.Change] = {}
        if account.login != name:
            changes["login"] = [account.login, name]
        if account.deactivated_at is not None:
            changes["deactivated"] = [True, False]
        if changes:
            account.login, account.deactivated_at = name, None
            audit.record(actor, "account-changed", account, changes, label=person.name)
    db.session.expire(person, ["account"])
    set_roles(actor, account, roles)
    return account


def set_roles(actor: Actor, account: Account, roles: Iterable[Role]) -> bool:
    """Give an account exactly these roles; False when nothing changes.

    Nobody can take the administrator's role away from the last one, or give more than they hold
    themselves. Raises Denied, Refused.
    """
    actor.demand(Permission.ACCOUNT_EDIT)
    wanted = {role.id: role for role in roles}
    if not wanted:
        raise Refused("roles-missing", _l("Choose at least one role."), "roles")
    there = {role.id: role for role in account.roles}
    check_may_give(actor, [role for key, role in wanted.items() if key not in there])
    was_administrator = any(role.key == ADMINISTRATOR for role in there.values())
    if was_administrator and not any(role.key == ADMINISTRATOR for role in wanted.values()):
        check_not_last_administrator(account)
    person = account.person
    works = any(role.key != CUSTOMER for role in wanted.values())
    stops = person.is_technician and not works
    if person.is_technician != works:
        person.is_technician = works
        person.version += 1
    if stops:
        _leave_teams(person)
    if set(there) == set(wanted):
        access_changed()
        return False
    account.roles = list(wanted.values())
    db.session.flush()
    audit.record(
        actor,
        "roles-changed",
        account,
        {"roles": [_role_names(there.values()), _role_names(wanted.values())]},
        label=person.name,
    )
    access_changed()
    if stops:
        publish(TechnicianDeactivated(actor, person, None))
    return True


def deactivate(actor: Actor, account: Account, *, successor: Person | None = None) -> list[str]:
    """Take the right to sign in away; other rooms pass the person's work on.

    Sessions end at once, team memberships too. Returns what those rooms say about it, a sentence
    each. Raises Denied, Refused.
    """
    actor.demand(Permission.ACCOUNT_EDIT)
    person = account.person
    if account.deactivated_at is not None:
        return []
    if account.id == actor.account_id:
        raise Refused("deactivate-self", _l("You cannot take away your own access."))
    if any(role.key == ADMINISTRATOR for role in account.roles):
        check_not_last_administrator(account)
    if successor is not None and (
        successor.id == person.id or not successor.is_technician or successor.retired_at is not None
    ):
        raise Refused("successor", _l("Choose a technician who stays."), "successor")
    was_technician = person.is_technician
    account.deactivated_at = now()
    sessions.revoke_all(actor, account.id, label=person.name)
    _leave_teams(person)
    absences.forget_person(person.id)
    person.is_technician = False
    person.version += 1
    db.session.flush()
    audit.record(
        actor,
        "account-deactivated",
        account,
        {"successor": [None, successor.name if successor is not None else None]},
        label=person.name,
    )
    access_changed()
    left = TechnicianDeactivated(actor, person, successor)
    if was_technician:
        publish(left)
    return left.said


def send_sign_in_link(actor: Actor, account: Account, *, mail: bool = True) -> Link:
    """Make a link with which a person signs in for the first time and chooses a password.

    With ``mail`` it is sent to them; without, the caller shows it once. Raises Denied, Refused.
    """
    actor.demand(Permission.ACCOUNT_EDIT)
    if account.deactivated_at is not None:
        raise Refused("account-off", _l("This account is switched off."))
    if account.password_hash is not None and account.id != actor.account_id:
        # A link to a running account is a way into it, so it needs everything the account has.
        check_may_give(actor, account.roles)
    address = _address(account.person)
    if mail and not address:
        raise Refused("login-missing", _l("Give them an e-mail address first."))
    link = links.issue(account, Purpose.FIRST)
    audit.record(actor, "sign-in-link-made", account, {"mailed": [None, mail]})
    if mail:
        publish(SignInLinkSent(actor, account.person, address, link.url, link.expires_at))
    return link


def make_technician(
    actor: Actor, person: Person, role_keys: Iterable[str] = ("technician",)
) -> Account:
    """Let a person work tickets, with built-in roles by key. Raises Denied, Refused."""
    built_in = ensure_roles()
    return give(actor, person, [built_in[key] for key in role_keys])


def check_may_give(actor: Actor, roles: Iterable[Role]) -> None:
    """Raise Denied when a role allows what the actor may not do: nobody climbs by handing out."""
    for role in roles:
        if role.key == ADMINISTRATOR and actor.permissions != frozenset(Permission):
            actor.demand(next(iter(sorted(frozenset(Permission) - actor.permissions))))
        for row in role.permissions:
            if row.permission in set(Permission):
                actor.demand(Permission(row.permission))


def check_not_last_administrator(account: Account) -> None:
    """Raise Refused when nobody else could set up the desk any more."""
    other = db.session.scalar(
        select(Account.id)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .join(Role, Role.id == AccountRole.role_id)
        .where(
            Role.key == ADMINISTRATOR, Account.deactivated_at.is_(None), Account.id != account.id
        )
        .limit(1)
    )
    if other is None:
        raise Refused("last-administrator", _l("This is the only administrator."), "roles")


# ---- Small things ----


def _account(person: Person) -> Account | None:
    return db.session.scalar(select(Account).where(Account.person_id == person.id))


def _address(person: Person) -> str:
    """Return the person's first e-mail address, or an empty text."""
    for point in person.contact_points:
        if point.kind == ContactKind.EMAIL and point.retired_at is None:
            return point.value
    return ""


def _check_login(login: str, own: Account | None) -> None:
    same = db.session.scalar(select(Account).where(Account.login == login))
    if same is not None and (own is None or same.id != own.id):
        raise Refused("login-taken", _l("Somebody else signs in with this name."), "login")


def _leave_teams(person: Person) -> None:
    for row in db.session.scalars(select(TeamMember).where(TeamMember.person_id == person.id)):
        db.session.delete(row)
    db.session.flush()


def _role_names(roles: Iterable[Role]) -> list[str]:
    return sorted(role.name for role in roles)

"""How often somebody may try to sign in or ask for a new password.

The tries are counted in the audit log, where each of them is written anyway. So the limits hold
across processes, hosts and restarts, on both databases, without a store of their own; a counter
in the memory of each process would multiply them by the number of processes. The log's index on
time keeps the question cheap: it reads the last quarter of an hour.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.models import AuditEntry

FAILED = "sign-in-failed"
BLOCKED = "sign-in-blocked"
SIGNED_IN = "signed-in"
RESET_ASKED = "password-reset-asked"

WINDOW = timedelta(minutes=15)
"""Failed sign-ins are remembered for so long."""

PER_PAIR = 5
"""Failures of one login from one address: somebody mistypes."""

PER_LOGIN = 30
"""Failures of one login from everywhere: somebody guesses one password from many machines."""

PER_ADDRESS = 30
"""Failures from one address for all logins: an office behind one address, or a guesser."""

RESET_WINDOW = timedelta(hours=1)
RESETS_PER_LOGIN = 3
RESETS_PER_ADDRESS = 10

_READ_AT_MOST = 3000
"""Rows looked at; more than that in a quarter of an hour means that everybody is being attacked."""


class TooMany(Exception):
    """Too many tries. ``seconds`` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        """Say how long to wait."""
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class _Try:
    at: datetime
    action: str
    login: str
    network: str


def network_of(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _tries(actions: Sequence[str], since: datetime) -> list[_Try]:
    """Return the newest tries first."""
    rows = db.session.execute(
        select(AuditEntry.at, AuditEntry.action, AuditEntry.subject_label, AuditEntry.address)
        .where(AuditEntry.at > since, AuditEntry.action.in_(actions))
        .order_by(AuditEntry.at.desc())
        .limit(_READ_AT_MOST)
    )
    return [_Try(at, action, label, network_of(address)) for at, action, label, address in rows]


def check_sign_in(login: str, address: str) -> None:
    """Raise TooMany when this login or this address has failed too often lately.

    A success forgives the failures of the same login before it, but not those of the address.
    """
    network = network_of(address)
    pair: list[datetime] = []
    same_login: list[datetime] = []
    same_address: list[datetime] = []
    forgiven = False
    for one in _tries((FAILED, SIGNED_IN), now() - WINDOW):
        if one.action == SIGNED_IN:
            forgiven = forgiven or one.login == login
            continue
        if one.network == network:
            same_address.append(one.at)
        if one.login == login and not forgiven:
            same_login.append(one.at)
            if one.network == network:
                pair.append(one.at)
    _limit(pair, PER_PAIR, WINDOW)
    _limit(same_login, PER_LOGIN, WINDOW)
    _limit(same_address, PER_ADDRESS, WINDOW)


def check_reset(login: str, address: str) -> None:
    """Raise TooMany when a new password was asked for too often lately."""
    network = network_of(address)
    tries = _tries((RESET_ASKED,), now() - RESET_WINDOW)
    _limit([one.at for one in tries if one.login == login], RESETS_PER_LOGIN, RESET_WINDOW)
    _limit([one.at for one in tries if one.network == network], RESETS_PER_ADDRESS, RESET_WINDOW)


def was_blocked(login: str, address: str) -> bool:
    """Whether the log already says that this login is blocked for this address.

    A program that hammers on would otherwise fill the log with its refusals.
    """
    network = network_of(address)
    return any(
        one.login == login and one.network == network for one in _tries((BLOCKED,), now() - WINDOW)
    )


def _limit(newest_first: list[datetime], most: int, window: timedelta) -> None:
    if len(newest_first) >= most:
        # The way is free again when the oldest of the last ``most`` tries leaves the window.
        free_at = newest_first[most - 1] + window
        raise TooMany(max(1, int((free_at - now()).total_seconds()) + 1))

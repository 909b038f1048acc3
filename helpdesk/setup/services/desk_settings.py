"""What the desk is called, and what it assumes of people of whom it knows nothing else."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.models import Desk
from helpdesk.people.services import teams
from helpdesk.setup.services import editing
from helpdesk.web.i18n import LANGUAGES

FIELDS = ("name", "language", "time_zone", "phone_region", "most_at_once", "silent_minutes")
SILENT_FROM = 10
"""Minutes: when a session was last used is known to five."""


def the_desk(*, lock: bool = False) -> Desk:
    """Return the desk, alone if asked: who else saves then waits. Raises Missing without one."""
    wanted = select(Desk)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    desk: Desk | None = db.session.scalar(wanted)
    if desk is None:
        raise Missing
    return desk


def edit(actor: Actor, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> bool:
    """Change the desk; False when nothing changes. Raises Denied, Refused, Changed."""
    actor.demand(Permission.SETUP_DESK)
    desk = the_desk(lock=True)
    changes = editing.merged(desk, _checked(wanted), seen)
    if not changes:
        return False
    editing.write(desk, changes)
    audit.record(actor, "desk-edited", desk, changes)
    return True


def _checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    try:
        ZoneInfo(wanted["time_zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("zone-unknown", _l("Choose a time zone."), "time_zone") from None
    if wanted["language"] not in LANGUAGES:
        raise Refused("language-unknown", _l("Choose a language."), "language")
    if wanted["phone_region"] not in phonenumbers.SUPPORTED_REGIONS:
        raise Refused("region-unknown", _l("Choose a country or region."), "phone_region")
    silent = _number(wanted, "silent_minutes", 1440)
    if silent is not None and silent < SILENT_FROM:
        raise Refused(
            "silent-short",
            _l("At least %(n)d minutes: who reads a long ticket is there.", n=SILENT_FROM),
            "silent_minutes",
        )
    return {
        "name": editing.clean_name(wanted["name"]),
        "language": str(wanted["language"]),
        "time_zone": str(wanted["time_zone"]),
        "phone_region": str(wanted["phone_region"]),
        "most_at_once": _number(wanted, "most_at_once", teams.MOST_AT_ONCE),
        "silent_minutes": silent,
    }


def _number(wanted: Mapping[str, Any], field: str, most: int) -> int | None:
    """Return a whole number from 0 to ``most``; None when the field was left empty."""
    value = wanted.get(field)
    if value in (None, ""):
        return None
    if not isinstance(value, int) or not 0 <= value <= most:
        raise Refused(
            "number", _l("Type a number from 0 to %(most)d, or nothing.", most=most), field
        )
    return value

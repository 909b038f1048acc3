"""Suppliers: firms outside that tickets wait for, and how they are reached."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.db import db
from helpdesk.people import audit, contact_values, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Organisation
from helpdesk.setup.services import editing, keeping
from helpdesk.tickets.desk import Supplier

FIELDS = ("name", "organisation_id", "email", "phone", "contract")


def add(actor: Actor, wanted: Mapping[str, Any]) -> Supplier:
    """Add a supplier. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    supplier = Supplier(**_checked(wanted))
    db.session.add(supplier)
    db.session.flush()
    audit.record(actor, "supplier-created", supplier)
    return supplier


def edit(
    actor: Actor, row: Supplier, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Change a supplier; False when nothing changes. Raises Denied, Refused, Changed."""
    actor.demand(Permission.SETUP_TICKETS)
    changes = editing.merged(row, _checked(wanted, row), seen)
    if not changes:
        return False
    editing.write(row, changes)
    told = dict(changes)
    if "organisation_id" in told:
        told["organisation"] = [_organisation_name(key) for key in told.pop("organisation_id")]
    audit.record(actor, "supplier-edited", row, told)
    return True


def retire(actor: Actor, row: Supplier) -> bool:
    """Stop offering a supplier. Tickets that wait for them go on waiting. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.retire(actor, row)


def restore(actor: Actor, row: Supplier) -> bool:
    """Offer a retired supplier again. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.restore(actor, row)


def delete(actor: Actor, row: Supplier) -> None:
    """Remove a supplier that nothing ever waited for. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    keeping.delete(actor, row)


def _organisation_name(key: object) -> str | None:
    row = db.session.get(Organisation, key) if key is not None else None
    return row.name if row is not None else None


def _checked(wanted: Mapping[str, Any], own: Supplier | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"], 120)
    editing.check_free(Supplier, name, own)
    organisation_id = wanted["organisation_id"]
    known = db.session.get(Organisation, organisation_id) if organisation_id else None
    kept = own is not None and own.organisation_id == organisation_id
    if organisation_id and (known is None or (known.retired_at is not None and not kept)):
        raise Refused("not-in-use", _l("Choose only what is in use."), "organisation_id")
    email = (wanted["email"] or "").strip()
    try:
        email = typed_text.line(contact_values.email(email) if email else "", 254, "email")
    except ValueError:
        raise Refused("email-wrong", _l("This is not an e-mail address."), "email") from None
    return {
        "name": name,
        "organisation_id": organisation_id or None,
        "email": email,
        "phone": typed_text.line(wanted["phone"], 60, "phone"),
        "contract": editing.clean_text(wanted["contract"] or "", "contract"),
    }

"""What rules may ask about a message's signature and encryption."""

from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.rules import choices
from helpdesk.rules.facts import Facts
from helpdesk.rules.fields import Field, register
from helpdesk.rules.operators import Kind

VERIFIED = "verified"
NOT_VERIFIED = "not-verified"
NONE = "none"
SIGNATURES = {
    VERIFIED: _l("verified"),
    NOT_VERIFIED: _l("there, but not verified"),
    NONE: _l("none"),
}


def _security(known: Facts) -> dict[str, Any] | None:
    """Return what is known of the message that just came in; None when none did."""
    if known.entry is None or not known.entry.inbound:
        return None
    found = (known.entry.envelope or {}).get("security")
    return found if isinstance(found, dict) else {}


def _signature(known: Facts) -> str | None:
    security = _security(known)
    if security is None:
        return None
    signature = security.get("signature")
    if not isinstance(signature, dict):
        return NONE
    return NOT_VERIFIED if signature.get("flaw") else VERIFIED


def _came_encrypted(known: Facts) -> bool | None:
    security = _security(known)
    return None if security is None else bool(security.get("sealed"))


_FIELDS = (
    Field(
        "signature",
        _l("Signature of the mail"),
        Kind.CHOICE,
        _signature,
        None,
        choices.of_words(SIGNATURES),
        group="event",
    ),
    Field(
        "came-encrypted",
        _l("It came encrypted"),
        Kind.YES_NO,
        _came_encrypted,
        None,
        group="event",
    ),
)


def register_shipped() -> None:
    """Register them; ``app.create_app`` does."""
    for field in _FIELDS:
        register(field)

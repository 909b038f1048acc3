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


def _security(known: Facts) -> dict[str, Any]:
    envelope = known.entry.envelope if known.entry is not None else None
    found = (envelope or {}).get("security")
    return found if isinstance(found, dict) else {}


def _signature(known: Facts) -> str:
    signature = _security(known).get("signature")
    if not isinstance(signature, dict):
        return NONE
    return NOT_VERIFIED if signature.get("flaw") else VERIFIED


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
        lambda known: bool(_security(known).get("sealed")),
        None,
        group="event",
    ),
)


def register_shipped() -> None:
    """Register them; ``app.create_app`` does."""
    for field in _FIELDS:
        register(field)

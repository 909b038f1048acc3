"""What rules may ask about a mail: whether its sender is proven, and what the spam filter said."""

from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.channels.email.authentication import Proof
from helpdesk.rules.facts import Facts
from helpdesk.rules.fields import Choice, Field, register
from helpdesk.rules.operators import Kind


def register_shipped() -> None:
    """Offer the fields. They are known at an event only, of the message that came in."""
    register(
        Field("mail-sender", _l("The sender is verified"), Kind.CHOICE, _proof, None, _proofs,
              group="event")
    )  # fmt: skip
    register(
        Field("mail-spam", _l("The mail server marked it as spam"), Kind.YES_NO,
              _spam("marked"), None, group="event")
    )  # fmt: skip
    register(
        Field("mail-spam-score", _l("Spam score of the mail server"), Kind.NUMBER,
              _spam("score"), None, group="event")
    )  # fmt: skip
    register(
        Field("mail-automatic", _l("A program wrote the mail"), Kind.YES_NO,
              _automatic, None, group="event")
    )  # fmt: skip


def _noted(known: Facts, name: str) -> Any:
    return (known.entry.envelope or {}).get(name) if known.entry is not None else None


def _proof(known: Facts) -> str | None:
    if known.entry is None or not known.entry.inbound:
        return None
    noted = _noted(known, "sender_check")
    return str(noted.get("proof")) if isinstance(noted, dict) else "unchecked"


def _proofs() -> Sequence[Choice]:
    words = {
        Proof.PASS: _l("verified"),
        Proof.FAIL: _l("not verified"),
        Proof.NONE: _l("unproven"),
        "unchecked": _l("nobody checked"),
    }
    return [(str(key), str(word)) for key, word in words.items()]


def _spam(name: str) -> Callable[[Facts], Any]:
    def value(known: Facts) -> Any:
        noted = _noted(known, "spam")
        return noted.get(name) if isinstance(noted, dict) else None

    return value


def _automatic(known: Facts) -> bool | None:
    if known.entry is None or not known.entry.inbound:
        return None
    return bool(_noted(known, "automatic"))

"""What the timeline says about a message's signature and encryption."""

from datetime import datetime
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from helpdesk.channels.email.secure import words
from helpdesk.channels.email.secure.model import Sealed
from helpdesk.tickets.models import Entry
from helpdesk.web.i18n import moment


def of_entry(entry: Entry) -> Markup | None:
    """Return the lines about an entry's protection, each with its details."""
    envelope: dict[str, Any] = entry.envelope or {}
    lines = []
    security = envelope.get("security")
    if isinstance(security, dict):
        if security.get("sealed"):
            lines.append(_sealed(security))
        if isinstance(security.get("signature"), dict):
            lines.append(_signed(security["signature"]))
    elif envelope.get("encrypt"):
        lines.append(("lock", "", _("Sent encrypted"), []))
    if not lines:
        return None
    return Markup(render_template("mail/_protection.html", lines=lines))  # noqa: S704 (our own)


def _sealed(said: dict[str, Any]) -> tuple[str, str, str, list[tuple[str, str]]]:
    opened = said["sealed"] == Sealed.OPENED
    details = [(_("Kind"), words.KINDS.get(said.get("sealed_kind", ""), ""))]
    if said.get("for_keys"):
        details.append((_("Encrypted for keys"), ", ".join(map(str, said["for_keys"]))))
    return "lock", "" if opened else "warn", words.sealed_words(said), details


def _signed(said: dict[str, Any]) -> tuple[str, str, str, list[tuple[str, str]]]:
    flaw = words.flaw_of(said)
    details = [
        (_("Kind"), words.KINDS.get(said.get("kind", ""), "")),
        (_("Signed at"), _when(said.get("at"))),
        (_("Issued by"), said.get("issuer", "")),
        (_("Fingerprint"), words.grouped(said.get("fingerprint", ""))),
        (_("What to do"), str(words.WHAT_TO_DO[flaw]) if flaw else ""),
        (_("In detail"), said.get("detail", "") if flaw else ""),
    ]
    icon, tone = ("shield-alert", "warn") if flaw else ("shield-check", "ok")
    return icon, tone, words.signature_words(said), details


def _when(text: Any) -> str:
    try:
        return str(moment(datetime.fromisoformat(text))) if text else ""
    except ValueError:
        return ""

"""Who was not reached by a mail of ours, as a sentence of the journal."""

from collections.abc import Mapping

from flask_babel import gettext as _
from markupsafe import Markup

from helpdesk.people.services.reachable import why
from helpdesk.tickets.saying import Changes, bold, pair, say

SHOWN = 5
"""Recipients that are named; a report may be about hundreds."""


def undelivered(_name: Markup, changes: Changes) -> Markup | None:
    """Say who was not reached, why, and whether that is for good."""
    found = pair(changes, "undelivered")[1]
    if not isinstance(found, list) or not found:
        return None
    said = [_one(one) for one in found[:SHOWN] if isinstance(one, Mapping)]
    if len(found) > SHOWN:
        said.append(say(_("and %(count)d more", count=len(found) - SHOWN)))
    return Markup("; ").join(said)


def _one(told: Mapping[str, object]) -> Markup:
    address = bold(str(told.get("address") or "") or _("somebody"))
    if told.get("reason") == "complaint":
        return say(
            _("The provider of %(address)s reports a mail of ours as unwanted"), address=address
        )
    if told.get("temporary"):
        return say(
            _("Mail to %(address)s is late; the mail system goes on trying"), address=address
        )
    said = say(
        _("Mail to %(address)s could not be delivered: %(reason)s"),
        address=address,
        reason=why(str(told.get("reason"))),
    )
    status = str(told.get("status") or "")
    # Of 4.… a mail system says that trying again may help; it has stopped trying all the same.
    end = _("given up") if status.startswith("4") else _("permanent")
    if not status:
        return say(_("%(said)s (%(end)s)"), said=said, end=end)
    return say(_("%(said)s (status %(status)s, %(end)s)"), said=said, status=status, end=end)

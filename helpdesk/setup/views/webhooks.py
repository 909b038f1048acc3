"""Webhooks: other programs that are called, and the ledger of their calls."""

import secrets
from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField

from helpdesk.notify import calls
from helpdesk.notify.models import Webhook, WebhookCall
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.forms import NEEDED
from helpdesk.people.guard import require
from helpdesk.setup import queries
from helpdesk.setup.forms import Edit
from helpdesk.setup.services import webhooks
from helpdesk.setup.views.blueprint import bp
from helpdesk.setup.views.shelf import Listing, Shelf, put_up

EVENTS = {
    "test": _l("Test"),
    "promise.in-danger": _l("A promise is in danger"),
    "promise.missed": _l("A promise was missed"),
}
REASONS = {
    "private-address": _l("The name leads into a private network, which is not allowed here."),
    "not-https": _l("Only https:// addresses are called."),
    "not-an-address": _l("This is no whole address."),
    "retired": _l("The program is retired."),
    "demo": _l("The demo desk calls nobody outside this machine."),
    "secret-unreadable": _l("The secret key of the desk has changed: type the secret again."),
}
"""Why a call was not even tried."""


class WebhookFields(Edit):
    """A program to call."""

    FIELDS = webhooks.FIELDS

    name = StringField(_l("Name"), [NEEDED])
    url = StringField(_l("Address"), [NEEDED], description=_l("https:// and the path"))
    secret = StringField(_l("Secret"))
    private = BooleanField(
        _l("Within our own network"),
        description=_l("Allow private addresses, and http. Only for a program that you trust."),
    )


def _form(row: Webhook | None, sent: bool) -> WebhookFields:
    form = WebhookFields() if sent else WebhookFields(formdata=None)
    form.secret.description = (
        _("Empty keeps the one there is")
        if row is not None
        else _("Signs each call. Give it to the program now; it is not shown again.")
    )
    if row is None and not sent:
        form.secret.data = secrets.token_urlsafe(32)
    return form


def _listing() -> Listing:
    rows = webhooks.in_use()
    newest = calls.newest(guard.current_actor())
    return Listing(
        [(None, rows)],
        queries.retired(Webhook),
        {
            "calls": newest,
            "events": EVENTS,
            "said": _said,
            "waits": any(row.state in {"queued", "claimed"} for row in newest),
        },
    )


def _said(row: WebhookCall) -> str:
    """Return what came of a call, in words where we have some."""
    if row.status is not None:
        if 300 <= row.status < 400:
            return str(_("%(status)d: redirects are not followed", status=row.status))
        return f"{row.status} {row.said}".strip()
    return str(REASONS.get(row.said, row.said))


def _test(actor: Any, row: Webhook) -> bool:
    webhooks.test(actor, row)
    flash(_("A test call is on its way"))
    return True


WEBHOOKS = Shelf(
    key="webhooks",
    permission=Permission.SETUP_DESK,
    model=Webhook,
    form=_form,
    listing=_listing,
    add=webhooks.add,
    edit=webhooks.edit,
    acts={
        "test": _test,
        "retire": webhooks.retire,
        "restore": webhooks.restore,
        "delete": webhooks.delete,
    },
    ordered=False,
)
put_up(WEBHOOKS)


@bp.post("/webhooks/calls/<int:call_id>/again")
@require(Permission.SETUP_DESK)
def call_again(call_id: int) -> Any:
    """Make a failed call again."""
    if calls.again(guard.current_actor(), call_id):
        flash(_("It is made again in a moment."))
    return redirect(url_for("setup.webhooks", _anchor="calls"), 303)

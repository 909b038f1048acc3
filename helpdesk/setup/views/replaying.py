"""Replay: what promises of open tickets would become by what is set up now; then making it so."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.guard import require
from helpdesk.setup import queries
from helpdesk.setup.forms import key_or_none
from helpdesk.setup.services import promises
from helpdesk.setup.views.blueprint import bp
from helpdesk.sla import replay, replay_batches
from helpdesk.sla.models import Policy
from helpdesk.sla.views import standing, words
from helpdesk.tickets.queries.access import hidden_among
from helpdesk.web.forms import Form, Needed

SHOWN = 200
"""Differences that the page lists; how many there are it says of all."""


class ReplayFields(Form):
    """Why promises become others, and which tickets were looked at."""

    reason = StringField(_l("Reason"), [Needed(_l("Say why.")), Length(max=300)])
    policy = HiddenField()
    after = HiddenField()


def _page(form: ReplayFields, status: int = 200) -> Any:
    actor = guard.current_actor()
    policy_id = key_or_none(form.policy.data)
    policy = queries.one(Policy, policy_id) if policy_id is not None else None
    batch = replay_batches.batch(policy_id, after=_after(form))
    found = replay.differences(actor, batch.tickets)
    hidden = hidden_among(actor, {one.ticket_id for one in found[:SHOWN]})
    return render_template(
        "setup/replay.html",
        place="promises",
        form=form,
        policy=policy,
        policies=[row for row, _terms in promises.in_order()],
        batch=batch,
        found=[one for one in found[:SHOWN] if one.ticket_id not in hidden],
        differences=len(found),
        tickets=len({one.ticket_id for one in found}),
        said=words,
        standing=standing,
    ), status


def _after(form: ReplayFields) -> int:
    text = form.after.data or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


@bp.get("/promises/replay", endpoint="replay")
@require(Permission.SETUP_SLA)
def show_replay() -> Any:
    """Show what would come out otherwise; nothing is changed."""
    form = ReplayFields(formdata=None)
    form.policy.data = request.args.get("policy", "")
    form.after.data = request.args.get("after", "")
    # Whoever goes on with the next tickets need not say again why.
    form.reason.data = request.args.get("reason", "")[:300]
    return _page(form)


@bp.post("/promises/replay")
@require(Permission.SETUP_SLA)
def apply_replay() -> Any:
    """Work the promises out anew and write them down, with the reason."""
    form = ReplayFields()
    if not form.validate():
        return _page(form, 422)
    policy_id = key_or_none(form.policy.data)
    batch = replay_batches.batch(policy_id, after=_after(form), lock=True)
    found = replay.replay(guard.current_actor(), batch.tickets, reason=form.reason.data or "")
    number = len({one.ticket_id for one in found})
    flash(
        ngettext(
            "The promises of %(num)d ticket are worked out anew",
            "The promises of %(num)d tickets are worked out anew",
            number,
        )
        if number
        else _("Nothing came out otherwise")
    )
    after, reason = (batch.last, form.reason.data) if batch.more else (None, None)
    return redirect(url_for("setup.replay", policy=policy_id, after=after, reason=reason), 303)

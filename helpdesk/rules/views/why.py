"""Why did this happen? From an entry of the journal to the rule that wrote it."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.exceptions import NotFound as NothingHere

from helpdesk.db import db
from helpdesk.notify.models import Notice
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none, require
from helpdesk.rules import history, stored
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.views import policies, words
from helpdesk.rules.views.blueprint import bp
from helpdesk.tickets.models import Entry
from helpdesk.tickets.queries.access import get_for


def of_entry(entry: Entry) -> Markup | None:
    """Return the button beside an entry that a rule wrote."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    return Markup(render_template("rules/_why_button.html", entry=entry))  # noqa: S704 (our own)


def of_notice(notice: Notice) -> Markup | None:
    """Return the link from a notice to the rule that told it, or that was stopped."""
    actor, rule_id = actor_or_none(), notice.data.get("rule_id")
    policy_id = notice.data.get("policy_id")
    if actor is None or not actor.can(Permission.RULE_VIEW):
        return None
    if isinstance(policy_id, int):
        address = url_for("rules.policy", policy_id=policy_id)
        return Markup('<p class="notice-rule"><a href="{}">{}</a></p>').format(
            address, _("What its steps did")
        )
    if not isinstance(rule_id, int):
        return None
    address = url_for("rules.rule", rule_id=rule_id)
    return Markup('<p class="notice-rule"><a href="{}">{}</a></p>').format(
        address, _("Open the rule")
    )


@bp.get("/why/<int:number>/<int:entry_id>")
@require(Permission.TICKET_READ)
def why(number: int, entry_id: int) -> Any:
    """Show the rule, the version and the occasion that made an entry of a ticket's journal."""
    actor = guard.current_actor()
    ticket = get_for(actor, number)
    entry = db.session.get(Entry, entry_id)
    if entry is None or entry.ticket_id != ticket.id:
        raise NothingHere
    run = history.why([entry.id]).get(entry.id)
    content = None
    if run is not None:
        try:
            content = stored.content_of(run.rule, run.version)
        except WrongRule:
            content = None
    return render_template(
        "rules/why.html",
        run=run,
        content=content,
        words=words,
        because=policies.because(entry) if run is None else None,
        may_see_steps=actor.can(Permission.RULE_VIEW),
        may_see=actor.can(Permission.RULE_VIEW) and run is not None and not run.rule.retired_at,
    )

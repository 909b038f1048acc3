"""The steps of a policy: what they did, and letting them go on when they rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.db import db
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Missing
from helpdesk.people.guard import require
from helpdesk.rules import history
from helpdesk.rules.views import offered, page
from helpdesk.rules.views.blueprint import bp
from helpdesk.sla import resting, stored
from helpdesk.sla.models import Policy, PolicyVersion, StepDone
from helpdesk.sla.policy import Step
from helpdesk.tickets.models import Entry
from helpdesk.tickets.services.act import BY

P = Permission


def _policy(policy_id: int) -> Policy:
    """Return a policy. Raises Missing."""
    found = db.session.get(Policy, policy_id)
    if found is None:
        raise Missing
    return found


@bp.get("/policies/<int:policy_id>")
@require(P.RULE_VIEW)
def policy(policy_id: int) -> Any:
    """Show what the steps of a policy did, newest first, on tickets that the reader may see."""
    actor, row = guard.current_actor(), _policy(policy_id)
    found = history.steps_of(actor, row, before=request.args.get("before", ""))
    shown, more = found[: history.PAGE], len(found) > history.PAGE
    place = history.place(shown[-1]) if more else None
    older = url_for("rules.policy", policy_id=row.id, before=place) if more else None
    known = _known_steps(row)
    context = {**page.around(None), "policy": row, "older": older}
    said = [(one, _words(one, known)) for one in shown]
    return render_template("rules/policy.html", steps=said, **context)


@bp.post("/policies/<int:policy_id>/rouse")
@require(P.RULE_EDIT)
def rouse(policy_id: int) -> Any:
    """Let the steps of a policy go on."""
    row = _policy(policy_id)
    resting.rouse(guard.current_actor(), row)
    flash(_("The steps of “%(policy)s” go on", policy=row.name), "done")
    return redirect(url_for("rules.policy", policy_id=row.id), 303)


def _known_steps(row: Policy) -> Mapping[str, Step]:
    """Return every step that a policy ever had, by its key and promise."""
    return {
        f"{step.promise.value} {step.key}": step
        for version_id in stored.version_ids(row.id)
        for step in stored.terms_of(version_id).steps
    }


def _words(done: StepDone, known: Mapping[str, Step]) -> str:
    step = known.get(f"{done.promise} {done.step}")
    return offered.policy_words([step])[0] if step is not None else done.step


@dataclass(frozen=True, slots=True)
class Because:
    """The step of a policy because of which an entry was written."""

    policy: Policy
    number: int
    """Of the version that held for the ticket."""
    words: str


def because(entry: Entry) -> Because | None:
    """Return the step of a policy that wrote an entry; None when none did."""
    changes: Mapping[str, Any] = entry.changes or {}
    for name in (BY, "promise"):
        told = changes[name][1] if name in changes else None
        if isinstance(told, Mapping) and "policy_version" in told:
            version = db.session.get(PolicyVersion, int(told["policy_version"]))
            if version is None:
                return None
            steps = [one for one in stored.terms_of(version.id).steps if one.key == told["step"]]
            words = offered.policy_words(steps[:1])
            return Because(_policy(version.policy_id), version.number, "".join(words))
    return None

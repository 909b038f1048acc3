"""What is known of a sender, on the messages of a ticket, and deciding about those in doubt."""

from collections.abc import Mapping
from typing import Any

from flask import current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from config import Settings
from helpdesk.channels.email.authentication import NAMELESS, Proof
from helpdesk.channels.email.views.blueprint import bp
from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.companions import Doubt
from helpdesk.tickets.models import Entry
from helpdesk.tickets.queries.access import entry_for, get_for
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.doubted import VERB

PROOFS = {
    Proof.PASS: _l("Sender verified"),
    Proof.FAIL: _l("Sender not verified"),
    Proof.NONE: _l("Sender unproven"),
}


def of_entry(entry: Entry) -> Markup | str | None:
    """Return the mark of an entry that came by mail whose sender was checked."""
    noted = (entry.envelope or {}).get("sender_check")
    if not isinstance(noted, dict) or entry.redacted_at is not None:
        return None
    proof = Proof(str(noted["proof"]))
    results = noted.get("results") or {}
    doubt = db.session.get(Doubt, entry.id) if entry.verb == VERB else None
    return Markup(  # noqa: S704 (our own template)
        render_template(
            "mail/_sender.html",
            entry=entry,
            proof=proof,
            word=_word(proof, results, believed="believed" in (entry.envelope or {})),
            by=_("The mail server") if noted.get("by") == NAMELESS else noted.get("by"),
            results=results,
            doubt=doubt,
            may_decide=current_actor().can(Permission.TICKET_WORK),
        )
    )


def _word(proof: Proof, results: Mapping[str, str], *, believed: bool) -> str:
    """Return what the mark says in a few words; of a failure also what failed."""
    failed = [name for name, said in results.items() if said.split()[:1] == ["fail"]]
    if believed:
        return str(_("Accepted by hand"))
    if proof == Proof.FAIL and failed:
        # DMARC decides where it is stated; else what it would rest on.
        name = "dmarc" if "dmarc" in failed else failed[0]
        return str(_("Sender not verified: %(method)s failed", method=name.upper()))
    return str(PROOFS[proof])


@bp.post("/doubted/<int:number>/<int:entry_id>/believe")
@require(Permission.TICKET_WORK)
def believe(number: int, entry_id: int) -> Any:
    """Take a message for what it says: it is from its sender."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    entry = entry_for(actor, ticket, entry_id)
    settings: Settings = current_app.config["SETTINGS"]
    try:
        services.believe(actor, ticket, entry, reopen_days=settings.reopen_days)
        flash(_("It counts as their message now."))
    except Refused as refused:
        flash(str(refused))
    return redirect(url_for("tickets.ticket", number=ticket.id), 303)


@bp.post("/doubted/<int:number>/<int:entry_id>/disbelieve")
@require(Permission.TICKET_WORK)
def disbelieve(number: int, entry_id: int) -> Any:
    """Keep a message as a note: it is not from who it says."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    try:
        services.disbelieve(actor, entry_for(actor, ticket, entry_id))
        flash(_("It stays a note."))
    except Refused as refused:
        flash(str(refused))
    return redirect(url_for("tickets.ticket", number=ticket.id), 303)

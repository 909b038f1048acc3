"""What is known of a sender, on the messages of a ticket, and deciding about those in doubt."""

from collections.abc import Mapping
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from config import Settings
from helpdesk.channels.email import accepted
from helpdesk.channels.email.accepted import Nothing
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


NOTHING = {
    Nothing.UNVERIFIABLE: _l(
        "It can’t be remembered: nothing in this message is verified, so anybody could write the"
        " next one."
    ),
    Nothing.SHARED: _l(
        "It can’t be remembered: all that is verified is a service through which anybody may send."
    ),
}
"""Why further mail of a sender can't be accepted from now on."""


def bond_in_words(method: str, domain: str) -> str:
    """Return by what mail of an accepted sender is known."""
    if method == "dkim":
        return str(_("Accepted: signed by %(domain)s", domain=domain))
    return str(_("Accepted: sent by a server of %(domain)s", domain=domain))


def of_entry(entry: Entry) -> Markup | str | None:
    """Return the mark of an entry that came by mail whose sender was checked."""
    noted = (entry.envelope or {}).get("sender_check")
    if not isinstance(noted, dict) or entry.redacted_at is not None:
        return None
    proof = Proof(str(noted["proof"]))
    results = noted.get("results") or {}
    actor = current_actor()
    doubt = db.session.get(Doubt, entry.id) if entry.verb == VERB else None
    bond = accepted.offered(entry) if doubt is not None and doubt.believed is None else None
    return Markup(  # noqa: S704 (our own template)
        render_template(
            "mail/_sender.html",
            entry=entry,
            proof=proof,
            word=_word(proof, noted, believed="believed" in (entry.envelope or {})),
            by=_("The mail server") if noted.get("by") == NAMELESS else noted.get("by"),
            results=results,
            doubt=doubt,
            bond=bond,
            nothing=NOTHING[bond] if isinstance(bond, Nothing) else "",
            remembered=accepted.row_of(entry) if doubt is not None and doubt.believed else None,
            may_decide=actor.can(Permission.TICKET_WORK),
            may_set_up=actor.can(Permission.SETUP_MAIL),
            me=actor.person_id,
        )
    )


def _word(proof: Proof, noted: Mapping[str, Any], *, believed: bool) -> str:
    """Return what the mark says in a few words; of a failure also what failed."""
    results: Mapping[str, str] = noted.get("results") or {}
    if "accepted" in noted:
        return bond_in_words(*map(str, noted["accepted"]))
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
    remember, found = bool(request.form.get("remember")), accepted.offered(entry)
    if remember and isinstance(found, Nothing):
        # Nothing is decided: whoever asked for both should know before they settle for one.
        flash(str(NOTHING[found]))
        return redirect(url_for("tickets.ticket", number=ticket.id), 303)
    try:
        services.believe(actor, ticket, entry, reopen_days=settings.reopen_days)
        row = accepted.remember(actor, entry) if remember else None
        if row is None:
            flash(_("It counts as their message now."))
        else:
            text = _("It counts as their message now, and so does further mail like it.")
            flash(text, url_for("mail.accept_no_more", sender_id=row.id))
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

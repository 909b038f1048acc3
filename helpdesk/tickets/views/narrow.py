"""The editor of a list's filter, and the words it offers."""

from flask import jsonify, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import Organisation, Site
from helpdesk.tickets import wording
from helpdesk.tickets.desk import Supplier, Tag
from helpdesk.tickets.queries import labels
from helpdesk.tickets.queries.access import visible_queues
from helpdesk.tickets.queries.filters import KEYS, Filter, Owner, Period, parse
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.chips import period_words
from helpdesk.tickets.views.listing import (
    DUE_NAMES,
    FLAG_NAMES,
    HOLD_WORDS,
    KEY_NAMES,
    address_of,
    lists_of,
    wanted_list,
)

PERIODS = ("today", "7d", "30d", "over-3d", "over-7d", "over-30d")
"""Periods that are offered by name; any other is given by its dates."""

OFFERED = 12


@bp.get("/queue/filter")
@require(Permission.TICKET_READ)
def edit_filter() -> str:
    """Show the editor with the filter of the list; ``at`` names the field to begin with."""
    actor = current_actor()
    wanted = wanted_list().filter
    queues = {queue.id: queue.name for queue in visible_queues(actor)}
    return render_template(
        "tickets/_filter_form.html",
        wanted=wanted,
        ticked={key: wanted.values(key) for key in KEYS},
        names=labels.names_in(actor, wanted, queues),
        key_names=KEY_NAMES,
        queues=queues,
        boxes={
            "class": wording.STATUS_CLASSES,
            "priority": wording.PRIORITIES,
            "flag": FLAG_NAMES,
            "kind": wording.KINDS,
            "channel": wording.CHANNELS,
            "hold": HOLD_WORDS,
            "due": DUE_NAMES,
        },
        owners=[owner for owner in wanted.owners if not isinstance(owner, Owner)],
        periods={key: period_words(Period.parse(key)) for key in PERIODS},
        at=request.args.get("at", "q"),
        clear=address_of(Filter(my=wanted.my, queues=wanted.queues, sort=wanted.sort)),
    )


@bp.get("/queue/narrow")
@require(Permission.TICKET_READ)
def narrow() -> Response:
    """Lead to the list that the editor describes, at its shortest address."""
    values = lists_of(request.args)
    for key in ("opened", "updated"):
        first, last = request.args.get(f"{key}_from", ""), request.args.get(f"{key}_to", "")
        if first or last:
            values[key] = [f"{first}..{last}"]
    parsed = parse(values)
    address = address_of(parsed.filter)
    if parsed.problems:
        # What was not understood goes along, so that the list can say so.
        said = "&".join(f"{problem.key}={problem.value}" for problem in parsed.problems)
        address = f"{address}{'&' if '?' in address else '?'}{said}"
    return redirect(address, 303)


# ---- Values to choose from ----


@bp.get("/queue/choices/supplier")
@require(Permission.TICKET_READ)
def supplier_choices() -> Response:
    """Offer the suppliers whose name has these letters, retired ones too."""
    words = request.args.get("q", "").strip()[:100]
    rows = db.session.execute(
        select(Supplier.id, Supplier.name)
        .where(Supplier.name.icontains(words, autoescape=True))
        .order_by(Supplier.name)
        .limit(OFFERED)
    )
    return jsonify([{"value": row.id, "label": row.name} for row in rows])


@bp.get("/queue/choices/site")
@require(Permission.TICKET_READ)
def site_choices() -> Response:
    """Offer the sites whose name has these letters, with their organisation."""
    words = request.args.get("q", "").strip()[:100]
    rows = db.session.execute(
        select(Site.id, Site.name, Organisation.name.label("organisation"))
        .join(Organisation, Organisation.id == Site.organisation_id)
        .where(Site.retired_at.is_(None), Site.name.icontains(words, autoescape=True))
        .order_by(Site.name, Site.id)
        .limit(OFFERED)
    )
    return jsonify([{"value": row.id, "label": row.name, "hint": row.organisation} for row in rows])


@bp.get("/queue/choices/tag")
@require(Permission.TICKET_READ)
def filter_tags() -> Response:
    """Offer the tags whose name has these letters, by their keys."""
    words = request.args.get("q", "").strip()[:100]
    rows = db.session.execute(
        select(Tag.id, Tag.name)
        .where(Tag.retired_at.is_(None), Tag.name.icontains(words, autoescape=True))
        .order_by(Tag.name)
        .limit(OFFERED)
    )
    return jsonify([{"value": row.id, "label": row.name} for row in rows])

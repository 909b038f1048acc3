"""Saved views: naming a list, and looking after the names."""

import json
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import Team
from helpdesk.tickets.list_forms import ViewForm
from helpdesk.tickets.queries import labels, views
from helpdesk.tickets.queries.filters import Filter, to_query
from helpdesk.tickets.queries.views import SavedView
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services import views as services
from helpdesk.tickets.views.answers import is_fragment
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.chips import chips_of
from helpdesk.tickets.views.listing import (
    address_of,
    frame_of,
    side_of,
    topics_of,
    view_name,
    wanted_list,
)
from helpdesk.web.forms import choices


def _filled(actor: Actor, form: Any) -> Any:
    """Give a form its choices: colours, and for whom a view may be."""
    form.colour.choices = choices((colour, colour) for colour in services.COLOURS)
    shares = [("me", _("Me"))]
    if actor.can(Permission.VIEW_SHARE):
        shares.append(("all", _("Everybody")))
        if actor.team_ids:
            teams = db.session.query(Team).filter(Team.id.in_(actor.team_ids)).order_by(Team.name)
            shares += [(str(team.id), team.name) for team in teams]
    form.share.choices = choices(shares)
    return form


@bp.get("/queue/views/new")
@require(Permission.TICKET_READ)
def new_view() -> str:
    """Ask for a name for the list that is shown."""
    actor = current_actor()
    return _new_form(actor, _filled(actor, ViewForm(formdata=None)), wanted_list().filter)


def _new_form(actor: Actor, form: Any, wanted: Filter) -> str:
    return render_template(
        "tickets/_view_form.html",
        form=form,
        query=to_query(wanted),
        chips=chips_of(wanted, labels.names_in(actor, wanted)),
        view=None,
    )


@bp.post("/queue/views")
@require(Permission.TICKET_READ)
def save_view() -> Response:
    """Keep the list under a name."""
    actor = current_actor()
    form = _filled(actor, ViewForm())
    wanted = wanted_list().filter
    share = form.share.data or "me"
    if form.validate():
        try:
            services.save_view(
                actor,
                form.name.data,
                wanted,
                colour=form.colour.data,
                shared=share != "me",
                team_id=int(share) if share.isdigit() else None,
            )
        except Refused as refusal:
            form.refuse(refusal.field, refusal.message)
        else:
            return _kept(_("The view was saved"), address_of(wanted))
    return make_response(_new_form(actor, form, wanted), 422)


@bp.get("/queue/views")
@require(Permission.TICKET_READ)
def saved_views() -> str:
    """Show the reader's views, to be renamed, ordered and removed."""
    actor = current_actor()
    side = side_of(actor, None)
    return render_template(
        "tickets/views.html",
        side=side,
        query="",
        topics=topics_of(side.queue_lines),
        **frame_of(actor),
        shared=[_line(actor, view) for view in side.saved if not view.personal],
        own=[_line(actor, view) for view in side.saved if view.personal],
        may_share=actor.can(Permission.VIEW_SHARE),
    )


def _line(actor: Actor, view: SavedView) -> dict[str, Any]:
    chips = chips_of(view.filter, labels.names_in(actor, view.filter))
    return {
        "view": view,
        "name": view_name(view),
        "url": address_of(view.filter),
        "says": ", ".join(f"{chip.name} {chip.value}" for chip in chips if chip.clear),
    }


@bp.get("/queue/views/<int:view_id>")
@require(Permission.TICKET_READ)
def edit_view(view_id: int) -> str:
    """Ask for another name or colour."""
    actor = current_actor()
    view = views.view_for(actor, view_id)
    form = _filled(actor, ViewForm(formdata=None, name=view.name, colour=view.colour))
    return render_template("tickets/_view_form.html", form=form, view=view, query="", chips=[])


@bp.post("/queue/views/<int:view_id>")
@require(Permission.TICKET_READ)
def change_view(view_id: int) -> Response:
    """Give a view another name or colour."""
    actor = current_actor()
    view = views.view_for(actor, view_id)
    form = _filled(actor, ViewForm())
    if form.validate():
        try:
            services.change_view(actor, view, name=form.name.data, colour=form.colour.data)
        except Refused as refusal:
            form.refuse(refusal.field, refusal.message)
        else:
            return _kept(_("The view was changed"), url_for("tickets.saved_views"))
    body = render_template("tickets/_view_form.html", form=form, view=view, query="", chips=[])
    return make_response(body, 422)


@bp.post("/queue/views/<int:view_id>/move")
@require(Permission.TICKET_READ)
def move_view(view_id: int) -> Response:
    """Move a view up or down."""
    actor = current_actor()
    by = -1 if request.form.get("to") == "up" else 1
    services.move_view(actor, views.view_for(actor, view_id), by)
    return redirect(url_for("tickets.saved_views"), 303)


@bp.post("/queue/views/<int:view_id>/remove")
@require(Permission.TICKET_READ)
def remove_view(view_id: int) -> Response:
    """Take a view out of use."""
    actor = current_actor()
    services.retire_view(actor, views.view_for(actor, view_id))
    flash(_("The view was removed"), "message")
    return redirect(url_for("tickets.saved_views"), 303)


def _kept(text: str, address: str) -> Response:
    """Say that it is done, on the page that shows it."""
    flash(text, "message")
    if not is_fragment():
        return redirect(address, 303)
    response = make_response("")
    response.headers["HX-Redirect"] = address
    response.headers["HX-Trigger"] = json.dumps({"dialog-close": True})
    return response

"""The whole history of a person or an organisation, over all channels, on their pages."""

from flask import render_template, request, url_for
from flask_babel import ngettext
from markupsafe import Markup

from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.people.models import Organisation, Person
from helpdesk.people.queries import organisation_for, person_for
from helpdesk.tickets.forms import whole
from helpdesk.tickets.queries import people
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.page import WORDS


def of_person(person: Person) -> Markup | None:
    """Return the panel of a person's tickets; nothing for readers who may see no tickets."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template(
            "tickets/panels/history.html",
            figures=people.figures(actor, person.id),
            counted=people.COUNTED,
            log_url=url_for("tickets.log_call", customer=person.id)
            if actor.can(Permission.TICKET_LOG) and person.merged_into_id is None
            else "",
            **_person_page(actor, person.id, None),
        )
    )


def moving_of(person: Person) -> str | None:
    """Say how many tickets move along when a person's record becomes part of another."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    count = people.count_of_person(actor, person.id)
    return str(ngettext("%(num)d ticket", "%(num)d tickets", count))


def of_organisation(organisation: Organisation) -> Markup | None:
    """Return the panel of an organisation's tickets."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template(
            "tickets/panels/history.html",
            figures=None,
            counted=people.COUNTED,
            log_url="",
            **_organisation_page(actor, organisation.id, None),
        )
    )


def _person_page(actor: Actor, person_id: int, before: int | None) -> dict[str, object]:
    rows, more = people.person_history(actor, person_id, before=before)
    older = (
        url_for("tickets.person_history", person_id=person_id, before=rows[-1].id) if more else ""
    )
    return {"rows": rows, "older": older, "with_customer": False, "words": WORDS}


def _organisation_page(actor: Actor, organisation_id: int, before: int | None) -> dict[str, object]:
    rows, more = people.organisation_history(actor, organisation_id, before=before)
    older = (
        url_for("tickets.organisation_history", organisation_id=organisation_id, before=rows[-1].id)
        if more
        else ""
    )
    return {"rows": rows, "older": older, "with_customer": True, "words": WORDS}


@bp.get("/tickets/of/person/<int:person_id>")
@require(Permission.TICKET_READ, Permission.PERSON_READ)
def person_history(person_id: int) -> str:
    """Return the rows of a person's history after ``before``."""
    actor = current_actor()
    person = person_for(actor, person_id)
    page = _person_page(actor, person.id, whole(request.args.get("before")))
    return render_template("tickets/panels/_history_rows.html", **page)


@bp.get("/tickets/of/organisation/<int:organisation_id>")
@require(Permission.TICKET_READ, Permission.PERSON_READ)
def organisation_history(organisation_id: int) -> str:
    """Return the rows of an organisation's history after ``before``."""
    actor = current_actor()
    organisation = organisation_for(actor, organisation_id)
    page = _organisation_page(actor, organisation.id, whole(request.args.get("before")))
    return render_template("tickets/panels/_history_rows.html", **page)

"""Who is away, and who covers: one page to see it and to say it."""

from datetime import UTC, datetime, time, timedelta

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import Length

from helpdesk.lib.clock import now
from helpdesk.people import guard, queries
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import require
from helpdesk.people.models import Person
from helpdesk.people.queries import plain_person_for
from helpdesk.people.services import absences
from helpdesk.people.views.blueprint import bp
from helpdesk.web.forms import Form, LocalMoment, Needed, choices
from helpdesk.web.i18n import local, moment, reader_zone

WORK = "tickets.hand_over_list"
"""The room that hands work over, if there is one."""


def _whole(text: object) -> int | None:
    said = str(text or "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None


class AwayForm(Form):
    """Who is away from when to when, and who covers."""

    person = SelectField(lazy_pgettext("absence", "Who"), coerce=_whole, validate_choice=False)
    begins = LocalMoment(lazy_pgettext("absence", "From"), [Needed()])
    until = LocalMoment(lazy_pgettext("absence", "Back on"), [Needed()])
    cover = SelectField(_l("Who covers"), coerce=_whole, validate_choice=False)
    note = StringField(_l("Note for colleagues"), [Length(max=200)])


def _tomorrow() -> datetime:
    here = local(now())
    return datetime.combine(here.date() + timedelta(days=1), time(8), reader_zone())


def _page(actor: Actor, form: AwayForm | None = None, status: int = 200) -> Response:
    if form is None:
        first = _tomorrow().replace(tzinfo=None)
        form = AwayForm(
            formdata=None, person=actor.person_id, begins=first, until=first + timedelta(days=7)
        )
    staff = queries.technicians()
    mine = [one for one in staff if absences.may_manage(actor, one.id)]
    form.person.choices = choices((one.id, one.name) for one in mine)
    form.cover.choices = choices([("", _("Nobody")), *((one.id, one.name) for one in staff)])
    present = now()
    rows = absences.coming(actor)
    page = render_template(
        "people/away.html",
        form=form,
        may_add=bool(mine),
        away=[row for row in rows if row.starts_at <= present],
        coming=[row for row in rows if row.starts_at > present],
        covering=absences.covered_by(actor.person_id) if actor.person_id is not None else [],
        manages={row.id for row in rows if absences.may_manage(actor, row.person_id)},
        place="away",
    )
    return make_response(page, status)


@bp.get("/away")
@require(Permission.TICKET_READ)
def away() -> Response:
    """Show who is and will be away, and who covers for them."""
    return _page(guard.current_actor())


@bp.post("/away")
@require(Permission.TICKET_READ)
def go_away() -> Response:
    """Say that somebody is away; what they have promised is looked at next."""
    actor = guard.current_actor()
    form = AwayForm()
    if not form.validate():
        return _page(actor, form, 422)
    begins, until = form.begins.moment, form.until.moment
    person = _staff(actor, form.person.data)
    try:
        if person is None or begins is None or until is None:
            raise Refused("person-missing", _("Choose who is away."), "person")
        row = absences.add(
            actor,
            person,
            begins.astimezone(UTC),
            until.astimezone(UTC),
            cover=_staff(actor, form.cover.data),
            note=form.note.data or "",
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(actor, form, 422)
    flash(_("%(name)s is away until %(time)s", name=person.name, time=moment(row.ends_at)))
    if actor.can(Permission.TICKET_WORK) and actor.can(Permission.TICKET_BULK):
        return redirect(url_for(WORK, absence=row.id), 303)
    return redirect(url_for("people.away"), 303)


def _staff(actor: Actor, key: int | None) -> Person | None:
    return plain_person_for(actor, key) if key is not None else None


@bp.post("/away/<int:absence_id>/end")
@require(Permission.TICKET_READ)
def back(absence_id: int) -> Response:
    """Say that somebody is back, or does not go after all."""
    actor = guard.current_actor()
    row = absences.absence_for(actor, absence_id)
    name = row.person.name
    absences.end(actor, row)
    flash(_("%(name)s is here", name=name))
    return redirect(url_for("people.away"), 303)

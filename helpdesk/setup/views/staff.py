"""Teams, skills and technicians."""

import json
from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import require
from helpdesk.people.models import Person, Skill, Team
from helpdesk.people.roles import name_of
from helpdesk.people.services import teams as room
from helpdesk.setup import queries
from helpdesk.setup.forms import Edit, SkillFields, TeamFields, TechnicianFields, read_seen
from helpdesk.setup.services import teams
from helpdesk.setup.views.blueprint import bp
from helpdesk.setup.views.shelf import Listing, Shelf, put_up
from helpdesk.sla import working
from helpdesk.tickets.because import language_name
from helpdesk.tickets.queries.ready import standings
from helpdesk.tickets.wording import load_words, standing_words
from helpdesk.web.forms import Form

OWN_FIELDS = frozenset({"most_at_once", "calendar_id"})

LEVELS = {1: _l("Can help"), 2: _l("Knows it well"), 3: _l("Expert")}


def seen_text(values: Mapping[int, Any]) -> str:
    """Return what a page showed, for its hidden field."""
    return json.dumps({str(key): value for key, value in values.items()})


def read_keys(field: str) -> dict[int, Any] | None:
    """Read such a hidden field back: row key → value."""
    seen = read_seen(request.form.get(field))
    if seen is None:
        return None
    return {int(key): value for key, value in seen.items() if key.isdigit()}


# ---- Teams ----


def _team_form(_row: Any | None, sent: bool) -> Edit:
    return TeamFields() if sent else TeamFields(formdata=None)


put_up(
    Shelf(
        key="teams",
        permission=Permission.SETUP_TEAMS,
        model=Team,
        form=_team_form,
        listing=lambda: Listing(
            [(None, queries.teams_with_members())],
            queries.retired(Team),
            {"queues_of": queries.queues_of_teams()},
        ),
        add=teams.add,
        edit=teams.edit,
        acts={"retire": teams.retire, "restore": teams.restore, "delete": teams.delete},
        ordered=False,
    )
)


@bp.get("/teams/<int:team_id>/members")
@require(Permission.SETUP_TEAMS)
def members(team_id: int) -> Any:
    """Show who belongs to a team and who leads it."""
    team = queries.one(Team, team_id)
    now = {member.person_id: member.is_lead for member in teams.members(team)}
    return _members_page(team, Form(formdata=None), now, seen_text(now))


def _members_page(
    team: Team, form: Form, chosen: Mapping[int, bool], seen: str, status: int = 200
) -> Any:
    return render_template(
        "setup/members.html",
        place="teams",
        team=team,
        form=form,
        chosen=chosen,
        seen=seen,
        people=queries.technicians(),
        others=queries.team_names(),
    ), status


@bp.post("/teams/<int:team_id>/members")
@require(Permission.SETUP_TEAMS)
def save_members(team_id: int) -> Any:
    """Save who belongs to a team and who leads it."""
    team = queries.one(Team, team_id, lock=True)
    leads = set(request.form.getlist("lead", type=int))
    # Who leads a team belongs to it, whatever the other box says.
    wanted = {key: key in leads for key in {*request.form.getlist("member", type=int), *leads}}
    form = Form()
    try:
        if teams.set_members(guard.current_actor(), team, wanted, read_keys("seen")):
            flash(_("Saved"))
    except Refused as refusal:
        form.validate()
        form.refuse(None, refusal.message)
        return _members_page(team, form, wanted, request.form.get("seen", ""), 422)
    return redirect(url_for("setup.teams", saved=team.id, _anchor=f"row-{team.id}"), 303)


# ---- Skills ----


def _skill_form(_row: Any | None, sent: bool) -> Edit:
    return SkillFields() if sent else SkillFields(formdata=None)


put_up(
    Shelf(
        key="skills",
        permission=Permission.SETUP_TEAMS,
        model=Skill,
        form=_skill_form,
        listing=lambda: Listing(
            [(None, queries.by_name(Skill))],
            queries.retired(Skill),
            {"known_by": queries.known_by(), "language_name": language_name},
        ),
        add=teams.add_skill,
        edit=teams.edit_skill,
        acts={
            "retire": teams.retire_skill,
            "restore": teams.restore_skill,
            "delete": teams.delete_skill,
        },
        ordered=False,
    )
)


# ---- Technicians ----


@bp.get("/technicians")
@require(Permission.SETUP_TEAMS)
def technicians() -> Any:
    """Show who works tickets, as what, in which teams, knowing what, with how much in hand."""
    people = queries.technicians()
    return render_template(
        "setup/technicians.html",
        place="technicians",
        people=people,
        team_names=queries.team_names(),
        skill_names=queries.skill_names(),
        stand=standings([person.id for person in people]),
        standing_words=standing_words,
        role_name=name_of,
        level_words=LEVELS,
        saved=request.args.get("saved", type=int),
    )


@bp.get("/technicians/<int:person_id>")
@require(Permission.SETUP_TEAMS)
def technician(person_id: int) -> Any:
    """Show the teams, hours and skills of one technician."""
    person = queries.technician(person_id)
    offered = {skill.id for skill in queries.by_name(Skill)}
    levels = {key: level for key, level in queries.levels_of(person).items() if key in offered}
    own = working.calendar_of(person)
    form = TechnicianFields(
        formdata=None,
        most_at_once=person.account.most_at_once if person.account else None,
        calendar_id=own.id if own is not None else 0,
    )
    return _technician_page(person, form, queries.memberships_of(person), levels)


def _technician_page(
    person: Person,
    form: TechnicianFields,
    chosen: Mapping[int, bool],
    levels: Mapping[int, int],
    status: int = 200,
    seen: tuple[str, str] | None = None,
) -> Any:
    form.offer(*queries.calendars_for(person))
    stands = standings([person.id])[person.id]
    return render_template(
        "setup/technician.html",
        place="technicians",
        person=person,
        form=form,
        chosen=chosen,
        levels=levels,
        seen=seen or (seen_text(chosen), seen_text(levels)),
        teams=queries.by_name(Team),
        skills=queries.by_name(Skill),
        level_words=LEVELS,
        has_account=person.account is not None and person.account.deactivated_at is None,
        stands=standing_words(stands) or load_words(stands.load.in_hand, stands.load.most),
    ), status


@bp.post("/technicians/<int:person_id>")
@require(Permission.SETUP_TEAMS)
def save_technician(person_id: int) -> Any:
    """Save the teams, hours and skills of one technician."""
    person = queries.technician(person_id)
    leads = set(request.form.getlist("lead", type=int))
    marked = {*request.form.getlist("member", type=int), *leads}
    wanted = {team.id: team.id in leads for team in queries.by_name(Team) if team.id in marked}
    levels = {
        skill.id: level
        for skill in queries.by_name(Skill)
        if (level := request.form.get(f"skill-{skill.id}", 0, type=int)) in LEVELS
    }
    form = TechnicianFields()
    form.offer(*queries.calendars_for(person))
    actor = guard.current_actor()
    seen = (request.form.get("seen_teams", ""), request.form.get("seen_skills", ""))
    if not form.validate():
        return _technician_page(person, form, wanted, levels, 422, seen)
    try:
        changed = teams.set_teams(actor, person, wanted, read_keys("seen_teams"))
        changed = teams.set_levels(actor, person, levels, read_keys("seen_skills")) or changed
        if "most_at_once" in request.form:
            changed = room.set_most_at_once(actor, person, form.most_at_once.data) or changed
        if "calendar_id" in request.form:
            changed = working.set_calendar(actor, person, form.calendar_id.data) or changed
    except Refused as refusal:
        form.refuse(refusal.field if refusal.field in OWN_FIELDS else None, refusal.message)
        return _technician_page(person, form, wanted, levels, 422, seen)
    if changed:
        flash(_("Saved"))
    return redirect(url_for("setup.technicians", saved=person.id, _anchor=f"row-{person.id}"), 303)

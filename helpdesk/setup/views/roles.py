"""Roles: what people may do, as a table and one by one."""

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import require
from helpdesk.people.models import Role
from helpdesk.people.roles import PERMISSIONS, name_of
from helpdesk.setup import queries
from helpdesk.setup.forms import RoleFields, read_seen
from helpdesk.setup.services import Changed, roles
from helpdesk.setup.views.blueprint import bp

HEADINGS = {
    "ticket": _l("Tickets"),
    "view": _l("Tickets"),
    "person": _l("People"),
    "account": _l("People"),
    "setup": _l("Set up"),
    "audit": _l("Set up"),
    "self": _l("Themselves"),
}
"""Headings for permissions, by their scope."""

ACTS = {"retire": roles.retire, "restore": roles.restore, "delete": roles.delete}


def groups() -> list[tuple[str, list[tuple[Permission, str]]]]:
    """Return all permissions in plain words, under headings."""
    found: dict[str, list[tuple[Permission, str]]] = {}
    for permission in Permission:
        scope = permission.value.partition(":")[0]
        heading = str(HEADINGS.get(scope, scope))
        found.setdefault(heading, []).append((permission, str(PERMISSIONS[permission])))
    return list(found.items())


def allows(role: Role) -> set[str]:
    """Return what a role allows, as words of the enum; the administrator's allows everything."""
    if role.key == roles.ADMINISTRATOR:
        return {permission.value for permission in Permission}
    return {row.permission for row in role.permissions}


# ---- The table ----


def _list_page(status: int = 200, refusal: Any = None) -> Any:
    return render_template(
        "setup/roles.html",
        place="roles",
        roles=queries.roles(),
        retired=queries.roles(in_use=False),
        groups=groups(),
        allows=allows,
        role_name=name_of,
        holders=queries.holders(),
        refusal=refusal,
        saved=request.args.get("saved", type=int),
    ), status


@bp.get("/roles", endpoint="roles")
@require(Permission.SETUP_ROLES)
def show_roles() -> Any:
    """Show all roles and what they allow."""
    return _list_page()


# ---- One role ----


def _form(row: Role | None) -> RoleFields:
    form = RoleFields(formdata=None)
    if row is not None:
        form.show(row)
        _remember(form, row)
    return form


def _remember(form: RoleFields, row: Role) -> None:
    """Remember fields and permissions as they are now."""
    form.seen.data = json.dumps(
        {"name": row.name, "description": row.description, "permissions": sorted(allows(row))}
    )


def _page(
    row: Role | None, form: RoleFields, chosen: set[str], status: int = 200, clash: Any = None
) -> Any:
    return render_template(
        "setup/role.html",
        place="roles",
        role=row,
        form=form,
        chosen=chosen,
        groups=groups(),
        actor=guard.current_actor(),
        role_name=name_of,
        is_administrator=row is not None and row.key == roles.ADMINISTRATOR,
        clash=clash,
    ), status


@bp.get("/roles/new")
@require(Permission.SETUP_ROLES)
def new_role() -> Any:
    """Show the form for a new role."""
    return _page(None, _form(None), {Permission.SELF_USE.value})


@bp.post("/roles")
@require(Permission.SETUP_ROLES)
def add_role() -> Any:
    """Add a role."""
    form, chosen = RoleFields(), _chosen()
    if not form.validate():
        return _page(None, form, chosen, 422)
    try:
        row = roles.add(
            guard.current_actor(),
            form.name.data or "",
            form.description.data or "",
            [Permission(word) for word in chosen],
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(None, form, chosen, 422)
    flash(_("%(name)s is added", name=row.name))
    return _back(row)


@bp.get("/roles/<int:role_id>")
@require(Permission.SETUP_ROLES)
def role(role_id: int) -> Any:
    """Show what one role allows."""
    row = queries.one(Role, role_id)
    return _page(row, _form(row), allows(row))


@bp.post("/roles/<int:role_id>")
@require(Permission.SETUP_ROLES)
def save_role(role_id: int) -> Any:
    """Save what one role allows."""
    row = queries.one(Role, role_id, lock=True)
    form, chosen = RoleFields(), _chosen()
    if not form.validate():
        return _page(row, form, chosen, 422)
    try:
        changed = roles.edit(
            guard.current_actor(),
            row,
            {"name": form.name.data, "description": form.description.data or ""},
            [Permission(word) for word in chosen],
            read_seen(form.seen.data),
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(row, form, chosen, 422)
    except Changed as clash:
        theirs = form.in_words(clash.theirs)
        _remember(form, row)
        return _page(row, form, chosen, 409, (clash.by, theirs))
    if changed:
        flash(_("Saved"))
    return _back(row)


@bp.post("/roles/<int:role_id>/<act>")
@require(Permission.SETUP_ROLES)
def role_act(role_id: int, act: str) -> Any:
    """Retire, restore or delete a role."""
    verb = ACTS.get(act)
    row = queries.one(Role, role_id)
    if verb is None:
        return _list_page(404)
    name = name_of(row)
    try:
        verb(guard.current_actor(), row)
    except Refused as refusal:
        return _list_page(422, (name, str(refusal)))
    said = {
        "retire": _("%(name)s is retired", name=name),
        "restore": _("%(name)s is in use again", name=name),
        "delete": _("%(name)s is deleted", name=name),
    }
    flash(said[act])
    return _back(None if act == "delete" else row)


def _chosen() -> set[str]:
    known = {permission.value for permission in Permission}
    return known & set(request.form.getlist("permission"))


def _back(row: Role | None) -> Any:
    saved = row.id if row is not None else None
    return redirect(url_for("setup.roles", saved=saved), 303)

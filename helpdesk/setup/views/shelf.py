"""Lists of things that are added, edited in place, ordered, retired and restored.

Queues, statuses, categories, causes, tags, quick templates, teams and skills are all kept in the
same way. A ``Shelf`` says what is particular to one of them, and ``put_up`` makes its routes:

==============================  ======================================================
``GET  /setup/causes``          the list; ``?new=1`` and ``?edit=7`` open a form in it
``POST /setup/causes``          add
``POST /setup/causes/7``        save
``POST /setup/causes/7/<act>``  ``up``, ``down``, ``default``, ``retire``, ``restore``, ``delete``
==============================  ======================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial, update_wrapper
from operator import attrgetter
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.db import db
from helpdesk.people import guard
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.setup import queries
from helpdesk.setup.forms import Edit
from helpdesk.setup.services import Changed
from helpdesk.setup.views.blueprint import bp

Act = Callable[[Actor, Any], Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a page lists: rows under headings, and those that are retired."""

    groups: list[tuple[Any, list[Any]]]
    retired: list[Any] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is particular to one kind of thing. ``acts`` are named by the end of their address."""

    key: str
    permission: Permission
    model: Any
    form: Callable[[Any | None, bool], Edit]
    """Makes the form for a row, or for a new one. True: filled from what the browser sent."""
    listing: Callable[[], Listing]
    add: Callable[[Actor, Mapping[str, Any]], Any]
    edit: Callable[[Actor, Any, Mapping[str, Any], Mapping[str, Any] | None], bool]
    acts: Mapping[str, Act]
    name: Callable[[Any], str] = attrgetter("name")
    ordered: bool = True
    sheet: str = ""
    """The template of a form that is too long for the list and has the page to itself."""
    beside: Callable[[Any], Mapping[str, Any]] | None = None
    """What such a template shows beside the form."""

    @property
    def endpoint(self) -> str:
        """The endpoint of the list."""
        return f"setup.{self.key}"


SAID = {
    "default": _l("%(name)s is the default now"),
    "retire": _l("%(name)s is retired"),
    "restore": _l("%(name)s is in use again"),
    "delete": _l("%(name)s is deleted"),
}
"""What the toast says after an act; moving a row is seen."""


def page(shelf: Shelf, status: int = 200, **state: Any) -> Any:
    """Show the list. ``state`` says which form is open in it, and what went wrong."""
    if shelf.sheet and state.get("editing"):
        return _sheet(shelf, status, **state)
    listing = shelf.listing()
    shown = render_template(
        f"setup/{shelf.key}.html",
        shelf=shelf,
        place=shelf.key,
        listing=listing,
        saved=request.args.get("saved", type=int),
        moved=request.args.get("moved", ""),
        **{"editing": None, "form": None, "clash": None, "refusal": None, "same": None, **state},
        **listing.more,
    )
    return shown, status


def _sheet(shelf: Shelf, status: int, **state: Any) -> Any:
    """Show a form that has the page to itself."""
    context = {"clash": None, **state, **(shelf.beside(state["form"]) if shelf.beside else {})}
    return render_template(shelf.sheet, shelf=shelf, place=shelf.key, **context), status


def back(shelf: Shelf, row: Any | None = None, moved: str | None = None) -> Any:
    """Return to the list, at a row; ``moved`` is the button (``up-7``) that keeps the focus."""
    anchor = f"row-{row.id}" if row is not None else None
    saved = row.id if row is not None and moved is None else None
    return redirect(url_for(shelf.endpoint, saved=saved, moved=moved, _anchor=anchor), 303)


def put_up(shelf: Shelf) -> None:
    """Make the routes of a shelf."""
    root = f"/{shelf.key}"
    for rule, name, view, method in (
        (root, shelf.key, _show, "GET"),
        (root, f"{shelf.key}_add", _add, "POST"),
        (f"{root}/<int:row_id>", f"{shelf.key}_save", _save, "POST"),
        (f"{root}/<int:row_id>/<act>", f"{shelf.key}_act", _act, "POST"),
    ):
        own = update_wrapper(partial(view, shelf), view)
        bp.add_url_rule(rule, name, guard.require(shelf.permission)(own), methods=[method])


def _show(shelf: Shelf) -> Any:
    if "new" in request.args:
        return page(shelf, editing="new", form=shelf.form(None, False))
    row_id = request.args.get("edit", type=int)
    if row_id is None:
        return page(shelf)
    row = queries.one(shelf.model, row_id)
    form = shelf.form(row, False)
    form.show(row)
    return page(shelf, editing=row.id, form=form)


def _add(shelf: Shelf) -> Any:
    form = shelf.form(None, True)
    if not form.validate():
        return page(shelf, 422, editing="new", form=form)
    try:
        row = shelf.add(guard.current_actor(), form.values())
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return page(shelf, 422, editing="new", form=form)
    flash(_("%(name)s is added", name=shelf.name(row)))
    return back(shelf, row)


def _save(shelf: Shelf, row_id: int) -> Any:
    row = queries.one(shelf.model, row_id, lock=True)
    form = shelf.form(row, True)
    if not form.validate():
        return page(shelf, 422, editing=row.id, form=form)
    try:
        if shelf.edit(guard.current_actor(), row, form.values(), form.was_seen()):
            flash(_("Saved"))
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        # What a verb began to write before it refused is not what the list shows.
        db.session.refresh(row)
        same = getattr(refusal, "other", None)
        return page(shelf, 422, editing=row.id, form=form, same=same)
    except Changed as clash:
        theirs = form.in_words(clash.theirs)
        form.remember(row)
        return page(shelf, 409, editing=row.id, form=form, clash=(clash.by, theirs))
    return back(shelf, row)


def _act(shelf: Shelf, row_id: int, act: str) -> Any:
    verb = shelf.acts.get(act)
    if verb is None:
        abort(404)
    row = queries.one(shelf.model, row_id, lock=True)
    name = shelf.name(row)
    try:
        done = verb(guard.current_actor(), row)
    except Refused as refusal:
        return page(shelf, 422, refusal=(name, str(refusal)))
    if act in SAID and done is not False:
        flash(str(SAID[act]) % {"name": name})
    if act == "delete":
        return back(shelf)
    return back(shelf, row, f"{act}-{row.id}" if act in {"up", "down"} else None)

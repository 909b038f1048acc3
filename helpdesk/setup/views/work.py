"""The lists that say how work is sorted: queues, categories, statuses, causes, suppliers, tags."""

from functools import partial
from operator import attrgetter
from typing import Any

from flask import flash, request, url_for
from flask_babel import gettext as _

from helpdesk.db import db
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Missing
from helpdesk.people.guard import require
from helpdesk.people.models import Organisation, Skill, Team
from helpdesk.setup import queries
from helpdesk.setup.forms import (
    CLASS_MEANINGS,
    CategoryFields,
    Edit,
    Named,
    QueueFields,
    StatusFields,
    SupplierFields,
    TagName,
    TemplateFields,
)
from helpdesk.setup.services import (
    categories,
    causes,
    queues,
    quick_templates,
    statuses,
    suppliers,
    tags,
)
from helpdesk.setup.views.blueprint import bp
from helpdesk.setup.views.shelf import Listing, Shelf, back, put_up
from helpdesk.tickets.desk import Category, Cause, Queue, QuickTemplate, Status, Supplier, Tag
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.queries.suppliers import offered as offered_suppliers
from helpdesk.tickets.wording import HOLD_REASONS, IMPACTS, KINDS, URGENCIES, status_label


def _acts(service: Any) -> dict[str, Any]:
    """Return the acts of a service by their addresses."""
    acts: dict[str, Any] = {
        name: getattr(service, name) for name in ("retire", "restore", "delete")
    }
    if hasattr(service, "move"):
        acts["up"] = partial(_step, service.move, -1)
        acts["down"] = partial(_step, service.move, +1)
    if hasattr(service, "make_default"):
        acts["default"] = service.make_default
    return acts


def _step(move: Any, step: int, actor: Any, row: Any) -> bool:
    return bool(move(actor, row, step))


def _filled(kind: type[Edit], sent: bool) -> Any:
    """Return a form with what the browser sent, or an empty one."""
    return kind() if sent else kind(formdata=None)


# ---- Queues ----


def _queue_form(row: Queue | None, sent: bool) -> Edit:
    form: QueueFields = _filled(QueueFields, sent)
    teams = queries.by_name(Team)
    if row is not None and row.team.retired_at is not None:
        teams.append(row.team)
    form.offer(teams)
    return form


def _queue_list() -> Listing:
    return Listing([(None, queues.in_order())], queries.retired(Queue))


put_up(
    Shelf(
        key="queues",
        permission=Permission.SETUP_TEAMS,
        model=Queue,
        form=_queue_form,
        listing=_queue_list,
        add=queues.add,
        edit=queues.edit,
        acts=_acts(queues),
    )
)


# ---- Categories ----


def _category_form(row: Category | None, sent: bool) -> Edit:
    form: CategoryFields = _filled(CategoryFields, sent)
    begin = row.path + categories.ARROW if row is not None else None
    above = [
        one
        for one in categories.everything()
        if (one.retired_at is None or (row is not None and one.id == row.parent_id))
        and (row is None or one.id != row.id)
        and (begin is None or not one.path.startswith(begin))
    ]
    form.offer(
        above,
        queries.offered_queues(guard.current_actor(), row.queue_id if row else None),
        queries.offered_skills(row.skill_id if row else None),
    )
    if row is None and not sent:
        form.parent_id.data = request.args.get("below", type=int)
    return form


def _category_list() -> Listing:
    everything = categories.everything()
    shown = {queue.id: queue.name for queue in queries.offered_queues(guard.current_actor())}
    return Listing(
        [(None, [row for row in everything if row.retired_at is None])],
        [row for row in everything if row.retired_at is not None],
        {
            "depth": categories.depth,
            "queue_names": shown,
            "skill_names": {row.id: row.name for row in queries.by_name(Skill)},
        },
    )


put_up(
    Shelf(
        key="categories",
        permission=Permission.SETUP_TICKETS,
        model=Category,
        form=_category_form,
        listing=_category_list,
        add=categories.add,
        edit=categories.edit,
        acts=_acts(categories),
        name=attrgetter("path"),
        ordered=False,
    )
)


# ---- Statuses ----


def _status_form(row: Status | None, sent: bool) -> Edit:
    form: StatusFields = _filled(StatusFields, sent)
    if row is not None:
        del form.status_class
        if row.status_class != StatusClass.PENDING:
            del form.hold_reason
    return form


def _status_list() -> Listing:
    in_use = statuses.in_order()
    groups = [
        (CLASS_MEANINGS[one], [row for row in in_use if row.status_class == one])
        for one in StatusClass
    ]
    return Listing(
        groups,
        queries.retired(Status),
        {"hold_reasons": HOLD_REASONS},
    )


put_up(
    Shelf(
        key="statuses",
        permission=Permission.SETUP_TICKETS,
        model=Status,
        form=_status_form,
        listing=_status_list,
        add=statuses.add,
        edit=statuses.edit,
        acts=_acts(statuses),
        name=status_label,
    )
)


# ---- Causes ----


def _named_form(_row: Any | None, sent: bool) -> Edit:
    form: Named = _filled(Named, sent)
    return form


put_up(
    Shelf(
        key="causes",
        permission=Permission.SETUP_TICKETS,
        model=Cause,
        form=_named_form,
        listing=lambda: Listing([(None, causes.in_order())], queries.retired(Cause)),
        add=causes.add,
        edit=causes.edit,
        acts=_acts(causes),
    )
)


# ---- Tags ----


def _tag_form(_row: Any | None, sent: bool) -> Edit:
    form: TagName = _filled(TagName, sent)
    return form


def _tag_list() -> Listing:
    words = " ".join(request.args.get("q", "").split())[:60]
    found = queries.tags_page(words, request.args.get("after", ""))
    older = url_for("setup.tags", q=words or None, after=found.after) if found.after else None
    return Listing(
        [(None, found.tags)],
        queries.retired(Tag),
        {"words": words, "older": older, "first": "after" not in request.args},
    )


TAGS = Shelf(
    key="tags",
    permission=Permission.SETUP_TICKETS,
    model=Tag,
    form=_tag_form,
    listing=_tag_list,
    add=tags.add,
    edit=tags.edit,
    acts=_acts(tags),
    ordered=False,
)
put_up(TAGS)


@bp.post("/tags/<int:tag_id>/merge/<int:into_id>")
@require(Permission.SETUP_TICKETS)
def merge_tags(tag_id: int, into_id: int) -> Any:
    """Make two tags one."""
    tag, into = queries.one(Tag, tag_id), queries.one(Tag, into_id)
    if tag is into:
        raise Missing
    name, other = tag.name, into.name
    tags.merge(guard.current_actor(), tag, into)
    flash(_("%(name)s is %(other)s now", name=name, other=other))
    return back(TAGS, into)


# ---- Suppliers ----


def _organisation_of(key: int | None) -> str:
    row = db.session.get(Organisation, key) if key is not None and 0 < key < 2**31 else None
    return row.name if row is not None else ""


put_up(
    Shelf(
        key="suppliers",
        permission=Permission.SETUP_TICKETS,
        model=Supplier,
        form=lambda _row, sent: _filled(SupplierFields, sent),
        listing=lambda: Listing(
            [(None, offered_suppliers())],
            queries.retired(Supplier),
            {"organisation_of": _organisation_of},
        ),
        add=suppliers.add,
        edit=suppliers.edit,
        acts=_acts(suppliers),
        ordered=False,
    )
)


# ---- Quick templates ----


def _template_form(row: QuickTemplate | None, sent: bool) -> Edit:
    form: TemplateFields = _filled(TemplateFields, sent)
    category_id = row.category_id if row is not None else None
    subjects = [
        one for one in categories.everything() if one.retired_at is None or one.id == category_id
    ]
    reasons = causes.in_order()
    if row is not None and row.cause is not None and row.cause.retired_at is not None:
        reasons.append(row.cause)
    form.offer(subjects, reasons)
    return form


put_up(
    Shelf(
        key="templates",
        permission=Permission.SETUP_TICKETS,
        model=QuickTemplate,
        form=_template_form,
        listing=lambda: Listing(
            [(None, quick_templates.in_order())],
            queries.retired(QuickTemplate),
            {"kinds": KINDS, "impacts": IMPACTS, "urgencies": URGENCIES},
        ),
        add=quick_templates.add,
        edit=quick_templates.edit,
        acts=_acts(quick_templates),
    )
)

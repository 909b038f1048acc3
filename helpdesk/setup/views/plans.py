"""Work plans: the list, and the form of one."""

from typing import Any

from flask_babel import gettext as _

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.models import Person
from helpdesk.plans import applying, words
from helpdesk.plans.content import MOST_LINES, Who
from helpdesk.plans.models import WorkPlan
from helpdesk.rules import choices
from helpdesk.setup import queries
from helpdesk.setup.plan_form import Offered, PlanFields
from helpdesk.setup.services import plans
from helpdesk.setup.views.shelf import Listing, Shelf, put_up
from helpdesk.tickets.desk import Category


def _offered(row: WorkPlan | None) -> Offered:
    """Return what lines choose among; what a plan names already stays on offer when retired."""
    kept = row.content if row is not None else ()
    queues = {one.id: one.name for one in queries.offered_queues(guard.current_actor())}
    for line in kept:
        if line.queue is not None and line.queue not in queues:
            # A queue that was retired, or that the reader may not see, is named by nothing.
            queues[line.queue] = "?"
    people = {person.id: person.name for person in queries.technicians()}
    named = {line.person for line in kept if line.person and line.person not in people}
    people |= choices.names_of(Person, named)
    categories = {int(key): path for key, path in choices.categories()}
    filed = {line.category for line in kept if line.category and line.category not in categories}
    categories |= choices.names_of(Category, filed)
    return Offered(
        [
            (Who.NOBODY.value, _("Nobody yet")),
            (Who.OWNER.value, _("The owner of the ticket")),
            (Who.STARTER.value, _("Who uses the plan")),
            *((f"queue:{key}", name) for key, name in queues.items()),
            *((f"person:{key}", name) for key, name in people.items()),
        ],
        [("", _("None")), *((str(key), path) for key, path in categories.items())],
    )


def _form(row: WorkPlan | None, sent: bool) -> PlanFields:
    form = PlanFields() if sent else PlanFields(formdata=None)
    form.offer(_offered(row))
    return form


def _listing() -> Listing:
    rows = applying.in_use()
    return Listing(
        [(None, rows)],
        queries.retired(WorkPlan),
        {"counted": lambda row: words.counted(row.content)},
    )


def _beside(form: Any) -> dict[str, Any]:
    form.add_empty_line()
    return {"placeholders": applying.PLACEHOLDERS, "most_lines": MOST_LINES}


PLANS = Shelf(
    key="plans",
    permission=Permission.SETUP_TICKETS,
    model=WorkPlan,
    form=_form,
    listing=_listing,
    add=plans.add,
    edit=plans.edit,
    acts={"retire": plans.retire, "restore": plans.restore, "delete": plans.delete},
    ordered=False,
    sheet="setup/plan.html",
    beside=_beside,
)
put_up(PLANS)

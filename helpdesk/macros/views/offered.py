"""What the editor of a macro offers: the part of the rules' editor that is about actions."""

from collections.abc import Sequence

from flask import url_for

from helpdesk.macros.finding import may_share
from helpdesk.people.guard import current_actor
from helpdesk.rules import choices
from helpdesk.rules.actions import Action, Param, all_actions
from helpdesk.rules.fields import Choice
from helpdesk.rules.views import offered
from helpdesk.rules.views.offered import action, asked, chips, opens
from helpdesk.tickets.queries.access import visible_queues

__all__ = ["action", "actions", "asked", "chips", "of_param", "opens", "source"]


def actions() -> list[Action]:
    """Return what macros of this reader can do."""
    shares = may_share(current_actor())
    return [one for one in all_actions().values() if one.by_hand and (shares or not one.sends)]


def of_param(param: Param, chosen: str) -> Sequence[Choice]:
    """Return what can be chosen for a parameter: of queues those that the reader may know."""
    if param.choices is choices.queues:
        return [(queue.id, queue.name) for queue in visible_queues(current_actor())]
    return offered.of_param(param, chosen)


def source(_key: str) -> str:
    """Return where a box with chips asks for its values; macros have tags alone."""
    return url_for("macros.find_tags")

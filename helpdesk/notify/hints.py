"""What a form about a ticket should say because a customer will be told."""

from flask_babel import gettext as _
from markupsafe import Markup

from helpdesk.notify.telling import Tell, telling
from helpdesk.people.access import Actor
from helpdesk.tickets.models import Ticket


class SolutionIsTold:
    """Beside the solution: the customer reads it."""

    def ask(self, _ticket: Ticket) -> Markup | None:
        """Return the hint while customers are told that it is fixed."""
        if Tell.FIXED not in telling().kinds:
            return None
        said = _("The customer is told the solution when it is solved or there is a workaround.")
        return Markup('<p class="hint">{}</p>').format(said)

    def answer(self, _actor: Actor, _ticket: Ticket) -> None:
        """Nothing is asked."""

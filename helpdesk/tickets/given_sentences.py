"""How the journal says that somebody has it, and why Start next gave it to them."""

from collections.abc import Callable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from helpdesk.tickets.because import because
from helpdesk.tickets.saying import Changes, bold, name, pair, say

Maker = Callable[[Markup, Changes], Markup | None]


def given(pattern: object, otherwise: Maker) -> Maker:
    """Return a sentence with the reasons, for an event that keeps some; else the other one."""

    def sentence_of(who: Markup, changes: Changes) -> Markup | None:
        why = because(pair(changes, "because")[1])
        return say(pattern, who=who, reasons=why) if why else otherwise(who, changes)

    return sentence_of


def _of_queues(who: Markup, changes: Changes) -> Markup:
    queues = pair(changes, "acknowledged")[1]
    if not queues:
        return say(_("%(who)s acknowledged"), who=who)
    named = queues if isinstance(queues, list) else [queues]
    queue = Markup(", ").join(bold(name(each)) for each in named)
    return say(_("%(who)s acknowledged for %(queue)s"), who=who, queue=queue)


acknowledged = given(_l("%(who)s acknowledged it, given by Start next: %(reasons)s"), _of_queues)

"""How the journal says why Start next gave a ticket to somebody."""

from collections.abc import Callable

from markupsafe import Markup

from helpdesk.tickets.because import because
from helpdesk.tickets.saying import Changes, pair, say

Maker = Callable[[Markup, Changes], Markup | None]


def given(pattern: object, otherwise: Maker) -> Maker:
    """Return a sentence with the reasons, for an event that keeps some; else the other one."""

    def sentence_of(name: Markup, changes: Changes) -> Markup | None:
        why = because(pair(changes, "because")[1])
        return say(pattern, who=name, reasons=why) if why else otherwise(name, changes)

    return sentence_of

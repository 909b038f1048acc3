"""What the timeline says of parts that wait for suppliers."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from markupsafe import Markup

from helpdesk.tickets.saying import Changes, bold, pair, when
from helpdesk.tickets.saying import name as name_of
from helpdesk.tickets.saying import say as said_as


def part_waits(pattern: object, *, before: bool = False) -> Callable[..., Markup | None]:
    """Return a maker of "… part of a queue … supplier", with what they promise."""

    def say(name: Markup, changes: Changes) -> Markup | None:
        old, new = pair(changes, "part_waits")
        told = old if before else new
        if not isinstance(told, Mapping):
            return None
        pieces = [one for one in told.values() if isinstance(one, Mapping)]
        if not pieces:
            return None
        one = pieces[0]
        said = said_as(
            pattern,
            who=name,
            queue=bold(one["part"]),
            supplier=bold(name_of(one["supplier"])),
        )
        if not before and one["reference"]:
            said += said_as(_(", their number %(number)s"), number=bold(one["reference"]))
        if not before and one["promised_at"]:
            said += said_as(_(", promised by %(time)s"), time=bold(when(one["promised_at"])))
        return said

    return say

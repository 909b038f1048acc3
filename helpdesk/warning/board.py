"""The way from a burst to a notice on the alert board, where the desk has one."""

from flask import current_app, url_for
from flask_babel import gettext as _

from helpdesk.warning.cards import Card

ENDPOINT = "board.new"
"""The form of a new notice; it takes ``headline``, ``text`` and ``tickets`` from the address."""


def notice_url(card: Card) -> str:
    """Return the address of a notice about a burst, filled in; empty where there is no board."""
    if ENDPOINT not in current_app.view_functions:
        return ""
    numbers = [*([card.problem] if card.problem is not None else []), *card.numbers]
    return url_for(
        ENDPOINT,
        headline=card.subject,
        text=_("We know of it and are looking into it. There is no need to report it again."),
        tickets=",".join(str(number) for number in numbers),
    )

"""What people type, as it is kept: whole, or refused with a sentence beside its field.

Nothing is cut. Whoever pastes too much is told how much there is room for, and still has it.
"""

from flask_babel import lazy_gettext as _l

from helpdesk.people.errors import Refused


def line(text: str | None, most: int, field: str) -> str:
    """Return a text of one line without superfluous spaces. Raises Refused when it is too long."""
    return check(" ".join((text or "").split()), most, field)


def paragraphs(text: str | None, most: int, field: str) -> str:
    """Return a text of several lines without spaces around it. Raises Refused when too long."""
    return check((text or "").strip(), most, field)


def name(text: str | None, most: int, field: str = "name") -> str:
    """Return a name, which is a line that is not empty. Raises Refused."""
    found = line(text, most, field)
    if not found:
        raise Refused("name-missing", _l("Type a name."), field)
    return found


def check(text: str, most: int, field: str) -> str:
    """Return a text that has at most so many characters. Raises Refused for a longer one."""
    if len(text) <= most:
        return text
    message = _l(
        "There is room for %(most)s characters, and these are %(length)s.",
        most=f"{most:,}",
        length=f"{len(text):,}",
    )
    raise Refused("too-long", message, field)

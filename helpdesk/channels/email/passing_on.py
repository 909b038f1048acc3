"""Mail that somebody passed on: who wrote it first, and what they said.

A technician who forwards a customer's mail to the desk means a ticket of that customer. The mail
they pass on stands in their own below a line, with its headers in their program's language, or is
attached whole.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from helpdesk.channels.inbound import Correspondent
from helpdesk.lib import html, mime
from helpdesk.lib.quoting import Kind, fold, forwarded
from helpdesk.lib.text import one_line
from helpdesk.people import contact_values
from helpdesk.tickets.services import NewFile

ATTACHED = "message/rfc822"
_SUBJECT = re.compile(
    r"\s{0,5}(?:fwd?|fw|wg|tr|rv|enc|vb|vl|pd|i̇lt|ilt|doorst|переслать?|пересл|πρθ"
    r"|转发|轉發|转寄|轉寄|転送|전달)\s{0,3}[:：]",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:：]{1,100}@[^\s<>()\[\]\",;:：]{1,200}")


@dataclass(slots=True)
class PassedOn:
    """The mail that another one passes on, and what was written above it."""

    author: Correspondent
    subject: str
    body: str
    html: str | None
    above: str
    files: list[NewFile] = field(default_factory=list)


def may_pass_on(subject: str, folds: object, files: list[NewFile]) -> bool:
    """Whether it is worth looking: the subject, the text or a file says that it was forwarded."""
    return (
        _SUBJECT.match(subject) is not None
        or any(one.content_type == ATTACHED for one in files)
        or (isinstance(folds, dict) and _forward_in(folds) is not None)
    )


def _forward_in(folds: dict[str, object]) -> list[object] | None:
    rows = folds.get("text")
    found = (one for one in rows if one[0] == Kind.FORWARD) if isinstance(rows, list) else ()
    return next(iter(found), None)


def passed_on(
    subject: str, body: str, files: list[NewFile], content_of: Callable[[str], bytes]
) -> PassedOn | None:
    """Return the one mail that a message passes on; None when there is none, or several.

    ``content_of`` returns a file by its hash; it is called for an attached message only.
    """
    attached = [one for one in files if one.content_type == ATTACHED]
    if len(attached) == 1:
        return _attached(content_of(attached[0].sha256), body, files, attached[0])
    return _inline(subject, body, files) if not attached else None


def _attached(raw: bytes, above: str, files: list[NewFile], attached: NewFile) -> PassedOn | None:
    parsed = mime.parse(raw)
    named = (*parsed.authors, *parsed.reply_to)
    author = next((one for each in named if (one := _author(each.address, each.name))), None)
    if author is None:
        return None
    return PassedOn(
        author=author,
        subject=one_line(parsed.subject, 300),
        body=parsed.text,
        html=html.clean(parsed.html) if parsed.html else None,
        above=above.strip(),
        # The mail itself stays a file of the ticket, with everything that was attached to it.
        files=[one for one in files if one is not attached] + [attached],
    )


def _inline(subject: str, body: str, files: list[NewFile]) -> PassedOn | None:
    found = forwarded(body)
    if found is None:
        return None
    address = _ADDRESS.search(found.sender[:500])
    if address is None:
        return None
    name = found.sender[: address.start()].replace("mailto:", "").strip(" <[(\"'")
    author = _author(address[0].rstrip("."), one_line(name, 200))
    if author is None:
        return None
    # Its pictures stood in HTML that is not shown; they are listed as files.
    kept = [
        NewFile(sha256=one.sha256, name=one.name, content_type=one.content_type, size=one.size)
        for one in files
    ]
    return PassedOn(
        author=author,
        subject=one_line(found.subject, 300) or _SUBJECT.sub("", subject, count=1).strip(),
        body=found.text,
        html=None,
        above=_own(found.above),
        files=kept,
    )


def _own(above: str) -> str:
    """Return what was written above, without the signature."""
    return fold(above).reply.strip()


def _author(address: str, name: str) -> Correspondent | None:
    try:
        return Correspondent(contact_values.email(address), one_line(name, 200))
    except ValueError:
        return None

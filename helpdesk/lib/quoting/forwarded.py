"""The message inside a message: who wrote what somebody passed on."""

from dataclasses import dataclass

from helpdesk.lib.quoting import words
from helpdesk.lib.quoting.lines import Headers, Line, headers, lines_of, unquoted


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A message that was forwarded within the text of another. Headers as they are written."""

    above: str
    """What the one who forwarded it wrote."""
    sender: str
    to: str
    date: str
    subject: str
    text: str


def forwarded(text: str) -> Forwarded | None:
    """Return the first message that a text passes on, by its headers; None when there is none.

    Replies are not meant: ``On … wrote:`` is no forward. Who calls this decides by the subject or
    by who sent it whether the headers of Outlook ("From: … Sent: …") are those of a forward.
    """
    lines = lines_of(text)
    for at, line in enumerate(lines):
        if line.empty:
            continue
        block = headers(lines, at, marked=line.quoted)
        if block is not None and "from" in block.values:
            return _of(text, lines, at, block)
    return None


def _of(text: str, lines: list[Line], at: int, block: Headers) -> Forwarded:
    begin = at
    # What announces it is not what somebody wrote above it.
    while begin > 0 and _leads_over(lines[begin - 1]):
        begin -= 1
    body = text[lines[block.stop].start :] if block.stop < len(lines) else ""
    if lines[at].quoted:
        body = "\n".join(unquoted_line(line) for line in body.split("\n"))
    values = block.values
    return Forwarded(
        above=text[: lines[begin].start].strip(),
        sender=values.get("from", ""),
        to=values.get("to", ""),
        date=values.get("date", ""),
        subject=values.get("subject", ""),
        text=body.strip(),
    )


def _leads_over(line: Line) -> bool:
    said = unquoted(line.said)
    if not said or words.RULE.match(said) is not None:
        return True
    shapes = (words.FORWARDED, words.ORIGINAL, words.DIVIDER)
    return any(shape.match(said) is not None for shape in shapes)


def unquoted_line(line: str) -> str:
    """Return a line without one mark of quoting, its indentation kept."""
    stripped = line.lstrip(" \t")
    if stripped[:1] not in {">", "＞"}:
        return line
    return stripped[1:].removeprefix(" ")

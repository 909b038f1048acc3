"""What an invitation says, for messages that have no words of their own (RFC 5545).

Calendars send messages whose only content is an event. The file stays an attachment; this makes a
few lines to read of it, without words of ours, so that they need no translation.
"""

import re

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Za-z-]{1,40})((?:;[^:\n\"]{0,200}(?:\"[^\"\n]{0,200}\")?)*):([^\n]*)")
_WHEN = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ZONE = re.compile(r"TZID=\"?([^;\":]{1,60})")
_ESCAPED = re.compile(r"\\(.)")
_MOST_CHARACTERS = 200_000
_MOST_TEXT = 20_000


def invitation_text(content: str) -> str:
    """Return the first event's title, time, place, organiser and description; or nothing.

    Times stand as they are written, with their zone; nothing is converted.
    """
    head, begun, rest = content[:_MOST_CHARACTERS].partition("BEGIN:VEVENT")
    if not begun or "BEGIN:VCALENDAR" not in head:
        return ""
    event = _FOLD.sub("", rest.partition("END:VEVENT")[0])
    values: dict[str, tuple[str, str]] = {}
    for line in event.splitlines():
        match = _LINE.match(line)
        if match is not None:
            values.setdefault(match[1].upper(), (match[2], match[3].strip()))
    said = {name: _text(value) for name, (_parameters, value) in values.items()}
    begin, end = (_when(*values.get(name, ("", ""))) for name in ("DTSTART", "DTEND"))
    if begin and end[:10] == begin[:10] and len(end) > 10:
        end = end[11:]
    lines = [
        said.get("SUMMARY", ""),
        " – ".join(filter(None, (begin, end))),
        said.get("LOCATION", ""),
        re.sub(r"(?i)^mailto:", "", said.get("ORGANIZER", "")),
    ]
    text = "\n".join(filter(None, lines))
    return "\n\n".join(filter(None, (text, said.get("DESCRIPTION", ""))))[:_MOST_TEXT]


def _text(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _when(parameters: str, value: str) -> str:
    match = _WHEN.match(value)
    if match is None:
        return ""
    year, month, day, hour, minute, utc = match.groups()
    text = f"{year}-{month}-{day}"
    if hour is None:
        return text
    zone = _ZONE.search(parameters)
    name = "UTC" if utc else zone[1] if zone else ""
    return f"{text} {hour}:{minute} {name}".strip()

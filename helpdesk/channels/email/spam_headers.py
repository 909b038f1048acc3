"""What the mail server's filter thought of a message: its mark and its score."""

import re

from helpdesk.lib.mime import ParsedMessage

_SCORE = re.compile(r"(?:score|hits)\s*=\s*(-?\d{1,4}(?:\.\d{1,4})?)", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(-?\d{1,4}(?:\.\d{1,4})?)")
_MARKED = re.compile(r"\s*(yes|true|spam)\b", re.IGNORECASE)
_NOT_MARKED = re.compile(r"\s*(no|false|ham)\b", re.IGNORECASE)
_SCORES = ("X-Spam-Score", "X-Rspamd-Score", "X-Barracuda-Spam-Score")
_MARKS = ("X-Spam-Flag", "X-Spam", "X-Bogosity", "X-Barracuda-Spam-Flag", "X-SpamExperts-Class")
_EXCHANGE = ("X-MS-Exchange-Organization-SCL", "X-Forefront-Antispam-Report")
_SCL = re.compile(r"(?:^|;)\s*(?:SCL:)?\s*(-1|\d)\s*(?:;|$)")
_SCL_SPAM = 5
"""From this spam confidence level on, Exchange takes a message for spam."""


def spam_of(parsed: ParsedMessage) -> dict[str, object]:
    """Return ``marked`` (a bool) and ``score`` (a float), each where the server says something.

    Understood are the headers of SpamAssassin and Amavis, rspamd, bogofilter, Barracuda and
    Exchange (there the score is the spam confidence level, -1 to 9).
    """
    found: dict[str, object] = {}
    status = parsed.header("X-Spam-Status") or ""
    score = _SCORE.search(status)
    for name in _SCORES:
        score = score or _NUMBER.match(parsed.header(name) or "")
    if score is not None:
        found["score"] = float(score[1])
    marks = [status, *(parsed.header(name) or "" for name in _MARKS)]
    if any(_MARKED.match(mark) for mark in marks):
        found["marked"] = True
    elif any(_NOT_MARKED.match(mark) for mark in marks):
        found["marked"] = False
    for name in _EXCHANGE:
        level = _SCL.search(parsed.header(name) or "")
        if level is not None:
            found.setdefault("score", float(level[1]))
            found.setdefault("marked", int(level[1]) >= _SCL_SPAM)
    return found

"""Why a recipient was not reached: from the status, the reply code and the server's words.

Servers agree on codes far less than RFC 3463 hoped: 5.1.1 is said of full mailboxes and 5.7.1 of
unknown users. So the words come first where they are clear, then the status, then the bare code.
The order of the words matters: "user unknown, because your host is on a list" is about the list.
"""

import re
from typing import cast

from helpdesk.channels.email.reports.model import HARD, Failure, Reason
from helpdesk.channels.email.reports.patterns import sections

MAX_SAID = 3000
"""Characters of a server's words that are looked at."""

_PHRASES = cast("list[tuple[Reason, re.Pattern[str]]]", sections("phrases.ini"))
_STATUS = re.compile(r"(?<![\d.])[45]\.\d{1,2}\.\d{1,3}(?![\d.])")
_CODE = re.compile(r"(?:^|[\s:;>(<\"'\[])([45]\d\d)(?=[\s:;,)-]|$)")

_REPLIED = re.compile(r"[45]\d\d[- ]\W{0,3}([45]\.\d{1,2}\.\d{1,3})(?![\d.])")
# A wrapper of IronPort's around whatever the other server said.
_WRAPPER = re.compile(
    r"5\.\d\.\d - (?:unknown address|other network|bad destination \w{1,10}) error"
)
_SOMEONE = re.compile(r"<?[^\s<>@:;,()\[\]]{1,128}@[^\s<>@:;,()\[\]]{1,255}>?")
_HOST = re.compile(r"\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,9}(?=\.?\s?\[|\W{1,40}said:)")
# Before which command the server said no. Who may not send is not about the recipient, and who is
# "unknown" only after the whole message was taken was refused by a filter.
_AFTER_MAIL = re.compile(
    r"(?:after|to) (?:pipelined )?mail from|\(state (?:[89]|1[0-2])\)"
    r"|my (?:name|sender)(?: address)? was rejected"
)
_AFTER_DATA = re.compile(
    r"(?:after|to) (?:the )?(?:pipelined )?(?:end of )?data\b|>>> data <<<|smtp command data"
    # The name that belongs before the colon is missing: said of the message, not of a recipient.
    r"|[45]\d\d:? : user unknown|\(state 1[5-8]\)"
)
_BY_STATUS: dict[str, Reason] = {
    "1.0": "user-unknown",
    "1.1": "user-unknown",
    "1.2": "host-unknown",
    "1.3": "user-unknown",
    "1.4": "rejected",
    "1.6": "moved",
    "1.7": "rejected",
    "1.8": "rejected",
    "1.10": "not-accepting",
    "2.0": "rejected",
    "2.1": "disabled",
    "2.2": "mailbox-full",
    "2.3": "too-large",
    "2.4": "rejected",
    "3.2": "not-accepting",
    "3.4": "too-large",
    "4.1": "expired",
    "4.4": "host-unknown",
    "4.7": "expired",
    "5.3": "too-many",
}
_BY_SUBJECT: dict[str, Reason] = {
    "1": "rejected",
    "2": "rejected",
    "3": "system",
    "4": "network",
    "5": "system",
    "6": "content",
    "7": "policy",
}


def judge(
    address: str, *, said: str, status: str = "", action: str = "", context: str = ""
) -> Failure:
    """Return what a failure means. ``said`` may be long; what counts is at its beginning.

    ``context`` is what else the report says: in reply to which command the server spoke.
    """
    if action == "complaint":
        return Failure(address, status, "complaint", False, said[:500])
    text = " ".join(said[:MAX_SAID].lower().replace("_", " ").split())
    text = _without_names(_WRAPPER.sub("", text))
    code = _code(text)
    status = _status(text, status, code)
    reason = _reason(text, status, code)
    if reason in HARD and _is_about_the_mail(f"{text} {context[:MAX_SAID]}", status, reason):
        reason = "rejected"
    temporary = action == "delayed" or (action != "failed" and status.startswith("4"))
    if action == "delayed":
        # The system still tries: whatever the last answer was, nothing is known of the address.
        reason = "mailbox-full" if reason == "mailbox-full" else "delayed"
    elif status.startswith("4") and reason in HARD:
        reason = "network"
    return Failure(address, status, reason, temporary, " ".join(said.split())[:500])


def _without_names(text: str) -> str:
    """Leave out addresses and hosts: antispam.example.org may say that a user is unknown."""
    if "@" in text:
        text = _SOMEONE.sub("<someone>", text)
    return _HOST.sub(" ", text)


def _code(text: str) -> str:
    found = _CODE.search(text)
    return found[1] if found is not None else ""


def _status(text: str, given: str, code: str) -> str:
    """Return the status: the one stated, unless it says nothing and the server's words say more."""
    found = _STATUS.search(given)
    stated = found[0] if found is not None else ""
    if stated and not stated.endswith(".0.0"):
        return stated
    spoken = [one[1] for one in _REPLIED.finditer(text)]
    spoken += [one[0] for one in _STATUS.finditer(text)]
    clear = [one for one in spoken if not one.endswith(".0.0")]
    if clear:
        return clear[0]
    if stated or spoken:
        return stated or spoken[0]
    return f"{code[0]}.0.0" if code else ""


def _is_about_the_mail(text: str, status: str, reason: Reason) -> bool:
    """Whether words about an unknown user or host are really about the mail or its sender."""
    if status[1:] in (".1.7", ".1.8") or _AFTER_MAIL.search(text):
        return True
    if reason != "user-unknown" or status[1:4] in (".1.", ".5."):
        return False
    if status[1:4] == ".7." and "rcpt" not in text:
        # Words and status contradict each other, and it was not said to the recipient's name.
        return True
    return status[1:] == ".2.0" or bool(_AFTER_DATA.search(text))


def _reason(text: str, status: str, code: str) -> Reason:
    for reason, phrase in _PHRASES:
        if phrase.search(text) is not None:
            return reason
    if status and not status.endswith(".0.0"):
        kind = status[2:]
        return _BY_STATUS.get(kind) or _BY_SUBJECT.get(kind[0], "unknown")
    if code in ("521", "556"):
        return "not-accepting"
    if code == "552":
        return "mailbox-full"
    return "unknown" if not code else "rejected"

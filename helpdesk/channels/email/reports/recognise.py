"""Whether a message is a mail system's report, and what it says.

Two things are asked for, because each alone is found in ordinary mail too: a *sign* of a system
(a null return path, a sender called MAILER-DAEMON, the type multipart/report …), and a *statement*
that something was not delivered (machine-readable, or in words).
"""

import re
from enum import IntEnum

from helpdesk.channels.email.reports.fields import (
    Recipient,
    address_in,
    addresses_in,
    complaint_in,
    recipients_in,
    text_of,
)
from helpdesk.channels.email.reports.model import Bounce, Failure, Returned
from helpdesk.channels.email.reports.notifications import notified
from helpdesk.channels.email.reports.own_words import (
    MAX_HEADERS,
    returned_of,
    returned_part,
    words_of,
)
from helpdesk.channels.email.reports.patterns import SIGNS
from helpdesk.channels.email.reports.reasons import judge
from helpdesk.channels.email.reports.wording import bare_names_in, failing_in
from helpdesk.lib.mime import ParsedMessage, parse

_ANSWER = re.compile(
    r"\s{0,5}(?:re|fwd?|aw|wg|tr|antw|sv|vs|回复|答复|轉寄|转发)\s{0,3}[:：\[]", re.IGNORECASE
)


class Sign(IntEnum):
    """How clearly headers say that a mail system wrote a message."""

    NONE = 0
    NAME = 1
    """The sender is called like a system, which a person may be called as well."""
    DAEMON = 2
    FORM = 3


_BEGINNING = 1500
"""Characters in which a report says that it is one."""
_STATEMENTS = 6000
_ARRIVED = frozenset({"delivered", "relayed", "expanded"})
_REPORT_TYPE = re.compile(r"report-type\s{0,5}=\s{0,5}\"?([a-z-]{1,40})")
_FIELDS = re.compile(r"^(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_REFUSED = re.compile(r"(?:was|been) (?:automatically )?(?:rejected|refused)", re.IGNORECASE)
# Somebody's gate asks the sender to prove that he is a person: the mail waits.
_CHALLENGE = re.compile(r"not pre-?approved|wait-?listed", re.IGNORECASE)
_RECIPIENT = re.compile(
    r"^X-HmXmrOriginalRecipient:\s{0,4}([^\n]{1,320})", re.IGNORECASE | re.MULTILINE
)
_STATUS_TYPES = frozenset(
    {"message/delivery-status", "message/global-delivery-status", "text/delivery-status"}
)
_DAEMON = re.compile(
    r"(?:mailer[-_.]?da?emon|mail[-_.]?daemon|post[-_]?master|mdaemon|double-bounce)"
    r"(?:[+._-][^@]{0,64})?(?:@|$|\\)",
    re.IGNORECASE,
)
_SYSTEM_LOCAL = re.compile(
    r"(?:bounces?|mail[-_.]?(?:system|delivery|router|admin|gateway|server|error)|postoffice|dsn|mta"
    r"|delivery|smtp|administrator|admin|root|uucp|daemon|noc|nobody"
    r"|microsoftexchange[0-9a-f]{0,40}"
    r"|maildelivery\w{0,20}|bouncehandler)(?:[+._-][^@]{0,64})?(?:@|$|\\)",
    re.IGNORECASE,
)


def read_report(parsed: ParsedMessage) -> Bounce | None:
    """Return what a report says, or None for every other message."""
    told = notified(parsed)
    if told:
        return Bounce(tuple(_judged(parsed, told, "")), Returned())
    found = _read(parsed)
    if found is not None and not found.addresses:
        return _wrapped(parsed) or found
    return found


def _wrapped(parsed: ParsedMessage) -> Bounce | None:
    """Read a report that a gateway sends on as an attachment of a letter without words."""
    part = returned_part(parsed)
    if part is None or b"multipart/report" not in part.content[:MAX_HEADERS].lower():
        return None
    return _read(parse(part.content))


def _read(parsed: ParsedMessage) -> Bounce | None:
    report_type = _report_type(parsed)
    if report_type == "disposition-notification" and not _REFUSED.search(parsed.text[:_BEGINNING]):
        return None
    complaint = _complaint(parsed)
    if complaint is not None:
        return complaint
    sign = Sign.FORM if report_type else _sign(parsed)
    if sign is Sign.NONE and not _looks_plain(parsed):
        return None
    words, rest = words_of(parsed)
    told = _told(parsed, words)
    if told and all(one.action in _ARRIVED or _CHALLENGE.search(one.said) for one in told):
        return None
    failures = _judged(parsed, [one for one in told if one.action not in _ARRIVED], words)
    if not failures:
        if not _stated(parsed, words, rest, sign):
            return None
        failures = _spoken(parsed, words)
    return Bounce(tuple(failures), returned_of(parsed, rest), proven=bool(told) or sign > Sign.NAME)


def _complaint(parsed: ParsedMessage) -> Bounce | None:
    """Return a complaint that is no report in form: a provider's own kind of letter."""
    if not parsed.subject.startswith("complaint about message from "):
        return None
    part = returned_part(parsed)
    if part is None:
        return None
    asked = _RECIPIENT.search(text_of(part.content, 8192))
    failure = judge(address_in(asked[1]) if asked else "", said=parsed.subject, action="complaint")
    return Bounce((failure,), returned_of(parsed, ""))


def _report_type(parsed: ParsedMessage) -> str:
    kind = (parsed.header("Content-Type") or "").lower().lstrip()
    if not kind.startswith("multipart/report"):
        return ""
    found = _REPORT_TYPE.search(kind)
    return found[1] if found is not None else "unknown"


def _sign(parsed: ParsedMessage) -> Sign:
    """Return by what the headers say that a mail system wrote it."""
    for name, value in parsed.headers:
        key = name.lower()
        if key == "x-failed-recipients" or (key == "return-path" and value.strip() in ("", "<>")):
            return Sign.FORM
    author = parsed.from_
    if author is None:
        return Sign.NAME
    address = author.address.strip("<> ")
    if "@" not in address:
        # A system that has only a name; people have addresses.
        return Sign.DAEMON if _DAEMON.match(address or author.name) else Sign.NAME
    if _DAEMON.match(address):
        return Sign.DAEMON
    if _SYSTEM_LOCAL.match(address) or (author.name and SIGNS["system-names"].search(author.name)):
        return Sign.NAME
    return Sign.NONE


def _looks_plain(parsed: ParsedMessage) -> bool:
    """Whether subject and first words both say what only a mail system says, of itself."""
    return (
        not parsed.in_reply_to
        and SIGNS["subjects"].search(parsed.subject) is not None
        and _ANSWER.match(parsed.subject) is None
        and SIGNS["plain"].search(parsed.text[:_BEGINNING]) is not None
    )


def _told(parsed: ParsedMessage, words: str) -> list[Recipient]:
    """Return what machine-readable parts say, or such fields in the middle of the text."""
    found: list[Recipient] = []
    for part in parsed.attachments[:20]:
        if part.type in _STATUS_TYPES:
            found += recipients_in(text_of(part.content))
        elif part.type == "message/feedback-report":
            complaint = complaint_in(text_of(part.content))
            found += [complaint] if complaint is not None else []
    if not found and _FIELDS.search(words):
        found = recipients_in(words)
    return found


def _judged(parsed: ParsedMessage, told: list[Recipient], words: str) -> list[Failure]:
    if not told:
        return []
    spoken = {address.lower(): said for address, said in failing_in(words, _own(parsed))}
    context = " ".join(words.lower().split())
    failures = []
    # Gateways repeat blocks, and so does who wants to keep us busy.
    for one in dict.fromkeys(told):
        said = one.said
        if _says_little(said) or not said:
            # What stands in the text of the same address says more than "smtp; 550".
            said = f"{said} {spoken.get(one.address.lower(), '' if len(told) > 1 else words)}"
        failures.append(
            judge(
                one.address,
                said=said,
                status=one.status,
                action=one.action or "failed",
                context=context,
            )
        )
    return failures


def _says_little(said: str) -> bool:
    return sum(map(str.isalpha, said)) < 8


def _stated(parsed: ParsedMessage, words: str, rest: str, sign: Sign) -> bool:
    """Whether the words say that something was not delivered.

    Administrators are people too, and write to help desks about mail that does not arrive: where
    only the name is that of a system, the mail that came back must be there, or a system's words.
    """
    returned = returned_part(parsed) is not None or bool(rest.strip())
    if sign < Sign.DAEMON and parsed.authors and not returned and not _looks_plain(parsed):
        return False
    about = bool(SIGNS["subjects"].search(parsed.subject))
    if not SIGNS["statements"].search(words[:_STATEMENTS]):
        return about
    return about or returned or bool(failing_in(words, _own(parsed)))


def _spoken(parsed: ParsedMessage, words: str) -> list[Failure]:
    """Judge a report that has only words."""
    is_late = SIGNS["delayed"].search(f"{parsed.subject}\n{words[:_BEGINNING]}")
    action = "delayed" if is_late else "failed"
    context = " ".join(words.lower().split())
    failures = []
    for address, said in _named(parsed, words):
        failure = judge(address, said=said, action=action, context=context)
        if failure.reason == "unknown" and said is not words:
            failure = judge(address, said=f"{said} {words}", action=action)
        failures.append(failure)
    return failures


def _named(parsed: ParsedMessage, words: str) -> list[tuple[str, str]]:
    """Return whom a report names, with what it says of each; at least one, if need be nobody."""
    pairs = failing_in(words, _own(parsed)) or bare_names_in(words, parsed)
    listed = [
        one for value in parsed.header_all("X-Failed-Recipients") for one in addresses_in(value)
    ]
    if listed:
        spoken = {address.lower(): said for address, said in pairs}
        pairs = [(one, spoken.get(one.lower(), words)) for one in dict.fromkeys(listed)]
    return pairs or [("", words)]


def _own(parsed: ParsedMessage) -> frozenset[str]:
    named = [*parsed.authors, *parsed.to, *parsed.reply_to]
    return frozenset(one.address.lower() for one in named)

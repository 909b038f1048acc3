"""Reports in plain words: which addresses they name, and what is said of each.

Mail systems that write no machine-readable part write one of a few layouts. They are read as
layouts, whoever wrote them:

- an address at the beginning of a line, and what was said of it behind a colon or on the lines
  below (qmail, Postfix, Exim, Courier, Sendmail, Gmail, Yahoo …);
- a label and an address: ``Recipient:``, ``To:``, ``收件人：``;
- an SMTP dialogue: ``>>> RCPT To:<…>``, ``550 5.1.1 <…>... User unknown``;
- a sentence that names the address.
"""

import re

from helpdesk.channels.email.reports.fields import address_in, addresses_in
from helpdesk.lib.mime import ParsedMessage

MAX_LINES = 600
MAX_ADDRESSES = 100
_BELOW = 12
"""Lines under an address that may say what is wrong with it."""

_LABEL = (
    r"(?:(?:failed |original |final |intended |envelope |bad |invalid |unknown )?"
    r"(?:recipients?|rcpt(?: to)?|to|address(?:es|ee)?|user|e-?mail|mailbox"
    r"|destinat(?:ion|aire|ario)|empf.{1,4}nger)"
    r"(?: address(?:es)?)?|宛先|送信先|收件人(?:地址)?|收信人|받는 ?사람|кому)"
)
_LED = re.compile(
    rf"[\s>*•·\-=|]{{0,40}}(?:{_LABEL}\s{{0,20}}[:：=]\s{{0,20}})?(?:rfc822;\s?)?"
    r"[<\"'\[(`]{0,3}(?:mailto:)?"
    r"(?P<address>[^\s<>()\[\],;:\"'@]{1,128}@[^\s<>(),;:\"']{1,255})",
    re.IGNORECASE,
)
_REPLY = re.compile(r"\s{0,40}(?:<{3}\s?)?[45]\d\d[ -]")
_SPOKEN_TO = re.compile(r">{3}\s?RCPT\s{1,3}TO:\s{0,3}(<[^>\n]{1,320}>)", re.IGNORECASE)
# Sentences around an address that have nothing to do with it.
_HELP = re.compile(
    r"contact|help|assist|support|question|send (?:mail|e-?mail|a message)|reply|forward"
    r"|further|report(?:ed)? (?:this|to)"
    r"|generated from|expanded from|sent by|from:|sender|on behalf|https?:|return-path"
    r"|mail from|reporting|postmaster",
    re.IGNORECASE,
)
_EXPANDED = re.compile(r"\(expanded from:?\s{0,3}<?([^>)\n]{3,320})>?\)")
_HEADER = re.compile(
    r"[\s>]{0,20}(?:to|cc|from|subject|sent|sent date|date|message-?id|size)[ \t]{0,4}:",
    re.IGNORECASE,
)
_DELIVERY_TO = re.compile(
    r"(?:deliver\w{0,3}|delivery of|sent|send) (?:\w{1,10} ){0,4}to:?\s{0,3}"
    r"(<?[^\s<>]{1,128}@[^\s<>]{1,255})",
    re.IGNORECASE,
)
_SYSTEMS = ("mailer-daemon@", "postmaster@", "mailerdaemon@", "mail-daemon@", "abuse@")


def failing_in(words: str, own: frozenset[str]) -> list[tuple[str, str]]:
    """Return (address, what is said of it) for everybody the words name as not reached.

    ``own`` are addresses of the report itself, in lower case: who it is from and to.
    """
    lines = _without_headers(words.split("\n")[:MAX_LINES])
    found = _led(lines, own)
    if not found:
        found = _spoken(lines, own)
        found += _named(lines, own, only_sure=bool(found))
    said: dict[str, tuple[str, str]] = {}
    for address, text in found[:MAX_ADDRESSES]:
        key = address.lower()
        before = said.get(key)
        said[key] = (address, text if before is None else f"{before[1]} {text}")
    return list(said.values())


def _led(lines: list[str], own: frozenset[str]) -> list[tuple[str, str]]:
    """Read addresses that lines begin with, and the lines below each."""
    starts: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines):
        if "@" not in line:
            continue
        match = _LED.match(line)
        if match is None:
            continue
        address = address_in(match["address"])
        rest = line[match.end() :]
        if not address or address.lower() in own or _goes_on(rest):
            continue
        if rest.strip(" >'\")].,;:") and _is_own(address, own):
            continue
        starts.append((number, address, rest))
    found = []
    for place, (number, address, rest) in enumerate(starts):
        until = starts[place + 1][0] if place + 1 < len(starts) else len(lines)
        below = lines[number + 1 : min(until, number + 1 + _BELOW)]
        said = " ".join([rest, *below])
        found.append((address, said))
        # The address that was written to, when the one that failed is what became of it.
        was = _EXPANDED.search(said[:400])
        if was is not None and (one := address_in(was[1])) and not _is_own(one, own):
            found.append((one, said))
    return found


def _goes_on(rest: str) -> bool:
    """Whether a line that begins with an address is a sentence about something else."""
    words = rest.strip(" >'\")].,;:-").lower()
    return bool(words) and _HELP.match(words) is not None


def _spoken(lines: list[str], own: frozenset[str]) -> list[tuple[str, str]]:
    """Read an SMTP dialogue: replies that name an address, or follow one."""
    found: list[tuple[str, str]] = []
    last = ""
    for line in lines:
        spoken = _SPOKEN_TO.search(line)
        if spoken is not None:
            last = address_in(spoken[1])
        elif _REPLY.match(line):
            address = address_in(line) or last
            if address and not _is_own(address, own):
                found.append((address, line.strip()))
    return found


def _named(lines: list[str], own: frozenset[str], *, only_sure: bool) -> list[tuple[str, str]]:
    """Read addresses in sentences; those to write to for help are left out."""
    found: list[tuple[str, str]] = []
    for number, line in enumerate(lines):
        if "@" not in line:
            continue
        near = " ".join(lines[number : number + 4])
        sure = _DELIVERY_TO.search(line)
        if sure is not None:
            found.append((address_in(sure[1]), near))
            continue
        if only_sure or _HELP.search(line):
            continue
        found += [(one, near) for one in addresses_in(line) if not _is_own(one, own)]
    return found


def _without_headers(lines: list[str]) -> list[str]:
    """Leave out "Your message / To: … / Subject: …": who it was for, not who was not reached."""
    kept: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        if _HEADER.match(line):
            run.append(line)
            continue
        if len(run) < 2 or not any("ubject" in one for one in run):
            kept += run
        run = []
        kept.append(line)
    return kept


def _is_own(address: str, own: frozenset[str]) -> bool:
    low = address.lower()
    return low in own or low.startswith(_SYSTEMS)


_LIST_FOLLOWS = re.compile(
    r"following (?:recipient|address|user)[^\n]{0,300}:\s{0,20}$", re.IGNORECASE | re.MULTILINE
)
_BARE = re.compile(r"[ \t]{1,40}([A-Za-z0-9][A-Za-z0-9._+-]{1,63})[ \t]*$", re.MULTILINE)


def bare_names_in(words: str, parsed: ParsedMessage) -> list[tuple[str, str]]:
    """Return names without a domain that a report lists: those of the system that wrote it."""
    lead = _LIST_FOLLOWS.search(words)
    domain = parsed.from_.address.rpartition("@")[2] if parsed.from_ is not None else ""
    if lead is None or not domain:
        return []
    block = words[lead.end() :].lstrip("\n").partition("\n\n")[0]
    names = _BARE.findall(block)[:MAX_ADDRESSES]
    return [(f"{name}@{domain.lower()}", words) for name in names]

"""Whether a mail is from who it says, as the receiving mail server found out (RFC 8601).

We do not check SPF, DKIM and DMARC ourselves: that takes the connection the mail came over, which
only the server at the border saw. It writes what it found into Authentication-Results headers, and
so may anybody who sends mail. A header counts when it names a server that the mailbox trusts, and
stands where that server put it: above what other servers wrote. Such servers take away headers of
others in their name (RFC 8601, section 5).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from helpdesk.lib.mime import ParsedMessage

MOST_HEADERS = 20
_LONGEST = 8_000
_PIECES = re.compile(r'(\\.|["()])')
_SEPARATES = re.compile(r"[\s;=]")
_RESULT = re.compile(r"\s*([a-z0-9-]{1,30})(?:/\d+)?\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_PROPERTY = re.compile(
    r"\b(header\.d|header\.i|header\.from|smtp\.auth|smtp\.mailfrom|smtp\.mail|smtp\.helo)\s*=\s*"
    r"\"?([^\s;\"]{1,300})",
    re.IGNORECASE,
)
_METHODS = frozenset({"spf", "dkim", "dmarc", "arc", "compauth", "auth"})
NAMELESS = "-"
"""Stands for a server that leaves its name out, as Microsoft 365 does."""


class Proof(StrEnum):
    """Whether a sender's address is theirs."""

    PASS = "pass"  # noqa: S105 (no password)
    """The domain vouches for it."""
    FAIL = "fail"
    """The domain says how its mail is proven, and this is not."""
    NONE = "none"
    """Nothing proves it and nothing speaks against it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one method found: for instance DKIM, pass, for a domain."""

    method: str
    result: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """What one server states."""

    server: str
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """What is believed about the sender of a mail, by whose word, and why."""

    proof: Proof
    server: str
    results: tuple[Result, ...]

    def noted(self) -> dict[str, object]:
        """Return it as the envelope of an entry keeps it."""
        found = {one.method: f"{one.result} {one.domain}".strip() for one in self.results}
        return {"proof": str(self.proof), "by": self.server, "results": found}


def stated_in(parsed: ParsedMessage) -> tuple[tuple[Stated, ...], ...]:
    """Return what servers state, in the order of the headers, newest first.

    In groups between Received headers: what stands in one group was written by one server on the
    way, so nobody else can have added to it.
    """
    groups: list[list[Stated]] = [[]]
    number = 0
    for name, value in parsed.headers:
        lowered = name.lower()
        if lowered == "received":
            groups.append([])
        elif lowered == "authentication-results" and number < MOST_HEADERS:
            number += 1
            stated = _read(value)
            if stated is not None:
                groups[-1].append(stated)
    return tuple(tuple(group) for group in groups if group)


def check(groups: Sequence[Sequence[Stated]], trusted: Sequence[str], sender: str) -> Check | None:
    """Return what the trusted servers (their names in lower case) say about a sender's address.

    Only the newest group that has one of them counts: what stands below was written before the
    mail came to that server. None when none of them says anything.
    """
    if not trusted or not groups:
        return None
    for group in groups:
        found = [one for one in group if one.server in trusted]
        if found:
            results = tuple(result for one in found for result in one.results)
            return Check(
                _proof(results, sender.rpartition("@")[2].lower()), found[0].server, results
            )
    return None


def _proof(results: Sequence[Result], domain: str) -> Proof:
    stated = {one for one in results if one.method == "dmarc"}
    dmarc = {one.result for one in stated}
    if "fail" in dmarc:
        # Also where something else says "pass": a server says it once, and means it.
        return Proof.FAIL
    if "pass" in dmarc:
        # It has to be about the very address that we show.
        about = {one.domain for one in stated if one.domain}
        return Proof.PASS if all(aligned(one, domain) for one in about) else Proof.NONE
    # A domain without DMARC: what DMARC would find (RFC 7489, section 3.1, relaxed alignment).
    vouching = [one for one in results if one.method in {"dkim", "spf", "auth"}]
    if any(one.result == "pass" and aligned(one.domain, domain) for one in vouching):
        return Proof.PASS
    failed = [one for one in vouching if one.result == "fail" and aligned(one.domain, domain)]
    return Proof.FAIL if failed else Proof.NONE


def aligned(one: str, other: str) -> bool:
    """Whether two domains belong to each other: the same, or one below the other."""
    if not one or not other or "." not in one or "." not in other:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _read(value: str) -> Stated | None:
    """Read one header. One that has no end, or too long a one, states nothing but its server.

    It still stands above what came with the message, and hides that.
    """
    plain = _plain(value) if len(value) <= _LONGEST else None
    if plain is None:
        server = re.split(r"[\s;(]", value.strip()[:300], maxsplit=1)[0]
        return Stated(_server(server)) if server else None
    first, *parts = plain.split(";")
    names = first.split()
    if not names:
        return None
    if "=" in names[0]:
        parts.insert(0, first)
    results = []
    for part in parts[:40]:
        match = _RESULT.match(part)
        if match is None or match[1].lower() not in _METHODS:
            continue
        results.append(Result(match[1].lower(), match[2].lower(), _domain(match[1].lower(), part)))
    return Stated(_server(names[0]), tuple(results))


def _server(word: str) -> str:
    """Return the name of a server as administrators write it; some begin with the first result."""
    return NAMELESS if "=" in word else word.strip('"').lower()[:255]


def _plain(value: str) -> str | None:
    """Return a header without comments and quotes; None when one of them has no end.

    What a sender chooses (a quoted local part) can't pose as a result: nothing that separates is
    left within quotes. Comments may stand within each other.
    """
    kept: list[str] = []
    depth, quoted = 0, False
    for piece in _PIECES.split(value):
        if piece == '"' and not depth:
            quoted = not quoted
        elif piece == "(" and not quoted:
            depth += 1
        elif piece == ")" and not quoted:
            if not depth:
                return None
            depth -= 1
            kept.append(" ")
        elif quoted:
            kept.append(_SEPARATES.sub("_", piece))
        elif not depth:
            kept.append(piece)
    return None if depth or quoted else "".join(kept)


def _domain(method: str, part: str) -> str:
    found = {name.lower(): value for name, value in _PROPERTY.findall(part)}
    wanted = {
        "dkim": ("header.d", "header.i"),
        "spf": ("smtp.mailfrom", "smtp.mail", "smtp.helo"),
        "dmarc": ("header.from",),
        # Who signed in to the server itself, where that is an address.
        "auth": ("smtp.auth",),
    }
    for name in wanted.get(method, ()):
        if name in found:
            who = str(found[name])
            if method == "auth" and "@" not in who:
                return ""
            return who.rpartition("@")[2].strip("<>.").lower()
    return ""

"""OpenPGP: what GnuPG says about a signature or an encrypted message, in our words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parseaddr

from helpdesk.channels.email.secure import gnupg
from helpdesk.channels.email.secure.gnupg import Ran
from helpdesk.channels.email.secure.model import Flaw, Kind, PgpKey, Signature

_KEY_ID = re.compile(r"[0-9A-F]{16,40}")
_FLAWS = {
    "BADSIG": Flaw.CHANGED,
    "EXPSIG": Flaw.EXPIRED,
    "EXPKEYSIG": Flaw.EXPIRED,
    "REVKEYSIG": Flaw.REVOKED,
    "GOODSIG": None,
}
_NO_PUBLIC_KEY = "9"
_HIDDEN = "0" * 16
"""The number of a key that the sender did not want to name."""
_UNSAFE_DIGESTS = frozenset({"1", "2", "3"})
"""MD5, SHA-1 and RIPEMD-160, as OpenPGP numbers them."""


@dataclass(frozen=True, slots=True)
class Described:
    """One key as it says of itself."""

    fingerprint: str
    secret: bool
    names: tuple[str, ...]
    """``Jane Doe <jane@example.org>``, the first first."""
    created: datetime | None
    expires: datetime | None
    revoked: bool = False
    encrypts: bool = True
    signs: bool = True
    numbers: tuple[str, ...] = ()
    """The numbers (key ids) of the key and its subkeys, which messages name."""

    @property
    def addresses(self) -> list[str]:
        """The e-mail addresses among its names, in lower case."""
        found = [parseaddr(name)[1].lower() for name in self.names]
        return list(dict.fromkeys(one for one in found if "@" in one))


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What became of an encrypted message. ``content`` is None when it did not open."""

    content: bytes | None = field(default=None, repr=False)
    signature: Signature | None = None
    for_keys: tuple[str, ...] = ()
    fits: bool = False
    """Whether one of our keys was among those it was encrypted for."""
    said: str = ""


def describe(armoured: bytes) -> list[Described]:
    """Return the keys in a file; none when it holds none. Raises Unavailable."""
    with gnupg.home() as home:
        records = home.list_keys(armoured)
    found: list[dict[str, list[list[str]]]] = []
    for record in records:
        if record[0] in ("pub", "sec"):
            found.append({"key": [record], "uid": [], "fpr": [], "sub": []})
        elif found and record[0] in ("uid", "fpr"):
            found[-1][record[0]].append(record)
        elif found and record[0] in ("sub", "ssb"):
            found[-1]["sub"].append(record)
    return [_described(one) for one in found if one["fpr"]]


def _described(one: dict[str, list[list[str]]]) -> Described:
    (key,) = one["key"]
    capabilities = key[11] if len(key) > 11 else ""
    return Described(
        fingerprint=one["fpr"][0][9],
        secret=key[0] == "sec",
        # A name that was called back (r) or ran out (e) no longer counts.
        names=tuple(_plain(uid[9]) for uid in one["uid"] if uid[1] not in ("r", "e")),
        created=_moment(key[5]),
        expires=_moment(key[6]),
        revoked=key[1] == "r",
        # Capital letters say what the whole key can do, its subkeys included.
        encrypts="E" in capabilities,
        signs="S" in capabilities,
        numbers=tuple(record[4] for record in (key, *one["sub"])),
    )


def _plain(name: str) -> str:
    """Undo the escapes of a name in a list."""
    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), name)


def _moment(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if text.isdigit() and int(text) > 0 else None


def verify(content: bytes, signature: bytes, keys: Sequence[bytes]) -> Signature:
    """Judge a detached signature with the keys of the sender. Raises Unavailable."""
    with gnupg.home() as home:
        home.take_keys(*keys)
        ran = home.run("--verify", home.file(signature), home.file(content))
    return judged(ran) or Signature(Kind.OPENPGP, Flaw.UNREADABLE, detail=_last(ran))


def verify_clear(text: bytes, keys: Sequence[bytes]) -> tuple[Signature, bytes | None]:
    """Judge a text signed in place; returns the text without its armour too. Raises Unavailable."""
    with gnupg.home() as home:
        home.take_keys(*keys)
        ran = home.run("--decrypt", home.file(text))
    found = judged(ran) or Signature(Kind.OPENPGP, Flaw.UNREADABLE, detail=_last(ran))
    return found, ran.output or None


def decrypt(data: bytes, keys: Sequence[PgpKey], of_sender: Sequence[bytes]) -> Decrypted:
    """Decrypt a message with keys of ours and judge the signature inside. Raises Unavailable."""
    with gnupg.home() as home:
        packets = home.run("--list-only", "--decrypt", home.file(data))
        wanted = tuple(rest.split()[0] for rest in packets.all("ENC_TO") if rest)
        if not wanted:
            return Decrypted(said=_last(packets))
        home.take_keys(*of_sender)
        for key in keys:
            if _HIDDEN not in wanted and not set(wanted) & set(key.numbers):
                continue
            home.take_keys(key.armoured)
            ran = home.run("--decrypt", home.file(data), password=key.password)
            # Exactly one content: what stands behind or before it is not what was encrypted.
            if ran.has("DECRYPTION_OKAY") and len(ran.all("PLAINTEXT")) == 1 and not ran.is_cut:
                return Decrypted(ran.output, judged(ran), wanted, fits=True)
            if _HIDDEN not in wanted or ran.has("DECRYPTION_OKAY"):
                return Decrypted(for_keys=wanted, fits=True, said=_last(ran))
    return Decrypted(for_keys=wanted)


def judged(ran: Ran) -> Signature | None:
    """Return the signature that a call met: of several, one with a flaw if there is any."""
    found: list[Signature] = []
    valid = {rest.split()[0]: rest.split() for rest in ran.all("VALIDSIG") if rest}
    for keyword, rest in ran.status:
        if keyword in _FLAWS:
            key_id, _space, owner = rest.partition(" ")
            found.append(_of(_FLAWS[keyword], key_id, owner, valid))
        elif keyword == "ERRSIG":
            words = rest.split()
            flaw = Flaw.UNKNOWN_KEY if words[5:6] == [_NO_PUBLIC_KEY] else Flaw.UNREADABLE
            number = words[0] if words and _KEY_ID.fullmatch(words[0]) else ""
            detail = "" if flaw == Flaw.UNKNOWN_KEY else _last(ran)
            found.append(Signature(Kind.OPENPGP, flaw, fingerprint=number, detail=detail))
    return next((one for one in found if one.flaw), found[0] if found else None)


def _of(flaw: Flaw | None, key_id: str, owner: str, valid: dict[str, list[str]]) -> Signature:
    name, address = parseaddr(owner)
    words = next((one for key, one in valid.items() if key.endswith(key_id)), None)
    words = words or next(iter(valid.values()), None) if flaw is None else words
    if flaw is None and words is None:
        flaw = Flaw.UNREADABLE
    at = None
    fingerprint = key_id
    if words is not None and len(words) > 9:
        at = _moment(words[2])
        # The last is the key that vouches for the subkey it was made with.
        fingerprint = words[-1]
        if flaw is None and words[7] in _UNSAFE_DIGESTS:
            flaw = Flaw.WEAK
    return Signature(Kind.OPENPGP, flaw, name, address.lower(), fingerprint, at=at)


def _last(ran: Ran) -> str:
    """Return the last thing it said to people, which is the reason."""
    lines = [line.removeprefix("gpg: ").strip() for line in ran.said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""

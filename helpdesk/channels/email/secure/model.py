"""What is known of a message's signature and encryption, and the keys that this takes."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """The two ways to protect mail."""

    SMIME = "smime"
    OPENPGP = "openpgp"


class Flaw(StrEnum):
    """Why a signature is not verified."""

    CHANGED = "changed"
    """The content is not what was signed."""
    EXPIRED = "expired"
    """The certificate or key was not valid when it was signed, or the signature ran out."""
    REVOKED = "revoked"
    AUTHORITY = "authority"
    """No authority that the desk trusts vouches for the certificate."""
    ADDRESS = "address"
    """It belongs to another address than the mail comes from."""
    PURPOSE = "purpose"
    """The certificate is not meant for mail."""
    WEAK = "weak"
    """It was made in a way that can be forged by now."""
    UNKNOWN_KEY = "unknown-key"
    """The desk has no key of the sender to check it with."""
    PARTLY = "partly"
    """Only a part of the message is signed."""
    UNREADABLE = "unreadable"
    """It is broken, or of a kind that we can't read."""


class Sealed(StrEnum):
    """What became of the encryption of a message."""

    OPENED = "opened"
    NO_KEY = "no-key"
    """It was encrypted for others, or for a key that the desk no longer has."""
    BROKEN = "broken"
    """Our key fits, and it could not be decrypted all the same; or it is broken."""
    UNAVAILABLE = "unavailable"
    """GnuPG is missing on this machine, or took too long."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, judged. ``flaw`` is None when everything about it is right."""

    kind: Kind
    flaw: Flaw | None = None
    name: str = ""
    address: str = ""
    """Whose key it was made with, as the certificate or key says; empty when unknown."""
    fingerprint: str = ""
    issuer: str = ""
    at: datetime | None = None
    """When it was made, as the signer says."""
    detail: str = ""
    """What exactly was wrong, for people who look into it; English."""


@dataclass(slots=True)
class Security:
    """What is to be said about a message."""

    signature: Signature | None = None
    sealed: Sealed | None = None
    sealed_kind: Kind | None = None
    for_keys: list[str] = field(default_factory=list)
    """Which keys it was encrypted for, as far as it says so; shown when none of them is ours."""

    def as_json(self) -> dict[str, object]:
        """Return it as the journal keeps it in the envelope of an entry."""
        said: dict[str, object] = {}
        if self.signature is not None:
            one = self.signature
            shown = {
                "kind": one.kind,
                "flaw": one.flaw or "",
                "name": one.name[:200],
                "address": one.address[:320],
                "fingerprint": one.fingerprint,
                "issuer": one.issuer[:200],
                "at": one.at.isoformat() if one.at else "",
                "detail": one.detail[:300],
            }
            said["signature"] = {key: str(value) for key, value in shown.items() if value}
        if self.sealed is not None:
            said["sealed"] = str(self.sealed)
            said["sealed_kind"] = str(self.sealed_kind or "")
            if self.for_keys and self.sealed != Sealed.OPENED:
                said["for_keys"] = [one[:120] for one in self.for_keys[:10]]
        return said


@dataclass(frozen=True, slots=True)
class SmimeKey:
    """A certificate of ours with its secret key, both PEM; the password is not on the key."""

    certificate: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PgpKey:
    """A secret OpenPGP key of ours, armoured, with the password that is on it."""

    armoured: bytes = field(repr=False)
    password: str = field(repr=False)
    fingerprint: str = ""
    numbers: tuple[str, ...] = ()
    """The numbers of the key and its subkeys, by which a message says whom it is for."""


@dataclass(slots=True)
class Keyring:
    """What opening one message may use."""

    smime: list[SmimeKey] = field(default_factory=list)
    openpgp: list[PgpKey] = field(default_factory=list)
    of_sender: list[bytes] = field(default_factory=list)
    """Armoured OpenPGP keys that staff stored for the address the message comes from."""
    authorities: tuple[bytes, ...] = ()
    """Authorities that were added in Set up, PEM."""

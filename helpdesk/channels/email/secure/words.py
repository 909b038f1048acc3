"""What people read about a message's signature and encryption."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.channels.email.secure.model import Flaw, Sealed, Security

FLAWS = {
    Flaw.CHANGED: _l("the content was changed after it was signed"),
    Flaw.EXPIRED: _l("the certificate or key had expired"),
    Flaw.REVOKED: _l("the key was revoked by its owner"),
    Flaw.AUTHORITY: _l("nobody the desk trusts vouches for the certificate"),
    Flaw.ADDRESS: _l("it belongs to another address"),
    Flaw.PURPOSE: _l("the certificate is not meant for mail"),
    Flaw.WEAK: _l("it was made in a way that can be forged"),
    Flaw.UNKNOWN_KEY: _l("the desk has no key of the sender to check it with"),
    Flaw.PARTLY: _l("only a part of the message is signed"),
    Flaw.UNREADABLE: _l("the signature can't be read"),
}
"""Why a signature is not verified."""

WHAT_TO_DO = {
    Flaw.CHANGED: _l("Servers on the way change mail at times, and so do forgers. Ask back."),
    Flaw.EXPIRED: _l("Ask the sender to sign with a new one."),
    Flaw.REVOKED: _l("Ask the sender for their new key."),
    Flaw.AUTHORITY: _l("An administrator can add the authority in Set up, Mail, Keys."),
    Flaw.ADDRESS: _l("Make sure by another way who wrote this."),
    Flaw.PURPOSE: _l("Ask the sender for a certificate that is for mail."),
    Flaw.WEAK: _l("Ask the sender to bring their mail program up to date."),
    Flaw.UNKNOWN_KEY: _l("Their public key can be added on their page, under Keys."),
    Flaw.PARTLY: _l("Take what is not signed as you would any other mail."),
    Flaw.UNREADABLE: _l("The original message is kept."),
}
"""What can be done about it."""

SEALED = {
    Sealed.OPENED: _l("Encrypted for the desk, decrypted"),
    Sealed.NO_KEY: _l("Encrypted: no key of ours fits"),
    Sealed.BROKEN: _l("Encrypted: it could not be decrypted"),
    Sealed.UNAVAILABLE: _l("Encrypted: GnuPG is missing or did not answer"),
}
"""What became of the encryption."""

KINDS = {"smime": "S/MIME", "openpgp": "OpenPGP"}


def sealed_words(said: dict[str, Any]) -> str:
    """Return what became of the encryption of an entry, by what its envelope says."""
    found = _member(Sealed, said.get("sealed"))
    return str(SEALED[found]) if found is not None else ""


def signature_words(signature: dict[str, Any]) -> str:
    """Return one line about a signature, by what the envelope of an entry says."""
    name, address = signature.get("name", ""), signature.get("address", "")
    who = f"{name} <{address}>" if name and address and name != address else name or address
    flaw = flaw_of(signature)
    if flaw is None:
        return str(_("Signed by %(who)s, verified", who=who))
    why = str(FLAWS[flaw])
    if who:
        return str(_("Signed by %(who)s, but not verified: %(why)s", who=who, why=why))
    return str(_("Signed, but not verified: %(why)s", why=why))


def flaw_of(signature: dict[str, Any]) -> Flaw | None:
    """Return why a signature is not verified; an unknown reason is still one."""
    said = signature.get("flaw")
    return None if not said else _member(Flaw, said) or Flaw.UNREADABLE


def _member(kind: Any, value: object) -> Any:
    return kind(value) if value in set(kind) else None


def in_place_of_text(security: Security) -> str:
    """Return the text of a message that stayed closed, for those who have to go on from here."""
    if security.sealed == Sealed.NO_KEY:
        told = _(
            "This message is encrypted, and the desk has no key that opens it. Ask the sender to"
            " write again without encryption, or to encrypt it for a key of this desk. Who has the"
            " secret key it was made for can add it in Set up, Mail, Keys; what comes in from then"
            " on is decrypted."
        )
    elif security.sealed == Sealed.UNAVAILABLE:
        told = _(
            "This message is encrypted, and GnuPG, which would open it, is missing on the server or"
            " did not answer. `helpdesk doctor` tells more. The message is kept as it came."
        )
    else:
        told = _(
            "This message is encrypted, and it could not be decrypted although a key of the desk"
            " may fit: it is damaged, or made in a way that is not known here. Ask the sender to"
            " send it again. The message is kept as it came."
        )
    return str(told)


def grouped(fingerprint: str) -> str:
    """Return a fingerprint in groups of four, as people compare it."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))

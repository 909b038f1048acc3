"""One way of writing each address and number, so that equal ones are equal text.

Pure functions. E-mail addresses are folded to lower case with the domain in its ASCII form;
telephone numbers become E.164 with the extension apart. What people read is made by ``show``.
"""

import re
import unicodedata
from dataclasses import dataclass

import idna
import phonenumbers
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.people import typed_text
from helpdesk.people.errors import Refused
from helpdesk.people.models import ContactKind

_EXTENSION_WORDS = re.compile(r"(?:内线|內線|分机|分機|转|轉)\s*[:：]?\s*(?=\d)")
_INTERNAL = re.compile(r"(?:ext\.?|x|extension)?\s*(\d{2,6})", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f:.]{3,45}\]")
_FORBIDDEN_IN_LOCAL = re.compile(r"[\s<>,;:()\[\]\\@\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ContactValue:
    """A normalised value with its extension (telephone only)."""

    value: str
    extension: str = ""


def email(text: str) -> str:
    """Return the address the way it is stored. Raises ValueError for what can't be one.

    It is lenient on purpose, because it must take what real mail comes from: hosts without a dot
    inside a company, underscores, bare IP addresses, local parts in Chinese.
    """
    text = unicodedata.normalize("NFC", text).strip().strip("<>").strip()
    local, at, domain = text.rpartition("@")
    # A quoted local part ("jo smith"@…) is so rare that only its plain content is taken.
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = local[1:-1]
    if not at or not local or len(local) > 64 or _FORBIDDEN_IN_LOCAL.search(local):
        raise ValueError("not an e-mail address")
    if not _LITERAL.fullmatch(domain):
        domain = mail_domain(domain)
    return f"{local.lower()}@{domain.lower()}"


def mail_domain(text: str) -> str:
    """Return a mail domain in lower-case ASCII. Raises ValueError."""
    text = unicodedata.normalize("NFKC", text).strip().strip(".").casefold()
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError("not a domain") from error
    if not text or len(text) > 253 or not all(_LABEL.fullmatch(part) for part in text.split(".")):
        raise ValueError("not a domain")
    return text


def phone(text: str, region: str) -> ContactValue:
    """Return a number in E.164, read as one of ``region`` when it has no country code.

    A short number is an extension of the house: it has no E.164, only an extension. Raises
    ValueError for what can't be a number.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    text = _EXTENSION_WORDS.sub(" ext ", text)
    internal = _INTERNAL.fullmatch(text)
    if internal:
        return ContactValue("", internal.group(1))
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a telephone number") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("not a telephone number")
    extension = number.extension or ""
    number.extension = None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ContactValue(e164, extension[:20])


def normalise(kind: str, text: str, region: str) -> ContactValue:
    """Return the stored form of a contact point. Raises Refused with the field ``value``."""
    text = text.strip()
    if not text:
        raise Refused("contact-empty", _l("Type an address or a number."), "value")
    try:
        if kind == ContactKind.EMAIL:
            return ContactValue(email(text))
        if kind in (ContactKind.PHONE, ContactKind.FAX):
            return phone(text, region)
    except ValueError:
        if kind == ContactKind.EMAIL:
            message = _l("This is not an e-mail address. It looks like name@example.com.")
            raise Refused("contact-email", message, "value") from None
        message = _l("This is not a telephone number. Begin with + and the country code.")
        raise Refused("contact-phone", message, "value") from None
    if kind != ContactKind.CHAT:
        raise Refused("contact-kind", _l("Choose what kind of contact this is."), "kind")
    return ContactValue(typed_text.line(unicodedata.normalize("NFC", text), 320, "value"))


def show(kind: str, value: str, extension: str, region: str) -> str:
    """Return a contact point for reading: numbers of the desk's own country in its own style."""
    if kind == ContactKind.EMAIL:
        return show_email(value)
    if kind not in (ContactKind.PHONE, ContactKind.FAX):
        return value
    shown = value
    if value:
        try:
            number = phonenumbers.parse(value, None)
        except phonenumbers.NumberParseException:
            number = None
        if number is not None:
            at_home = phonenumbers.region_code_for_number(number) == region
            style = phonenumbers.PhoneNumberFormat
            shown = phonenumbers.format_number(
                number, style.NATIONAL if at_home else style.INTERNATIONAL
            )
    if extension and shown:
        return str(_("%(number)s ext. %(extension)s", number=shown, extension=extension))
    return str(_("ext. %(extension)s", extension=extension)) if extension else shown


def show_email(value: str) -> str:
    """Return an address with its domain in the letters it is known by."""
    local, _at, domain = value.rpartition("@")
    if "xn--" not in domain:
        return value
    try:
        return f"{local}@{idna.decode(domain)}"
    except idna.IDNAError:
        return value

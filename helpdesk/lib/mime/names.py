"""Names of attachments: what the sender called a file, made safe to show and to save under."""

import mimetypes
import re

from helpdesk.lib.text import one_line

_LONGEST = 150
# Old programs send the whole path ("C:\\Users\\Jane\\report.doc"), hostile ones "../../etc/passwd".
_PATH = re.compile(r"[A-Za-z]:|[/\\]|.*\\|\.\.?[/\\]")
# The endings for types that the system's table lacks or knows by an odd name.
_ENDINGS = {
    "application/ms-tnef": ".dat",
    "application/octet-stream": ".bin",
    "application/pgp-encrypted": ".asc",
    "application/pgp-keys": ".asc",
    "application/pgp-signature": ".asc",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-mime": ".p7m",
    "application/x-pkcs7-signature": ".p7s",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/pjpeg": ".jpg",
    "image/png": ".png",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "message/global": ".eml",
    "message/rfc822": ".eml",
    "message/rfc822-headers": ".txt",
    "text/calendar": ".ics",
    "text/directory": ".vcf",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/rfc822-headers": ".txt",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
}
_STEMS = {
    "message/rfc822": "message",
    "text/calendar": "invitation",
    "text/rfc822-headers": "headers",
    "application/octet-stream": "file",
    "application/pgp-encrypted": "encrypted",
}
_table = mimetypes.MimeTypes()


def attachment_name(given: str, kind: str, path: str) -> str:
    """Return a name for a file: the last part of the given path, or one made from its type.

    Never empty, no folders, no invisible characters, and short enough to add a counter to. The
    ending survives when the name has to be cut. Quotes and the like stay: whoever writes the name
    into a header or a page escapes it there.
    """
    name = one_line(given)
    if _PATH.match(name):
        name = re.split(r"[/\\]", name)[-1]
    name = name.replace("/", "_").strip(" .")
    if not name:
        family, _, sort = kind.partition("/")
        stem = _STEMS.get(kind) or (sort if family == "message" else family) or "file"
        return f"{stem}-{path}{ending_for(kind)}"
    if kind == "message/rfc822" and not name.lower().endswith(".eml"):
        name += ".eml"
    if len(name) > _LONGEST:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: _LONGEST - 20]}….{ending}" if dot and len(ending) < 15 else name[:_LONGEST]
    return name


def ending_for(kind: str) -> str:
    """Return the usual ending of files of a type, with its dot."""
    return _ENDINGS.get(kind) or _table.guess_extension(kind) or ".bin"


def type_for(name: str) -> str:
    """Return the type a file name stands for; only for files that came without any type."""
    return _table.guess_type(name)[0] or "application/octet-stream"

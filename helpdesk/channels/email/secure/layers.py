"""What a message is wrapped in: finding its outermost layer in the exact bytes that came.

Only what wraps the whole message is a layer. A signed part among others, as a forwarded message
or a list's footer makes it, is not: nobody should believe that the rest was signed too.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from helpdesk.lib.mime import Defect, Limits
from helpdesk.lib.mime.params import parse_params
from helpdesk.lib.mime.transfer import decode_transfer
from helpdesk.lib.mime.tree import Part, Splitter

_LIMITS = Limits()
_HEADS = 64 * 1024
# Looked for as plain bytes, a hundred times as fast as patterns that mind no case.
_SIGNS = (
    b"multipart/signed",
    b"multipart/encrypted",
    b"pkcs7-mime",
    b"pgp-encrypted",
    b"smime.p7m",
)
_ARMOUR = b"-----BEGIN PGP "
_ARMOUR_IN_BASE64 = b"LS0tLS1CRUdJTiBQR1Ag"
_BLOCK = re.compile(
    rb"^-----BEGIN PGP (SIGNED MESSAGE|MESSAGE)-----[ \t]*\r?\n.*?"
    rb"^-----END PGP (?:SIGNATURE|MESSAGE)-----[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PKCS7 = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_PKCS7_SIGNATURE = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_PGP_SIGNATURE = "application/pgp-signature"
_PGP_ENCRYPTED = "application/pgp-encrypted"


def is_wrapped(raw: bytes) -> bool:
    """Whether a message may be signed or encrypted, by a look at its bytes."""
    heads = raw[:_HEADS].lower()
    if any(sign in heads for sign in _SIGNS):
        return True
    return _ARMOUR in raw or _ARMOUR_IN_BASE64 in raw


class Wrap(StrEnum):
    """The kinds of layers."""

    CMS = "cms"
    """A CMS structure: signed, encrypted or compressed, all in one."""
    CMS_DETACHED = "cms-detached"
    PGP_DETACHED = "pgp-detached"
    PGP_ENCRYPTED = "pgp-encrypted"
    PGP_INLINE = "pgp-inline"
    """A text that is encrypted where it stands."""
    PGP_CLEAR = "pgp-clear"
    """A text that is signed where it stands."""
    INNER = "inner"
    """A signature that covers a part only."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The outermost layer of an entity."""

    wrap: Wrap
    root: Part
    data: bytes = b""
    """The structure, the signature or the armoured text."""
    content: bytes = b""
    """What a detached signature is about, as it was sent."""
    part: Part | None = None
    """The text in which an armoured block stands, and where it stands in there."""
    text: bytes = b""
    start: int = 0
    end: int = 0


def outermost(entity: bytes) -> Layer | None:
    """Return the outermost layer of an entity (headers and body); None when it has none."""
    defects: list[Defect] = []
    root = Splitter(_LIMITS, defects).split(entity)
    kinds = [child.type for child in root.children]
    if root.type == "multipart/signed" and len(kinds) == 2:
        content, signature = root.children
        whole = content.buffer[content.head : content.end]
        if kinds[1] in _PKCS7_SIGNATURE:
            return Layer(Wrap.CMS_DETACHED, root, _decoded(signature), whole)
        if kinds[1] == _PGP_SIGNATURE:
            return Layer(Wrap.PGP_DETACHED, root, _decoded(signature), whole)
    if root.type in _PKCS7 or (not root.children and _is_p7m(root)):
        return Layer(Wrap.CMS, root, _decoded(root))
    # Some servers make a multipart/mixed of an encrypted message that passes through.
    if kinds[-2:] == [_PGP_ENCRYPTED, "application/octet-stream"] and len(kinds) <= 3:
        return Layer(Wrap.PGP_ENCRYPTED, root, _decoded(root.children[-1]))
    return _armoured(root) or _further_in(root)


def _decoded(part: Part) -> bytes:
    encoding = (part.get("content-transfer-encoding") or b"").decode("ascii", "replace")
    return decode_transfer(part.body, encoding)[0]


def _is_p7m(part: Part) -> bool:
    if part.type != "application/octet-stream":
        return False
    disposition = part.get("content-disposition")
    named = parse_params(disposition)[1].get("filename", "") if disposition else ""
    return "smime.p7m" in (named.lower(), part.params.get("name", "").lower())


def _armoured(root: Part) -> Layer | None:
    """Return the first armoured block of the message's text."""
    part = root
    while part.children and part.type == "multipart/mixed":
        part = part.children[0]
    if part.children or part.type != "text/plain" or part.buffer is not root.buffer:
        return None
    text = _decoded(part)
    if _ARMOUR not in text:
        return None
    block = _BLOCK.search(text)
    if block is None:
        return None
    wrap = Wrap.PGP_CLEAR if block[1] == b"SIGNED MESSAGE" else Wrap.PGP_INLINE
    return Layer(wrap, root, block[0], b"", part, text, block.start(), block.end())


def _further_in(root: Part) -> Layer | None:
    """Say that there is a signature of a part, where a list or a gateway wrapped the message."""
    inner = [child for child in root.children if child.type == "multipart/signed"]
    if (root.type == "multipart/mixed" and inner) or root.type == "multipart/signed":
        return Layer(Wrap.INNER, root)
    return None


# ---- Putting together what was inside ----

_HAS_HEADERS = re.compile(rb"[!-9;-~]{1,100}[ \t]*:|\r?\n")


def unwrapped(outer: Part, inner: bytes, *, was_secret: bool) -> bytes:
    """Return the message with what was inside in the place of the layer.

    Of the headers inside only those about the content count, for all others are said by the
    outside; but a subject that was encrypted with the content is the real one (RFC 9788).
    """
    if not _HAS_HEADERS.match(inner):
        inner = b"Content-Type: text/plain\r\n\r\n" + inner
    root = Splitter(_LIMITS, []).split(inner)
    kept = [(name, value) for name, value in outer.headers if not _is_of_content(name)]
    subject = root.get("subject")
    if was_secret and subject is not None and {"hp", "protected-headers"} & root.params.keys():
        kept = [(name, value) for name, value in kept if name.lower() != "subject"]
        kept.append(("Subject", subject))
    kept += [(name, value) for name, value in root.headers if _is_of_content(name)]
    head = b"".join(
        name.encode("ascii") + b": " + value.rstrip(b"\r\n") + b"\r\n" for name, value in kept
    )
    return head + b"\r\n" + root.body


def _is_of_content(name: str) -> bool:
    return name.lower().startswith("content-") or name.lower() == "mime-version"


def replaced(layer: Layer, plain: bytes) -> bytes:
    """Return the message with a text in the place of the armoured block it stood in."""
    assert layer.part is not None
    part, root = layer.part, layer.root
    charset = part.params.get("charset", "")
    stated = charset if re.fullmatch(r"[\w.:+-]{1,40}", charset, re.ASCII) else "utf-8"
    text = layer.text[: layer.start] + plain + layer.text[layer.end :]
    written = f"Content-Type: text/plain; charset={stated}\r\n\r\n".encode() + text
    if part is root:
        return unwrapped(root, written, was_secret=False)
    return part.buffer[: part.head] + written + part.buffer[part.end :]

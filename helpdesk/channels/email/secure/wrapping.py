"""Writing the MIME around signatures and encrypted content (RFC 8551, RFC 3156)."""

import base64
import re
import secrets
from collections.abc import Sequence

from helpdesk.channels.email.secure import gnupg

END = b"\r\n"
_VERSION = re.compile(rb"^MIME-Version:[^\r\n]*\r\n", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(rb"\A((?:[!-9;-~]+:[^\r\n]*\r\n)*?Content-Type: *[^;\r\n]+)", re.IGNORECASE)


def without_version(entity: bytes) -> bytes:
    """Return an entity without its MIME-Version, which is the whole message's."""
    head, gap, body = entity.partition(END + END)
    return _VERSION.sub(b"", head + END)[: -len(END)] + gap + body


def with_subject(entity: bytes, subject: bytes) -> bytes:
    """Return an entity that carries the message's subject, marked so that programs show it."""
    marked = _TYPE.sub(rb'\1; protected-headers="v1"', entity, count=1)
    return b"Subject: " + subject + END + marked


def _boundary() -> str:
    return f"=-hearth-{secrets.token_hex(16)}"


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", END)


def _multipart(subtype: str, *parts: bytes) -> bytes:
    boundary = _boundary()
    mark = b"--" + boundary.encode()
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    # The line end before a mark belongs to it, so that a part keeps every byte of its own.
    return head + b"".join(mark + END + part + END for part in parts) + mark + b"--" + END


def smime_signed(entity: bytes, signature: bytes) -> bytes:
    """Return an entity with its S/MIME signature beside it."""
    part = (
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
    )
    kind = 'signed; protocol="application/pkcs7-signature"; micalg=sha-256'
    return _multipart(kind, entity, part + _base64(signature))


def smime_encrypted(structure: bytes) -> bytes:
    """Return encrypted content as an entity."""
    head = (
        b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
    )
    return head + _base64(structure)


def pgp_signed(entity: bytes, secret: bytes, password: str, fingerprint: str) -> bytes:
    """Return an entity with its OpenPGP signature beside it. Raises Unavailable, Failed."""
    with gnupg.home() as home:
        home.take_keys(secret)
        ran = home.run(
            *("--armor", "--digest-algo", "SHA256", "--local-user", fingerprint),
            *("--detach-sign", home.file(entity)),
            password=password,
        )
    part = (
        b'Content-Type: application/pgp-signature; name="signature.asc"\r\n'
        b"Content-Description: OpenPGP digital signature\r\n\r\n"
    )
    kind = 'signed; protocol="application/pgp-signature"; micalg=pgp-sha256'
    return _multipart(kind, entity, part + _armour(ran))


def pgp_encrypted(
    entity: bytes,
    publics: Sequence[bytes],
    secret: bytes = b"",
    password: str = "",
    fingerprint: str = "",
) -> bytes:
    """Return an entity encrypted for these keys, and signed if a secret one is given.

    Raises Unavailable, Failed.
    """
    with gnupg.home() as home:
        sign: tuple[str, ...] = ()
        if secret:
            home.take_keys(secret)
            sign = ("--sign", "--digest-algo", "SHA256", "--local-user", fingerprint)
        to = [part for one in publics for part in ("--recipient-file", home.file(one))]
        ran = home.run(
            *("--armor", *sign, *to, "--encrypt", home.file(entity)),
            password=password if secret else None,
        )
    control = b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    part = (
        b'Content-Type: application/octet-stream; name="encrypted.asc"\r\n'
        b'Content-Disposition: inline; filename="encrypted.asc"\r\n\r\n'
    )
    kind = 'encrypted; protocol="application/pgp-encrypted"'
    return _multipart(kind, control, part + _armour(ran))


def _armour(ran: gnupg.Ran) -> bytes:
    if ran.code or not ran.output:
        raise gnupg.Failed(ran.said.strip().splitlines()[-1] if ran.said.strip() else "GnuPG")
    return ran.output.replace(b"\r\n", b"\n").replace(b"\n", END)

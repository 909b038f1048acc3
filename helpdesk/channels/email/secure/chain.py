"""Who vouches for a certificate: the chain to an authority that the desk trusts.

Trusted are the authorities this machine trusts for its own connections (``SSL_CERT_FILE``
included), and those that administrators added. ``cryptography`` builds and checks the chain with
the rules of the web (RFC 5280, no short keys, no SHA-1); what differs for mail is said here.
Nobody is asked over the network, so a certificate that was called back is not noticed.
"""

import ssl
import warnings
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy

from helpdesk.channels.email.secure.model import Flaw

_FOR_MAIL = (ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
PEM = Encoding.PEM
_LONGEST_CHAIN = 6
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
OLDEST_CLAIM = timedelta(days=7)
"""How long ago a signature may say that it was made and be believed."""


def addresses_of(certificate: x509.Certificate) -> list[str]:
    """Return the e-mail addresses a certificate is for, in lower case."""
    found: list[str] = []
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        found += extension.value.get_values_for_type(x509.RFC822Name)
    except (x509.ExtensionNotFound, ValueError):
        pass
    found += [
        str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    ]
    return list(dict.fromkeys(one.strip().lower() for one in found if "@" in one))


def name_of(name: x509.Name) -> str:
    """Return what people call the holder: the common name, else the organisation."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for one in name.get_attributes_for_oid(kind):
            return str(one.value)
    return ""


def moment_of(claimed: datetime | None, present: datetime) -> datetime:
    """Return the moment for which a certificate has to be valid: when it signed.

    The signer alone says when that was, so an old claim is not believed: whoever stole the key of
    a certificate that ended could write any date.
    """
    if claimed is not None and present - OLDEST_CLAIM <= claimed <= present:
        return claimed
    return present


def flaw_of(
    certificate: x509.Certificate,
    others: Iterable[x509.Certificate],
    *,
    at: datetime,
    authorities: tuple[bytes, ...] = (),
    fits: Callable[[x509.Certificate], bool] | None = None,
) -> tuple[Flaw | None, str]:
    """Return what is wrong with a certificate at a moment, and the detail.

    ``fits`` says whether it is meant for what it is used for: to sign mail, unless said otherwise.
    """
    try:
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            return Flaw.EXPIRED, f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
        if not (fits or may_sign_mail)(certificate):
            return Flaw.PURPOSE, "its extensions name other purposes"
        store = _store(authorities)
        if store is None:
            return Flaw.AUTHORITY, "no authority is known here"
        verifier = (
            verification.PolicyBuilder()
            .store(store)
            .time(at)
            .max_chain_depth(_LONGEST_CHAIN)
            .extension_policies(ca_policy=_of_authority(), ee_policy=_of_signer())
            .build_client_verifier()
        )
        verifier.verify(certificate, [one for one in others if one != certificate])
    except verification.VerificationError as error:
        return Flaw.AUTHORITY, str(error)[:300]
    except (ValueError, UnsupportedAlgorithm) as error:
        return Flaw.UNREADABLE, str(error)[:300]
    return None, ""


def may_sign_mail(certificate: x509.Certificate) -> bool:
    """Whether a certificate is meant to sign mail. Raises ValueError for a broken one."""
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return False
    return _is_for_mail(_extension(certificate, x509.ExtendedKeyUsage))


def may_receive_mail(certificate: x509.Certificate) -> bool:
    """Whether mail may be encrypted for a certificate. Raises ValueError for a broken one."""
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None:
        # A key is encrypted for, or agreed on; the kind of the certificate's key says which.
        agrees = isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
        if not (usage.key_agreement if agrees else usage.key_encipherment):
            return False
    return _is_for_mail(_extension(certificate, x509.ExtendedKeyUsage))


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_for_mail(usages: x509.ExtendedKeyUsage | None) -> bool:
    return usages is None or any(one in usages for one in _FOR_MAIL)


def _of_signer() -> ExtensionPolicy:
    """What the certificate at the end must be like: ``may_sign_mail`` looked at it already."""
    return ExtensionPolicy.permit_all()


def _of_authority() -> ExtensionPolicy:
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _vouches_for_mail)
    )


def _is_authority(_policy: Policy, _one: x509.Certificate, found: x509.BasicConstraints) -> None:
    if not found.ca:
        raise ValueError("a certificate that is no authority's")


def _signs_certificates(
    _policy: Policy, _one: x509.Certificate, found: x509.KeyUsage | None
) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("an authority that may not sign certificates")


def _vouches_for_mail(
    _policy: Policy, _one: x509.Certificate, found: x509.ExtendedKeyUsage | None
) -> None:
    if not _is_for_mail(found):
        raise ValueError("an authority that is not for mail")


@lru_cache(maxsize=4)
def _store(authorities: tuple[bytes, ...]) -> verification.Store | None:
    own = [x509.load_pem_x509_certificate(pem) for pem in authorities]
    trusted = [*own, *_of_machine()]
    return verification.Store(trusted) if trusted else None


@lru_cache(maxsize=1)
def _of_machine() -> tuple[x509.Certificate, ...]:
    """Return the authorities this machine trusts; they are read once a process."""
    found: list[x509.Certificate] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for der in ssl.create_default_context().get_ca_certs(binary_form=True):
            try:
                found.append(x509.load_der_x509_certificate(der))
            except (ValueError, UnsupportedAlgorithm):
                continue
    return tuple(found)

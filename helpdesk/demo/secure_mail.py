"""Keys of the demo desk: one that signs and opens for its mailbox, and those of some customers.

Made anew at each load and called "(demo)"; what signed them is thrown away. Keys of elliptic
curves take no time to make; an OpenPGP one is there where GnuPG is.
"""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secure import gnupg, keys
from helpdesk.demo.story import DAYS, Demo
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Person

VALID = timedelta(days=DAYS + 500)
WITH_CERTIFICATE = ("Grace Lim", "Helen Ward")
WITH_OPENPGP = "Kenji Mori"
_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def make_keys(demo: Demo, mailbox: Mailbox) -> None:
    """Give the mailbox a key that signs its answers, and some customers theirs."""
    signer = ec.generate_private_key(ec.SECP256R1())
    issuer = _name("Northline Mail Authority (demo)")
    since = demo.moment - timedelta(days=DAYS)
    keys.add_authority(SYSTEM, _authority(issuer, signer, since))
    certificate, secret = _certificate(mailbox.name, mailbox.address, issuer, signer, since)
    keys.add(SYSTEM, mailbox, certificate + secret, "", signs=True)
    for called in WITH_CERTIFICATE:
        person = demo.people[called]
        certificate, _secret = _certificate(called, _address(person), issuer, signer, since)
        keys.add_of_person(SYSTEM, person, certificate)
    _add_openpgp(demo.people[WITH_OPENPGP])


def _address(person: Person) -> str:
    return keys.addresses_of(person)[0]


def _name(called: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])


def _builder(subject: x509.Name, issuer: x509.Name, since: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + VALID)
    )


def _uses(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{use: use in wanted for use in _USES})


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime) -> bytes:
    builder = (
        _builder(name, name, since)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_uses("key_cert_sign", "crl_sign"), critical=True)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _certificate(
    called: str,
    address: str,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    since: datetime,
) -> tuple[bytes, bytes]:
    """Return a certificate to sign and encrypt mail with, and its secret key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(f"{called} (demo)"), issuer, since)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_uses("digital_signature", "key_agreement"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), False)
    )
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)
    return certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _add_openpgp(person: Person) -> None:
    """Make somebody an OpenPGP key, as far as there is GnuPG, and keep its public half."""
    try:
        with gnupg.home() as home:
            owner = f"{person.name} (demo) <{_address(person)}>"
            home.run("--quick-gen-key", owner, "future-default", "default", "2y", password="")
            public = home.run("--armor", "--export").output
    except gnupg.Unavailable:
        return
    if public:
        keys.add_of_person(SYSTEM, person, public)

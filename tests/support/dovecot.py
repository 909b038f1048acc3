"""A real IMAP server: Debian's dovecot with a configuration of its own, as root or not.

Every user name exists, with the password ``secret`` and a mailbox that starts empty, so each
test takes names of its own. The server can be killed and started again on the same ports.
"""

import contextlib
import getpass
import grp
import imaplib
import itertools
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.paths import forget_process, free_port, note_process

PASSWORD = "secret"
_names = itertools.count(1)


def program() -> str | None:
    """Return the path of dovecot, or None when it is not installed."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def delivery_agent() -> str | None:
    """Return the path of dovecot's delivery agent, or None when it is not installed."""
    return shutil.which("dovecot-lda", path="/usr/lib/dovecot:/usr/libexec/dovecot")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for loopback and its key; return their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


@dataclass(frozen=True, slots=True)
class Account:
    """One user of the server. Each call opens a connection of its own."""

    server: "Dovecot"
    user: str
    password: str = PASSWORD

    def connect(self) -> imaplib.IMAP4:
        """Return a connection that is signed in."""
        connection = imaplib.IMAP4("127.0.0.1", self.server.port, timeout=15)
        connection.login(self.user, self.password)
        return connection

    def deliver(self, *messages: bytes | Message, folder: str = "INBOX") -> None:
        """Put messages into a folder, made if need be, in the order given."""
        connection = self.connect()
        if folder != "INBOX":
            connection.create(folder)
        for message in messages:
            raw = message if isinstance(message, bytes) else message.as_bytes()
            # IMAP wants CRLF; what arrives from a real server always has it.
            lines = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            answer, detail = connection.append(f'"{folder}"', "", "", lines)
            assert answer == "OK", detail
        connection.logout()

    def bring(self, to: str, *messages: bytes | Message) -> None:
        """Let the server's own delivery agent take in messages to an address, as an MTA does.

        What stands behind a + in it belongs to this user, and the address stands in the message
        (Delivered-To), which is how Postfix hands mail to it.
        """
        agent = delivery_agent()
        assert agent is not None
        for message in messages:
            raw = message if isinstance(message, bytes) else message.as_bytes()
            lines = raw.replace(b"\r\n", b"\n")
            subprocess.run(
                [
                    agent,
                    *("-c", str(self.server.folder / "dovecot.conf")),
                    *("-d", self.user, "-a", to, "-f", "mei@customer.example"),
                ],
                input=f"Delivered-To: {to}\n".encode() + lines,
                check=True,
                capture_output=True,
                timeout=30,
            )

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """Return the raw messages of a folder in order; none when the folder does not exist."""
        connection = self.connect()
        try:
            if connection.select(f'"{folder}"', readonly=True)[0] != "OK":
                return []
            _, found = connection.uid("SEARCH", "ALL")
            uids = (found[0] or b"").split()
            raws: list[bytes] = []
            for uid in uids:
                _, parts = connection.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
                raws.extend(part[1] for part in parts if isinstance(part, tuple))
            return raws
        finally:
            connection.logout()

    def flags(self, folder: str = "INBOX") -> list[str]:
        """Return the flags of each message of a folder, in order."""
        connection = self.connect()
        try:
            connection.select(f'"{folder}"', readonly=True)
            _, lines = connection.fetch("1:*", "(FLAGS)")
            return [line.decode() for line in lines if isinstance(line, bytes)]
        finally:
            connection.logout()

    def recreate(self, folder: str) -> None:
        """Delete a folder and make it anew, which gives it another UIDVALIDITY."""
        connection = self.connect()
        connection.delete(f'"{folder}"')
        # Dovecot's UIDVALIDITY is a time in seconds: a new one needs the next second.
        time.sleep(1.1)
        connection.create(f'"{folder}"')
        connection.logout()


class Dovecot:
    """The server. ``port`` speaks IMAP (with STARTTLS), ``tls_port`` IMAP over TLS.

    With ``tokeninfo``, the address of an OAuth2 provider, its users sign in with tokens alone.
    """

    def __init__(
        self, folder: Path, tokeninfo: str = "", mechanisms: str = "xoauth2 oauthbearer"
    ) -> None:
        self.folder = folder
        self.mechanisms = mechanisms if tokeninfo else "plain login"
        self.tokeninfo = tokeninfo
        self.port = free_port()
        self.tls_port = free_port()
        self.certificate, self._key = make_certificate(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._write_configuration()

    def _write_configuration(self) -> None:
        if os.geteuid() == 0:
            mail = pwd.getpwnam("nobody")
            # As root dovecot drops to the accounts that Debian's package made for it.
            accounts = ""
        else:
            mail = pwd.getpwuid(os.geteuid())
            accounts = (
                f"default_internal_user = {getpass.getuser()}\n"
                f"default_login_user = {getpass.getuser()}\n"
                f"default_internal_group = {grp.getgrgid(os.getegid()).gr_name}\n"
            )
        mails = self.folder / "mail"
        mails.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            os.chown(mails, mail.pw_uid, mail.pw_gid)
        passwords = f"driver = static\n  args = password={PASSWORD}"
        if self.tokeninfo:
            passwords = f"driver = oauth2\n  args = {self.folder}/oauth2.conf"
            (self.folder / "oauth2.conf").write_text(
                f"tokeninfo_url = {self.tokeninfo}\nusername_attribute = user\n"
            )
        (self.folder / "dovecot.conf").write_text(f"""\
{accounts}
protocols = imap
listen = 127.0.0.1
base_dir = {self.folder}/run
state_dir = {self.folder}/state
instance_name = {self.folder.name}
log_path = {self.folder}/dovecot.log
ssl = yes
ssl_cert = <{self.certificate}
ssl_key = <{self._key}
disable_plaintext_auth = no
auth_mechanisms = {self.mechanisms}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
mailbox_idle_check_interval = 1 secs
maildir_very_dirty_syncs = no
mail_max_userip_connections = 100
passdb {{
  {passwords}
}}
userdb {{
  driver = static
  args = uid={mail.pw_uid} gid={mail.pw_gid} home={mails}/%u
}}
recipient_delimiter = +
lda_mailbox_autocreate = yes
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
""")

    def start(self) -> None:
        """Start and wait until it answers."""
        command = program()
        assert command is not None
        self._process = subprocess.Popen(
            [command, "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        note_process(self._process.pid)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                # A connection refused leaves no socket behind, one that is cut off might.
                imaplib.IMAP4("127.0.0.1", self.port, timeout=5).logout()
                return
            time.sleep(0.05)
        log = self.folder / "dovecot.log"
        raise RuntimeError(f"dovecot did not start:\n{log.read_text() if log.exists() else ''}")

    def kill(self) -> None:
        """End the server and all connections at once, as a crash does."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        forget_process(self._process.pid)
        self._process = None
        # The children notice that their master is gone; wait until the port is free again.
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                    return
            time.sleep(0.02)

    def account(self, name: str = "desk") -> Account:
        """Return a user that no test has had before, with an empty mailbox."""
        return Account(self, f"{name}{next(_names)}")

    def trusting(self) -> ssl.SSLContext:
        """Return a TLS context that trusts this server's certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))


def require() -> None:
    """Skip the test when dovecot is missing or speaks another configuration language."""
    command = program()
    if command is None:
        pytest.skip("dovecot (Debian's dovecot-imapd) is not installed")
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    if not version.stdout.startswith("2.3."):
        pytest.skip(f"the tests know dovecot 2.3, this is {version.stdout.strip()}")

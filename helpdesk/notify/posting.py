"""Posting to an address that an administrator typed, without being led astray.

The name is resolved here, once; addresses inside our own network are refused unless that webhook
may reach them; and the connection goes to the very address that was checked, so that a name which
changes its mind a moment later changes nothing. Redirects are not followed, an answer is read a
few kilobytes far, and after a quarter of a minute all is over.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

CONNECT_SECONDS = 5
TOTAL_SECONDS = 15
ANSWER = 2000
"""Bytes of an answer that are looked at."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forbidden(Exception):
    """The address is none that may be called. ``reason`` is for programs."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """Say why."""
        super().__init__(detail or reason)
        self.reason = reason


class Unreached(Exception):
    """Nobody answered, or not in time; it may be tried again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and how the answer begins."""

    status: int
    words: str

    @property
    def is_fine(self) -> bool:
        """Whether the other side took it."""
        return 200 <= self.status < 300


def check_url(url: str, *, private: bool) -> SplitResult:
    """Return the parts of an address that may be called. Raises Forbidden.

    Only https; within our own network, where an administrator allows that, http too.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Forbidden("not-an-address") from error
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise Forbidden("not-https")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise Forbidden("not-an-address")
    if port == 0 or not url.isascii() or not url.isprintable() or " " in url:
        raise Forbidden("not-an-address")
    return parts


def is_public(address: Address) -> bool:
    """Whether an address belongs to the open internet, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool = False) -> Answer:
    """Post a body and return how the answer begins. Raises Forbidden or Unreached."""
    status, said = exchange(url, body, headers, private=private, limit=ANSWER)
    words = said.decode("utf-8", "replace")
    return Answer(status, " ".join(words.split())[:300])


def exchange(
    url: str, body: bytes, headers: Mapping[str, str], *, private: bool = False, limit: int
) -> tuple[int, bytes]:
    """Post a body and return the status and at most ``limit`` bytes of the answer.

    Raises Forbidden or Unreached.
    """
    parts = check_url(url, private=private)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _resolved(host, port, private=private)
    # One after the other they might take for ever; this ends them all.
    line: list[socket.socket] = []
    alarm = threading.Timer(TOTAL_SECONDS, _cut, args=(line,))
    alarm.daemon = True
    alarm.start()
    connection = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
    try:
        plain = socket.create_connection((str(address), port), CONNECT_SECONDS)
        line.append(plain)
        if parts.scheme == "https":
            plain = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
            line[:] = [plain]
        connection.sock = plain
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(limit)
    except (OSError, http.client.HTTPException) as error:
        raise Unreached(f"{type(error).__name__}: {error}") from error
    finally:
        alarm.cancel()
        connection.close()
        for one in line:
            one.close()


def _resolved(host: str, port: int, *, private: bool) -> Address:
    """Return the first address of a name that may be called. Raises Forbidden, Unreached."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreached(f"{host}: {error}") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        if private or is_public(address):
            return address
    raise Forbidden("private-address", f"{host}: {', '.join(str(one) for one in addresses[:3])}")


def _cut(line: list[socket.socket]) -> None:
    for one in line:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)

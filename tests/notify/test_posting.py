"""Posting to an address that somebody typed: only outside, only there, and not for ever."""

import ipaddress
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from helpdesk.notify import posting
from helpdesk.notify.posting import Forbidden, Unreached, is_public, post
from tests.support.web import WebReceiver, receiving


@pytest.fixture
def receiver() -> Iterator[WebReceiver]:
    with receiving() as found:
        yield found


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1"),
        *("::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "ff02::1"),
    ],
)
def test_addresses_of_our_own_network_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::8.8.8.8"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "private", "reason"),
    [
        ("http://example.net/", False, "not-https"),
        ("ftp://example.net/", True, "not-https"),
        ("https://user:secret@example.net/", False, "not-an-address"),
        ("https:///path", False, "not-an-address"),
        ("https://example.net:99999/", False, "not-an-address"),
        ("https://127.0.0.1/", False, "private-address"),
        ("https://localhost/", False, "private-address"),
    ],
)
def test_what_may_not_be_called_is_refused(url: str, private: bool, reason: str) -> None:
    with pytest.raises(Forbidden) as refused:
        post(url, b"{}", {}, private=private)
    assert refused.value.reason == reason


def test_a_name_that_changes_its_mind_is_called_where_it_was_checked(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        where = "127.0.0.1" if len(asked) == 1 else "127.0.0.9"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port))]

    monkeypatch.setattr(socket, "getaddrinfo", _only_for("hook.test", answer))
    url = f"http://hook.test:{receiver.port}/in"
    assert post(url, b'{"a": 1}', {"X-One": "1"}, private=True).is_fine
    path, headers, body = receiver.heard[0]
    assert (path, headers["Host"], headers["X-One"], body) == (
        "/in",
        f"hook.test:{receiver.port}",
        "1",
        b'{"a": 1}',
    )
    assert asked == ["hook.test"]


def _only_for(name: str, answer: Any) -> Any:
    real = socket.getaddrinfo
    return lambda host, port, *args, **more: (
        answer(host, port) if host == name else real(host, port, *args, **more)
    )


def test_a_redirect_is_an_answer_and_not_followed(receiver: WebReceiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": receiver.url}
    answer = post(receiver.url, b"{}", {}, private=True)
    assert (answer.status, answer.is_fine, len(receiver.heard)) == (302, False, 1)


def test_of_a_long_answer_only_the_beginning_is_read(receiver: WebReceiver) -> None:
    receiver.body = b"x" * 5_000_000
    assert len(post(receiver.url, b"{}", {}, private=True).words) == 300


def test_an_answer_that_drips_is_cut_off(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 0.3)
    receiver.body, receiver.slowly = b"drip" * 100, 0.1
    receiver.headers = {"Content-Length": "400"}
    begun = time.monotonic()
    assert len(post(receiver.url, b"{}", {}, private=True).words) < 20
    assert time.monotonic() - begun < 3


def test_who_is_not_there_may_be_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreached):
        post(f"http://127.0.0.1:{port}/", b"{}", {}, private=True)

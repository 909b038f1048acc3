"""OAuth2 as mail servers use it: where to ask a provider, and what its answers mean.

The database is asked for nothing here. Providers are reached over https, on this very machine
also over http; redirects are not followed, and of an answer 64 KB are read.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from helpdesk.channels.email.source_models import Flow, Provider
from helpdesk.notify import posting

ANSWER = 64 * 1024
"""Bytes of a provider's answer that are read."""
LONGEST_TOKEN = 16 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
"""What providers say when it is worth trying again."""
_REFRESH_ENDS = ("refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in")
"""How Google, Keycloak and others say how long a refresh token lasts; 0 is for ever."""


class Dead(Exception):
    """The provider gives nothing any more; a person has to do something. Its words are kept."""

    def __init__(self, code: str, words: str = "") -> None:
        """Keep the code ("invalid_grant") and what else the provider said."""
        super().__init__(f"{code}: {words}" if words else code)
        self.code = code


class Away(Exception):
    """The provider did not answer, or not sensibly; it may be tried again."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a provider gave. Times are seconds from now; a token of "" means that none was given."""

    access_token: str
    seconds: int
    refresh_token: str = ""
    refresh_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a provider. In the addresses ``{tenant}`` is the customer's own name there.

    ``scope`` is what a person grants, ``client_scope`` what is granted to a program as such.
    """

    authorize_url: str
    token_url: str
    scope: str
    client_scope: str = ""
    more: tuple[tuple[str, str], ...] = ()
    imap_host: str = ""
    smtp_host: str = ""
    smtp_port: int = 587


_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
PRESETS: dict[Provider, Preset] = {
    Provider.MICROSOFT: Preset(
        f"{_MICROSOFT}/authorize",
        f"{_MICROSOFT}/token",
        "https://outlook.office.com/IMAP.AccessAsUser.All"
        " https://outlook.office.com/SMTP.Send offline_access",
        "https://outlook.office365.com/.default",
        # Whoever sets it up is signed in there as themselves: let them choose the mailbox.
        (("prompt", "select_account"),),
        "outlook.office365.com",
        "smtp.office365.com",
    ),
    Provider.GOOGLE: Preset(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://mail.google.com/",
        # Without these two there is no refresh token, or only at the first time.
        more=(("access_type", "offline"), ("prompt", "consent")),
        imap_host="imap.gmail.com",
        smtp_host="smtp.gmail.com",
    ),
}


def check_url(url: str) -> None:
    """Raise posting.Forbidden for an address that is no provider's."""
    parts = posting.check_url(url, private=True)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise posting.Forbidden("not-https")


def challenge_of(verifier: str) -> str:
    """Return the public half of PKCE (RFC 7636, S256)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def sign_in_link(
    authorize_url: str,
    *,
    provider: str,
    client_id: str,
    scope: str,
    redirect_uri: str,
    state: str,
    verifier: str,
    user: str,
) -> str:
    """Return the address at the provider where a person grants access."""
    preset = PRESETS.get(Provider(provider))
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "login_hint": user,
        **dict(preset.more if preset is not None else ()),
    }
    separator = "&" if urlsplit(authorize_url).query else "?"
    return f"{authorize_url}{separator}{urlencode(asked)}"


def ask(token_url: str, client_id: str, secret: str, fields: Mapping[str, str]) -> Granted:
    """Ask a provider for tokens. Raises Dead, Away."""
    body = {"client_id": client_id, **fields}
    if secret:
        body["client_secret"] = secret
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "User-Agent": "Hearth",
        "Connection": "close",
    }
    try:
        check_url(token_url)
        status, said = posting.exchange(
            token_url, urlencode(body).encode(), headers, private=True, limit=ANSWER
        )
    except posting.Forbidden as error:
        raise Dead(error.reason) from error
    except posting.Unreached as error:
        raise Away(str(error)) from error
    return _understood(status, said)


def by_code(code: str, verifier: str, redirect_uri: str) -> dict[str, str]:
    """Return what is asked with what a person brought back."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }


def by_refresh(refresh_token: str, scope: str) -> dict[str, str]:
    """Return what is asked to have access renewed."""
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return {**fields, "scope": scope} if scope else fields


def as_program(scope: str) -> dict[str, str]:
    """Return what a program asks in its own name."""
    return {"grant_type": "client_credentials", "scope": scope}


def is_complete(flow: str, *, client_id: str, secret: str, authorize_url: str) -> bool:
    """Whether enough is known to ask the provider at all."""
    if flow == Flow.CLIENT:
        return bool(client_id and secret)
    return bool(client_id and authorize_url)


def _understood(status: int, said: bytes) -> Granted:
    try:
        answer = json.loads(said)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Away(f"{status}: no JSON")
    if status == 200 and "access_token" in answer:
        return _granted(answer)
    code = str(answer.get("error") or status)[:100]
    words = " ".join(str(answer.get("error_description") or "").split())[:400]
    # 429 is "not so often"; what is no client's fault passes.
    if status >= 500 or status == 429 or code in _PASSING or "error" not in answer:
        raise Away(f"{code}: {words}" if words else code)
    raise Dead(code, words)


def _granted(answer: dict[str, Any]) -> Granted:
    access, refresh = answer["access_token"], answer.get("refresh_token") or ""
    for token in (access, refresh):
        # It goes into a line of IMAP and SMTP, where nothing else may slip in with it.
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not _is_clean(token):
            raise Away("a token that can't be one")
    if not access:
        raise Away("an empty token")
    lasts = [_seconds(answer.get(name)) for name in _REFRESH_ENDS]
    return Granted(
        access,
        _seconds(answer.get("expires_in")) or 3600,
        refresh,
        min((seconds for seconds in lasts if seconds), default=None),
    )


def _is_clean(token: str) -> bool:
    return token.isascii() and (token.isprintable() or token == "") and " " not in token


def _seconds(value: object) -> int | None:
    """Return a number of seconds, at most ten years; None for what is none."""
    try:
        seconds = int(str(value))
    except ValueError:
        return None
    return min(seconds, 10 * 365 * 86400) if seconds > 0 else None

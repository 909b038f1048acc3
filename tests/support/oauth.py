"""A small OAuth2 provider on loopback: it grants, renews with rotation, refuses and can be away.

It also tells mail servers whose token it is (``/tokeninfo``), as dovecot asks.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "hearth", "client-secret"


@dataclass
class Provider:
    """The running provider. What it does may be changed at any time."""

    url: str = ""
    user: str = "support"
    life: int = 3600
    """Seconds that an access token lasts."""
    refresh_life: int | None = None
    """What it says of refresh tokens; None: nothing."""
    refusal: str = ""
    """An error it answers instead of tokens ("invalid_grant")."""
    status: int = 200
    """Another one is answered without a word."""
    pause: float = 0.0
    offline: bool = True
    """Whether it gives refresh tokens."""
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    tokens: dict[str, float] = field(default_factory=dict)
    """Access tokens, and when they end."""

    def revoke(self) -> None:
        """Forget everything that was granted."""
        self.refresh.clear()
        self.tokens.clear()

    def is_good(self, token: str) -> bool:
        """Whether a token was given and has not ended."""
        return self.tokens.get(token, 0) > time.time()

    def authorize(self, asked: dict[str, str]) -> str:
        """Let the user sign in at once; returns where they are sent."""
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def token(self, asked: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Answer what is asked at the address for tokens."""
        self.asked.append(asked)
        time.sleep(self.pause)
        if self.status != 200:
            return self.status, {}
        if self.refusal:
            return 400, {"error": self.refusal, "error_description": "AADSTS: no more"}
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        kind = asked.get("grant_type")
        if kind == "authorization_code":
            before = self.codes.pop(asked.get("code", ""), None)
            digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if before is None or before["code_challenge"] != challenge:
                return 400, {"error": "invalid_grant"}
            if before["redirect_uri"] != asked.get("redirect_uri"):
                return 400, {"error": "invalid_grant"}
        elif kind == "refresh_token":
            if asked["refresh_token"] not in self.refresh:
                return 400, {"error": "invalid_grant", "error_description": "used already"}
            self.refresh.remove(asked["refresh_token"])
        elif kind != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        return 200, self._granted(renewable=kind != "client_credentials")

    def _granted(self, *, renewable: bool) -> dict[str, object]:
        token = secrets.token_urlsafe(16)
        self.tokens[token] = time.time() + self.life
        answer: dict[str, object] = {"access_token": token, "expires_in": self.life}
        if renewable and self.offline:
            refresh = secrets.token_urlsafe(16)
            self.refresh.add(refresh)
            answer["refresh_token"] = refresh
            if self.refresh_life is not None:
                answer["refresh_token_expires_in"] = self.refresh_life
        return answer


@contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider."""
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", state.authorize(asked))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            good = state.is_good(asked.get("access_token", ""))
            self._answer(200 if good else 401, {"user": state.user} if good else {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*state.token({name: one[0] for name, one in parse_qs(body).items()}))

        def _answer(self, status: int, said: dict[str, object]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

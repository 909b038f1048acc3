"""Typed settings from the environment.

Every setting is read from ``HEARTH_<NAME>``; a secret may instead be put in a file named by
``HEARTH_<NAME>_FILE`` (as container platforms mount them). A value that cannot be understood
stops the program with a sentence that names the variable: a help desk that starts with a
mistyped setting would lose mail quietly.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent


class ConfigError(Exception):
    """Something has to be put right before the program can run.

    The message is one sentence for the administrator; where a setting is wrong it names the
    variable.
    """


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the program is told from outside. Sizes are bytes, times are seconds."""

    data_dir: Path
    database_url: str
    secret_key: str
    base_url: str
    testing: bool = False
    host: str = "127.0.0.1"
    port: int = 8321
    web_processes: int = 2
    web_threads: int = 200
    trusted_proxies: int = 0
    rate_limit_storage: str = "memory://"
    max_upload: int = 100 * 1024 * 1024
    session_days: int = 14
    undo_seconds: int = 8
    bulk_recall_seconds: int = 60
    reopen_days: int = 5
    autoclose_days: int = 5
    bin_days: int = 30
    password_slots: int = 4
    log_level: str = "INFO"
    metrics_token: str = ""

    @property
    def blobs_dir(self) -> Path:
        """Folder of the content-addressed attachments and raw messages."""
        return self.data_dir / "blobs"

    @property
    def secure_cookies(self) -> bool:
        """Cookies are Secure everywhere but on plain http to this very machine."""
        parts = urlsplit(self.base_url)
        on_loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        return not (parts.scheme == "http" and on_loopback)

    @property
    def listens_on_loopback(self) -> bool:
        """Whether only this very machine can reach the web server."""
        return self.host in {"127.0.0.1", "::1", "localhost"}

    @property
    def is_sqlite(self) -> bool:
        """Whether the desk runs on SQLite (one host) rather than PostgreSQL."""
        return self.database_url.startswith("sqlite")


def _read(environ: Mapping[str, str], name: str) -> str | None:
    variable = f"HEARTH_{name}"
    if variable in environ:
        return environ[variable]
    file = environ.get(f"{variable}_FILE")
    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{variable}_FILE: cannot read {file} ({error.strerror})") from error


def _integer(environ: Mapping[str, str], name: str, default: int, minimum: int = 0) -> int:
    text = _read(environ, name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise ConfigError(f"HEARTH_{name} must be a whole number, not {text!r}") from None
    if value < minimum:
        raise ConfigError(f"HEARTH_{name} must be at least {minimum}, not {value}")
    return value


def _secret_key(environ: Mapping[str, str], data_dir: Path) -> str:
    """Return the signing key: given, or made once and kept beside the data, readable by us only."""
    given = _read(environ, "SECRET_KEY")
    if given is not None:
        if len(given) < 32:
            raise ConfigError("HEARTH_SECRET_KEY must have at least 32 characters")
        return given
    file = data_dir / "secret-key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = file.read_text(encoding="ascii").strip()
        if len(key) < 32:
            raise ConfigError(
                f"{file} is too short to be a key; remove it to have one made"
            ) from None
        return key
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        key = secrets.token_urlsafe(48)
        handle.write(key)
    return key


def _database_url(environ: Mapping[str, str], data_dir: Path) -> str:
    url = _read(environ, "DATABASE_URL") or f"sqlite:///{data_dir / 'hearth.db'}"
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            url = "postgresql+psycopg://" + url[len(short) :]
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("HEARTH_DATABASE_URL must begin with sqlite:/// or postgresql://")
    return url


def _metrics_token(environ: Mapping[str, str]) -> str:
    token = _read(environ, "METRICS_TOKEN") or ""
    if token and len(token) < 16:
        raise ConfigError("HEARTH_METRICS_TOKEN must have at least 16 characters")
    return token


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ`` (the process's own by default).

    Raises ConfigError with a sentence for the administrator.
    """
    environ = os.environ if environ is None else environ
    data_dir = Path(_read(environ, "DATA_DIR") or PROJECT / "data").resolve()
    port = _integer(environ, "PORT", 8321, 1)
    host = _read(environ, "HOST") or "127.0.0.1"
    base_url = (_read(environ, "BASE_URL") or f"http://127.0.0.1:{port}").rstrip("/")
    if urlsplit(base_url).scheme not in {"http", "https"}:
        raise ConfigError("HEARTH_BASE_URL must begin with http:// or https://")
    return Settings(
        data_dir=data_dir,
        database_url=_database_url(environ, data_dir),
        secret_key=_secret_key(environ, data_dir),
        base_url=base_url,
        host=host,
        port=port,
        web_processes=_integer(environ, "WEB_PROCESSES", 2, 1),
        web_threads=_integer(environ, "WEB_THREADS", 200, 4),
        trusted_proxies=_integer(environ, "TRUSTED_PROXIES", 0),
        rate_limit_storage=_read(environ, "RATE_LIMIT_STORAGE") or "memory://",
        max_upload=_integer(environ, "MAX_UPLOAD", 100 * 1024 * 1024, 1024),
        session_days=_integer(environ, "SESSION_DAYS", 14, 1),
        undo_seconds=_integer(environ, "UNDO_SECONDS", 8),
        bulk_recall_seconds=_integer(environ, "BULK_RECALL_SECONDS", 60),
        reopen_days=_integer(environ, "REOPEN_DAYS", 5),
        autoclose_days=_integer(environ, "AUTOCLOSE_DAYS", 5),
        bin_days=_integer(environ, "BIN_DAYS", 30, 1),
        password_slots=_integer(environ, "PASSWORD_SLOTS", 4, 1),
        log_level=(_read(environ, "LOG_LEVEL") or "INFO").upper(),
        metrics_token=_metrics_token(environ),
    )

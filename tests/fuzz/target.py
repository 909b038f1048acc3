"""What is tried on a message: everything that is done with one before the database is asked."""

import hashlib
import json
import time
from dataclasses import dataclass

from helpdesk.channels.email import letter
from helpdesk.channels.email.parse_command import describe
from helpdesk.lib import mime

SECONDS = 2.0
"""CPU time of this process after which a message took too long."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What was wrong with the reading of a message: an exception, or how long it took."""

    what: str
    raw: bytes


def attempt(raw: bytes) -> Fault | None:
    """Read a message in every way the desk does; returns what went wrong."""
    started = time.process_time()
    try:
        read(raw)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return Fault(f"{type(error).__name__}: {error}"[:500], raw)
    taken = time.process_time() - started
    return Fault(f"took {taken:.1f} s", raw) if taken > SECONDS else None


def read(raw: bytes) -> None:
    """Read a message; raises whatever the reader raises, and AssertionError for what it may not do.

    Files go nowhere. What comes out has to fit into the database and into JSON: no lone
    surrogates, no NUL.
    """
    parsed = mime.parse(raw)
    # A message that only its last resort understood shows a mistake of the parser's.
    assert not any(defect.code == "not-parsed" for defect in parsed.defects), "not parsed"
    json.dumps(describe("x", parsed), ensure_ascii=False).encode()
    one = letter.read(raw, _hash)
    texts = [one.subject, one.body, one.html or "", one.message_id or "", *one.references]
    texts += [file.name for file in one.files]
    texts.append(json.dumps(one.envelope, ensure_ascii=False))
    for text in texts:
        text.encode()
        assert "\x00" not in text, "NUL"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

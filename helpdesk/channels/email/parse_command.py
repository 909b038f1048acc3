"""`helpdesk mail parse`: what we understand of a message, without database and without web.

For people it prints a message the way a mail program shows it; with `--json` one object a line,
which is what tests and other programs read. Addresses are strings as they stand in a header
(`Jane Doe <jane@example.org>`), the date is ISO 8601 in UTC, what a message lacks is null.
"""

import json
import sys
from pathlib import Path
from typing import Any

import click

from helpdesk.channels.email.reports.described import described_report
from helpdesk.lib.mime import Limits, ParsedMessage, parse
from helpdesk.lib.quoting import fold

_LIMITS = Limits()


@click.command("parse")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def parse_files(files: tuple[str, ...], as_json: bool) -> None:
    """Print what is understood of each message.

    They come in the order given; "-" is the input. A file that can't be read is named, the others
    are printed all the same, and the exit code is 1.
    """
    failed = False
    for file in files:
        try:
            message, error = parse(_read(file)), None
        except OSError as problem:
            message, error = ParsedMessage(), problem.strerror or type(problem).__name__
            failed = True
        _write(_line(file, message, error) if as_json else _page(file, message, error))
    if failed:
        sys.exit(1)


def _read(file: str) -> bytes:
    # One byte more than the limit lets the parser say that there was more.
    most = _LIMITS.total_bytes + 1
    if file == "-":
        return sys.stdin.buffer.read(most)
    with Path(file).open("rb") as opened:
        return opened.read(most)


def describe(file: str, message: ParsedMessage) -> dict[str, Any]:
    """Return the message as an object for JSON, with the same keys for every message."""
    folded = fold(message.text, message.from_.address if message.from_ else "")
    return {
        "file": file,
        "subject": message.subject,
        "from": ", ".join(map(str, message.authors)) or None,
        "reply_to": list(map(str, message.reply_to)),
        "to": list(map(str, message.to)),
        "cc": list(map(str, message.cc)),
        "date": message.date.isoformat() if message.date else None,
        "message_id": message.message_id,
        "references": list(message.references),
        "text": message.text,
        "reply_text": folded.reply,
        "signature": folded.signature,
        "folded": [
            {
                "kind": one.kind,
                "start": one.start,
                "end": one.end,
                "text": message.text[one.start : one.end],
            }
            for one in folded.folds
        ],
        "html": message.html,
        "attachments": [
            {
                "name": attachment.name,
                "type": attachment.type,
                "size": attachment.size,
                "sha256": attachment.sha256,
            }
            for attachment in message.attachments
        ],
        "defects": list(map(str, message.defects)),
        **described_report(message),
    }


def _line(file: str, message: ParsedMessage, error: str | None) -> str:
    described = describe(file, message)
    if error is not None:
        described["error"] = error
    return json.dumps(described, ensure_ascii=False)


def _page(file: str, message: ParsedMessage, error: str | None) -> str:
    if error is not None:
        return f"{file}: {error}\n"
    shown = describe(file, message)
    rows = [
        ("File", file),
        ("Subject", message.subject),
        ("From", shown["from"]),
        ("Reply to", ", ".join(shown["reply_to"])),
        ("To", ", ".join(shown["to"])),
        ("Cc", ", ".join(shown["cc"])),
        ("Date", shown["date"]),
        ("Message-ID", message.message_id),
        ("Answers", " ".join(message.references)),
        *(("Attachment", f"{a.name} ({a.type}, {a.size:,} bytes)") for a in message.attachments),
        *(("Defect", str(defect)) for defect in message.defects),
    ]
    head = "\n".join(f"{label + ':':<12}{value}" for label, value in rows if value)
    return f"{head}\n\n{message.text}\n"


def _write(text: str) -> None:
    """Write a line as UTF-8 whatever the terminal's locale says.

    File names may hold bytes that are no UTF-8; they come out as the same bytes.
    """
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
    sys.stdout.buffer.flush()

"""Importing people, organisations and technicians from a CSV file.

``plan`` reads the file and says what each line would do; ``apply`` does it. Both can be repeated:
a line is about the person who has its address, so the same file twice changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from helpdesk.db import db
from helpdesk.lib import csvfile
from helpdesk.lib.csvfile import CsvError
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.search import desk_region
from helpdesk.people.services.importing import columns, organisations, people, technicians
from helpdesk.people.services.importing.plan import Line, Outcome, Plan, cells

MOST_BYTES = 20 * 1024 * 1024
MOST_LINES = 50_000
"""What a file may have on the command line; a screen takes fewer, see ``ON_SCREEN``."""

TOGETHER = 50
"""Lines tried under one savepoint."""

ON_SCREEN = 1_000
"""Lines imported by one request: others who save something wait for it on SQLite."""


@dataclass(frozen=True, slots=True)
class _Kind:
    understand: Callable[[Line, dict[str, str], str], None]
    resolve: Callable[[Sequence[Line]], None]
    carry_out: Callable[[Actor, Line], Any]
    needs: tuple[Permission, ...]


KINDS = {
    "people": _Kind(
        people.understand,
        people.resolve,
        people.carry_out,
        (Permission.PERSON_IMPORT, Permission.PERSON_EDIT),
    ),
    "organisations": _Kind(
        organisations.understand,
        organisations.resolve,
        organisations.carry_out,
        (Permission.PERSON_IMPORT, Permission.PERSON_EDIT),
    ),
    "technicians": _Kind(
        technicians.understand,
        technicians.resolve,
        technicians.carry_out,
        (
            Permission.PERSON_IMPORT,
            Permission.PERSON_EDIT,
            Permission.ACCOUNT_EDIT,
            Permission.SETUP_TEAMS,
        ),
    ),
}
"""What can be imported."""


def plan(
    actor: Actor, kind: str, data: bytes, *, encoding: str | None = None, most: int = MOST_LINES
) -> Plan:
    """Read a file and say what each of its lines would do; nothing is written.

    Raises Denied, and Refused with the field ``file`` for a file that can't be read at all.
    """
    how = KINDS[kind]
    for permission in how.needs:
        actor.demand(permission)
    if len(data) > MOST_BYTES:
        raise Refused("file-large", _("The file is too large."), "file")
    try:
        table = csvfile.read(data, most=most, encoding=encoding)
    except CsvError as error:
        raise Refused(f"file-{error.code}", _explain(error, most), "file") from error
    places, unknown = columns.known(table.header, kind)
    if not {"name", "first_name", "last_name", "email"} & set(places):
        wanted = _("Its first line must name the columns, among them a name or an e-mail address.")
        raise Refused("file-header", wanted, "file")
    region = desk_region()
    lines = []
    for row in table.rows:
        line = Line(row.line, "")
        how.understand(line, cells(places, row), region)
        lines.append(line)
    how.resolve(lines)
    return Plan(kind, lines, table.encoding, table.separator, places, unknown)


def apply(actor: Actor, planned: Plan, lines: Sequence[Line] | None = None) -> None:
    """Carry out the lines of a plan that would change something, all of them by default.

    A line that fails after all says why and leaves nothing behind; the others are done. Runs in
    the caller's transaction, so a long file is handed over in slices.
    """
    how = KINDS[planned.kind]
    for permission in how.needs:
        actor.demand(permission)
    wanted = [
        line
        for line in (planned.lines if lines is None else lines)
        if line.result in (Outcome.CREATE, Outcome.UPDATE)
    ]
    for start in range(0, len(wanted), TOGETHER):
        some = wanted[start : start + TOGETHER]
        if not _carry_out_together(how, actor, some):
            for line in some:
                _carry_out_alone(how, actor, line)


def _carry_out_together(how: _Kind, actor: Actor, lines: Sequence[Line]) -> bool:
    """Carry several lines out under one savepoint; False, and nothing done, when one fails.

    A savepoint makes SQLite write its word index out, which costs more than the line itself.
    """
    said = [len(line.messages) for line in lines]
    try:
        with db.session.begin_nested():
            for line in lines:
                how.carry_out(actor, line)
    except (Refused, IntegrityError):
        for line, count in zip(lines, said, strict=True):
            del line.messages[count:]
        return False
    return True


def _carry_out_alone(how: _Kind, actor: Actor, line: Line) -> None:
    try:
        with db.session.begin_nested():
            how.carry_out(actor, line)
    except Refused as refusal:
        line.fail(refusal)
    except IntegrityError:
        line.fail(_("Somebody saved the same at this moment. Import the file once more."))


def _explain(error: CsvError, most: int) -> str:
    said = {
        "empty": _("The file is empty."),
        "binary": _("This is not a CSV file. Save the table as CSV first."),
        "encoding": _("The file's characters can't be read. Save it as UTF-8."),
        "shape": _("Line %(line)s is broken: a quotation mark is missing.", line=error.line),
        "wide": _("Line %(line)s has too many or too long cells.", line=error.line),
        "long": _("The file has more than %(number)s lines. Cut it into parts.", number=most),
    }
    return str(said[error.code])


__all__ = [
    "KINDS",
    "MOST_BYTES",
    "MOST_LINES",
    "ON_SCREEN",
    "Line",
    "Outcome",
    "Plan",
    "apply",
    "plan",
]

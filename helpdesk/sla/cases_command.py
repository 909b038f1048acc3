"""`helpdesk sla cases`: questions with known answers from a file, without database and desk."""

import json
from collections.abc import Iterable
from typing import Any

import click

from helpdesk.command import emit, json_option
from helpdesk.sla.cases import Outcome, run


@click.command("cases")
@json_option
@click.argument("file", metavar="FILE", type=click.File(encoding="utf-8"))
def cases(file: Iterable[str], as_json: bool) -> None:
    """Answer questions about business time and compare with the answers known.

    FILE has one JSON object a line; "-" is the input. At the end comes how many there were and
    how many were answered as expected. Those that cannot be answered count as wrong and say why.
    """
    total = right = 0
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        outcome = _answer(line, number)
        total, right = total + 1, right + outcome.ok
        emit(as_json, outcome.record(), _sentence(outcome))
    emit(as_json, {"total": total, "ok": right}, f"{right} of {total} as expected")


def _answer(line: str, number: int) -> Outcome:
    try:
        case: Any = json.loads(line)
    except ValueError as error:
        return Outcome(f"line {number}", False, None, None, f"no JSON: {error}")
    if not isinstance(case, dict):
        return Outcome(f"line {number}", False, None, None, "not an object")
    return run(case)


def _sentence(outcome: Outcome) -> str:
    if outcome.ok:
        return f"ok      {outcome.id}"
    said = outcome.why or f"{outcome.got} instead of {outcome.expected}"
    return f"not ok  {outcome.id}: {said}"

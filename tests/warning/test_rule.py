"""How often the rule is right: measured on a log of incidents whose outcomes are known.

The log is part of one that a company published; nobody here wrote it. Each of its lines is an
incident as it stood after an update; ``made_sla`` of the last says whether it was closed in the
time promised. The log tells neither what was promised nor who wrote, so the reasons that need
these (half the time used, little time left, wrote again) can't be measured: what is measured are
handing over, reopening and age.

``python -m tests.warning.test_rule`` prints the figures of docs/sla.md.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from helpdesk.warning import rule
from helpdesk.warning.rule import Facts
from tests.support.shared import shared

LOG = "tickets/uci_incident_log/incident_event_log.csv"
FINISHED = {"Resolved", "Closed"}


@dataclass(frozen=True)
class Incident:
    """The most points that the rule ever gave it before it was resolved, and how it ended."""

    points: int
    breached: bool


@dataclass(frozen=True)
class Score:
    """How the rule does with a threshold."""

    flagged: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=UTC)


def _facts(line: dict[str, str]) -> Facts:
    return Facts(
        opened_at=_moment(line["opened_at"]),
        handovers=int(line["reassignment_count"]),
        reopenings=int(line["reopen_count"]),
        owned=line["assigned_to"] != "?",
        waiting=line["incident_state"].startswith("Awaiting"),
    )


def incidents(path: Path) -> Iterator[Incident]:
    """Judge every incident of the log at each update, with what was known until then."""
    with path.open(encoding="utf-8", newline="") as file:
        for _number, group in groupby(csv.DictReader(file), key=lambda line: line["number"]):
            lines = list(group)
            most = 0
            for line, after in zip(lines, [*lines[1:], lines[-1]], strict=True):
                if line["incident_state"] in FINISHED:
                    continue
                # Until the next update time passes, and the worker looks again.
                points = rule.points(_facts(line), _moment(after["sys_updated_at"]))
                most = max(most, sum(points.values()))
            yield Incident(most, lines[-1]["made_sla"] != "TRUE")


def score(found: list[Incident], threshold: int) -> Score:
    flagged = [one for one in found if one.points >= threshold]
    right = sum(one.breached for one in flagged)
    return Score(
        len(flagged),
        right / len(flagged) if flagged else 0.0,
        right / sum(one.breached for one in found),
    )


def halves(path: Path) -> tuple[list[Incident], list[Incident]]:
    """Return the first half of the incidents, to choose by, and the other, to report."""
    found = list(incidents(path))
    return found[: len(found) // 2], found[len(found) // 2 :]


def test_the_threshold_is_the_one_that_does_best_on_one_half_and_holds_on_the_other():
    chosen_by, reported = halves(shared(LOG))
    scores = {threshold: score(chosen_by, threshold) for threshold in range(1, 6)}
    assert max(scores, key=lambda threshold: scores[threshold].f1) == rule.THRESHOLD
    held = score(reported, rule.THRESHOLD)
    assert held.precision >= 0.9
    assert held.recall >= 0.65


def main() -> None:
    for name, found in zip(("first half", "other half"), halves(shared(LOG)), strict=True):
        breached = sum(one.breached for one in found)
        print(f"{name}: {len(found)} incidents, {breached} not in time")
        for threshold in range(1, 6):
            one = score(found, threshold)
            print(
                f"  {threshold} points: {one.flagged} flagged, precision {one.precision:.2f},"
                f" recall {one.recall:.2f}, F1 {one.f1:.2f}"
            )


if __name__ == "__main__":
    main()

"""Reports of dozens of mail systems are understood; ordinary mail is never taken for one."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpdesk.channels.email.automatic import auto_reply_of
from helpdesk.channels.email.reports import Bounce, read_report
from helpdesk.channels.email.reports.described import described_report
from helpdesk.lib.mime import parse
from tests.support.shared import json_lines, shared

NEEDED = 0.97
SECONDS = 2


def report_in(file: Path) -> Bounce | None:
    return read_report(parse(file.read_bytes()))


def share(right: list[str], wrong: list[str]) -> float:
    return len(right) / (len(right) + len(wrong))


def sisimai() -> Iterator[tuple[Path, list[dict[str, object]]]]:
    folder = shared("email/sisimai")
    places: dict[str, list[Path]] = {}
    for file in (folder / "msgs").rglob("*.eml"):
        places.setdefault(file.name, []).append(file)
    for line in json_lines(folder / "expect.jsonl"):
        for file in places[line["file"]]:
            yield file, line["reports"]


def test_sisimai():
    right: dict[str, list[str]] = {"bounce": [], "hard": [], "each hard": []}
    wrong: dict[str, list[str]] = {"bounce": [], "hard": [], "each hard": []}
    for file, reports in sisimai():
        found = report_in(file)
        if is_vacation(reports):
            # There it counts as a report; it is an answer that nobody wrote.
            is_right = found is None and bool(auto_reply_of(parse(file.read_bytes())))
        else:
            is_right = found is not None
        (right if is_right else wrong)["bounce"].append(file.name)
        if found is not None:
            hard = any(one["hardbounce"] for one in reports)
            (right if found.hard is hard else wrong)["hard"].append(file.name)
            is_right = Counter(one.hard for one in found.failures) == Counter(
                bool(one["hardbounce"]) for one in reports
            )
            (right if is_right else wrong)["each hard"].append(file.name)
    for what in right:
        assert share(right[what], wrong[what]) >= NEEDED, (what, wrong)


def test_whom_the_mail_of_sisimai_did_not_reach():
    """Its list has as many lines for a file as there are addresses, and doesn't name them.

    Which ones is asked of a slow twin: what stands in the fields that are there to say so.
    """
    right: dict[str, list[str]] = {"named": [], "as many": [], "the same": []}
    wrong: dict[str, list[str]] = {"named": [], "as many": [], "the same": []}
    for file, reports in sisimai():
        found = report_in(file)
        if is_vacation(reports) or found is None:
            continue
        named = {address.lower() for address in found.addresses}
        (right if named else wrong)["named"].append(file.name)
        (right if len(named) == len(reports) else wrong)["as many"].append(file.name)
        stated = recipients_by_fields(file)
        if stated:
            (right if named and named <= stated else wrong)["the same"].append(file.name)
    assert len(right["the same"]) > len(right["named"]) / 2
    for what in right:
        assert share(right[what], wrong[what]) >= NEEDED, (what, wrong)


def is_vacation(reports: list[dict[str, object]]) -> bool:
    return {one["reason"] for one in reports} == {"vacation"}


def recipients_by_fields(file: Path) -> set[str]:
    found = set()
    for line in file.read_bytes().decode("latin-1").splitlines():
        name, _colon, value = line.partition(":")
        if name.strip().lower() in ("final-recipient", "original-recipient", "x-failed-recipients"):
            found |= {one.lower() for one in re.findall(r"[^\s<>;,]+@[^\s<>;,]+", value)}
    return found


def test_bounceparser():
    folder = shared("email/bounceparser")
    right: dict[str, list[str]] = {"bounce": [], "addresses": []}
    wrong: dict[str, list[str]] = {"bounce": [], "addresses": []}
    for line in json_lines(folder / "expect.jsonl"):
        if "is_bounce" not in line:
            continue
        # "reports: 0" marks ordinary spam, in which there is no report to find. That library is
        # only given what came to a return path, and says "bounce" until it knows better.
        is_report = bool(line["is_bounce"]) and line.get("reports") != 0
        described = described_report(parse((folder / "msgs" / line["file"]).read_bytes()))
        is_right = described["bounce"]["is_bounce"] is is_report
        (right if is_right else wrong)["bounce"].append(line["file"])
        found = report_in(folder / "msgs" / line["file"])
        if "addresses" in line:
            named = sorted(found.addresses) if found else []
            is_right = named == sorted(line["addresses"])
            (right if is_right else wrong)["addresses"].append(line["file"])
        if "orig_message_id" in line:
            assert found is not None
            assert found.returned.message_id == line["orig_message_id"]
    assert len(right["bounce"] + wrong["bounce"]) == 57
    assert share(right["bounce"], wrong["bounce"]) >= NEEDED, wrong
    assert share(right["addresses"], wrong["addresses"]) >= NEEDED, wrong


@pytest.mark.parametrize("name", ["spam-bogus-email-in-report", "spam-with-image"])
def test_spam_among_reports_is_no_report(name: str):
    file = shared(f"email/bounceparser/msgs/{name}.msg")
    assert report_in(file) is None


def test_flufl_bounce():
    folder = shared("email/flufl_bounce")
    right: dict[str, list[str]] = {"bounce": [], "addresses": [], "temporary": []}
    wrong: dict[str, list[str]] = {"bounce": [], "addresses": [], "temporary": []}
    for line in json_lines(folder / "expect.jsonl"):
        found = report_in(folder / "msgs" / line["file"])
        (right if found else wrong)["bounce"].append(line["file"])
        expected = sorted(line["permanent"] + line["temporary"])
        named = sorted(found.addresses) if found else []
        (right if named == expected else wrong)["addresses"].append(line["file"])
        is_late = bool(line["temporary"]) and not line["permanent"]
        is_right = found is not None and found.temporary is is_late
        (right if is_right else wrong)["temporary"].append(line["file"])
    for what in right:
        assert share(right[what], wrong[what]) >= NEEDED, (what, wrong)


@pytest.mark.parametrize(
    "folder",
    [
        *("spamassassin/easy-ham-1", "spamassassin/easy-ham-2", "spamassassin/hard-ham-1"),
        *("notmuch/msgs", "cpython/msgs", "hyperkitty/msgs", "sisimai/msgs/not"),
    ],
)
def test_ordinary_mail_is_no_report(folder: str):
    files = [file for file in shared(f"email/{folder}").rglob("*") if file.is_file()]
    assert files
    assert [file.name for file in files if report_in(file) is not None] == []


def test_reading_a_report_takes_no_time():
    """Nothing in real mail makes a pattern run away."""
    for folder in ("sisimai/msgs", "bounceparser/msgs", "flufl_bounce/msgs"):
        for file in shared(f"email/{folder}").rglob("*"):
            if file.is_file():
                parsed = parse(file.read_bytes())
                start = time.process_time()
                read_report(parsed)
                auto_reply_of(parsed)
                assert time.process_time() - start < SECONDS, file

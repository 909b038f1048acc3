"""Reports of dozens of mail systems are understood; ordinary mail is never taken for one."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpdesk.channels.email.automatic import auto_reply_of
from helpdesk.channels.email.reports import Bounce, read_report
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
    right: dict[str, list[str]] = {"bounce": [], "hard": []}
    wrong: dict[str, list[str]] = {"bounce": [], "hard": []}
    for file, reports in sisimai():
        found = report_in(file)
        if {one["reason"] for one in reports} == {"vacation"}:
            # There it counts as a report; it is an answer that nobody wrote.
            is_right = found is None and bool(auto_reply_of(parse(file.read_bytes())))
        else:
            is_right = found is not None
        (right if is_right else wrong)["bounce"].append(file.name)
        if found is not None:
            hard = any(one["hardbounce"] for one in reports)
            (right if found.hard is hard else wrong)["hard"].append(file.name)
    assert share(right["bounce"], wrong["bounce"]) >= NEEDED, wrong
    assert share(right["hard"], wrong["hard"]) >= NEEDED, wrong


def test_bounceparser():
    folder = shared("email/bounceparser")
    right: dict[str, list[str]] = {"bounce": [], "addresses": []}
    wrong: dict[str, list[str]] = {"bounce": [], "addresses": []}
    for line in json_lines(folder / "expect.jsonl"):
        # "reports: 0" marks spam in which that library must find nothing; it calls even that a
        # bounce, because it was given to it as one.
        if line.get("reports") == 0 or "is_bounce" not in line:
            continue
        found = report_in(folder / "msgs" / line["file"])
        is_right = (found is not None) is bool(line["is_bounce"])
        (right if is_right else wrong)["bounce"].append(line["file"])
        if "addresses" in line:
            named = sorted(found.addresses) if found else []
            is_right = named == sorted(line["addresses"])
            (right if is_right else wrong)["addresses"].append(line["file"])
        if "orig_message_id" in line:
            assert found is not None
            assert found.returned.message_id == line["orig_message_id"]
    assert share(right["bounce"], wrong["bounce"]) >= NEEDED, wrong
    assert share(right["addresses"], wrong["addresses"]) >= NEEDED, wrong


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

"""Quiet hours: by the wall clock of who is to be left in peace."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from helpdesk.notify.quiet import QuietHours

NIGHT = QuietHours(time(21), time(7))
LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("at", "over"),
    [
        ("2026-06-10T20:59", None),
        ("2026-06-10T21:00", "2026-06-11T07:00"),
        ("2026-06-11T03:00", "2026-06-11T07:00"),
        ("2026-06-11T07:00", None),
        # The nights on which the clocks change end at seven on the wall all the same.
        ("2026-03-28T22:00", "2026-03-29T07:00"),
        ("2026-10-24T22:00", "2026-10-25T07:00"),
    ],
)
def test_a_night_ends_by_the_wall_clock(at: str, over: str | None) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=LONDON).astimezone(UTC)
    found = NIGHT.over_at(moment, LONDON)
    said = f"{found.astimezone(LONDON):%Y-%m-%dT%H:%M}" if found is not None else None
    assert said == over


def test_a_rest_at_noon_does_not_go_past_midnight() -> None:
    noon = QuietHours(time(12), time(14))
    assert noon.over_at(datetime(2026, 6, 10, 13, tzinfo=UTC), ZoneInfo("UTC")) == datetime(
        2026, 6, 10, 14, tzinfo=UTC
    )
    assert noon.over_at(datetime(2026, 6, 10, 15, tzinfo=UTC), ZoneInfo("UTC")) is None


@pytest.mark.parametrize("stored", [None, [], ["x", "y"], ["07:00", "07:00"], "21:00"])
def test_what_is_no_stretch_of_time_is_never_quiet(stored: object) -> None:
    assert QuietHours.read(stored) is None

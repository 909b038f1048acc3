"""Times and languages as readers read them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask, g

from helpdesk.people.access import Actor
from helpdesk.web import i18n

NOON = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)


@pytest.fixture
def reader(app: Flask) -> Iterator[None]:
    """An English reader in Hong Kong at noon UTC."""
    with app.test_request_context(), time_machine.travel(NOON, tick=False):
        g.actor = Actor(1, "Priya", frozenset(), time_zone="Asia/Hong_Kong")
        yield


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0m"), (59, "0m"), (60, "1m"), (6360, "1h 46m"), (7200, "2h"), (183_600, "2d 3h"),
     (8 * 86_400, "8d")],
)  # fmt: skip
def test_durations_are_short(seconds: int, shown: str) -> None:
    assert i18n.duration(seconds) == shown


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["24m", "1h 46m", "2d 3h", "4m 12s", "Today 19:55", "Sun 14 Jun 20:00"]),
        (
            "zh_Hans_CN",
            ["24分", "1小时46分", "2天3小时", "4分12秒", "今天 19:55", "6月14日 周日 20:00"],
        ),
        (
            "zh_Hant_TW",
            ["24分", "1小時46分", "2天3小時", "4分12秒", "今天 19:55", "6月14日 週日 20:00"],
        ),
    ],
)
def test_times_are_said_in_three_languages(app: Flask, language: str, shown: list[str]) -> None:
    with app.test_request_context(), time_machine.travel(NOON, tick=False):
        g.actor = Actor(1, "Priya", frozenset(), language=language, time_zone="Asia/Hong_Kong")
        assert [
            i18n.duration(24 * 60),
            i18n.duration(6360),
            i18n.duration(183_600),
            i18n.exact_duration(252),
            i18n.moment(NOON - timedelta(minutes=5)),
            i18n.moment(NOON - timedelta(days=3)),
        ] == shown


@pytest.mark.usefixtures("reader")
def test_moments_are_in_the_readers_zone() -> None:
    assert i18n.clock_time(NOON) == "20:00"
    assert i18n.moment(NOON - timedelta(minutes=5)) == "Today 19:55"
    assert i18n.day(NOON - timedelta(days=1)) == "Yesterday"
    assert i18n.day(NOON + timedelta(hours=5)) == "Thu 18 Jun", "midnight has passed in Hong Kong"


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("back", "shown"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=3), "3m"),
        (timedelta(hours=2, minutes=50), "2h"),
        (timedelta(days=2), "Mon"),
        (timedelta(days=15), "2 Jun"),
        (timedelta(days=400), "13 May 2025"),
    ],
)
def test_ago_gets_coarser_with_time(back: timedelta, shown: str) -> None:
    assert i18n.ago(NOON - back) == shown


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("zh-CN", "zh_Hans_CN"),
        ("zh_Hant_TW", "zh_Hant_TW"),
        ("zh-HK", "zh_Hant_TW"),
        ("zh-Hant-HK", "zh_Hant_TW"),
        ("zh", "zh_Hans_CN"),
        ("fr", None),
        ("", None),
        (None, None),
    ],
)
def test_language_tags_lead_to_our_catalogues(tag: str | None, language: str | None) -> None:
    assert i18n.language_of(tag) == language

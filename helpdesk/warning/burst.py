"""Whether so many people at once are more than usual.

A count is compared with what came at the same hour of the week in the weeks before, as systems do
that watch for outbreaks of disease: C. P. Farrington et al., "A statistical algorithm for the
early detection of outbreaks of infectious disease", Journal of the Royal Statistical Society A
159 (1996), 547-563. Arrivals that have nothing to do with each other follow a Poisson
distribution, so the chance of so many or more is its upper tail. A minimum of people and of the
ratio keeps quiet what is significant but not worth a card. Pure arithmetic; times are UTC.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)

WEEKS = 6
"""Weeks that are looked back upon."""
FEWEST_WEEKS = 2
"""Nothing is called unusual before so many weeks are known."""

CHANCE = 1e-4
"""What chance alone would bring about more often than this is not unusual."""
RATIO = 3.0
"""It has to be so many times the usual at least."""


@dataclass(frozen=True, slots=True)
class Window:
    """The last so many hours, and how many people make a burst in them."""

    hours: int
    people: int


WINDOWS = (Window(1, 4), Window(4, 6))


def tail(count: int, rate: float) -> float:
    """Return the chance that a Poisson variable with this mean is ``count`` or more."""
    if count <= 0:
        return 1.0
    if rate <= 0:
        return 0.0
    # Summed upwards from ``count``, where the terms are small: subtracting from one would lose
    # just the digits that are asked for.
    term = math.exp(count * math.log(rate) - rate - math.lgamma(count + 1))
    total, at = 0.0, count
    while term > total * 1e-12 or at < rate:
        total += term
        at += 1
        term *= rate / at
    return min(total, 1.0)


def weeks_known(since: datetime, moment: datetime) -> int:
    """Return how many whole weeks before a moment are known, counted from ``since``."""
    return max(0, min(WEEKS, (moment - since) // WEEK))


def hours_asked(moment: datetime, weeks: int) -> list[datetime]:
    """Return the hours whose counts ``usual`` needs, each named by its beginning."""
    longest = max(window.hours for window in WINDOWS)
    now_hour = moment.replace(minute=0, second=0, microsecond=0)
    return [
        now_hour - week * WEEK + step * HOUR
        for week in range(1, weeks + 1)
        for step in range(-longest - 1, 2)
    ]


def usual(counts: Mapping[datetime, int], moment: datetime, window: Window, weeks: int) -> float:
    """Return how many tickets a window that ends at ``moment`` usually has.

    ``counts`` are tickets by hour. The window of past weeks is also looked at with an hour more on
    either side, and the greater rate counts: people are not punctual, and clocks are put forward.
    One ticket is added to the past, because what has never been seen is not impossible.
    """
    if weeks == 0:
        return math.inf
    length = window.hours * HOUR
    exact = wide = 0.0
    for week in range(1, weeks + 1):
        end = moment - week * WEEK
        exact += _between(counts, end - length, end)
        wide += _between(counts, end - length - HOUR, end + HOUR)
    widened = wide * window.hours / (window.hours + 2)
    return (max(exact, widened) + 1) / weeks


def _between(counts: Mapping[datetime, int], start: datetime, end: datetime) -> float:
    """Count between two moments, as if what came within an hour had come evenly."""
    hour = start.replace(minute=0, second=0, microsecond=0)
    total = 0.0
    while hour < end:
        shared = min(end, hour + HOUR) - max(start, hour)
        total += counts.get(hour, 0) * (shared / HOUR)
        hour += HOUR
    return total


def is_unusual(people: int, window: Window, rate: float) -> bool:
    """Whether so many people within a window are a burst, where ``rate`` is usual."""
    return people >= window.people and people >= RATIO * rate and tail(people, rate) <= CHANCE

"""Whose working hours these are not: asked here, answered by the room that keeps calendars.

That room stands above this one, so it says how when the application is put together.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

Answer = Callable[[Collection[int]], Mapping[int, datetime | None]]

_answers: list[Answer] = []


def register(answer: Answer) -> None:
    """Let this room say who is off; the last that was registered is asked."""
    _answers[:] = [answer]


def off_now(person_ids: Collection[int]) -> Mapping[int, datetime | None]:
    """Return who of these people is outside their working hours, and when they begin (UTC).

    The moment is None where no hours are known to come. Without calendars nobody is ever off.
    """
    return _answers[0](person_ids) if _answers and person_ids else {}

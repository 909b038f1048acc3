"""Lives of tickets with known answers: promises in minutes, what happened, and what became of them.

These questions write their moments to the minute, so ours are compared to the minute.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from helpdesk.sla.calendar import Calendar
from helpdesk.sla.clocks import Clock, Happening, Life, Promise, What, run

MINUTE = timedelta(minutes=1)
PROMISES = {
    "first_response": Promise.FIRST_REPLY,
    "update": Promise.NEXT_REPLY,
    "close": Promise.FIX,
}
"""How the answers call what was promised."""
FIXED = {"close_at", "agent_note"}
"""What says nothing that a change of state does not say, or nothing to the customer."""


def live(calendar: Calendar, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return those answers that the question expects, with moments in full."""
    minutes = case["sla_minutes"]
    clocks: dict[str, Clock] = {}
    lengths: dict[str, timedelta] = {}
    for name, promise in PROMISES.items():
        promised = minutes["solution" if name == "close" else name]
        if promised is not None:
            lengths[name] = timedelta(minutes=promised)
            clocks[name] = run(calendar, promise, lengths[name], _life(case, promise))
    dues = [clock.due for clock in clocks.values() if clock.due]
    found: dict[str, Any] = {"escalation_at": min(dues, default=None)}
    for name in PROMISES:
        clock = clocks.get(name)
        met = clock is not None and clock.met_at is not None
        found[f"{name}_at"] = clock.met_at if clock else None
        found[f"{name}_escalation_at"] = clock.due if clock else None
        found[f"{name}_in_min"] = clock.used // MINUTE if clock and met else None
        left = lengths[name] // MINUTE - clock.used // MINUTE if clock and met else None
        found[f"{name}_diff_in_min"] = left
    return {key: found.get(key) for key in case["expected"]}


def agrees(got: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether answers are the expected ones; moments to the minute."""
    return all(_to_the_minute(got[key]) == _to_the_minute(expected[key]) for key in expected)


def _to_the_minute(value: Any) -> Any:
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.replace(second=0, microsecond=0) if isinstance(read, datetime) else read


def _life(case: Mapping[str, Any], promise: Promise) -> Life:
    begins = _moment(case["created_at"])
    return Life(begins, tuple(_happenings(case, promise, begins)), _state(case["initial_state"]))


def _happenings(case: Mapping[str, Any], promise: Promise, begins: datetime) -> Iterator[Happening]:
    # Some say by itself when the first answer came; other answers then say nothing about that,
    # nor it about them.
    told = any(kind == "first_response_at" for kind, *_ in case["events"])
    at = begins
    for kind, *details in case["events"]:
        if kind == "state":
            # Some changes of state have no moment of their own: they came with what is before.
            at = _moment(details[1]) if len(details) > 1 else at
            yield Happening(at, _state(details[0]))
            continue
        at = _moment(details[0])
        if kind.startswith("inbound_") or kind == "last_contact_customer_at":
            yield Happening(at, What.ASKED)
        elif kind == "first_response_at":
            if promise is Promise.FIRST_REPLY:
                yield Happening(at, What.ANSWERED)
        elif kind.startswith("outbound_") or kind == "last_contact_agent_at":
            if promise is not Promise.FIRST_REPLY or not told:
                yield Happening(at, What.ANSWERED)
        elif kind not in FIXED:
            raise ValueError(f"there is no event {kind!r}")


def _state(name: str) -> What:
    if name in {"closed", "merged", "removed"}:
        return What.RESOLVED
    return What.WAITING if name.startswith("pending") else What.OPEN


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)

"""What runs of rules are called."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.rules.actions import all_actions
from helpdesk.rules.limits import Outcome
from helpdesk.rules.triggers import On

OUTCOMES = {
    Outcome.DONE.value: _l("Done"),
    Outcome.NOTHING.value: _l("Nothing to do"),
    Outcome.REFUSED.value: _l("Done in part"),
    Outcome.FAILED.value: _l("Failed"),
    Outcome.DEEP.value: _l("Stopped: too many rules in a row"),
    Outcome.RESTS.value: _l("Rests at this ticket"),
    Outcome.BRAKED.value: _l("Turned off by the brake"),
}
TONES = {"done": "ok", "refused": "warn", "failed": "danger", "rests": "warn", "braked": "danger"}
"""Colours of outcomes; others have none."""

OCCASIONS = {
    On.CREATED.value: _l("the ticket was created"),
    On.UPDATED.value: _l("the ticket changed"),
    On.REPLIED.value: _l("somebody wrote"),
    On.ASSIGNED.value: _l("the ticket was assigned"),
    On.ACKNOWLEDGED.value: _l("the ticket was acknowledged"),
    On.STATUS.value: _l("the status changed"),
    On.CLOCK.value: _l("a share of a promise was used"),
    On.AFTER.value: _l("time had passed"),
    On.SCHEDULE.value: _l("its timetable said so"),
    "applied": _l("somebody applied it to what was there"),
    "rule": _l("another rule ran it"),
    "policy": _l("a step of a policy ran it"),
}
_SAID = {
    "": _l("done"),
    "nothing": _l("it was so already"),
    "gone": _l("what it needs is gone, or nobody is there"),
    "nobody-free": _l("nobody was free"),
    "all-at-limit": _l("everybody who was there had as much as they may have"),
    "nobody-with-skill": _l("nobody with the skill was there"),
    "quiet": _l("not sent: this was to be quiet"),
    "automatic": _l("not sent: a machine wrote"),
    "restricted": _l("not sent: the ticket is restricted"),
    "refused": _l("refused"),
    "failed": _l("failed"),
}


def outcome(key: str) -> Any:
    """Return what became of a run, in words."""
    return OUTCOMES.get(key, key)


def occasion(key: str) -> Any:
    """Return what made a rule look, in words."""
    return OCCASIONS.get(key, key)


def step(stored: Mapping[str, object]) -> tuple[Any, Any]:
    """Return what an action is called, and what came of it."""
    key, said = str(stored.get("do", "")), str(stored.get("said") or "")
    action = all_actions().get(key)
    why = stored.get("why")
    result = _SAID.get(said, said)
    return (action.label if action is not None else key), f"{result}: {why}" if why else result

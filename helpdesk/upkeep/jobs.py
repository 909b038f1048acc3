"""Housekeeping: what the desk does by itself when the time has come.

Every job claims a few rows at a time in a transaction of its own, so that a worker that dies
leaves nothing half done and the next turn goes on where it stopped.
"""

from collections.abc import Callable
from datetime import timedelta

from flask import current_app

from config import Settings
from helpdesk import blobs
from helpdesk.db import transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.tickets import services
from helpdesk.tickets.services import bin as ticket_bin
from helpdesk.tickets.services import drafts
from helpdesk.tickets.services.expect import note_times_passed
from helpdesk.tickets.services.presence import purge_presence
from helpdesk.tickets.services.undo import purge as purge_undo
from helpdesk.web import live

ABANDONED_DAYS = 90
"""A draft that nobody touched for so many days is not going to be sent."""

ORPHAN_AGE = timedelta(days=1)
"""A file may lie so long before a row names it: uploads and messages are stored first."""

ROUNDS = 100
"""Batches a turn takes at most; what is left waits for the next turn."""


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _until_done(step: Callable[[], int]) -> int:
    """Repeat a step, each in a transaction of its own, until it finds nothing more."""
    total = 0
    for _round in range(ROUNDS):
        with transaction():
            count = step()
        total += count
        if not count:
            break
    return total


@job(every=20)
def wake_snoozed() -> int:
    """Bring back the tickets whose wake time has come."""
    return _until_done(services.wake_due)


@job(every=30)
def ask_for_new_times() -> int:
    """Note that the time which customers were told has passed, and ask for a new one."""
    return _until_done(note_times_passed)


@job(every=900)
def close_resolved() -> int:
    """Close what was resolved days ago and not disputed since."""
    days = _settings().autoclose_days
    return _until_done(lambda: services.close_due(now() - timedelta(days=days)))


@job(every=3600)
def empty_bin() -> int:
    """Let go of what has lain in the bin for its days."""
    days = _settings().bin_days
    return _until_done(lambda: ticket_bin.expire_bin(days))


@job(every=3600)
def forget_drafts() -> int:
    """Delete what somebody began to type months ago and never sent."""
    return _until_done(lambda: drafts.purge_abandoned(ABANDONED_DAYS))


@job(every=24 * 3600)
def remove_orphans() -> int:
    """Remove the files that nothing refers to, and what a crash left half done."""
    before = now() - ORPHAN_AGE
    # Nothing is written to the database, so others need not wait for it.
    count = blobs.clear_remains(before)
    for blob in blobs.orphans(before):
        count += blobs.remove_orphan(blob)
    return count


@job(every=300)
def tidy() -> int:
    """Delete what was only of use for a moment: undo, presence, live events."""
    steps = (purge_undo, purge_presence, live.purge)
    return sum(_until_done(step) for step in steps)

"""`helpdesk sla replay`: work the promises of open tickets out anew, differences first."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select

from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, transaction
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Desk
from helpdesk.sla import replay, replay_batches
from helpdesk.sla.models import Policy
from helpdesk.sla.replay import Difference, Stand


@click.command("replay")
@click.option("--policy", "name", metavar="NAME", help="Only tickets that this policy promised to.")
@click.option("--since", metavar="DATE", help="Only tickets opened on this day or later.")
@click.option("--apply", "applied", is_flag=True, help="Write down what comes out.")
@click.option("--reason", metavar="TEXT", help="Why; stands in the journal. Needed with --apply.")
@json_option
@with_desk
def replay_promises(
    name: str | None, since: str | None, applied: bool, reason: str | None, as_json: bool
) -> None:
    """Work the promises of open tickets out anew; differences first.

    By what policies and calendars say now. Prints what would come out otherwise, a line a
    promise, and changes nothing. With --apply the clocks are written down anew, in batches.
    """
    reason = (reason or "").strip()
    if applied and not reason:
        raise click.UsageError("Say with --reason why promises change.")
    opened_since = _day(since) if since else None
    policy_id = _policy(name) if name else None
    looked = different = 0
    tickets: set[int] = set()
    for number, found in _batches(policy_id, opened_since, reason if applied else None):
        looked += number
        different += len(found)
        tickets.update(one.ticket_id for one in found)
        for one in found:
            emit(as_json, _record(one), _line(one))
    done = "changed" if applied else "would change"
    emit(
        as_json,
        {
            "tickets": looked,
            "changed_tickets": len(tickets),
            "differences": different,
            "applied": applied,
        },
        f"{looked} tickets looked at, {len(tickets)} {done}",
    )


def _batches(
    policy_id: int | None, since: datetime | None, reason: str | None
) -> Iterator[tuple[int, list[Difference]]]:
    """Look at batch after batch; with a reason write each down, in a transaction of its own."""
    after, more = 0, True
    while more:
        if reason is None:
            batch = replay_batches.batch(policy_id, since=since, after=after, most=replay.BATCH)
            number, found = len(batch.tickets), replay.differences(SYSTEM, batch.tickets)
            # What was read is let go, so that memory stays the same however many there are.
            db.session.rollback()
        else:
            with transaction():
                batch = replay_batches.batch(
                    policy_id, since=since, after=after, most=replay.BATCH, lock=True
                )
                number = len(batch.tickets)
                found = replay.replay(SYSTEM, batch.tickets, reason=reason)
        after, more = batch.last, batch.more
        yield number, found


def _day(written: str) -> datetime:
    """Return the beginning of a day in the desk's zone."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise click.BadParameter("write it like 2026-11-23", param_hint="--since") from None
    zone = ZoneInfo(db.session.scalars(select(Desk.time_zone)).one())
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _policy(name: str) -> int:
    found = db.session.scalar(select(Policy.id).where(Policy.name == name))
    if found is None:
        raise click.BadParameter(f"there is no policy {name!r}", param_hint="--policy")
    return found


def _record(one: Difference) -> dict[str, object]:
    return {
        "ticket": one.ticket_id,
        "promise": one.promise.value,
        "before": _stand(one.before),
        "after": _stand(one.after),
    }


def _stand(stand: Stand | None) -> dict[str, object] | None:
    if stand is None:
        return None
    return {
        "length": stand.length,
        "state": stand.state,
        "due": _iso(stand.due_at),
        "met": _iso(stand.met_at),
        "missed": _iso(stand.missed_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _line(one: Difference) -> str:
    return f"#{one.ticket_id} {one.promise.value}: {_said(one.before)} -> {_said(one.after)}"


def _said(stand: Stand | None) -> str:
    """Return how a promise stands, in the words of a command: UTC, without seconds."""
    if stand is None:
        return "not promised"
    missed = ", missed" if stand.missed_at else ""
    if stand.due_at:
        return f"due {stand.due_at:%Y-%m-%d %H:%M}{missed}"
    if stand.met_at:
        return f"met {stand.met_at:%Y-%m-%d %H:%M}{missed}"
    return f"{stand.state}{missed}"

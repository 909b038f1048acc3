"""The outbox as the ticket's page shows it."""

from collections.abc import Mapping, Sequence

from helpdesk.notify import outbox
from helpdesk.notify.models import Sending
from helpdesk.people.access import Actor
from helpdesk.tickets.delivery import Delivery, PostOffice, State

_STATES = {
    Sending.QUEUED: State.WAITING,
    Sending.CLAIMED: State.WAITING,
    Sending.SENT: State.SENT,
    Sending.FAILED: State.FAILED,
}


def deliveries(entry_ids: Sequence[int]) -> Mapping[int, Delivery]:
    """Return how far entries got; what was taken back before it left says so by itself."""
    return {
        entry_id: Delivery(
            State.RETURNED if found.returned else _STATES[found.state],
            found.at,
            found.error,
            found.repeated,
        )
        for entry_id, found in outbox.deliveries(entry_ids).items()
        if found.state in _STATES
    }


def send_again(actor: Actor, entry_id: int) -> bool:
    """Send the failed messages of an entry again, now. Raises as ``outbox.retry``."""
    found = outbox.deliveries([entry_id]).get(entry_id)
    if found is None or not found.failed_ids:
        return False
    for message_id in found.failed_ids:
        outbox.retry(actor, message_id)
    return True


OFFICE = PostOffice(deliveries, send_again)

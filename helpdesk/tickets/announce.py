"""Live updates of tickets: which open pages hear of what."""

from helpdesk.tickets.events import LaterChanged, TicketEvent, TicketsTold
from helpdesk.web.live import announce


def on_ticket_event(event: TicketEvent) -> None:
    """Tell the ticket's own page, the queues it stands in or left, and the owner's lists."""
    ticket = event.ticket
    announce(f"ticket:{ticket.id}", event.verb, event.entry.id)
    # Every queue it stands in or ever left has an assignment of its own, so no query is needed.
    queue_ids = {row.queue_id for row in ticket.assignments} | {ticket.queue_id}
    for queue_id in sorted(queue_ids):
        announce(f"queue:{queue_id}", event.verb, ticket.id)


def on_tickets_told(event: TicketsTold) -> None:
    """Let pages that show one of the tickets look again."""
    for number in event.numbers:
        announce(f"ticket:{number}", "promise", number)


def on_later_changed(event: LaterChanged) -> None:
    """Let pages of the ticket show what is to leave later."""
    announce(f"ticket:{event.ticket_id}", "later")

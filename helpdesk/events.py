"""Publish and subscribe inside one transaction.

An event is a frozen dataclass. Handlers run synchronously, in the order in which
``helpdesk.app.HANDLERS`` lists them, in the publisher's transaction: if a handler fails, the
change that it reacts to is rolled back too. Whatever must leave the house (mail, live updates)
is written as a row by its handler and carried out after the commit.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

E = TypeVar("E")

_handlers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_type: type[E], handler: Callable[[E], None]) -> None:
    """Call ``handler`` for every published event of exactly this type; twice is once."""
    if handler not in _handlers[event_type]:
        _handlers[event_type].append(handler)


def publish(event: object) -> None:
    """Hand the event to its handlers. Their exceptions reach the publisher."""
    for handler in _handlers[type(event)]:
        handler(event)

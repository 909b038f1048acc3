"""The pages of tickets: lists, the workspace of one ticket, logging a call.

Importing the package imports every page, and ``bp`` has them all.
"""

from helpdesk.tickets.views import (
    assign,
    binned,
    bulk,
    change,
    exporting,
    files,
    histories,
    jump,
    keeping,
    links,
    log_call,
    narrow,
    passing,
    persons,
    preview,
    printing,
    queue,
    state,
    supplier,
    talk,
    tasks,
    ticket,
    undo,
)
from helpdesk.tickets.views.blueprint import bp

__all__ = [
    "assign",
    "binned",
    "bp",
    "bulk",
    "change",
    "exporting",
    "files",
    "histories",
    "jump",
    "keeping",
    "links",
    "log_call",
    "narrow",
    "passing",
    "persons",
    "preview",
    "printing",
    "queue",
    "state",
    "supplier",
    "talk",
    "tasks",
    "ticket",
    "undo",
]

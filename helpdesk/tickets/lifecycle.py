"""The life of a ticket and of an assignment as pure tables, free of any database.

Statuses are data that an administrator may name and add to; what the program reasons about is
the fixed class that each status belongs to. ``MOVES`` lists every allowed move between classes
with the verb that makes it; whatever it does not list is refused.
"""

from enum import StrEnum


class StatusClass(StrEnum):
    """The five classes of status (GLOSSARY: status)."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Kind(StrEnum):
    """Kinds of ticket; one number series serves them all."""

    INCIDENT = "incident"
    REQUEST = "request"
    QUESTION = "question"
    COMPLAINT = "complaint"
    PROBLEM = "problem"
    CHANGE = "change"


class Outcome(StrEnum):
    """How a ticket ended; asked when resolving."""

    SOLVED = "solved"
    WORKAROUND = "workaround"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    NO_ANSWER = "no-answer"
    NOT_OURS = "not-ours"


class MissReason(StrEnum):
    """Why a promise was missed; asked for once it was."""

    WORKLOAD = "workload"
    SEEN_LATE = "seen-late"
    WRONG_PLACE = "wrong-place"
    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    HARD = "hard"
    PARTS = "parts"
    OTHER = "other"


class RiskReason(StrEnum):
    """Why a ticket is likely to miss what was promised."""

    REOPENED = "reopened"
    ASKED_AGAIN = "asked-again"
    HANDED_OVER = "handed-over"
    UNOWNED = "unowned"
    UNACKNOWLEDGED = "unacknowledged"
    RUNNING_OUT = "running-out"
    OLD = "old"


class AssignmentState(StrEnum):
    """assigned → acknowledged → resolved; withdrawn when moved or closed by a colleague."""

    ASSIGNED = "assigned"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


class LinkType(StrEnum):
    """How one ticket stands to another. Directed: ``parent`` reads "from is the parent of to"."""

    PARENT = "parent"
    RELATED = "related"
    DUPLICATE = "duplicate"
    CAUSED_BY = "caused-by"


class HoldReason(StrEnum):
    """Why a ticket waits."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    DATE = "date"
    CHANGE = "change"
    OTHER = "other"


class EntryKind(StrEnum):
    """Kinds of journal entry."""

    MESSAGE = "message"
    NOTE = "note"
    CALL = "call"
    EVENT = "event"


class BinReason(StrEnum):
    """Why a ticket went to the bin."""

    SPAM = "spam"
    MISTAKE = "mistake"


UNFINISHED = frozenset({StatusClass.NEW, StatusClass.OPEN, StatusClass.PENDING})
"""Classes in which somebody still owes work or an answer."""

FINISHED = frozenset({StatusClass.RESOLVED, StatusClass.CLOSED})

_N, _O, _P, _R, _C = (
    StatusClass.NEW,
    StatusClass.OPEN,
    StatusClass.PENDING,
    StatusClass.RESOLVED,
    StatusClass.CLOSED,
)

MOVES: dict[StatusClass, dict[StatusClass, str]] = {
    _N: {_N: "change_status", _O: "change_status", _P: "hold", _R: "resolve"},
    _O: {_O: "change_status", _P: "hold", _R: "resolve"},
    _P: {_P: "hold", _O: "wake", _R: "resolve"},
    _R: {_R: "change_status", _C: "close", _O: "reopen"},
    _C: {_O: "reopen"},
}
"""From class → to class → the verb that makes the move.

A ticket never becomes new again, and nothing is closed that was not resolved first: closing says
that the resolution stands. Binning and merging are not statuses; they hide a ticket whatever its
status is and give it back as it was.
"""


def move(start: StatusClass, end: StatusClass) -> str | None:
    """Return the verb that moves a ticket between two classes, or None when none may."""
    return MOVES[start].get(end)


ASSIGNMENT_MOVES: dict[AssignmentState, frozenset[AssignmentState]] = {
    AssignmentState.ASSIGNED: frozenset(
        {AssignmentState.ACKNOWLEDGED, AssignmentState.RESOLVED, AssignmentState.WITHDRAWN}
    ),
    AssignmentState.ACKNOWLEDGED: frozenset({AssignmentState.RESOLVED, AssignmentState.WITHDRAWN}),
    AssignmentState.RESOLVED: frozenset(),
    AssignmentState.WITHDRAWN: frozenset(),
}

OPEN_ASSIGNMENT = frozenset({AssignmentState.ASSIGNED, AssignmentState.ACKNOWLEDGED})

LEVELS = (1, 2, 3)
"""Impact (1 everybody, 2 several people, 3 one person) and urgency (1 work stops … 3 can wait)."""

USUAL_IMPACT, USUAL_URGENCY = 3, 2
"""What a ticket has of which nobody said more: one person, whose work is slowed."""

DEFAULT_MATRIX: dict[tuple[int, int], int] = {
    (1, 1): 1,
    (1, 2): 2,
    (1, 3): 3,
    (2, 1): 2,
    (2, 2): 3,
    (2, 3): 4,
    (3, 1): 3,
    (3, 2): 3,
    (3, 3): 4,
}
"""(impact, urgency) → priority 1..4, as ITIL's usual matrix; editable in Set up."""

DUE_RANK = 0
"""Worklist rank of what is due at some moment: shown first, in that order."""

PENDING_RANK = 9
"""Worklist rank of what waits: shown after every priority."""


def rank(status_class: StatusClass, priority: int, *, due: bool = False) -> int:
    """Return the group in which a queue shows a ticket.

    What is due comes first, then what nothing was promised for by its priority, last what waits.
    """
    if due:
        return DUE_RANK
    return PENDING_RANK if status_class is StatusClass.PENDING else priority

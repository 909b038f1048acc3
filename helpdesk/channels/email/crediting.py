"""Whose a mail is that a technician passed on to the desk: of who wrote it first."""

from helpdesk import blobs
from helpdesk.channels.email.automatic import is_nobody
from helpdesk.channels.email.handling import Handling
from helpdesk.channels.email.mailboxes import is_own
from helpdesk.channels.email.passing_on import may_pass_on, passed_on
from helpdesk.channels.inbound import Inbound, PassedOnBy
from helpdesk.people.models import Person
from helpdesk.people.queries import people_by_email


def credit_author(
    inbound: Inbound,
    people: dict[str, Person] | None,
    own: frozenset[str],
    handling: Handling,
) -> None:
    """Make a message that staff passed on one of who wrote it; any other stays as it is.

    Whoever passes on their own mail, or a colleague's, is the customer themselves. ``people`` are
    known of many messages; who wrote first is added, because nobody asked for them.
    """
    if not handling.passed_on or inbound.auto_reply:
        return
    if not may_pass_on(inbound.subject, inbound.envelope.get("folds"), inbound.files):
        return
    by = _person(inbound.author.address, people)
    if by is None or not by.is_technician:
        return
    found = passed_on(inbound.subject, inbound.body, inbound.files, blobs.get)
    if found is None or is_own(found.author.address, own) or is_nobody(found.author.address):
        return
    author = _person(found.author.address, people)
    if author is not None and (author.is_technician or author.id == by.id):
        return
    inbound.passed_on_by = PassedOnBy(by, found.above)
    inbound.author, inbound.copies = found.author, []
    inbound.subject = found.subject or inbound.subject
    inbound.body, inbound.html, inbound.files = found.body, found.html, found.files
    inbound.envelope = {key: one for key, one in inbound.envelope.items() if key != "folds"} | {
        "passed_on_by": by.name
    }
    if not handling.receipt_for_passed_on:
        inbound.envelope.setdefault("automatic", "passed-on")


def _person(address: str, people: dict[str, Person] | None) -> Person | None:
    if people is not None and address in people:
        return people[address]
    person = people_by_email([address]).get(address)
    if people is not None and person is not None:
        people[address] = person
    return person

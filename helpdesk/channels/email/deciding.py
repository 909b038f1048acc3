"""What is to become of a message: a copy, our own, somebody's bounce, a ticket, an answer.

A message is judged by one judge after the other, and the first that knows it decides. What they
need to know of the database is asked once for all messages of a transaction (``Known``).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from config import Settings
from helpdesk.channels.email import accepted, bounced, subjects
from helpdesk.channels.email.accepted import Known as AcceptedWith
from helpdesk.channels.email.aliases import alias_for, aliases_of, category_of
from helpdesk.channels.email.answered import Hints, hints_of, keep_keys
from helpdesk.channels.email.asides import aside_of, asides_of
from helpdesk.channels.email.authentication import Check, Proof, check
from helpdesk.channels.email.automatic import is_nobody
from helpdesk.channels.email.brake import HELD, Pace, pace_of
from helpdesk.channels.email.crediting import credit_author
from helpdesk.channels.email.downloads import TOO_OLD
from helpdesk.channels.email.letter import Letter, Unfit
from helpdesk.channels.email.mailboxes import desk_language, is_own, own_addresses
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.secure import keyring
from helpdesk.channels.email.spam import count_hit, listed_among
from helpdesk.channels.email.thread_models import MailAlias
from helpdesk.channels.email.threads import (
    answers_supplier,
    is_answer_to_us,
    number_of,
    sent_by_us,
    threads_of,
    written_to_suppliers,
)
from helpdesk.channels.inbound import Correspondent, How, Inbound, receive
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.models import Channel, Person
from helpdesk.people.queries import people_by_email
from helpdesk.people.services.contact_points import meet
from helpdesk.people.services.reachable import heard_from, undeliverable_among
from helpdesk.tickets import services


@dataclass(frozen=True, slots=True)
class First:
    """The line of the ledger that a copy is a copy of."""

    id: int
    ticket_id: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a message."""

    state: State
    reason: str = ""
    error: str = ""
    ticket_id: int | None = None
    entry_id: int | None = None
    first: First | None = None
    # The side conversation that it was filed in.
    aside: int | None = None


@dataclass(slots=True)
class Known:
    """What is known before several messages are looked at: asked once for all of them."""

    own_addresses: frozenset[str]
    firsts: dict[str, First] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    # Who writes, when several messages are filed together; None asks for each by itself.
    people: dict[str, Person] | None = None
    # Message-ID → ticket, of what these messages refer to and of what was decided a moment ago.
    threads: dict[str, int] = field(default_factory=dict)
    # Those of them that we wrote to suppliers.
    to_suppliers: frozenset[str] = frozenset()
    # Message-ID → side conversation, of those of them that stand in one.
    asides: dict[str, int] = field(default_factory=dict)
    # Those who write of whom nobody wants to hear, with the entry of the list that says so.
    spam: Mapping[str, int] = field(default_factory=dict)
    # Those who write whom somebody said to accept, and with what.
    accepted: AcceptedWith = field(default_factory=dict)
    # What mail systems report on, by its Message-ID.
    returned: dict[str, list[OutboxMessage]] = field(default_factory=dict)
    # Those of the authors whose address was marked as one that takes no mail.
    undeliverable: frozenset[str] = frozenset()
    hints: Hints = field(default_factory=Hints)
    aliases: Mapping[int, list[MailAlias]] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    asked_for: bool = False

    def first_of(self, letter: Letter, row: MailMessage | None = None) -> First | None:
        """Return the message that this one is a copy of."""
        first = self.firsts.get(letter.identity)
        return first if first is not None and (row is None or first.id != row.id) else None

    def remember(self, row: MailMessage, letter: Letter, decision: Decision) -> None:
        """Let the next messages know of this one."""
        self.firsts.setdefault(letter.identity, First(row.id, decision.ticket_id))
        if decision.reason == How.DOUBTED:
            # Whoever forged it knows what it is called: nothing of theirs joins by that.
            return
        if letter.message_id is not None and decision.ticket_id is not None:
            self.threads[letter.message_id] = decision.ticket_id
            if decision.aside is not None:
                self.asides[letter.message_id] = decision.aside
        if decision.state == State.FILED and decision.ticket_id is not None:
            keep_keys(letter, decision.ticket_id, self.hints)


def known_of(
    read: Sequence[Letter], *, asked_for: bool = False, rows: Collection[MailMessage] = ()
) -> Known:
    """Ask what has to be known about these messages; ``asked_for`` by a person, one by one.

    ``rows`` are their lines in the ledger, where what was read lately counts.
    """
    identities = [letter.identity for letter in read]
    copies = db.session.execute(
        select(MailMessage.identity, MailMessage.id, MailMessage.ticket_id).where(
            MailMessage.identity.in_(identities)
        )
    )
    senders = [letter.author.address for letter in read if letter.author]
    threads = threads_of(letter.references for letter in read)
    return Known(
        own_addresses=own_addresses(),
        firsts={identity: First(key, ticket_id) for identity, key, ticket_id in copies if identity},
        sent=sent_by_us([letter.message_id for letter in read if letter.message_id]),
        # A message by itself has no second try in which somebody new would be known.
        people=people_by_email(senders) if len(read) > 1 else None,
        threads=threads,
        hints=hints_of(read, threads),
        aliases=aliases_of(row.mailbox_id for row in rows),
        pace=pace_of(senders, [row.received_at for row in rows if row.mailbox_id is not None]),
        asides=asides_of(threads),
        to_suppliers=written_to_suppliers(letter.references for letter in read),
        spam=listed_among(senders),
        accepted=accepted.known_among(
            letter.author.address for letter in read if letter.author and letter.stated
        ),
        returned=bounced.reported_on(read),
        undeliverable=undeliverable_among(
            [letter.author.address for letter in read if letter.author and not letter.bounce]
        ),
        asked_for=asked_for,
    )


def meet_newcomers(read: Sequence[tuple[MailMessage, Letter]], known: Known) -> None:
    """Make those who write for the first time together: most of a batch may be from strangers."""
    if known.people is not None:
        meet(
            [
                (letter.author.address, letter.author.name)
                for row, letter in read
                if letter.author is not None and _would_be_filed(row, letter, known)
            ],
            known.people,
        )


def _would_be_filed(row: MailMessage, letter: Letter, known: Known) -> bool:
    return (
        letter.unfit is None
        and letter.bounce is None
        and known.first_of(letter, row) is None
        and letter.message_id not in known.sent
        and _judge_too_old(row, letter, known) is None
        and letter.author is not None
        and not is_own(letter.author.address, known.own_addresses)
        and letter.author.address not in known.spam
    )


def decide(row: MailMessage, letter: Letter, known: Known) -> Decision:
    """Decide about one message, and open or continue its ticket."""
    for judge in JUDGES:
        decision = judge(row, letter, known)
        if decision is not None:
            return decision
    return _take_in(row, letter, known)


def _judge_copy(row: MailMessage, letter: Letter, known: Known) -> Decision | None:
    first = known.first_of(letter, row)
    if first is None:
        return None
    return Decision(State.DUPLICATE, first=first, ticket_id=first.ticket_id)


def _judge_too_old(row: MailMessage, _letter: Letter, known: Known) -> Decision | None:
    cut_off = row.mailbox.not_before if row.mailbox is not None else None
    if cut_off is None or row.received_at >= cut_off or known.asked_for:
        return None
    return Decision(State.IGNORED, TOO_OLD)


def _judge_unfit(_row: MailMessage, letter: Letter, _known: Known) -> Decision | None:
    return put_aside(letter.unfit.reason, letter.unfit) if letter.unfit is not None else None


def _judge_bounce(_row: MailMessage, letter: Letter, known: Known) -> Decision | None:
    """Tell the ticket what a mail system reports; a report on nothing of ours goes nowhere."""
    if letter.bounce is None:
        return None
    found = bounced.take(letter, known.returned)
    if found is not None:
        reason = letter.bounce.reason
        return Decision(State.BOUNCE, reason, ticket_id=found.ticket_id, entry_id=found.entry_id)
    if known.asked_for or not letter.bounce.proven:
        # A person may have written it, or wants to have it.
        return None
    return Decision(State.IGNORED, "bounce-unknown")


def _judge_our_own(_row: MailMessage, letter: Letter, known: Known) -> Decision | None:
    assert letter.author is not None
    if is_own(letter.author.address, known.own_addresses) and not known.asked_for:
        return Decision(State.IGNORED, "own-address")
    return Decision(State.IGNORED, "own-message") if letter.message_id in known.sent else None


def _judge_spam(_row: MailMessage, letter: Letter, known: Known) -> Decision | None:
    assert letter.author is not None
    key = known.spam.get(letter.author.address)
    if key is None or known.asked_for:
        return None
    count_hit(key)
    return Decision(State.IGNORED, "spam")


def _judge_loop(row: MailMessage, letter: Letter, known: Known) -> Decision | None:
    """Hold what is too much of one sender. It is last, so that only what is filed counts."""
    assert letter.author is not None
    if row.mailbox_id is None or known.asked_for:
        return None
    sender = letter.author.address
    if not known.pace.is_too_much(sender, row.received_at):
        return None
    known.pace.hold(sender, row.received_at)
    return Decision(State.QUARANTINED, HELD)


Judge = Callable[[MailMessage, Letter, Known], Decision | None]
JUDGES: tuple[Judge, ...] = (
    _judge_copy,
    _judge_too_old,
    _judge_bounce,
    _judge_unfit,
    _judge_our_own,
    _judge_spam,
    _judge_loop,
)
"""Asked in this order; a letter that came past ``_judge_unfit`` has an author."""


def _take_in(row: MailMessage, letter: Letter, known: Known) -> Decision:
    inbound = inbound_of(row, letter, known)
    if inbound.author.address in known.undeliverable:
        heard_from(inbound.author.address)
    received = receive(inbound, reopen_days=_settings().reopen_days, known=known.people)
    keyring.learn(letter)
    return Decision(
        State.FILED,
        received.how,
        ticket_id=received.ticket.id,
        entry_id=received.entry.id,
        aside=services.talk_of(received.entry),
    )


def put_aside(reason: str, error: Exception) -> Decision:
    """Return the decision that a person has to look at a message."""
    words = str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"
    return Decision(State.QUARANTINED, reason, words[:2000])


def settle(row: MailMessage, letter: Letter, decision: Decision) -> None:
    """Write a decision into its line of the ledger."""
    row.message_id, row.subject = letter.message_id, letter.subject
    subjects.index(row)
    row.sender = letter.author.address[:320] if letter.author is not None else ""
    row.state, row.reason, row.error = decision.state, decision.reason, decision.error
    row.ticket_id, row.entry_id = decision.ticket_id, decision.entry_id
    row.duplicate_of_id = decision.first.id if decision.first is not None else None
    row.identity = letter.identity if decision.first is None else None
    row.settled_at = now()
    # What is in the quarantine stays where it is on the server, until a person has decided.
    row.to_move = (
        decision.state != State.QUARANTINED
        and row.mailbox is not None
        and bool(row.mailbox.move_to)
    )


def inbound_of(row: MailMessage, letter: Letter, known: Known) -> Inbound:
    """Return a letter as the desk takes it in."""
    assert letter.author is not None
    inbound = Inbound(
        author=letter.author,
        channel=Channel.EMAIL,
        queue=row.queue,
        happened_at=min(row.received_at, now()),
        subject=letter.subject,
        body=letter.body,
        html=letter.html,
        files=letter.files,
        copies=[copy for copy in letter.copies if _may_take_part(copy, known.own_addresses)],
        answers_supplier=answers_supplier(letter.references, known.threads, known.to_suppliers)
        or known.hints.answers_supplier(letter),
        quoted=letter.quoted or known.hints.conversation_of(letter),
        envelope=letter.envelope,
        auto_reply=bool(letter.auto_reply),
    )
    _say_who(inbound, row, letter, known)
    _lead(inbound, row, letter, known)
    if not letter.subject and not letter.body.strip():
        with force_locale(desk_language()):
            inbound.fallback_subject = _("(no subject)")
    return inbound


def _say_who(inbound: Inbound, row: MailMessage, letter: Letter, known: Known) -> None:
    """Note whether the sender is who they say, as far as the mailbox trusts who found it out."""
    address = inbound.author.address
    inbound.staff_answer = row.mailbox is not None and row.mailbox.staff_answers
    inbound.answers_us = lambda: (
        known.hints.is_personal(letter, address) or is_answer_to_us(address, letter.references)
    )
    trusted = row.mailbox.trusts.split() if row.mailbox is not None else []
    if not trusted:
        return
    found = check(letter.stated, trusted, address) or Check(Proof.NONE, trusted[0], ())
    noted = accepted.noted(address, found)
    inbound.proven = found.proof == Proof.PASS
    by_hand = None if inbound.proven else accepted.accepted_with(address, found, known.accepted)
    if by_hand is not None:
        bond, key = by_hand
        noted["accepted"] = [bond.method, bond.domain]
        accepted.count_hit(key)
        inbound.accepted = True
    inbound.envelope = {**inbound.envelope, "sender_check": noted}
    inbound.doubted = found.proof == Proof.FAIL and not inbound.accepted
    if inbound.doubted:
        # A receipt would go to whoever's address was forged.
        inbound.envelope.setdefault("automatic", "unverified")


def _lead(inbound: Inbound, row: MailMessage, letter: Letter, known: Known) -> None:
    """Say which ticket a message answers; if none, whose it is and which queue it came to."""
    by_reference = number_of(letter.references, known.threads) if letter.references else None
    inbound.thread = known.hints.ticket_of(letter) or by_reference
    inbound.refers = by_reference is not None
    inbound.aside = known.hints.aside_of(letter)
    if inbound.aside is None and known.hints.ticket_of(letter) is None:
        inbound.aside = aside_of(letter.references, known.threads, known.asides)
    alias = alias_for(letter.recipients, known.aliases.get(row.mailbox_id or 0, ()))
    if alias is not None:
        inbound.queue, inbound.category = alias.queue, category_of(alias)
        inbound.impact, inbound.urgency = alias.impact, alias.urgency
    if inbound.thread is None and not inbound.doubted:
        credit_author(inbound, known.people, known.own_addresses, known.pace.handling)


def _may_take_part(copy: Correspondent, own: frozenset[str]) -> bool:
    return not is_own(copy.address, own) and not is_nobody(copy.address)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings

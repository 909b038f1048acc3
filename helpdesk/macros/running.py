"""Running a macro on a ticket: everything it does, or nothing of it.

What a macro does is done by whoever runs it, with their permissions and through the verbs of
tickets, so clocks, lists and rules hear of it as of anything else that a person does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update

from helpdesk.answers.filling import filled_in
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.macros.models import Macro, MacroRun, Says
from helpdesk.notify.filled import reads, the_desk
from helpdesk.people.access import Actor, Denied
from helpdesk.rules.actions import Running, action_of
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.content import Step
from helpdesk.rules.facts import Facts
from helpdesk.rules.setting import DONE, GONE
from helpdesk.tickets import services
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import Clash, Refused
from helpdesk.tickets.services.act import Manner, done_together, present_manner
from helpdesk.tickets.services.talk import check_writable

KEPT = timedelta(days=180)
FORGOTTEN_AT_ONCE = 2000


@dataclass(slots=True)
class Done:
    """What a macro did to a ticket: what came of each action, and what it wrote."""

    said: list[tuple[Step, str]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything came of it."""
        return bool(self.entries) or any(word == DONE for _step, word in self.said)


Looked = TypeVar("Looked")


def text_for(actor: Actor, macro: Macro, ticket: Ticket) -> str:
    """Return the macro's text for a ticket, as Markdown; empty when it says nothing."""
    if macro.says == Says.NOTHING:
        return ""
    desk = the_desk()
    wanted = reads(ticket.requester or ticket.customer, desk)
    if macro.says == Says.NOTE:
        # Colleagues read a note, not the customer.
        wanted = actor.language
    language, text = macro.text.text_in((wanted, desk.language))
    return filled_in(actor, text, language, ticket).strip() if text else ""


def run(actor: Actor, macro: Macro, ticket: Ticket, text: str, *, undo_for: int) -> Done:
    """Do everything that a macro says, the text first. The manner it is done in says why.

    Raises Denied, Refused, Clash, WrongRule; the caller then undoes what was begun.
    """
    check_writable(ticket)
    done = Done()
    newest = _newest(ticket)
    if macro.at_once and text:
        if macro.says == Says.REPLY:
            services.reply(actor, ticket, services.Said(text), hold=undo_for)
        else:
            services.note(actor, ticket, services.Said(text), undo_for=undo_for)
    running = Running(
        actor=actor,
        facts=Facts(ticket),
        rule_id=None,
        rule_name=macro.name,
        version=macro.version,
        quiet=present_manner().quiet,
    )
    for step in macro.steps:
        word = action_of(step.do).run(running, step.given)
        if word == GONE:
            action = action_of(step.do).label
            said = _l("%(action)s: what it needs is gone, or nobody is there", action=action)
            raise Refused("macro-gone", said)
        done.said.append((step, word))
    db.session.flush()
    written = select(Entry).where(Entry.ticket_id == ticket.id, Entry.id > newest)
    done.entries = list(db.session.scalars(written.order_by(Entry.id)))
    return done


def _newest(ticket: Ticket) -> int:
    statement = select(Entry.id).where(Entry.ticket_id == ticket.id)
    return db.session.scalar(statement.order_by(Entry.id.desc()).limit(1)) or 0


def manner(macro: Macro, run_id: int, ticket: Ticket, group: str | None, undo_for: int) -> Manner:
    """Return how the acts of a macro are done: together, and with the macro's name."""
    by = {"macro": macro.id, "name": macro.name, "run": run_id}
    return Manner(group, present_manner().quiet, by=by, ticket_id=ticket.id, undo_for=undo_for)


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Undo what was begun within the block when it is refused."""
    with db.session.begin_nested():
        yield


# ---- Before it is done ----


class _TakenBack(Exception):
    """Ends a trial."""


def foresee(
    actor: Actor, macro: Macro, ticket: Ticket, text: str, look: Callable[[Done], Looked]
) -> Looked | str:
    """Say what a macro would do, by doing it and taking it back before anybody sees it.

    So the answer is what the verbs would say, with what the desk's rules then do by themselves.
    ``look`` reads what it wants to know while it stands. A plain string says why not.
    """
    found: Looked | str = ""
    # What is shown needs not say line by line that it is by this macro.
    how = replace(manner(macro, 0, ticket, None, 0), by=None)
    try:
        with db.session.begin_nested(), done_together(how):
            found = look(run(actor, macro, ticket, text, undo_for=0))
            raise _TakenBack
    except _TakenBack:
        pass
    except (Refused, Denied, Clash, WrongRule) as refusal:
        found = why_not(refusal)
    db.session.expire_all()
    return found


def why_not(refusal: Exception) -> str:
    """Return in words why a macro does nothing to a ticket."""
    if isinstance(refusal, Refused):
        return str(refusal)
    if isinstance(refusal, Denied):
        return str(_("Not allowed"))
    if isinstance(refusal, WrongRule):
        return str(_("The macro names something that is not known any more."))
    return str(_("Changed meanwhile"))


# ---- Once ----


def was_pressed(actor: Actor, press: str) -> bool:
    """Whether this press of the button was dealt with already.

    The tickets have to be locked, so that of two presses the later one sees the first.
    """
    statement = select(MacroRun.id).where(
        MacroRun.person_id == actor.person_id, MacroRun.press == press
    )
    return db.session.scalar(statement) is not None


def begin(actor: Actor, macro: Macro, press: str, tickets: int) -> MacroRun:
    """Write down that somebody runs a macro, and count it."""
    row = MacroRun(
        macro_id=macro.id,
        person_id=actor.person_id,
        press=press,
        at=now(),
        actions=macro.actions,
        tickets=tickets,
    )
    db.session.add(row)
    # Counted by the database: two people may run it at the same moment.
    counted = {"used": Macro.used + 1, "used_at": now()}
    db.session.execute(update(Macro).where(Macro.id == macro.id).values(counted))
    db.session.flush()
    return row


def take_back(run: MacroRun) -> None:
    """Forget a run that came to nothing, so that it can be tried again."""
    counted = Macro.used - 1
    db.session.execute(update(Macro).where(Macro.id == run.macro_id).values(used=counted))
    db.session.delete(run)
    db.session.flush()


@job(every=3600)
def forget_macro_runs() -> int:
    """Delete runs that are older than anybody looks at, some at a time."""
    total = 0
    while True:
        with transaction():
            old = select(MacroRun.id).where(MacroRun.at < now() - KEPT).order_by(MacroRun.at)
            keys = db.session.scalars(old.limit(FORGOTTEN_AT_ONCE)).all()
            db.session.execute(delete(MacroRun).where(MacroRun.id.in_(keys)))
        total += len(keys)
        if len(keys) < FORGOTTEN_AT_ONCE:
            return total

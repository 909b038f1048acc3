"""Events of the journal as sentences in the reader's language.

An event keeps the verb that wrote it and old and new values; here they become "Priya handed it
over from Desktop to Network & VPN". What a release does not know (an entry written by a newer
one, a redacted one) still reads as something, and never fails.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup

from helpdesk.people.access import SYSTEM, Actor
from helpdesk.tickets import wording
from helpdesk.tickets.given_sentences import acknowledged, given
from helpdesk.tickets.lifecycle import LinkType
from helpdesk.tickets.models import Entry
from helpdesk.tickets.promise_sentences import expected, explained, passed, promised, replayed
from helpdesk.tickets.saying import Changes
from helpdesk.tickets.saying import bold as _bold
from helpdesk.tickets.saying import name as _name
from helpdesk.tickets.saying import pair as _pair
from helpdesk.tickets.saying import say as _say
from helpdesk.tickets.saying import when as _when
from helpdesk.tickets.supplier_sentences import part_waits
from helpdesk.tickets.told_sentences import told
from helpdesk.tickets.undelivered_sentences import undelivered
from helpdesk.tickets.undone_sentences import undone
from helpdesk.tickets.written_by import macro_of, policy_of, rule_of
from helpdesk.web.i18n import duration


def who(entry: Entry, reader: Actor | None) -> Markup:
    """Return who did it: "You", a name, or the house. On paper, without a reader, the name."""
    if entry.author_id is None:
        policy = policy_of(entry)
        if policy:
            # i18n: a policy of promises, as the one who did something
            return _bold(_("The policy “%(name)s”", name=policy))
        rule = rule_of(entry)
        # i18n: a rule of the desk, as the one who did something
        return _bold(_("The rule “%(name)s”", name=rule)) if rule else _bold(SYSTEM.name)
    if reader is not None and entry.author_id == reader.person_id:
        return _bold(_("You"))
    return _bold(entry.author.name if entry.author is not None else "?")


def sentence(entry: Entry, reader: Actor | None) -> Markup:
    """Return what an event says, as one line of safe HTML without a full stop."""
    changes: Changes = entry.changes or {}
    name = who(entry, reader)
    # Of a link only the copy of the other's subject is redacted; which ticket it was is told.
    if entry.redacted_at is not None and not changes:
        return _say(_("%(who)s: this entry was redacted"), who=name)
    maker = _SENTENCES.get(entry.verb)
    said = maker(name, changes) if maker is not None else None
    if said is None:
        said = _say(_("%(who)s changed the ticket"), who=name)
        told: frozenset[str] = frozenset()
    else:
        told = _TOLD.get(entry.verb, frozenset())
    more = extras(changes, without=told)
    if more:
        said += Markup(", ") + Markup(", ").join(more)
    if macro := macro_of(entry):
        # i18n: after the sentence that says what somebody did: with which macro
        said += _say(_(", by the macro “%(name)s”"), name=macro)
    if entry.body and entry.verb not in _BODY_APART:
        said += _say(_(": %(text)s"), text=entry.body)  # i18n: what was typed about the change
    return said


def extras(changes: Changes | None, *, without: frozenset[str] = frozenset()) -> list[Markup]:
    """Return the field changes that came along: "status New → Working"."""
    found = []
    for field in changes or {}:
        label = _FIELDS.get(field)
        if label is None or field in without:
            continue
        pair = _pair(changes or {}, field)
        if pair == (None, None) or (field in _ENDS and pair[1] is None):
            continue
        old, new = (_value(field, side) for side in pair)
        found.append(
            _say(_("%(field)s %(old)s → %(new)s"), field=label(), old=old, new=_bold(new))
            if pair[0] not in (None, "")
            else _say(_("%(field)s %(new)s"), field=label(), new=_bold(new))
        )
    return found


def _value(field: str, value: object) -> str:
    """Return a field's value in the reader's words."""
    if value is None:
        return str(_("none"))
    tables: dict[str, Mapping[Any, object]] = {
        "priority": wording.PRIORITIES,
        "impact": wording.IMPACTS,
        "urgency": wording.URGENCIES,
        "kind": wording.KINDS,
        "outcome": wording.OUTCOMES,
        "hold_reason": wording.HOLD_REASONS,
        "bin_reason": wording.BIN_REASONS,
    }
    if field in tables:
        return wording.word(tables[field], value)
    if field == "status":
        return wording.status_name(_name(value))
    if field in {"wake_at", "hidden_at", "supplier_promised_at"}:
        return _when(value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return _name(value)


_FIELDS: dict[str, Callable[[], str]] = {
    "status": lambda: _("status"),
    "priority": lambda: _("priority"),
    "impact": lambda: _("impact"),
    "urgency": lambda: _("urgency"),
    "kind": lambda: _("kind"),
    "category": lambda: _("category"),
    "cause": lambda: _("cause"),
    "owner": lambda: _("owner"),
    "queue": lambda: _("queue"),
    "customer": lambda: _("customer"),
    "requester": lambda: _("asked by"),
    "organisation": lambda: _("organisation"),
    "outcome": lambda: _("outcome"),
    "wake_at": lambda: _("back on"),
    "supplier": lambda: _("supplier"),
    "supplier_reference": lambda: _("their number"),
    "supplier_promised_at": lambda: _("promised by"),
}

_ENDS = frozenset({"supplier_promised_at"})
"""Fields whose end says nothing that the act itself does not say."""


def _list(names: object) -> Markup:
    items = names if isinstance(names, (list, tuple)) else [names]
    return Markup(", ").join(_bold(_name(item)) for item in items)


def _ticket(value: object) -> Markup:
    """Name another ticket; whether the reader may open it is decided where it leads."""
    if not isinstance(value, Mapping) or not str(value.get("id", "")).isdigit():
        return _bold(_name(value))
    # The subject stays out: the other ticket may be restricted, or may have become so.
    return Markup('<a href="/tickets/{0}">#{0}</a>').format(value["id"])


# ---- One sentence a verb ----


def _assign(name: Markup, changes: Changes) -> Markup | None:
    before, after = _pair(changes, "assigned")
    if after is None:
        return None
    if before is not None and not isinstance(after, list):
        return _say(_("%(who)s gave it to %(target)s"), who=name, target=_list(after))
    return _say(_("%(who)s added an assignment for %(target)s"), who=name, target=_list(after))


def _covering(told: Callable[[Markup, Changes], Markup | None]) -> Callable[..., Markup | None]:
    """Say also for whom somebody covers who got it."""

    def said(name: Markup, changes: Changes) -> Markup | None:
        what, names = told(name, changes), _pair(changes, "covering")[1]
        if what is None or not names:
            return what
        return _say(_("%(said)s, covering for %(names)s"), said=what, names=_list(names))

    return said


def _moved(pattern: object) -> Callable[[Markup, Changes], Markup | None]:
    def say(name: Markup, changes: Changes) -> Markup | None:
        before, after = _pair(changes, "assigned")
        if after is None:
            return None
        return _say(pattern, who=name, before=_list(before), target=_list(after))

    return say


def _pass_on(name: Markup, changes: Changes) -> Markup | None:
    before, after = _pair(changes, "assigned")
    if before is None:
        return None
    if after is None:
        return _say(_("%(who)s took it off %(before)s"), who=name, before=_list(before))
    return _say(
        _("%(who)s passed it on from %(before)s to %(target)s"),
        who=name,
        before=_list(before),
        target=_list(after),
    )


def _resolve_assignment(name: Markup, changes: Changes) -> Markup:
    label = _pair(changes, "assignment")[0]
    return _say(_("%(who)s finished the part of %(target)s"), who=name, target=_list(label))


def _changed(pattern: object, field: str) -> Callable[[Markup, Changes], Markup | None]:
    """Return a maker of "… changed the field from old to new"."""

    def say(name: Markup, changes: Changes) -> Markup | None:
        if field not in changes:
            return None
        old, new = _pair(changes, field)
        return _say(pattern, who=name, old=_value(field, old), new=_bold(_value(field, new)))

    return say


_PRIORITY = _changed(_l("%(who)s changed the priority from %(old)s to %(new)s"), "priority")


def _priority(name: Markup, changes: Changes) -> Markup | None:
    if "priority" in changes:
        return _PRIORITY(name, changes)
    return _say(_("%(who)s changed how urgent it is"), who=name) if changes else None


def _tags(name: Markup, changes: Changes) -> Markup | None:
    old, new = _pair(changes, "tags")
    if not isinstance(old, list) or not isinstance(new, list):
        return None
    added = [tag for tag in new if tag not in old]
    removed = [tag for tag in old if tag not in new]
    if added and removed:
        return _say(
            _("%(who)s added %(added)s and removed %(removed)s"),
            who=name,
            added=_list(added),
            removed=_list(removed),
        )
    if removed:
        return _say(_("%(who)s removed the tag %(tags)s"), who=name, tags=_list(removed))
    return _say(_("%(who)s added the tag %(tags)s"), who=name, tags=_list(added))


def _copy(name: Markup, changes: Changes) -> Markup | None:
    old, new = _pair(changes, "copies")
    if new is not None:
        return _say(_("%(who)s added %(person)s to the copies"), who=name, person=_list(new))
    return _say(_("%(who)s took %(person)s off the copies"), who=name, person=_list(old))


def _link(name: Markup, changes: Changes) -> Markup | None:
    other = _pair(changes, "link")[1]
    return _linked(name, other, _("%(who)s linked %(ticket)s (%(type)s)"))


def _unlink(name: Markup, changes: Changes) -> Markup | None:
    other = _pair(changes, "link")[0]
    return _linked(name, other, _("%(who)s removed the link to %(ticket)s (%(type)s)"))


def _linked(name: Markup, other: object, pattern: str) -> Markup | None:
    if not isinstance(other, Mapping):
        return None
    try:
        relation = wording.LINKS[LinkType(str(other.get("type"))), bool(other.get("outward"))]
    except ValueError:
        relation = _("Related")
    return _say(pattern, who=name, ticket=_ticket(other), type=relation)


def _other_ticket(pattern: object, field: str) -> Callable[[Markup, Changes], Markup | None]:
    def say(name: Markup, changes: Changes) -> Markup | None:
        other = _pair(changes, field)[1]
        return _say(pattern, who=name, ticket=_ticket(other)) if other is not None else None

    return say


def _major(name: Markup, changes: Changes) -> Markup:
    if _pair(changes, "major")[1]:
        return _say(_("%(who)s declared a major incident"), who=name)
    return _say(_("%(who)s ended the major incident"), who=name)


def _tasks(name: Markup, changes: Changes) -> Markup | None:
    titles = _pair(changes, "tasks")[1]
    if not isinstance(titles, list):
        return None
    if len(titles) == 1:
        return _say(_("%(who)s added the task %(task)s"), who=name, task=_list(titles))
    count = ngettext("%(num)d task", "%(num)d tasks", len(titles))
    return _say(_("%(who)s added %(count)s"), who=name, count=_bold(count))


def _task(pattern: object) -> Callable[[Markup, Changes], Markup | None]:
    def say(name: Markup, changes: Changes) -> Markup | None:
        title = _pair(changes, "task")[0]
        return _say(pattern, who=name, task=_bold(title)) if title is not None else None

    return say


def _time(name: Markup, changes: Changes) -> Markup | None:
    seconds = _pair(changes, "time")[1]
    if not isinstance(seconds, int):
        return None
    if seconds < 0:
        return _say(_("%(who)s took off %(time)s"), who=name, time=_bold(duration(-seconds)))
    return _say(_("%(who)s spent %(time)s"), who=name, time=_bold(duration(seconds)))


def _hold(name: Markup, changes: Changes) -> Markup:
    wake = _pair(changes, "wake_at")[1]
    if wake is not None:
        return _say(_("%(who)s snoozed it until %(time)s"), who=name, time=_bold(_when(wake)))
    supplier = _pair(changes, "supplier")[1]
    if supplier is not None:
        return _say(
            _("%(who)s put it on hold for %(supplier)s"), who=name, supplier=_bold(_name(supplier))
        )
    return _say(_("%(who)s put it on hold"), who=name)


def _bin(name: Markup, changes: Changes) -> Markup:
    reason = _value("bin_reason", _pair(changes, "bin_reason")[1])
    return _say(_("%(who)s put it into the bin (%(reason)s)"), who=name, reason=reason)


def _plain(pattern: object) -> Callable[[Markup, Changes], Markup | None]:
    return lambda name, _changes: _say(pattern, who=name)


_SENTENCES: dict[str, Callable[[Markup, Changes], Markup | None]] = {
    "log": _plain(_l("%(who)s logged the ticket")),
    "link-alert": _plain(_l("%(who)s linked it to a notice on the alert board")),
    "unlink-alert": _plain(_l("%(who)s took it off a notice on the alert board")),
    "link-article": _plain(_l("%(who)s put an article beside it")),
    "unlink-article": _plain(_l("%(who)s took an article from beside it")),
    "tell-when-fixed": _plain(_l("%(who)s noted that the customer is told when it is fixed")),
    "tell-no-more": _plain(_l("%(who)s noted that the customer need not be told when it is fixed")),
    "assign": _covering(_assign),
    "hand-over": _covering(_moved(_l("%(who)s handed it over from %(before)s to %(target)s"))),
    "return": _covering(_moved(_l("%(who)s returned it from %(before)s to %(target)s"))),
    "pass-on": _pass_on,
    "acknowledge": acknowledged,
    "take": given(
        _l("%(who)s took it, given by Start next: %(reasons)s"), _plain(_l("%(who)s took it"))
    ),
    "resolve-assignment": _resolve_assignment,
    "set-owner": _changed(_l("%(who)s changed the owner from %(old)s to %(new)s"), "owner"),
    "change-status": _changed(_l("%(who)s changed the status from %(old)s to %(new)s"), "status"),
    "hold": _hold,
    "set-supplier": _plain(_l("%(who)s noted what the supplier said")),
    "part-waits": part_waits(
        _l("%(who)s let the part of %(queue)s wait for %(supplier)s"),
    ),
    "set-part-supplier": part_waits(
        _l("%(who)s noted what %(supplier)s said about the part of %(queue)s")
    ),
    "part-works": part_waits(
        _l("%(who)s took the part of %(queue)s up again, which waited for %(supplier)s"),
        before=True,
    ),
    "wake": _plain(_l("%(who)s brought it back to work")),
    "resolve": _plain(_l("%(who)s resolved it")),
    "close": _plain(_l("%(who)s closed it")),
    "reopen": _plain(_l("%(who)s reopened it")),
    "bin": _bin,
    "restore": _plain(_l("%(who)s took it out of the bin")),
    "set-priority": _priority,
    "set-category": _changed(
        _l("%(who)s changed the category from %(old)s to %(new)s"), "category"
    ),
    "set-kind": _changed(_l("%(who)s changed the kind from %(old)s to %(new)s"), "kind"),
    "set-cause": _changed(_l("%(who)s changed the cause from %(old)s to %(new)s"), "cause"),
    "set-subject": _changed(_l("%(who)s changed the subject from %(old)s to %(new)s"), "subject"),
    "set-customer": _plain(_l("%(who)s changed whom it is for")),
    "set-tags": _tags,
    "add-copy": _copy,
    "remove-copy": _copy,
    "link": _link,
    "unlink": _unlink,
    "merge": _other_ticket(_l("%(who)s merged %(ticket)s into this ticket"), "merged"),
    "merged": _other_ticket(_l("%(who)s merged this ticket into %(ticket)s"), "merged_into"),
    "split": _other_ticket(_l("%(who)s split a message off into %(ticket)s"), "split"),
    "refile": _other_ticket(_l("%(who)s filed a message in %(ticket)s instead"), "refiled"),
    "set-major": _major,
    "add-tasks": _tasks,
    "task-done": _task(_l("%(who)s finished the task %(task)s")),
    "task-open": _task(_l("%(who)s opened the task %(task)s again")),
    "edit-task": _task(_l("%(who)s changed the task %(task)s")),
    "remove-task": _task(_l("%(who)s removed the task %(task)s")),
    "add-time": _time,
    "redact": _plain(_l("%(who)s redacted an entry")),
    "undo": undone,
    "reply": _plain(_l("%(who)s replied")),
    "broadcast": _plain(_l("%(who)s wrote to everybody concerned")),
    "note": _plain(_l("%(who)s wrote a note")),
    "call": _plain(_l("%(who)s noted a call")),
    "call-attempt": _plain(_l("%(who)s called, nobody answered")),
    "call-summary": _plain(_l("%(who)s shared a summary of a call")),
    "hear-supplier": _plain(_l("%(who)s wrote for the supplier")),
    "hear-doubted": _plain(_l("Somebody wrote as %(who)s")),
    "hear": _plain(_l("%(who)s wrote")),
    "write-aside": _plain(_l("%(who)s wrote to others")),
    "hear-aside": _plain(_l("%(who)s answered in a side conversation")),
    "close-aside": _plain(_l("%(who)s closed a side conversation")),
    "reopen-aside": _plain(_l("%(who)s opened a side conversation again")),
    "replay": replayed,
    "tell": told,
    "bounce": undelivered,
    "hear-automatic": _plain(_l("%(who)s answered automatically")),
    "promise-missed": promised(_l("Promise missed: %(promise)s")),
    "promise-warned": promised(_l("Warned that a promise is in danger: %(promise)s")),
    "promise-reminded": promised(_l("Reminded the supplier: %(promise)s")),
    "mistaken": _plain(_l("%(who)s declared a change of status a mistake")),
    "explain-miss": explained,
    "expect": expected,
    "expected-passed": passed,
}

_TOLD: dict[str, frozenset[str]] = {
    "set-owner": frozenset({"owner"}),
    "change-status": frozenset({"status"}),
    "set-priority": frozenset({"priority"}),
    "set-category": frozenset({"category"}),
    "set-kind": frozenset({"kind"}),
    "set-cause": frozenset({"cause"}),
    "set-subject": frozenset({"subject"}),
    "hold": frozenset({"wake_at", "supplier"}),
    "take": frozenset({"owner"}),
    "bin": frozenset({"hidden_at", "bin_reason"}),
    "wake": frozenset({"wake_at"}),
}
"""Fields that a verb's own sentence tells already."""

_BODY_APART = frozenset({"resolve", "redact"})
"""Verbs whose text is shown below the sentence, not within it."""

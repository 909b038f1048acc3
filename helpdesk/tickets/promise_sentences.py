"""What became of promises, as sentences of the journal."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from markupsafe import Markup, escape

from helpdesk.tickets import wording
from helpdesk.tickets.saying import Changes, bold, pair, say, when

_PROMISES: dict[str, Callable[[], str]] = {
    "acknowledge": lambda: _("Acknowledge"),
    "first-reply": lambda: _("First reply"),
    "next-reply": lambda: _("Next reply"),
    "fix": lambda: _("Fix"),
}
"""Promises in words; what they mean is worked out above this package (``sla``)."""


def replayed(name: Markup, changes: Changes) -> Markup:
    """Say which due moments are others now; of what is due no more, that."""
    found = pair(changes, "promises")[1]
    said = []
    for one in found if isinstance(found, list) else []:
        if not isinstance(one, Mapping):
            continue
        word = str(one.get("promise"))
        called = _PROMISES[word]() if word in _PROMISES else word
        if one.get("whose"):
            called = _("%(promise)s (%(whose)s)", promise=called, whose=one["whose"])
        before, after = pair(one, "due")
        if before == after:
            said.append(escape(called))
            continue
        due = [when(at) if at is not None else _("not due") for at in (before, after)]
        said.append(
            say(_("%(field)s %(old)s → %(new)s"), field=called, old=due[0], new=bold(due[1]))
        )
    if not said:
        return say(_("%(who)s worked the promises out anew"), who=name)
    return say(
        _("%(who)s worked the promises out anew: %(changes)s"),
        who=name,
        changes=Markup(", ").join(said),
    )


def _way(told: Mapping[str, object]) -> str | None:
    """Return by which way somebody outside was told; None for those who are told on screen."""
    if told.get("by") == "webhook":
        return str(_("another program was called"))
    if told.get("by") == "mail":
        to = told.get("to")
        return str(_("by mail to %(address)s", address=to) if to else _("by mail to the leads"))
    return None


def promised(pattern: object) -> Callable[[Markup, Changes], Markup]:
    """Say what became of a promise by itself: nobody did it."""

    def said(_name: Markup, changes: Changes) -> Markup:
        told = pair(changes, "promise")[1]
        word = str(told.get("promise")) if isinstance(told, Mapping) else ""
        share = told.get("percent") if isinstance(told, Mapping) else None
        name = _PROMISES[word]() if word in _PROMISES else word
        whose = told.get("whose") if isinstance(told, Mapping) else None
        called = bold(_("%(promise)s (%(whose)s)", promise=name, whose=whose) if whose else name)
        way = _way(told) if isinstance(told, Mapping) else None
        if way is not None:
            called = say(_("%(promise)s, %(way)s"), promise=called, way=way)
        if share is None:
            return say(pattern, promise=called)
        what = say(pattern, promise=called)
        return say(_("%(said)s, %(share)s%% used"), said=what, share=share)

    return said


def explained(name: Markup, changes: Changes) -> Markup:
    """Say why promises were missed."""
    found = pair(changes, "missed")[1]
    told = found if isinstance(found, Mapping) else {}
    words = [str(word) for word in told.get("promises") or ()]
    called = ", ".join(_PROMISES[word]() if word in _PROMISES else word for word in words)
    return say(
        _("%(who)s said why it was missed (%(promises)s): %(reason)s"),
        who=name,
        promises=called,
        reason=bold(wording.word(wording.MISS_REASONS, str(told.get("reason")))),
    )


def expected(name: Markup, changes: Changes) -> Markup:
    """Say when the customer may expect it, or that nobody can say any more."""
    before, after = pair(changes, "expected_at")
    if after is None:
        return say(_("%(who)s took back the time the customer was told"), who=name)
    if before is None:
        return say(_("%(who)s expects it to be done by %(time)s"), who=name, time=bold(when(after)))
    return say(
        _("%(who)s expects it to be done by %(new)s instead of %(old)s"),
        who=name,
        new=bold(when(after)),
        old=when(before),
    )


def passed(_name: Markup, changes: Changes) -> Markup:
    """Say that the time the customer was told has passed: nobody did it."""
    told = pair(changes, "passed")[1]
    return say(_("The customer was told %(time)s, which has passed"), time=bold(when(told)))

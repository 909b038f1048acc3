"""The page of one's own notices, and the bell that counts them."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from helpdesk.kb.events import News
from helpdesk.kb.queries.choosing import title_of
from helpdesk.notify import notices
from helpdesk.notify.models import Notice
from helpdesk.notify.notices import COUNTED, PAGE, Kind
from helpdesk.notify.quiet import QuietHours
from helpdesk.notify.wishes import Wishes
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.people.services import own
from helpdesk.people.services.reachable import why
from helpdesk.web.i18n import choose_language

bp = Blueprint("notices", __name__, template_folder="templates")

NAMES = {
    Kind.ASSIGNED: _l("Somebody assigns me a ticket"),
    Kind.MENTIONED: _l("Somebody mentions me"),
    Kind.ANSWERED: _l("A customer answers on my ticket, or on one I follow"),
    Kind.WATCHED: _l("A ticket I follow is resolved, reopened, put on hold or handed over"),
    Kind.DANGER: _l("A promise is in danger or was missed"),
    Kind.OVER_TIME: _l("The time a customer was told has passed"),
    Kind.TROUBLE_FIXED: _l("Trouble on the alert board is fixed, if I asked to be told"),
    Kind.UNDELIVERED: _l("A mail on my ticket could not be delivered"),
    Kind.NOT_SENT: _l("An answer of mine could not be sent"),
    Kind.BRAKED: _l("Nothing is sent by itself on my ticket any more, because it was too much"),
    Kind.RULE: _l("A rule tells me something"),
    Kind.RULE_STOPPED: _l("A rule was stopped because it did too much"),
    Kind.ARTICLE_DUE: _l("An article of mine is due for its review"),
    Kind.ARTICLE: _l("Something happens to an article I write, own or review"),
}
"""What each kind of notice is about, as the switches say it."""

ICONS = {
    Kind.ASSIGNED: "user-plus",
    Kind.MENTIONED: "at-sign",
    Kind.ANSWERED: "corner-down-left",
    Kind.WATCHED: "eye",
    Kind.DANGER: "timer",
    Kind.OVER_TIME: "alarm-clock",
    Kind.TROUBLE_FIXED: "circle-check",
    Kind.UNDELIVERED: "circle-alert",
    Kind.NOT_SENT: "circle-alert",
    Kind.BRAKED: "octagon-pause",
    Kind.RULE: "workflow",
    Kind.RULE_STOPPED: "octagon-pause",
    Kind.ARTICLE_DUE: "calendar-clock",
    Kind.ARTICLE: "book-open",
}
_PROMISES = {
    "acknowledge": _l("to acknowledge it"),
    "first-reply": _l("to reply first"),
    "next-reply": _l("to reply"),
    "fix": _l("to fix it"),
}


def in_danger(promise: str, *, missed: bool, whose: str = "") -> str:
    """Return what became of a promise, and whose it is, as a sentence without a full stop."""
    word = str(_PROMISES.get(promise, ""))
    what = _("The promise %(promise)s is in danger", promise=word)
    if missed:
        what = _("The promise %(promise)s was missed", promise=word)
    return str(_("%(whose)s: %(what)s", whose=whose, what=what) if whose else what)


def sentence(notice: Notice) -> Markup:
    """Return what a notice says, without the ticket's subject."""
    who = notice.actor.name if notice.actor is not None else None
    if notice.kind == Kind.DANGER:
        data = notice.data
        whose = str(data.get("whose") or "")
        told = in_danger(str(data.get("promise")), missed=bool(data.get("missed")), whose=whose)
        return escape(told)
    if notice.kind == Kind.OVER_TIME:
        return escape(_("The time the customer was told has passed: say a new one"))
    if notice.kind == Kind.NOT_SENT:
        return escape(_("An answer on it could not be sent"))
    if notice.kind == Kind.BRAKED:
        return escape(_("So much was sent by itself on it that it is held for an hour"))
    if notice.kind in {Kind.RULE, Kind.RULE_STOPPED}:
        return _of_rule(notice)
    if notice.kind == Kind.UNDELIVERED:
        return _of_undelivered(notice)
    if notice.kind in {Kind.ARTICLE_DUE, Kind.ARTICLE}:
        return _of_article(notice)
    patterns = {
        Kind.ASSIGNED: _("%(who)s assigned it to you"),
        Kind.MENTIONED: _("%(who)s mentioned you"),
        Kind.ANSWERED: _("%(who)s answered"),
        Kind.WATCHED: _("%(who)s changed it"),
        Kind.TROUBLE_FIXED: _("%(who)s marked as fixed what you asked about"),
    }
    if notice.kind == Kind.ANSWERED and notice.data.get("doubted"):
        patterns[Kind.ANSWERED] = _("Somebody wrote as %(who)s and could not be verified")
    elif notice.kind == Kind.ANSWERED:
        if notice.data.get("aside"):
            patterns[Kind.ANSWERED] = _("%(who)s answered in a side conversation")
        customer = notice.ticket.customer.name if notice.ticket is not None else ""
        who = str(notice.data.get("supplier") or customer)
    pattern = patterns.get(Kind(notice.kind), "%(who)s")
    return escape(pattern) % {"who": Markup("<b>{}</b>").format(who or "Hearth")}


def _of_article(notice: Notice) -> Markup:
    """Return what became of an article."""
    sayings = {
        News.DUE: _("Look whether it is still right: its review is due"),
        News.SUBMITTED: _("%(who)s asks you to review it"),
        News.SENT_BACK: _("%(who)s sent it back: %(reason)s"),
        News.PUBLISHED: _("%(who)s published it"),
        News.FLAGGED: _("%(who)s says something is wrong: %(text)s"),
        News.FLAG_CLOSED: _("%(who)s dealt with what you said was wrong"),
        News.HANDED_OVER: _("%(who)s made you its owner"),
    }
    data = notice.data
    who = notice.actor.name if notice.actor is not None else "Hearth"
    number = data.get("number")
    what = News(str(data.get("what")))
    said = sayings[what]
    if what is News.HANDED_OVER and isinstance(number, int) and number > 1:
        more = ngettext("%(num)d more", "%(num)d more", number - 1)
        said = _("%(who)s made you its owner, and that of %(more)s", who="%(who)s", more=more)
    if what is News.SENT_BACK and not data.get("reason"):
        said = _("%(who)s sent it back")
    return escape(said) % {
        "who": Markup("<b>{}</b>").format(who),
        "reason": str(data.get("reason") or ""),
        "text": str(data.get("text") or ""),
    }


def _of_undelivered(notice: Notice) -> Markup:
    """Return whom a mail did not reach, and why."""
    address, reason = str(notice.data.get("address") or ""), str(notice.data.get("reason") or "")
    if reason == "complaint":
        said = _("The provider of %(address)s reports a mail of ours as unwanted")
        return escape(said) % {"address": Markup("<b>{}</b>").format(address)}
    said = _("Mail to %(address)s could not be delivered: %(reason)s")
    return escape(said) % {"address": Markup("<b>{}</b>").format(address), "reason": why(reason)}


def _of_rule(notice: Notice) -> Markup:
    """Return what a rule tells, or why it was stopped."""
    if policy := str(notice.data.get("policy") or ""):
        what = _("The steps of “%(policy)s” did too much within an hour and rest", policy=policy)
        return escape(what)
    rule, text = str(notice.data.get("rule") or ""), str(notice.data.get("text") or "")
    if notice.kind == Kind.RULE:
        return escape(text or _("The rule “%(rule)s” tells you of this", rule=rule))
    if notice.data.get("why") == "brake":
        return escape(_("The rule “%(rule)s” did too much within an hour and is off", rule=rule))
    return escape(_("The rule “%(rule)s” came back to this ticket too often and rests", rule=rule))


def bell() -> Markup | str:
    """Return the number on the bell, for the frame of every page of staff."""
    actor = actor_or_none()
    if actor is None or actor.person_id is None or not actor.can(Permission.TICKET_READ):
        return ""
    count = notices.unseen(actor)
    said = f"{COUNTED}+" if count > COUNTED else str(count or "")
    return Markup(  # noqa: S704 (our own template)
        render_template("notify/_bell.html", person_id=actor.person_id, count=said)
    )


@bp.get("/notices")
@require(Permission.TICKET_READ)
def home() -> str:
    """Show the reader's notices, newest first."""
    wishes = Wishes.read(current_actor().preferences)
    return _page(wishes, wishes.quiet.stored() if wishes.quiet else ["", ""])


def _page(wishes: Wishes, hours: list[str], problem: str = "") -> str:
    """Show the page; ``hours`` are the quiet hours as they are typed, ``problem`` what is wrong."""
    actor = current_actor()
    before = request.args.get("before", "")
    is_key = before.isascii() and before.isdecimal() and len(before) < 16
    found = notices.newest(actor, before=int(before) if is_key else None)
    return render_template(
        "notify/notices.html",
        rows=found[:PAGE],
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        sentence=sentence,
        title_of=title_of,
        language=choose_language(),
        icons=ICONS,
        switches=NAMES,
        wishes=wishes,
        hours=hours,
        problem=problem,
    )


@bp.get("/notices/bell", endpoint="bell")
@require(Permission.TICKET_READ)
def bell_again() -> str:
    """Return the number on the bell anew."""
    return str(bell())


@bp.post("/notices/seen")
@require(Permission.TICKET_READ)
def seen() -> Response:
    """Say that the reader has seen them all."""
    notices.mark_seen(current_actor())
    return redirect(url_for("notices.home"), 303)


@bp.post("/notices/switches")
@require(Permission.TICKET_READ)
def switch() -> Response:
    """Choose what to be told of."""
    wanted = set(request.form.getlist("kind"))
    mailed = set(request.form.getlist("mail"))
    hours = [request.form.get(name, "").strip() for name in ("quiet_from", "quiet_until")]
    unwanted = [kind for kind in Kind if kind not in wanted]
    by_mail = [kind for kind in Kind if kind in mailed]
    quiet = QuietHours.read(hours)
    if quiet is None and any(hours):
        typed = Wishes(frozenset(unwanted), frozenset(by_mail))
        return make_response(_page(typed, hours, _wrong_hours(hours)), 422)
    actor = current_actor()
    own.set_unwanted_notices(actor, unwanted)
    own.set_mailed_notices(actor, by_mail, quiet.stored() if quiet else None)
    flash(_("Saved"))
    return redirect(url_for("notices.home"), 303)


def _wrong_hours(hours: list[str]) -> str:
    """Return what is wrong with quiet hours that can't be read."""
    if all(hours) and hours[0] != hours[1]:
        return str(_("Write times like 21:00 and 07:30."))
    return str(_("Say both from when and until when, or neither."))

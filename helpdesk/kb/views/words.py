"""How the knowledge base says things: states, kinds, readers, problems, what happened."""

from typing import Any

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from helpdesk.kb.models import Article, ArticleEvent, Audience, Kind, State
from helpdesk.kb.queries import choosing
from helpdesk.kb.services import LANGUAGES
from helpdesk.kb.services.workflow import is_due, pending
from helpdesk.kb.steps import MAX_ANSWERS, MAX_STEPS, Problem, Wrong
from helpdesk.web.i18n import HTML_LANGUAGES, choose_language
from helpdesk.web.i18n import LANGUAGES as OUR_LANGUAGES

KINDS = {
    Kind.HOW_TO: _l("How-to"),
    Kind.KNOWN_ERROR: _l("Known error"),
    Kind.FAQ: _l("Question and answer"),
    Kind.TROUBLESHOOTING: _l("Troubleshooting"),
    Kind.GENERAL: _l("General"),
}
KIND_HINTS = {
    Kind.HOW_TO: _l("Steps that lead to a result"),
    Kind.KNOWN_ERROR: _l("Symptom, cause, a way around, the fix"),
    Kind.FAQ: _l("Questions people ask, and short answers"),
    Kind.TROUBLESHOOTING: _l("One question at a time, until it is solved or handed over"),
    Kind.GENERAL: _l("Anything else"),
}
KIND_ICONS = {
    Kind.HOW_TO: "list-checks",
    Kind.KNOWN_ERROR: "bug",
    Kind.FAQ: "circle-question-mark",
    Kind.TROUBLESHOOTING: "workflow",
    Kind.GENERAL: "file-text",
}
STATES = {
    State.DRAFT: _l("Draft"),
    State.REVIEW: _l("In review"),
    State.PUBLISHED: _l("Published"),
    State.RETIRED: _l("Retired"),
}
AUDIENCES = {
    Audience.PUBLIC: _l("Everybody, customers too"),
    Audience.CUSTOMERS: _l("People of some organisations, and staff"),
    Audience.STAFF: _l("All staff"),
    Audience.TEAMS: _l("Some teams"),
}
AUDIENCE_ICONS = {
    Audience.PUBLIC: "users",
    Audience.CUSTOMERS: "layers",
    Audience.STAFF: "headset",
    Audience.TEAMS: "lock",
}
TIES = {
    "suggested_used": _l("Used"),
    "inserted": _l("Sent"),
    "linked": _l("Linked"),
    "written_from": _l("Written from it"),
}
REASON_WORDS = {
    "outdated": _l("It is out of date"),
    "steps": _l("Steps don't match"),
    "unclear": _l("I don't understand it"),
    "other": _l("Something else"),
}
VIEW_NAMES = {
    "drafts": _l("My drafts"),
    "review": _l("To review"),
    "due": _l("Review due"),
    "mine": _l("My articles"),
}
VIEW_ICONS = {
    "drafts": "pencil",
    "review": "clipboard-check",
    "due": "calendar-clock",
    "mine": "user-round",
}


def callouts(language: str) -> dict[str, str]:
    """Return what the four callouts are called in the article's language, as far as we speak it."""
    with force_locale(language if language in OUR_LANGUAGES else choose_language()):
        return {
            "note": str(_("Note")),
            "tip": str(_("Tip")),
            "warning": str(_("Warning")),
            "danger": str(_("Danger")),
        }


def language_name(code: str) -> str:
    """Return a language by its own name."""
    return LANGUAGES.get(code, code)


def state_of(article: Article) -> tuple[str, str]:
    """Return where an article stands, in a word, and the tone of its tag."""
    if article.state == State.PUBLISHED and is_due(article):
        return str(_("Review due")), "warn"
    tones = {
        State.DRAFT: "note",
        State.REVIEW: "pause",
        State.PUBLISHED: "ok",
        State.RETIRED: "",
    }
    state = State(article.state)
    return str(STATES[state]), tones[state]


def change_of(article: Article) -> str:
    """Say that readers do not see all of a published article yet; empty when they do."""
    if article.state != State.PUBLISHED or not pending(article):
        return ""
    return str(_("Change in review") if article.submitted_at else _("Change not published"))


def problem_in_words(problem: Problem) -> str:
    """Say what is wrong with a troubleshooting tree."""
    step, word = problem.step, problem.word
    sayings = {
        Wrong.NO_STEPS: _("There is no step yet. Begin one with “## Step: name”."),
        Wrong.MANY_STEPS: _("There are more than %(n)d steps.", n=MAX_STEPS),
        Wrong.NO_NAME: _("A step has no name."),
        Wrong.TWICE: _("There are two steps “%(step)s”.", step=step),
        Wrong.EMPTY: _("The step “%(step)s” asks nothing.", step=step),
        Wrong.UNKNOWN: _(
            "An answer of “%(step)s” leads to “%(word)s”, which there is not.",
            step=step,
            word=word,
        ),
        Wrong.NO_LABEL: _("An answer of “%(step)s” says nothing before its arrow.", step=step),
        Wrong.DEAD_END: _(
            "After “%(step)s” nothing comes: give it answers, “- solved” or “- hand over”.",
            step=step,
        ),
        Wrong.BOTH: _("“%(step)s” has answers and an end. It can have one of them.", step=step),
        Wrong.MANY_ANSWERS: _("“%(step)s” has more than %(n)d answers.", step=step, n=MAX_ANSWERS),
        Wrong.ENDLESS: _("From “%(step)s” there is no way to an end.", step=step),
        Wrong.UNREACHABLE: _("No answer leads to “%(step)s”.", step=step),
    }
    return str(_("Line %(line)d: %(what)s", line=problem.line, what=sayings[problem.wrong]))


_FIELDS = {
    "kind": _l("kind"),
    "audience": _l("who may read it"),
    "category_id": _l("category"),
    "tags": _l("tags"),
    "team_ids": _l("teams"),
    "organisation_ids": _l("organisations"),
    "owner_id": _l("owner"),
    "reviewer_id": _l("reviewer"),
    "review_months": _l("time between reviews"),
}


def what_happened(event: ArticleEvent) -> Markup:
    """Return a line of an article's journal as a sentence; who did it is bold."""
    data = event.data
    language = language_name(str(data.get("language", "")))
    number = data.get("number")
    changes = data.get("changes")
    fields = ", ".join(
        str(_FIELDS.get(name, name)) for name in (changes if isinstance(changes, dict) else {})
    )
    versions = data.get("versions")
    named = ", ".join(
        f"{language_name(str(key))} {value}"
        for key, value in (versions.items() if isinstance(versions, dict) else ())
    )
    sayings: dict[str, Any] = {
        "created": _("%(who)s began it"),
        "saved": _("%(who)s saved version %(number)s, %(language)s"),
        "restored": _("%(who)s brought back version %(earlier)s as %(number)s, %(language)s"),
        "translated": _("%(who)s began the translation, %(language)s"),
        "submitted": _("%(who)s asked for a review"),
        "sent-back": _("%(who)s sent it back"),
        "published": _("%(who)s published it: %(versions)s"),
        "checked": _("%(who)s said that it is still right"),
        "retired": _("%(who)s retired it"),
        "brought-back": _("%(who)s brought it back as a draft"),
        "changed": _("%(who)s changed: %(fields)s"),
        "handed-over": _("%(who)s handed it over"),
        "flagged": _("%(who)s said that something is wrong"),
        "flag-closed": _("%(who)s dealt with what was wrong"),
        "file-removed": _("%(who)s took a file off: %(name)s"),
        "related": _("%(who)s put it together with %(key)s"),
        "unrelated": _("%(who)s took it apart from %(key)s"),
        "imported": _("%(who)s imported it"),
    }
    pattern = sayings.get(event.kind, "%(who)s")
    who = event.actor.name if event.actor is not None else "Hearth"
    return escape(pattern) % {
        "who": Markup("<b>{}</b>").format(who),
        "number": number or "",
        "earlier": data.get("earlier", ""),
        "language": language,
        "versions": named,
        "fields": fields,
        "name": data.get("name", ""),
        "key": data.get("key", ""),
    }


def said_with(event: ArticleEvent) -> str:
    """Return the words somebody gave along: a reason, a note, an answer."""
    for name in ("reason", "note", "text", "answer"):
        if event.data.get(name):
            return str(event.data[name])
    return ""


def helpful_share(article: Article) -> str:
    """Say how many found it helpful; empty before anybody said."""
    total = article.helpful + article.unhelpful
    if not total:
        return ""
    percent = round(100 * article.helpful / total)
    people = ngettext("%(num)d person", "%(num)d people", total)
    return str(_("%(percent)d%% of %(people)s said yes", percent=percent, people=people))


WHYS = {
    "flagged": _l("somebody says it is wrong"),
    "due": _l("review is due"),
    "translation": _l("a translation is behind"),
}
"""Why an article may not be true any more."""


def context() -> dict[str, Any]:
    """Return what all templates of this room say things with."""
    return {
        "kinds": KINDS,
        "kind_icons": KIND_ICONS,
        "states": STATES,
        "audiences": AUDIENCES,
        "audience_icons": AUDIENCE_ICONS,
        "tongues": LANGUAGES,
        "language_name": language_name,
        "state_of": state_of,
        "change_of": change_of,
        "what_happened": what_happened,
        "said_with": said_with,
        "helpful_share": helpful_share,
        "ties": TIES,
        "article_title": lambda article: choosing.title_of(article, choose_language()),
        "html_languages": HTML_LANGUAGES,
    }

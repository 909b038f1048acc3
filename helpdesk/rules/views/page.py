"""What the page of a rule is made from, whether it is read, edited or shown again."""

from dataclasses import dataclass, field
from typing import Any

from flask import render_template, request
from markupsafe import Markup

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Clash
from helpdesk.rules import draft, listed, saving, stored
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.content import Content, Folder
from helpdesk.rules.draft import Draft
from helpdesk.rules.drafted import Faulty, content_of
from helpdesk.rules.models import Rule
from helpdesk.rules.named import failing
from helpdesk.rules.sentence import sentence


@dataclass(slots=True)
class Editor:
    """A rule as it stands in the editor."""

    rule: Rule | None
    name: str
    folder: str
    seen: int
    draft: Draft
    content: Content | None = None
    """What it says; None while it could not be kept."""
    wrong: dict[str, str] = field(default_factory=dict)
    """What could not be kept, by place; shown only when somebody wanted to save it."""
    shows_wrong: bool = False
    clash: Clash | None = None

    @property
    def rule_id(self) -> int:
        """The number of the rule; 0 for a new one."""
        return self.rule.id if self.rule is not None else 0

    @property
    def is_changed(self) -> bool:
        """Whether it says something else than what is kept."""
        if self.rule is None:
            return True
        if self.name != self.rule.name or self.folder != self.rule.folder or self.content is None:
            return True
        return self.content.to_json() != stored.raw_content_of(self.rule)

    @property
    def said(self) -> Markup | None:
        """The rule as a sentence; None while something is missing."""
        return sentence(self.content) if self.content is not None else None

    def error(self, place: str) -> str:
        """Return what is wrong at a place of the form; empty when nothing is to be said."""
        return self.wrong.get(place, "") if self.shows_wrong else ""


def rule_of(rule_id: int, *, edit: bool = False) -> Rule | None:
    """Return a rule, None for a new one. Raises Denied, Missing."""
    actor = guard.current_actor()
    if rule_id == 0:
        actor.demand(Permission.RULE_EDIT)
        return None
    return saving.rule_for(actor, rule_id, edit=edit)


def of_rule(rule: Rule) -> Editor:
    """Return the editor with a rule as it is kept."""
    shown = draft.from_stored(stored.raw_content_of(rule))
    found = Editor(rule, rule.name, rule.folder, rule.version, shown)
    return checked(found, show=bool(broken(rule)))


def of_new() -> Editor:
    """Return the editor with a new rule."""
    asked = request.args.get("folder", "")
    folder = asked if asked in set(Folder) else Folder.SORT.value
    return checked(Editor(None, "", folder, 0, draft.begin()))


def of_form(rule: Rule | None) -> Editor:
    """Return the editor as the browser sent it."""
    sent = request.form
    folder, kept = sent.get("folder", ""), rule.folder if rule is not None else Folder.SORT.value
    seen = sent.get("seen", "")
    return checked(
        Editor(
            rule,
            " ".join(sent.get("name", "").split())[:100],
            folder if folder in set(Folder) else kept,
            int(seen) if seen.isdecimal() and len(seen) < 10 else 0,
            draft.read(sent),
        )
    )


def checked(editor: Editor, *, show: bool = False) -> Editor:
    """Work out what the editor says, or what is wrong with it."""
    editor.content, editor.wrong, editor.shows_wrong = None, {}, show
    try:
        editor.content = content_of(editor.draft)
    except Faulty as faulty:
        editor.wrong = faulty.wrong
    return editor


def broken(rule: Rule) -> str:
    """Return what is wrong with a rule as it is kept; empty when it can run."""
    try:
        stored.content_of(rule)
    except WrongRule as error:
        return str(error)
    return ""


def around(rule: Rule | None) -> dict[str, Any]:
    """Return what stands around every page of the room: the list, and what one may do."""
    actor = guard.current_actor()
    rows = listed.rules(actor)
    return {
        "listed": rows,
        "policy_steps": listed.policy_steps(actor),
        "rule": rule,
        "broken": next((one.broken for one in rows if rule and one.rule.id == rule.id), ""),
        "gone": next((one.gone for one in rows if rule and one.rule.id == rule.id), ()),
        "may_edit": actor.can(Permission.RULE_EDIT),
        "may_apply": actor.can(Permission.RULE_EDIT) and actor.can(Permission.TICKET_BULK),
        "theirs": None,
        "refusal": "",
        "oob": False,
        "may_see_webhooks": actor.can(Permission.SETUP_DESK),
        "may_see_policies": actor.can(Permission.SETUP_SLA),
    }


def show(editor: Editor, status: int = 200) -> Any:
    """Show the page of a rule."""
    context = around(editor.rule)
    context["failing"] = failing(editor.content) if editor.content is not None else []
    if editor.clash is not None and editor.rule is not None:
        context["theirs"] = _theirs(editor.rule)
    return render_template("rules/rule.html", editor=editor, **context), status


def _theirs(rule: Rule) -> Markup | None:
    """Return what somebody else made of the rule."""
    try:
        return sentence(stored.content_of(rule))
    except WrongRule:
        return None

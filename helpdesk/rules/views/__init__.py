"""The pages of rules: the list with a rule beside it, the editor, what a rule did and would do."""

from helpdesk.rules.views import aside, editing, looking, policies, values, why
from helpdesk.rules.views.blueprint import bp

__all__ = ["aside", "bp", "editing", "looking", "policies", "values", "why"]

"""Templates are compiled once for each language, with their fixed words already translated.

A page has hundreds of strings and icons that depend on the language alone. Looked up and escaped
at every request they were a third of its cost; folded in when the template is compiled they are
plain text. What has placeholders keeps them: ``_("by %(name)s", name=…)`` becomes a formatting of
the translated sentence.

Python code and the numbers of ``ngettext`` still ask the catalogue at run time, so the language
of a piece of work must not change while one of its templates is being rendered.
"""

from collections.abc import Callable, MutableMapping
from typing import Any

from flask.templating import Environment
from flask_babel import get_locale
from jinja2 import Template, nodes
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer

from helpdesk.web.assets import static_url
from helpdesk.web.atoms import icon, tag
from helpdesk.web.i18n import quick_gettext

TRANSLATORS = frozenset({"_", "gettext"})

PURE: dict[str, Callable[..., object]] = {"icon": icon, "static_url": static_url, "tag": tag}
"""Names in templates that always mean these functions, which give the same for the same."""


class _OurTemplate(Template):
    """A template that is never given globals of its own."""

    def _get_default_module(self, ctx: Context | None = None) -> Any:
        # Jinja compares the importer's globals with its own at every import, a page has dozens.
        return super()._get_default_module()


class Templates(Environment):
    """The application's templates. One that is asked for comes in the language of the moment."""

    template_class = _OurTemplate

    # The language of this environment; the application's own has none and compiles nothing.
    language: str | None = None

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self.by_language: dict[str, Templates] = {}

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 (Jinja's name for it)
    ) -> Template:
        """Return a template in the present language. Raises as Jinja does."""
        if self.language is not None:
            return super().get_template(name, parent, globals)
        return self._in(str(get_locale() or "")).get_template(name, parent, globals)

    def _in(self, language: str) -> "Templates":
        found = self.by_language.get(language)
        if found is None:
            # Two threads may both make one; either will do.
            found = self.overlay()
            found.language = language
            self.by_language[language] = found
        return found

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if self.language is not None:
            tree = _Folding(nodes.EvalContext(self, name)).visit(tree)
        return tree


class _Folding(NodeTransformer):
    """Replaces calls whose result is known by it."""

    def __init__(self, context: nodes.EvalContext) -> None:
        self.context = context

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 (the visitor's names)
        """Fold a translation, or a pure function of constants; inner calls first."""
        self.generic_visit(node)
        if not isinstance(node.node, nodes.Name) or node.dyn_args or node.dyn_kwargs:
            return node
        if node.node.name in TRANSLATORS and len(node.args) == 1:
            return _translated(node)
        if node.node.name in PURE:
            return self._evaluated(node, PURE[node.node.name])
        return node

    def _evaluated(self, node: nodes.Call, function: Callable[..., object]) -> nodes.Node:
        try:
            arguments = [each.as_const(self.context) for each in node.args]
            named = {each.key: each.value.as_const(self.context) for each in node.kwargs}
        except nodes.Impossible:
            return node
        return nodes.Const(function(*arguments, **named), lineno=node.lineno)


def _translated(node: nodes.Call) -> nodes.Node:
    said = node.args[0]
    if not isinstance(said, nodes.Const):
        return node
    # As Jinja's own gettext: the sentence is markup of ours, what is filled in gets escaped.
    text = nodes.MarkSafeIfAutoescape(nodes.Const(quick_gettext(said.value)))
    filled = nodes.Dict([nodes.Pair(nodes.Const(each.key), each.value) for each in node.kwargs])
    return nodes.Mod(text, filled, lineno=node.lineno)

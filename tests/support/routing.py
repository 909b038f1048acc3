"""Desks that begin in a moment: what Werkzeug makes of an address is made once in a process.

For each of some five hundred rules two functions are compiled that build its address, which is
seven eighths of making an application. The suite makes hundreds of applications with the same
rules, so functions made for one are given to the next. The product itself makes one application
and has no use for this.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_made: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}


def remember_builders() -> None:
    """Let all applications of this process share what builds their addresses."""
    make = Rule._compile_builder

    def remembered(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        # All that the function is made of: it knows nothing of the map or the application.
        defaults: Any = sorted((rule.defaults or {}).items(), key=str)
        key = (rule.rule, tuple(rule._trace), repr(defaults), append_unknown)
        if key not in _made:
            _made[key] = make(rule, append_unknown)
        return _made[key]

    Rule._compile_builder = remembered  # type: ignore[method-assign, assignment]

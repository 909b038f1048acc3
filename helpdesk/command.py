"""What every command of ``helpdesk`` shares: the application, and printing for people or programs.

A command that needs the desk is decorated with ``with_desk``; the application is made only then,
so that commands without a database start fast and work without one. ``json_option`` adds
``--json``: one JSON object a line instead of text.
"""

import functools
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def with_desk(function: F) -> F:
    """Run the command inside an application context, made by the callable in ``ctx.obj``."""

    @click.pass_context
    def inside(context: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        app = context.find_root().obj()
        with app.app_context():
            return context.invoke(function, *args, **kwargs)

    return functools.update_wrapper(inside, function)  # type: ignore[return-value]


def json_option(function: F) -> F:
    """Add ``--json`` to a command; it arrives as ``as_json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs."
    )(function)


def emit(
    as_json: bool, record: Mapping[str, object], text: str | None = None, *, err: bool = False
) -> None:
    """Print one result: the record as JSON, or the text (the record's values by default).

    ``err`` prints it to standard error, where standard output carries something else.
    """
    if as_json:
        click.echo(json.dumps(record, ensure_ascii=False, default=_plain), err=err)
    else:
        said = text if text is not None else "  ".join(str(v) for v in record.values())
        click.echo(said, err=err)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)

"""What every command of ``helpdesk`` shares: the application, and printing for people or programs.

A command that needs the desk is decorated with ``with_desk``; the application is made only then,
so that commands without a database start fast and work without one. ``json_option`` adds
``--json``: one JSON object a line instead of text. ``LazyGroup`` is a group whose commands are
imported when they are used.
"""

import functools
import gc
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Place(NamedTuple):
    """Where a command is, and what the list of commands says about it without importing it."""

    where: str
    """``module:name``."""
    says: str
    """One short sentence."""
    topic: str = "Commands"
    """The heading under which it is listed."""


class LazyGroup(click.Group):
    """A group of commands, each imported when it is used.

    The whole desk takes a second of CPU to import, and `helpdesk mail parse` and `--help` need
    none of it. This is the one place where our own code is imported by name while the program
    runs, instead of at the top of a module: commands stand above everything else, so no direction
    between rooms is hidden by it.
    """

    def __init__(self, name: str, places: Mapping[str, Place], **options: Any) -> None:
        super().__init__(name, **options)
        self.places = dict(places)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which they are listed."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is none of this name."""
        place = self.places.get(cmd_name)
        command: click.Command | None = fetch(place.where) if place else None
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section for each topic."""
        for topic in dict.fromkeys(place.topic for place in self.places.values()):
            with formatter.section(topic):
                formatter.write_dl(
                    [
                        (name, place.says)
                        for name, place in self.places.items()
                        if place.topic == topic
                    ]
                )


def fetch(where: str) -> Any:
    """Import what ``module:name`` names.

    An import makes hundreds of thousands of objects that all stay. Looking through them for
    garbage again and again would take a third of the time, so the collector rests meanwhile, and
    leaves them alone afterwards.
    """
    module, _, name = where.partition(":")
    if module not in sys.modules and gc.isenabled():
        gc.disable()
        try:
            importlib.import_module(module)
        finally:
            calm_collector()
            gc.enable()
    return getattr(importlib.import_module(module), name)


def calm_collector() -> None:
    """Let the garbage collector look seldom, and never at what is there now.

    A request or a message makes thousands of objects that refer to each other and are gone with
    it. Looking for garbage after every 700 new ones, as Python does by itself, takes an eighth of
    what a message costs; after every 10,000 a fiftieth, for a few megabytes more at most.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


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

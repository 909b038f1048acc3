"""The command-line tool ``helpdesk``."""

import logging
import sys

import click
from sqlalchemy.exc import OperationalError

import config
from helpdesk import __version__
from helpdesk.app import COMMANDS, create_app
from helpdesk.doctor import doctor
from helpdesk.run import demo, migrate_command, run_command, web_command, worker_command
from helpdesk.web.assets import AssetsMissing

TOPICS: dict[str, list[str]] = {
    "Running": ["run", "web", "worker", "migrate"],
    "Setting up": ["init", "mailbox", "people", "demo"],
    "Mail": ["mail"],
    "Looking after": ["backup", "restore", "doctor", "search", "tickets"],
}
"""Commands by topic, as ``helpdesk --help`` shows them."""


class Topics(click.Group):
    """A group whose help lists its commands by topic."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section a topic; what no topic names comes last."""
        listed = {name for names in TOPICS.values() for name in names}
        rest = [name for name in self.list_commands(ctx) if name not in listed]
        for topic, names in {**TOPICS, "Further": rest}.items():
            rows = [
                (name, command.get_short_help_str(80))
                for name in names
                if (command := self.get_command(ctx, name)) is not None
            ]
            if rows:
                with formatter.section(topic):
                    formatter.write_dl(rows)


@click.group(
    cls=Topics, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="Hearth")
@click.pass_context
def root(context: click.Context) -> None:
    """Hearth help desk: run it, set it up and look after it."""
    # What a command has to say it prints itself; the log is for what goes wrong.
    logging.getLogger().setLevel(logging.WARNING)
    context.obj = create_app


for entry in (*COMMANDS, run_command, web_command, worker_command, migrate_command, demo, doctor):
    root.add_command(entry)


def main() -> None:
    """Run ``helpdesk``; what an administrator can put right is one sentence, not a traceback."""
    try:
        root()
    except (config.ConfigError, AssetsMissing) as error:
        click.echo(f"helpdesk: {error}", err=True)
        sys.exit(2)
    except OperationalError as error:
        # It is down, busy with something long, or not what the settings say.
        click.echo(f"helpdesk: the database does not answer: {error.orig}", err=True)
        sys.exit(3)

"""The command-line tool ``helpdesk``."""

import sys
from pathlib import Path

import click
from alembic import command as alembic
from alembic.config import Config

import config
from helpdesk import __version__
from helpdesk.app import COMMANDS, create_app


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="Hearth")
@click.pass_context
def root(context: click.Context) -> None:
    """Hearth help desk: run it, set it up and look after it."""
    context.obj = create_app


def migrate(settings: config.Settings) -> None:
    """Bring the database to the newest state; several hosts may call this at once."""
    alembic_config = Config(str(Path(config.PROJECT) / "alembic.ini"))
    alembic_config.attributes["url"] = settings.database_url
    alembic.upgrade(alembic_config, "head")


for entry in COMMANDS:
    root.add_command(entry)


def main() -> None:
    """Run ``helpdesk``; a wrong setting is one sentence, not a traceback."""
    try:
        root()
    except config.ConfigError as error:
        click.echo(f"helpdesk: {error}", err=True)
        sys.exit(2)

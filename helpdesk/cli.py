"""The command-line tool ``helpdesk``: which commands there are, and where.

Nothing of the desk is imported here. A command's module is imported when the command is used
(``LazyGroup`` says why), so one that needs no database starts in a fifth of a second.
"""

import logging
import sys
from typing import Any

import click

import config
from helpdesk import __version__
from helpdesk.command import LazyGroup, Place, fetch

RUNNING, BEGINNING, MAIL, CARE = "Running", "Setting up", "Mail", "Looking after"

COMMANDS: dict[str, Place] = {
    "run": Place(
        "helpdesk.run:run_command",
        "Run the whole desk: web server and background work.",
        RUNNING,
    ),
    "web": Place(
        "helpdesk.run:web_command", "Run the web server alone (one of possibly many).", RUNNING
    ),
    "worker": Place(
        "helpdesk.run:worker_command",
        "Run the background work alone (one of possibly many on PostgreSQL).",
        RUNNING,
    ),
    "migrate": Place(
        "helpdesk.upkeep.migrations:migrate_command",
        "Bring the database to this release's state.",
        RUNNING,
    ),
    "init": Place(
        "helpdesk.upkeep.begin:init",
        "Begin an empty desk; prints the administrator's sign-in link.",
        BEGINNING,
    ),
    "mailbox": Place(
        "helpdesk.channels.email.mailbox_commands:mailbox",
        "Mailboxes that are read and answered from.",
        BEGINNING,
    ),
    "people": Place(
        "helpdesk.people.commands:people",
        "People: import them from files, find them, let them in.",
        BEGINNING,
    ),
    "demo": Place("helpdesk.run:demo", "The made-up desk for looking around.", BEGINNING),
    "mail": Place("helpdesk.channels.email.commands:mail", "Take in mail and look into it.", MAIL),
    "backup": Place("helpdesk.upkeep.commands:backup", "Write the whole desk into one FILE.", CARE),
    "restore": Place(
        "helpdesk.upkeep.commands:restore", "Bring a desk back from a backup FILE.", CARE
    ),
    "doctor": Place(
        "helpdesk.doctor:doctor", "Check that everything the desk needs is there.", CARE
    ),
    "search": Place("helpdesk.upkeep.commands:search", "The index of words.", CARE),
    "tickets": Place("helpdesk.upkeep.commands:tickets", "What is derived from tickets.", CARE),
    "sla": Place("helpdesk.sla.commands:sla", "Promises: try them, work them out anew.", CARE),
    "kb": Place("helpdesk.kb.commands:kb", "Articles: import, export, judged searches.", CARE),
    "rules": Place("helpdesk.rules.commands:rules", "Rules: list, check and try them.", CARE),
}
"""Commands in the order in which ``helpdesk --help`` lists them."""

MISSING = {"UndefinedTable", "UndefinedColumn"}
"""What PostgreSQL's driver says of a database without our tables, or with older ones."""


def create_app() -> Any:
    """Make the application, for commands that need the desk."""
    return fetch("helpdesk.app:create_app")()


@click.pass_context
def begin(context: click.Context) -> None:
    """Prepare what all commands share."""
    # What a command has to say it prints itself; the log is for what goes wrong.
    logging.getLogger().setLevel(logging.WARNING)
    context.obj = create_app


root = click.version_option(__version__, prog_name="Hearth")(
    LazyGroup(
        "helpdesk",
        COMMANDS,
        callback=begin,
        help="Hearth help desk: run it, set it up and look after it.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
)


def main() -> None:
    """Run ``helpdesk``; what an administrator can put right is one sentence, not a traceback."""
    try:
        root()
    except config.ConfigError as error:
        click.echo(f"helpdesk: {error}", err=True)
        sys.exit(2)
    except Exception as error:
        said = _of_database(error)
        if said is None:
            raise
        click.echo(f"helpdesk: {said}", err=True)
        sys.exit(3)


def _of_database(error: Exception) -> str | None:
    """Say what is the matter with the database; None when it is something else."""
    # Not imported for its own sake: what a command without a database raises is none of these.
    raised = sys.modules.get("sqlalchemy.exc")
    if raised is None or not isinstance(error, raised.DBAPIError):
        return None
    reason = str(error.orig)
    if type(error.orig).__name__ in MISSING or reason.startswith(("no such table", "no such col")):
        return (
            "the database is not what this release expects: run `helpdesk migrate`,"
            " or `helpdesk init` for a new desk"
        )
    # It is down, busy with something long, or not what the settings say.
    if isinstance(error, raised.OperationalError):
        return f"the database does not answer: {reason}"
    return None

"""The commands of `helpdesk mail`, by where they are: `parse` needs no desk, the others do."""

from helpdesk.command import LazyGroup, Place

HERE = "helpdesk.channels.email"

mail = LazyGroup(
    "mail",
    help="Take in mail and look into it.",
    places={
        "import": Place(
            f"{HERE}.mail_commands:import_files",
            "Take in messages from files, mbox files and Maildir folders.",
        ),
        "pipe": Place(
            f"{HERE}.pipe_command:pipe", "Take in one message from standard input, for an MTA."
        ),
        "fetch": Place(
            f"{HERE}.mail_commands:fetch",
            "Read the mailboxes: once, or watching them until interrupted.",
        ),
        "parse": Place(
            f"{HERE}.parse_command:parse_files", "Print what is understood of each message."
        ),
        "quarantine": Place(
            f"{HERE}.mail_commands:quarantine",
            "Messages that could not become tickets by themselves.",
        ),
        "outbox": Place(f"{HERE}.mail_commands:outbox_group", "Messages on their way out."),
    },
)

"""The commands of `helpdesk kb`, by where they are: other rooms add theirs here by name."""

from helpdesk.command import LazyGroup, Place

kb = LazyGroup(
    "kb",
    help="Articles: import, export, judged searches.",
    places={
        "import": Place(
            "helpdesk.kb.transfer_commands:import_command",
            "Take in articles from a folder, a zip or a file.",
        ),
        "export": Place(
            "helpdesk.kb.transfer_commands:export_command",
            "Write all articles into a folder.",
        ),
        "evaluate": Place(
            "helpdesk.search.evaluate_command:evaluate",
            "Judge the search by questions whose answers are known.",
        ),
    },
)

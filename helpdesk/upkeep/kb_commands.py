"""The commands of `helpdesk kb`, by where they are: `evaluate` needs no desk."""

from helpdesk.command import LazyGroup, Place

kb = LazyGroup(
    "kb",
    help="Articles.",
    places={
        "evaluate": Place(
            "helpdesk.search.evaluate_command:evaluate",
            "Judge the search by questions whose answers are known.",
        ),
    },
)

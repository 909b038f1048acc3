"""The commands of `helpdesk sla`, by where they are. `cases` needs neither desk nor database."""

from helpdesk.command import LazyGroup, Place

sla = LazyGroup(
    "sla",
    help="Promises: try them, work them out anew.",
    places={
        "cases": Place(
            "helpdesk.sla.cases_command:cases",
            "Answer questions about business time and compare with the answers known.",
        ),
        "replay": Place(
            "helpdesk.sla.replay_command:replay_promises",
            "Work the promises of open tickets out anew; differences first.",
        ),
    },
)

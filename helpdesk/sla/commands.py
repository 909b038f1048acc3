"""The commands of `helpdesk sla`, by where they are. None of them needs a desk."""

from helpdesk.command import LazyGroup, Place

sla = LazyGroup(
    "sla",
    help="Promises: try calendars and clocks.",
    places={
        "cases": Place(
            "helpdesk.sla.cases_command:cases",
            "Answer questions about business time and compare with the answers known.",
        ),
    },
)

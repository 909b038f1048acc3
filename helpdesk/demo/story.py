"""What the steps of the demo share while it is being lived."""

import random

from helpdesk.lib import clock
from helpdesk.people.access import Actor
from helpdesk.people.models import Organisation, Person
from helpdesk.tickets.desk import Category, Cause, Queue, Supplier

SEED = 20260617
DAYS = 90
"""How long the desk has lived when it is loaded."""


class Demo:
    """What the steps share while the desk is being lived."""

    def __init__(self) -> None:
        """Begin with the moment of loading and seeded chance."""
        self.chance = random.Random(SEED)
        self.moment = clock.now()
        self.queues: list[Queue] = []
        self.organisations: list[Organisation] = []
        self.people: dict[str, Person] = {}
        self.customers: list[Person] = []
        self.technicians: dict[str, Person] = {}
        self.teams_of: dict[str, list[int]] = {}
        self.actors: dict[str, Actor] = {}
        self.categories: dict[str, Category] = {}
        self.causes: dict[str, Cause] = {}
        self.suppliers: dict[str, Supplier] = {}

    def on_queue(self, queue: int) -> str:
        """Choose a technician of a queue."""
        return self.chance.choice([key for key, teams in self.teams_of.items() if queue in teams])

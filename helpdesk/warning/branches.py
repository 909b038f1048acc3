"""Bursts in a tree of categories: a category is judged with all its branch.

Pure: who came with what, what is usual for a set of categories, and the tree say which categories
have a burst of their own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from helpdesk.warning.burst import Window, is_unusual


@dataclass(frozen=True, slots=True)
class Tree:
    """Categories by their keys, each with the key of what it is below; None at the top."""

    above: Mapping[int, int | None]

    def lineage(self, key: int) -> list[int]:
        """Return a category and everything that it is below, the nearest first."""
        found = [key]
        while (key_above := self.above.get(found[-1])) is not None:
            found.append(key_above)
        return found

    def branches(self, keys: Iterable[int]) -> dict[int, frozenset[int]]:
        """Return each of these categories with all that is below it, itself too."""
        wanted = set(keys)
        found: dict[int, set[int]] = {key: {key} for key in wanted}
        for one in self.above:
            for top in self.lineage(one):
                if top in wanted:
                    found[top].add(one)
        return {key: frozenset(below) for key, below in found.items()}


def bursts(
    tree: Tree,
    arrived: Iterable[tuple[int, int]],
    usual: Callable[[frozenset[int]], float],
    window: Window,
) -> set[int]:
    """Return the categories in which more people came within a window than usual.

    ``arrived`` are category and customer of each ticket; ``usual`` says how many tickets such a
    window usually has in a set of categories. A category counts all of its branch, and each
    person once.

    One subcategory alone explains the burst of what it is below when it is a burst itself, with
    all of its own branch, and what is left without it is none: its people set against what is
    usual in the rest. Then only the subcategory is named. When two have a burst, or several that
    are none by themselves make one together, it is the category above that they have in common.
    """
    people: dict[int, set[int]] = defaultdict(set)
    for category, customer in arrived:
        people[category].add(customer)
    candidates = {top for category in people for top in tree.lineage(category)}
    branches = tree.branches(candidates)

    def unusual(categories: frozenset[int]) -> bool:
        came: set[int] = set()
        for category in categories & people.keys():
            came |= people[category]
        return len(came) >= window.people and is_unusual(len(came), window, usual(categories))

    raised = {key for key in candidates if unusual(branches[key])}
    explained = set()
    for key in raised:
        above = tree.above.get(key)
        if above is not None and above in raised and not unusual(branches[above] - branches[key]):
            explained.add(above)
    return raised - explained

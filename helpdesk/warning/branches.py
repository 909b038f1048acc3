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
    arrived: Mapping[Window, Iterable[tuple[int, int]]],
    usual: Callable[[frozenset[int], Window], float],
) -> dict[Window, set[int]]:
    """Return the categories in which more people came than usual, by the window in which they did.

    ``arrived`` are category and customer of each ticket within a window; ``usual`` says how many
    tickets such a window usually has in a set of categories. A category counts all of its branch,
    and each person once.

    One subcategory alone explains the burst of what it is below when it is a burst itself in any
    window, with all of its own branch, and what is left without it is none in the window in
    question: its people set against what is usual in the rest. Then only the subcategory is named.
    When two have a burst, or several that are none by themselves make one together, it is the
    category above that they have in common.
    """
    people = {window: _people(pairs) for window, pairs in arrived.items()}
    candidates = {top for by in people.values() for one in by for top in tree.lineage(one)}
    branches = tree.branches(candidates)

    def unusual(categories: frozenset[int], window: Window) -> bool:
        by = people[window]
        came: set[int] = set().union(*(by[one] for one in categories & by.keys()))
        if len(came) < window.people:
            return False
        return is_unusual(len(came), window, usual(categories, window))

    raised = {
        window: {key for key in candidates if unusual(branches[key], window)} for window in people
    }
    named = set().union(*raised.values())
    for window, keys in raised.items():
        explained = set()
        for key in named:
            above = tree.above.get(key)
            if above is not None and above in keys:
                rest = branches[above] - branches[key]
                if not unusual(rest, window):
                    explained.add(above)
        keys -= explained
    return raised


def _people(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for category, customer in pairs:
        found[category].add(customer)
    return dict(found)

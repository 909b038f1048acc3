"""Troubleshooting trees: questions with answers that lead to other questions, in Markdown.

A step is a heading ``## Step: name``, its text, and a list at its end: answers ``- Yes → other``,
or one line ``- solved`` or ``- hand over``. What stands before the first step is the beginning of
the article. Reading never fails: what is wrong is found and said with its line.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_STEPS = 200
MAX_ANSWERS = 9
"""As many as there are keys to answer with."""

_STEP = re.compile(r"#{1,6}[ \t]+step[ \t]*[:：][ \t]*(.*)", re.IGNORECASE)
_ITEM = re.compile(r"[-*+][ \t]+(.+)")
_ARROW = re.compile(r"(.*?)[ \t]*(?:→|⇒|->|=>)[ \t]*(.*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


class End(StrEnum):
    """How a path ends."""

    SOLVED = "solved"
    HAND_OVER = "hand-over"


_ENDS = {
    "solved": End.SOLVED,
    "hand over": End.HAND_OVER,
    "hand-over": End.HAND_OVER,
    "handover": End.HAND_OVER,
}


class Wrong(StrEnum):
    """What can be wrong with a tree."""

    NO_STEPS = "no-steps"
    MANY_STEPS = "many-steps"
    NO_NAME = "no-name"
    TWICE = "twice"
    EMPTY = "empty"
    UNKNOWN = "unknown"
    NO_LABEL = "no-label"
    DEAD_END = "dead-end"
    BOTH = "both"
    MANY_ANSWERS = "many-answers"
    ENDLESS = "endless"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: where (line, from 1), in which step, and the word it is about."""

    wrong: Wrong
    line: int
    step: str = ""
    word: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and the step it leads to."""

    label: str
    to: str
    line: int = 0


@dataclass(slots=True)
class Step:
    """One question, or the end of a path."""

    name: str
    line: int
    text: str = ""
    answers: list[Answer] = field(default_factory=list)
    end: End | None = None

    @property
    def ends(self) -> bool:
        """Whether nothing comes after it."""
        return not self.answers


@dataclass(slots=True)
class Tree:
    """A troubleshooting article: what stands before its steps, the steps, what is wrong."""

    beginning: str
    steps: dict[str, Step]
    problems: list[Problem]

    @property
    def first(self) -> Step | None:
        """Where it begins."""
        return next(iter(self.steps.values()), None)


@dataclass(frozen=True, slots=True)
class Walked:
    """One step of a path, and the answer that was given there; None at its end."""

    step: Step
    answer: Answer | None


def key_of(name: str) -> str:
    """Return what a step is known by: its name without case and superfluous spaces."""
    return " ".join(name.split()).casefold()


def read(body: str) -> Tree:
    """Read a tree and find what is wrong with it."""
    beginning, found = _cut(body)
    tree = Tree(beginning, {}, [])
    if not found:
        tree.problems.append(Problem(Wrong.NO_STEPS, 1))
        return tree
    for name, line, lines in found[:MAX_STEPS]:
        step = _step(tree, name, line, lines)
        key = key_of(name)
        if not key:
            tree.problems.append(Problem(Wrong.NO_NAME, line))
        elif key in tree.steps:
            tree.problems.append(Problem(Wrong.TWICE, line, name))
        else:
            tree.steps[key] = step
    if len(found) > MAX_STEPS:
        tree.problems.append(Problem(Wrong.MANY_STEPS, found[MAX_STEPS][1]))
    _check_ways(tree)
    tree.problems.sort(key=lambda one: one.line)
    return tree


def _cut(body: str) -> tuple[str, list[tuple[str, int, list[tuple[int, str]]]]]:
    """Cut a text at its steps: what stands before them, then name, line and lines of each."""
    beginning: list[str] = []
    found: list[tuple[str, int, list[tuple[int, str]]]] = []
    fence = ""
    for number, line in enumerate(body.split("\n"), start=1):
        mark = _FENCE.match(line)
        if mark is not None:
            if not fence:
                fence = mark[1]
            elif mark[1][0] == fence[0] and len(mark[1]) >= len(fence):
                fence = ""
        heading = _STEP.fullmatch(line.strip()) if not fence else None
        if heading is not None:
            found.append((heading[1].strip(), number, []))
        elif found:
            found[-1][2].append((number, line))
        else:
            beginning.append(line)
    return "\n".join(beginning).strip(), found


def _step(tree: Tree, name: str, line: int, lines: list[tuple[int, str]]) -> Step:
    """Read one step: the list at its end, and the text before it."""
    step = Step(name, line)
    rest = list(lines)
    items: list[tuple[int, str]] = []
    while rest:
        number, said = rest[-1]
        item = _ITEM.fullmatch(said.strip())
        if not said.strip():
            rest.pop()
        elif item is not None and (_ARROW.fullmatch(item[1]) or key_of(item[1]) in _ENDS):
            items.insert(0, (number, item[1].strip()))
            rest.pop()
        else:
            break
    step.text = "\n".join(said for _number, said in rest).strip()
    for number, said in items:
        end = _ENDS.get(key_of(said))
        arrow = _ARROW.fullmatch(said)
        if end is not None:
            step.end = end
        elif arrow is not None:
            if not arrow[1].strip():
                tree.problems.append(Problem(Wrong.NO_LABEL, number, name))
            step.answers.append(Answer(arrow[1].strip(), key_of(arrow[2]), number))
    _check_step(tree, step)
    return step


def _check_step(tree: Tree, step: Step) -> None:
    if not step.text:
        tree.problems.append(Problem(Wrong.EMPTY, step.line, step.name))
    if step.answers and step.end is not None:
        tree.problems.append(Problem(Wrong.BOTH, step.line, step.name))
    if not step.answers and step.end is None:
        tree.problems.append(Problem(Wrong.DEAD_END, step.line, step.name))
    if len(step.answers) > MAX_ANSWERS:
        tree.problems.append(Problem(Wrong.MANY_ANSWERS, step.line, step.name))


def _check_ways(tree: Tree) -> None:
    """Find answers that lead nowhere, steps nothing leads to, and rounds that never end."""
    for step in tree.steps.values():
        for answer in step.answers:
            if answer.to not in tree.steps:
                tree.problems.append(Problem(Wrong.UNKNOWN, answer.line, step.name, answer.to))
    reached = _reached(tree)
    # Back from the ends: what is not met on the way has no end that can be come to.
    leading: dict[str, list[str]] = {}
    for key, step in tree.steps.items():
        for answer in step.answers:
            leading.setdefault(answer.to, []).append(key)
    ending = {key for key, step in tree.steps.items() if step.ends}
    waiting = list(ending)
    while waiting:
        for before in leading.get(waiting.pop(), ()):
            if before not in ending:
                ending.add(before)
                waiting.append(before)
    for key, step in tree.steps.items():
        if key not in reached:
            tree.problems.append(Problem(Wrong.UNREACHABLE, step.line, step.name))
        elif key not in ending and all(answer.to in tree.steps for answer in step.answers):
            tree.problems.append(Problem(Wrong.ENDLESS, step.line, step.name))


def _reached(tree: Tree) -> set[str]:
    first = next(iter(tree.steps), None)
    if first is None:
        return set()
    reached, waiting = {first}, [first]
    while waiting:
        for answer in tree.steps[waiting.pop()].answers:
            if answer.to in tree.steps and answer.to not in reached:
                reached.add(answer.to)
                waiting.append(answer.to)
    return reached


def walk(tree: Tree, answers: Iterable[int]) -> list[Walked]:
    """Follow answers (numbers from 0) from the first step; what leads nowhere ends the walk.

    The last one is the step one stands at. Empty for a tree without steps.
    """
    step = tree.first
    path: list[Walked] = []
    for number in answers:
        if step is None or not 0 <= number < len(step.answers):
            break
        answer = step.answers[number]
        following = tree.steps.get(answer.to)
        if following is None or len(path) >= MAX_STEPS:
            break
        path.append(Walked(step, answer))
        step = following
    if step is not None:
        path.append(Walked(step, None))
    return path


def linked(body: str, anchors: Mapping[str, str]) -> str:
    """Return the text of a tree with each answer leading to its step on the same page.

    ``anchors`` says what a link to a heading names, by the words of the heading.
    """
    where = {
        key_of(named[1]): anchor
        for words, anchor in anchors.items()
        if (named := _STEP.fullmatch(f"# {words}")) is not None
    }
    lines = body.split("\n")
    for step in read(body).steps.values():
        for answer in step.answers:
            line = lines[answer.line - 1]
            arrow = _ARROW.fullmatch(line)
            # A name with brackets would end the link before its time: it stays as it is.
            if arrow is None or answer.to not in where or set(arrow[2]) & set("[]\\"):
                continue
            link = f"[{arrow[2].strip()}](#{where[answer.to]})"
            lines[answer.line - 1] = line[: arrow.start(2)] + link
    return "\n".join(lines)


def way_of(path: Iterable[int]) -> str:
    """Return a path as it stands in an address: ``1.2.1``, counted from 1 as on the keys."""
    return ".".join(str(number + 1) for number in path)


def way_from(text: str | None) -> list[int]:
    """Read a path from an address; what is none is an empty one."""
    parts = (text or "")[: 3 * MAX_STEPS].split(".")
    if not all(part.isascii() and part.isdecimal() and 0 < len(part) < 3 for part in parts):
        return []
    return [int(part) - 1 for part in parts]

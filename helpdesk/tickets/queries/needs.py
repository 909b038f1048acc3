"""What a ticket asks of who works on it, and what technicians know and speak."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from helpdesk.db import db, once
from helpdesk.people.models import Desk, Person, PersonSkill, Skill
from helpdesk.tickets.desk import Category


@dataclass(frozen=True, slots=True)
class Needs:
    """A skill by key, a language by tag; empty what is not asked for."""

    skill_id: int | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What one technician knows, by skill from 1 to 3, and which languages they speak."""

    levels: Mapping[int, int]
    languages: frozenset[str]

    def speaks(self, language: str) -> bool:
        """Whether they speak a language; how it is written makes no difference."""
        return tongue(language) in self.languages


NOTHING_KNOWN = Known({}, frozenset())


def tongue(tag: str) -> str:
    """Return a language without script and country: "zh" for zh-Hant-TW and zh_Hans_CN."""
    return tag.replace("_", "-").partition("-")[0].lower()


def needs_of(category_id: int | None, language: str | None) -> Needs:
    """Return what a ticket asks for. What is in the desk's own language asks for none."""
    spoken = language or ""
    own = once("needs:language", lambda: db.session.scalar(select(Desk.language).limit(1)) or "")
    if tongue(spoken) == tongue(own):
        spoken = ""
    return Needs(_skills_of_categories().get(category_id or 0), spoken)


def _skills_of_categories() -> Mapping[int, int]:
    """Return which skill a category asks for: its own, else that of the nearest one above."""
    return once("needs:categories", _read_categories)


def _read_categories() -> Mapping[int, int]:
    own: dict[int, int] = {}
    above: dict[int, int | None] = {}
    for key, parent, skill_id, retired_at in db.session.execute(
        select(Category.id, Category.parent_id, Category.skill_id, Skill.retired_at).join(
            Skill, Skill.id == Category.skill_id, isouter=True
        )
    ):
        above[key] = parent
        if skill_id is not None and retired_at is None:
            own[key] = skill_id
    found = {}
    for key in above:
        place: int | None = key
        while place is not None and place not in own:
            place = above.get(place)
        if place is not None:
            found[key] = own[place]
    return found


def skill_names(keys: Collection[int]) -> Mapping[int, str]:
    """Return the names of skills."""
    rows = db.session.execute(select(Skill.id, Skill.name).where(Skill.id.in_(keys)))
    return {row.id: row.name for row in rows}


def known_by(person_ids: Collection[int]) -> Mapping[int, Known]:
    """Return what people know and speak, in two queries for all of them.

    Somebody speaks the language their screen is in, and those that a skill of theirs stands for.
    """
    levels: dict[int, dict[int, int]] = {key: {} for key in person_ids}
    spoken: dict[int, set[str]] = {key: set() for key in person_ids}
    for key, language in db.session.execute(
        select(Person.id, Person.language).where(Person.id.in_(person_ids))
    ):
        if language:
            spoken[key].add(tongue(language))
    for key, skill_id, level, language in db.session.execute(
        select(PersonSkill.person_id, Skill.id, PersonSkill.level, Skill.language)
        .join(Skill, Skill.id == PersonSkill.skill_id)
        .where(PersonSkill.person_id.in_(person_ids), Skill.retired_at.is_(None))
    ):
        levels[key][skill_id] = level
        if language:
            spoken[key].add(tongue(language))
    return {key: Known(levels[key], frozenset(spoken[key])) for key in person_ids}

"""Tables of macros."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.answers.models import AnswerTemplate, Texts
from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.rules.content import Step, steps_of


class Says(StrEnum):
    """What becomes of the text of a macro."""

    NOTHING = ""
    REPLY = "reply"
    NOTE = "note"


class Macro(Texts, Model):
    """Actions in their order, and perhaps a text.

    It is its owner's, or the teams', or (with neither) everybody's. An empty list of actions is
    fine as long as there is a text.
    """

    __tablename__ = "macro"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    # What it does, as rules keep their actions: [{"do": key, …}].
    actions: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    says: Mapped[str] = mapped_column(String(8), default=Says.NOTHING.value)
    # Sent with the rest; otherwise the text is put where it is typed, and nothing is said yet.
    at_once: Mapped[bool] = mapped_column(default=True)
    # The answer template whose text it is; without one the texts are its own.
    template_id: Mapped[int | None] = mapped_column(ForeignKey("answer_template.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    used: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    template: Mapped[AnswerTemplate | None] = relationship()
    teams: Mapped[list["MacroTeam"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="MacroTeam.team_id"
    )

    @property
    def team_ids(self) -> list[int]:
        """The teams that see it, in order; none stands for all, unless it is somebody's own."""
        return sorted(row.team_id for row in self.teams)

    @team_ids.setter
    def team_ids(self, keys: Collection[int]) -> None:
        kept = {row.team_id: row for row in self.teams}
        self.teams = [kept.get(key) or MacroTeam(team_id=key) for key in sorted(set(keys))]

    @property
    def steps(self) -> tuple[Step, ...]:
        """What it does. Raises WrongRule when something in it is not known any more."""
        return steps_of(self.actions) if self.actions else ()

    @property
    def text(self) -> Texts:
        """Where its text is kept."""
        return self.template if self.template is not None else self


class MacroTeam(Model):
    """A team that sees a macro."""

    __tablename__ = "macro_team"

    macro_id: Mapped[int] = mapped_column(ForeignKey("macro.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True, index=True)


class MacroRun(Model):
    """One press of the button: it counts once, and says later why an entry is there."""

    __tablename__ = "macro_run"
    __table_args__ = (UniqueConstraint("person_id", "press"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    macro_id: Mapped[int] = mapped_column(ForeignKey("macro.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    press: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
    # What the macro did at the time; it may do something else by now.
    actions: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    tickets: Mapped[int] = mapped_column()

    macro: Mapped[Macro] = relationship()
    person: Mapped[Person] = relationship()

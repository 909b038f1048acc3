"""Tables of answer templates."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Model, UTCDateTime

TEXTS = {"en": "text_en", "zh_Hans_CN": "text_hans", "zh_Hant_TW": "text_hant"}
"""The column of each language."""


class Texts:
    """A text in one language or several. An empty text is none."""

    text_en: Mapped[str] = mapped_column(Text, default="")
    text_hans: Mapped[str] = mapped_column(Text, default="")
    text_hant: Mapped[str] = mapped_column(Text, default="")

    def text_in(self, languages: Collection[str]) -> tuple[str, str]:
        """Return the first language of these that has a text, else any that has one; and the text.

        Both are empty when there is no text at all.
        """
        for language in (*languages, *TEXTS):
            text = getattr(self, TEXTS[language]) if language in TEXTS else ""
            if text:
                return language, text
        return "", ""


class AnswerTemplate(Texts, Model):
    """A text to put into an answer."""

    __tablename__ = "answer_template"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    folder: Mapped[str] = mapped_column(String(60), default="")
    used: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    teams: Mapped[list["AnswerTeam"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="AnswerTeam.team_id"
    )

    @property
    def team_ids(self) -> list[int]:
        """The teams that see it, in order; none stands for all."""
        return sorted(row.team_id for row in self.teams)

    @team_ids.setter
    def team_ids(self, keys: Collection[int]) -> None:
        kept = {row.team_id: row for row in self.teams}
        self.teams = [kept.get(key) or AnswerTeam(team_id=key) for key in sorted(set(keys))]


class AnswerTeam(Model):
    """A team that sees a template."""

    __tablename__ = "answer_team"

    template_id: Mapped[int] = mapped_column(ForeignKey("answer_template.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True, index=True)

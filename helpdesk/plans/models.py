"""Tables of work plans."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.plans.content import Line


class WorkPlan(Model):
    """A list of lines, each a task on the ticket or a ticket below it."""

    __tablename__ = "work_plan"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    used: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def content(self) -> tuple[Line, ...]:
        """What its lines say, in order."""
        return tuple(Line.from_json(stored) for stored in self.lines)


class WorkPlanUse(Model):
    """A plan that was used on a ticket. The press that asked for it counts once."""

    __tablename__ = "work_plan_use"
    __table_args__ = (UniqueConstraint("ticket_id", "press"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("work_plan.id"), index=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    press: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

"""The macros of the demo desk: what its technicians do with one key, again and again."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from helpdesk.answers.models import AnswerTemplate
from helpdesk.db import db
from helpdesk.demo.promises import NETWORK
from helpdesk.demo.story import Demo
from helpdesk.macros.models import Macro, Says
from helpdesk.tickets.desk import Cause
from helpdesk.tickets.lifecycle import Outcome

Step = dict[str, Any]


def make_macros(demo: Demo) -> None:
    """Write down the macros: everybody's, the network team's, and one of a technician."""
    network = demo.queues[NETWORK]
    cause = db.session.scalars(
        select(Cause.id).where(Cause.retired_at.is_(None)).order_by(Cause.position)
    ).first()
    steps = db.session.scalars(
        select(AnswerTemplate.id).where(AnswerTemplate.name == "Restart the VPN client")
    ).one()
    solved: Step = {"do": "resolve", "outcome": Outcome.SOLVED.value, "cause": cause}
    _macro(
        demo,
        "Password reset done",
        [{**solved, "text": "A new password was set, and the customer signed in with it."}],
        14,
        text_en="Hello {customer},\n\nyour new password works now. You will be asked to choose "
        "your own when you sign in.\n\n{me}",
        text_hans="{customer}，您好：\n\n新密码已经生效。登录时请设置您自己的密码。\n\n{me}",
        text_hant="{customer}，您好：\n\n新密碼已經生效。登入時請設定您自己的密碼。\n\n{me}",
    )
    _macro(
        demo,
        "No answer, closed for now",
        [
            {"do": "add-tags", "tags": ["no-answer"]},
            {
                **solved,
                "outcome": Outcome.NO_ANSWER.value,
                "text": "The customer did not come back to us.",
            },
        ],
        9,
        text_en="Hello {customer},\n\nwe did not hear from you about “{subject}”, so we close it "
        "for now. Answer this message, and we go on where we stopped.\n\n{me}",
        text_hant="{customer}，您好：\n\n關於「{subject}」，我們一直沒有收到您的回覆，因此先行結案。"
        "回覆這封郵件，我們就會繼續處理。\n\n{me}",
    )
    _macro(
        demo,
        "VPN: restart first",
        [
            {"do": "set-queue", "queue": network.id},
            {"do": "set-category", "category": demo.categories["Network/Remote/VPN"].id},
            {"do": "add-tags", "tags": ["VPN"]},
        ],
        21,
        team_ids=[network.team_id],
        at_once=False,
        template_id=steps,
    )
    _macro(
        demo,
        "Wait until tomorrow",
        [{"do": "hold", "hours": 24}],
        6,
        says=Says.NOTE.value,
        text_en="Nothing to do today: look at it again tomorrow.",
    )
    _macro(
        demo,
        "Urgent: call the lead",
        [{"do": "raise-priority", "priority": 1}, {"do": "tell", "whom": "leads"}],
        2,
        says=Says.NOTHING.value,
    )
    _macro(
        demo,
        "Mine, and look today",
        [
            {"do": "set-owner", "technician": demo.actors["priya"].person_id},
            {"do": "add-tags", "tags": ["today"]},
        ],
        17,
        says=Says.NOTHING.value,
        owner_id=demo.actors["priya"].person_id,
    )


def _macro(demo: Demo, name: str, actions: list[Step], used: int, **more: Any) -> None:
    used_at = demo.moment - timedelta(hours=100 // used)
    says = more.pop("says", Says.REPLY.value)
    row = Macro(name=name, actions=actions, used=used, used_at=used_at, says=says, **more)
    db.session.add(row)
    db.session.flush()

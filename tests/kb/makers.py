"""Makers of articles for tests of the knowledge base."""

from typing import Any

from helpdesk.db import db
from helpdesk.kb import services
from helpdesk.kb.models import Article, Audience
from helpdesk.people.access import Actor
from tests import factories

BODY = "## Steps\n\n1. Look.\n2. Do.\n"


def writer(role: str = "technician", **more: Any) -> Actor:
    """Return somebody who works here, with an account."""
    who = factories.technician(**more)
    factories.account(who, role)
    return factories.actor(who, role=role)


def article(
    title: str = "Connect to VPN",
    *,
    by: Actor | None = None,
    body: str = BODY,
    summary: str = "How to reach the network.",
    publish: bool = False,
    **fields: Any,
) -> Article:
    """Write an article; published by an editor when asked."""
    by = by or writer()
    new = services.NewArticle(services.Wording(title, summary, body), **fields)
    row = services.create(by, new)
    if publish:
        services.publish(writer("knowledge-editor"), row)
    db.session.commit()
    return row


AUDIENCES = tuple(Audience)

"""Signed-in browsers: begin, list, end."""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, select, update

from config import Settings
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit, tokens
from helpdesk.people.access import Actor
from helpdesk.people.errors import Missing
from helpdesk.people.models import SignInSession, SingleUseLink

IDLE = timedelta(hours=72)
"""A session that was not used for so long is over. Longer than a weekend, shorter than a leave."""

KEEP_ENDED = timedelta(days=30)
"""How long ended sessions and used links stay before they are swept away."""


def lifetime() -> timedelta:
    """Return after how long a session ends even when it is used every day."""
    settings: Settings = current_app.config["SETTINGS"]
    return timedelta(days=settings.session_days)


def begin(account_id: int, *, address: str, user_agent: str) -> str:
    """Open a session and return the token for the cookie."""
    token = tokens.new()
    moment = now()
    db.session.add(
        SignInSession(
            token_hash=tokens.digest(token),
            account_id=account_id,
            created_at=moment,
            seen_at=moment,
            expires_at=moment + lifetime(),
            address=address[:45],
            user_agent=user_agent[:300],
        )
    )
    db.session.flush()
    return token


def open_sessions(actor: Actor) -> list[SignInSession]:
    """Return the actor's sessions that still work, the last used first."""
    moment = now()
    return list(
        db.session.scalars(
            select(SignInSession)
            .where(
                SignInSession.account_id == actor.account_id,
                SignInSession.revoked_at.is_(None),
                SignInSession.expires_at > moment,
                SignInSession.seen_at > moment - IDLE,
            )
            .order_by(SignInSession.seen_at.desc(), SignInSession.id.desc())
        )
    )


def sign_out(actor: Actor, token: str, *, address: str = "") -> None:
    """End the session of this token."""
    db.session.execute(
        update(SignInSession)
        .where(
            SignInSession.token_hash == tokens.digest(token),
            SignInSession.account_id == actor.account_id,
            SignInSession.revoked_at.is_(None),
        )
        .values(revoked_at=now())
    )
    audit.record(actor, "signed-out", label=actor.name, address=address)


def revoke(actor: Actor, session_id: int, *, address: str = "") -> None:
    """End one of the actor's own sessions. Raises Missing for anybody else's."""
    row = db.session.scalar(
        select(SignInSession).where(
            SignInSession.id == session_id, SignInSession.account_id == actor.account_id
        )
    )
    if row is None:
        raise Missing
    if row.revoked_at is None:
        row.revoked_at = now()
        audit.record(
            actor, "session-ended", row, label=row.user_agent or row.address, address=address
        )


def revoke_all(
    actor: Actor | None,
    account_id: int,
    *,
    but: str | None = None,
    label: str = "",
    address: str = "",
) -> int:
    """End the account's sessions, all but that of the token ``but``; return how many it were."""
    moment = now()
    others = [
        SignInSession.account_id == account_id,
        SignInSession.revoked_at.is_(None),
        SignInSession.expires_at > moment,
    ]
    if but is not None:
        others.append(SignInSession.token_hash != tokens.digest(but))
    ended = list(db.session.scalars(select(SignInSession.id).where(*others)))
    if ended:
        db.session.execute(
            update(SignInSession).where(SignInSession.id.in_(ended)).values(revoked_at=moment)
        )
        audit.record(
            actor,
            "sessions-ended",
            label=label,
            changes={"count": [None, len(ended)]},
            address=address,
        )
    return len(ended)


def sweep(moment: datetime | None = None) -> int:
    """Remove sessions and links that ended long ago; return how many. For the daily job."""
    before = (moment or now()) - KEEP_ENDED
    gone = 0
    for model in (SignInSession, SingleUseLink):
        result = db.session.execute(delete(model).where(model.expires_at < before))
        gone += int(getattr(result, "rowcount", 0))
    return gone
